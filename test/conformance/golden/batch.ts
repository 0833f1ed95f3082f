import type { AggregateSpec } from '../query/aggregates';
import { identityOf, order, orderNullsLast } from '../query/compare';

/** One row's values of the columns that an aggregate reads. */
type Tuple = readonly unknown[];
type Fn<N extends AggregateSpec['fn']> = (tuples: readonly Tuple[], spec: Extract<AggregateSpec, { readonly fn: N }>) => unknown;

/** Aggregates as textbooks define them, over all values at once. */
export function batchResult(spec: AggregateSpec, tuples: readonly Tuple[]): unknown {
  return (FUNCTIONS[spec.fn] as (tuples: readonly Tuple[], spec: AggregateSpec) => unknown)(tuples, spec);
}

const FUNCTIONS: { readonly [N in AggregateSpec['fn']]: Fn<N> } = {
  count: (tuples) => tuples.length,
  countIf: (tuples) => tuples.length,
  countDistinct: (tuples) => distinct(tuples).length,
  sumDistinct: (tuples) => (tuples.length === 0 ? null : sum(numbers(distinct(tuples)))),
  sum: (tuples) => (tuples.length === 0 ? null : sum(numbers(tuples))),
  avg: (tuples) => (tuples.length === 0 ? null : mean(numbers(tuples))),
  min: (tuples) => sorted(tuples)[0] ?? null,
  max: (tuples) => sorted(tuples).at(-1) ?? null,
  first: (tuples) => tuples[0]?.[0] ?? null,
  last: (tuples) => tuples.at(-1)?.[0] ?? null,
  stddev: (tuples) => (tuples.length < 2 ? null : Math.sqrt(squares(numbers(tuples)) / (tuples.length - 1))),
  stddevPop: (tuples) => (tuples.length === 0 ? null : Math.sqrt(squares(numbers(tuples)) / tuples.length)),
  percentileCont: (tuples, { p }) => (tuples.length === 0 ? null : interpolated(sorted(tuples) as readonly number[], p)),
  percentileDisc: (tuples, { p }) => sorted(tuples)[Math.max(1, Math.ceil(p * tuples.length)) - 1] ?? null,
  corr: (tuples) => ifLine(tuples, ({ xx, yy, xy }) => (yy === 0 ? null : xy / Math.sqrt(xx * yy))),
  slope: (tuples) => ifLine(tuples, ({ xx, xy }) => xy / xx),
  intercept: (tuples) => ifLine(tuples, ({ xx, xy, meanX, meanY }) => meanY - (xy / xx) * meanX),
  r2: (tuples) => ifLine(tuples, ({ xx, yy, xy }) => (yy === 0 ? 1 : (xy * xy) / (xx * yy))),
  topK(tuples, { k, by }) {
    const compare = (a: Tuple, b: Tuple): number =>
      by.reduce((found, [, direction], i) => found || orderNullsLast(a[i], b[i], direction), 0);
    return [...tuples]
      .sort(compare)
      .slice(0, k)
      .map((tuple) => tuple.slice(by.length));
  },
};

const numbers = (tuples: readonly Tuple[]): readonly number[] => tuples.map(([value]) => value as number);
const sorted = (tuples: readonly Tuple[]): readonly unknown[] => tuples.map(([value]) => value).sort(order);
const distinct = (tuples: readonly Tuple[]): readonly Tuple[] => [
  ...new Map(tuples.map((tuple) => [identityOf(tuple), tuple])).values(),
];

/** Compensated (Neumaier 1974). */
function sum(values: readonly number[]): number {
  let total = 0;
  let lost = 0;
  for (const value of values) {
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total + lost;
}

const mean = (values: readonly number[]): number => sum(values) / values.length;

/** The sum of the squared distances from the mean, in two passes. */
function squares(values: readonly number[]): number {
  const middle = mean(values);
  return sum(values.map((value) => (value - middle) ** 2));
}

function interpolated(values: readonly number[], p: number): number {
  const h = p * (values.length - 1);
  const low = values[Math.floor(h)]!;
  return low + (h - Math.floor(h)) * (values[Math.ceil(h)]! - low);
}

interface Line {
  readonly xx: number;
  readonly yy: number;
  readonly xy: number;
  readonly meanX: number;
  readonly meanY: number;
}

function ifLine(tuples: readonly Tuple[], result: (line: Line) => number | null): number | null {
  if (tuples.length < 2) return null;
  const pairs = tuples as readonly (readonly [number, number])[];
  const meanX = mean(pairs.map(([x]) => x));
  const meanY = mean(pairs.map(([, y]) => y));
  const xx = sum(pairs.map(([x]) => (x - meanX) ** 2));
  const yy = sum(pairs.map(([, y]) => (y - meanY) ** 2));
  const xy = sum(pairs.map(([x, y]) => (x - meanX) * (y - meanY)));
  return xx === 0 ? null : result({ xx, yy, xy, meanX, meanY });
}
