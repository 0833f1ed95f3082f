import { TidemarkError } from '../errors';
import type { Aggregate, NumericStat, ValueAggregate } from './aggregate';
import { addCompensated, compensatedResult, mergeCompensated } from './neumaier';
import { readingOf, type AggregateOptions, type ColumnCheck, type ColumnOf, type ColumnOrSelector, type ValueOf } from './value';

/**
 * One accumulator for all numeric figures over the same value: a select of count, sum, avg, min, max and stddev over one
 * column reads the column once and keeps one object a key and window. Fields that nobody asked for are not there.
 */
export interface Numeric {
  /** Rows seen, nulls included. */
  rows: number;
  /** Values seen. */
  n: number;
  sum: number;
  comp: number;
  min: unknown;
  max: unknown;
  /** The first value; `mean` is relative to it. */
  origin: number;
  mean: number;
  m2: number;
}

/** Which fields the figures need. */
export interface NumericParts {
  readonly sum: boolean;
  readonly extrema: boolean;
  readonly moments: boolean;
}

// Written out: an object literal keeps all its fields inside the object, one that grows does not.
const SHAPES: readonly (() => Partial<Numeric>)[] = [
  () => ({ rows: 0, n: 0 }),
  () => ({ rows: 0, n: 0, sum: 0, comp: 0 }),
  () => ({ rows: 0, n: 0, min: undefined, max: undefined }),
  () => ({ rows: 0, n: 0, sum: 0, comp: 0, min: undefined, max: undefined }),
  () => ({ rows: 0, n: 0, origin: 0, mean: 0, m2: 0 }),
  () => ({ rows: 0, n: 0, sum: 0, comp: 0, origin: 0, mean: 0, m2: 0 }),
  () => ({ rows: 0, n: 0, min: undefined, max: undefined, origin: 0, mean: 0, m2: 0 }),
  () => ({ rows: 0, n: 0, sum: 0, comp: 0, min: undefined, max: undefined, origin: 0, mean: 0, m2: 0 }),
];

/** Parts that a set of figures needs. */
export function partsOf(stats: readonly NumericStat[]): NumericParts {
  const has = (...wanted: NumericStat[]): boolean => wanted.some((stat) => stats.includes(stat));
  return {
    sum: has('sum', 'avg'),
    extrema: has('min', 'max'),
    moments: has('variance', 'variancePop', 'stddev', 'stddevPop'),
  };
}

/** The constructor of an accumulator with these parts. */
export function numericShape(parts: NumericParts): () => Numeric {
  return SHAPES[(parts.sum ? 1 : 0) + (parts.extrema ? 2 : 0) + (parts.moments ? 4 : 0)] as () => Numeric;
}

/** NaN is greater than every number, as in Spark; dates and text compare by their own order. */
function above(a: unknown, b: unknown): boolean {
  if (a !== a) return b === b;
  return (a as number) > (b as number);
}

/** The function that adds one value (null and undefined count as rows only). Cost: O(1). */
export function numericAdd(parts: NumericParts): (acc: Numeric, value: unknown) => void {
  const { sum, extrema, moments } = parts;
  return (acc, value) => {
    acc.rows++;
    if (value === null || value === undefined) return;
    acc.n++;
    if (sum) addCompensated(acc, value as number);
    if (extrema) addExtrema(acc, value);
    if (moments) addMoment(acc, value as number);
  };
}

function addExtrema(acc: Numeric, value: unknown): void {
  if (acc.n === 1) {
    acc.min = value;
    acc.max = value;
  } else if (above(value, acc.max)) acc.max = value;
  else if (above(acc.min, value)) acc.min = value;
}

/** Welford 1962: stable where the spread is tiny beside the values. `acc.n` already counts the value. */
function addMoment(acc: Numeric, x: number): void {
  if (acc.n === 1) acc.origin = x; // a mean near 1e9 is only known to 1e-7: keep it relative to a value
  const shifted = x - acc.origin;
  const delta = shifted - acc.mean;
  acc.mean += delta / acc.n;
  acc.m2 += delta * (shifted - acc.mean);
}

/** The function that merges a later accumulator into an earlier one. */
export function numericMerge(parts: NumericParts): (into: Numeric, from: Numeric) => void {
  const { sum, extrema, moments } = parts;
  return (into, from) => {
    into.rows += from.rows;
    if (from.n === 0) return;
    if (sum) mergeCompensated(into, from);
    if (extrema) mergeExtrema(into, from);
    if (moments) mergeMoments(into, from);
    into.n += from.n;
  };
}

/** Sums of whole numbers up to here stay exact, however many panes a window has. */
const WHOLE = 2 ** 40;

/** Taking out of an accumulator what was merged into it: exact for counts, whole sums, and extrema that others hold. */
export function numericExact({ sum, extrema }: NumericParts): {
  isWhole(acc: Numeric): boolean;
  leave(into: Numeric, from: Numeric): boolean;
} {
  return {
    isWhole: (acc) => !sum || (acc.comp === 0 && Math.floor(acc.sum) === acc.sum && acc.sum <= WHOLE && acc.sum >= -WHOLE),
    leave(into, from) {
      into.rows -= from.rows;
      if (from.n === 0) return true;
      into.n -= from.n;
      if (sum) into.sum -= from.sum;
      return !extrema || (above(into.max, from.max) && above(from.min, into.min));
    },
  };
}

function mergeExtrema(into: Numeric, from: Numeric): void {
  if (into.n === 0) {
    into.min = from.min;
    into.max = from.max;
    return;
  }
  if (above(from.max, into.max)) into.max = from.max;
  if (above(into.min, from.min)) into.min = from.min;
}

/** Chan, Golub, LeVeque 1979. `into.n` does not yet count `from`. */
function mergeMoments(into: Numeric, from: Numeric): void {
  const n = into.n + from.n;
  if (into.n === 0) into.origin = from.origin;
  const delta = from.origin - into.origin + from.mean - into.mean;
  into.mean += (delta * from.n) / n;
  into.m2 += from.m2 + (delta * delta * into.n * from.n) / n;
}

/** Reads one figure. */
export const READ: Readonly<Record<NumericStat, (acc: Numeric) => unknown>> = {
  rows: (acc) => acc.rows,
  count: (acc) => acc.n,
  sum: (acc) => (acc.n === 0 ? null : compensatedResult(acc)),
  avg: (acc) => (acc.n === 0 ? null : compensatedResult(acc) / acc.n),
  min: (acc) => (acc.n === 0 ? null : acc.min),
  max: (acc) => (acc.n === 0 ? null : acc.max),
  variance: (acc) => (acc.n < 2 ? null : acc.m2 / (acc.n - 1)),
  variancePop: (acc) => (acc.n === 0 ? null : acc.m2 / acc.n),
  stddev: (acc) => (acc.n < 2 ? null : Math.sqrt(acc.m2 / (acc.n - 1))),
  stddevPop: (acc) => (acc.n === 0 ? null : Math.sqrt(acc.m2 / acc.n)),
};

/** Sums and moments take numbers only: anything else is an error of the row, before any state is touched. */
export function checkNumber(value: unknown, name: string): void {
  if (typeof value === 'number' || value === null || value === undefined) return;
  throw new TidemarkError('TIDEMARK_OPTION', `agg.${name} takes numbers, and got ${typeof value}`, { value });
}

function numericAggregate<T, R>(
  stat: NumericStat,
  source: unknown,
  options?: AggregateOptions<T>,
): ValueAggregate<T, unknown, Numeric, R> {
  const parts = partsOf([stat]);
  const reading = readingOf<T, never>(source as ColumnOrSelector<T, never>, options);
  const addValue = numericAdd(parts);
  const numbers = parts.sum || parts.moments;
  return {
    ...reading,
    name: stat,
    version: 1,
    numeric: stat,
    commutative: true,
    parameters: { column: typeof source === 'function' ? 'function' : source },
    create: numericShape(parts),
    add(acc, row) {
      if (reading.where !== undefined && !reading.where(row)) return;
      const value = reading.value(row);
      if (numbers) checkNumber(value, stat);
      addValue(acc, value);
    },
    addValue,
    merge: numericMerge(parts),
    result: READ[stat] as (acc: Numeric) => R,
    encode: (acc) => ({ ...acc }),
    decode: (data) => Object.assign(numericShape(parts)(), data),
  };
}

/**
 * Counts rows, or the values of a column that are not null.
 *
 * Without a column it is SQL's `count(*)`: every row. No rows: 0. Cost: O(1) a row, shared with the other numeric
 * aggregates over the same column.
 *
 * @param column - a column's name or a function of the row; default: count rows
 * @param options - `where`: only rows for which it is truthy
 * @example
 * ```ts
 * const count = agg.count<{ v: number | null }>('v');
 * const acc = count.create();
 * for (const v of [1, null, 3]) count.add(acc, { v }, 0);
 * count.result(acc); // => 2
 * ```
 */
export function count<T, const S extends string = ColumnOf<T, unknown>>(
  column?: (S & ColumnCheck<NoInfer<T>, S, unknown>) | ((row: T) => unknown),
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, number> {
  if (column === undefined) return countRows(options);
  return numericAggregate<T, number>('count', column, options);
}

function countRows<T>(options?: AggregateOptions<T>): Aggregate<T, Numeric, number> {
  return {
    ...numericAggregate<T, number>('rows', () => null, options),
    name: 'count',
    parameters: {},
  };
}

/**
 * Counts the rows for which a condition holds (is truthy); null conditions do not count. No rows: 0.
 *
 * @param where - the condition
 * @example
 * ```ts
 * const trending = agg.countIf<{ views: number }>((row) => row.views > 100_000);
 * const acc = trending.create();
 * for (const views of [100_000, 100_001]) trending.add(acc, { views }, 0);
 * trending.result(acc); // => 1
 * ```
 */
export function countIf<T>(where: (row: T) => unknown): Aggregate<T, Numeric, number> {
  return countRows({ where });
}

/**
 * Sums a column: compensated (Neumaier 1974), so that `[1e100, 1, -1e100]` gives 1. Nulls are skipped; NaN and infinities
 * as in floating point; no values: null. The same arrivals give the same bits whatever the chunking or restarts; another
 * order of arrival may change the last bits (`exactSum` does not).
 *
 * @param column - a numeric column or a function of the row
 * @param options - `where`
 * @throws `TIDEMARK_OPTION` a row: a value that is not a number
 * @example
 * ```ts
 * const figure = agg.sum<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [1e100, 1, null, -1e100]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 1
 * ```
 */
export function sum<T, const S extends string = ColumnOf<T, number>>(
  column: (S & ColumnCheck<NoInfer<T>, S, number>) | ((row: T) => number | null | undefined),
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, number | null> {
  return numericAggregate<T, number | null>('sum', column, options);
}

/**
 * The mean of a column: the compensated sum over the count. Nulls are skipped; no values: null. See {@link sum}.
 *
 * @example
 * ```ts
 * const figure = agg.avg<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [1, null, 4]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 2.5
 * ```
 */
export function avg<T, const S extends string = ColumnOf<T, number>>(
  column: (S & ColumnCheck<NoInfer<T>, S, number>) | ((row: T) => number | null | undefined),
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, number | null> {
  return numericAggregate<T, number | null>('avg', column, options);
}

/** What `min` and `max` can order. */
export type Orderable = number | bigint | string | Date;

/**
 * The smallest value of a column: numbers, bigints, text (by UTF-16 units) or dates. Nulls are skipped; NaN is greater
 * than every number, as in Spark, so it is the minimum only when there is nothing else; no values: null.
 *
 * @param column - a column or a function of the row
 * @param options - `where`
 * @example
 * ```ts
 * const figure = agg.min<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [3, null, 1]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 1
 * ```
 */
export function min<T, V extends Orderable = number>(
  column: ColumnOrSelector<T, V>,
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, NoInfer<V> | null>;
export function min<T, C extends ColumnOf<T, Orderable>>(
  column: C,
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, ValueOf<T, C> | null>;
export function min<T>(column: ColumnOrSelector<T, Orderable>, options?: AggregateOptions<T>): Aggregate<T, Numeric, unknown> {
  return numericAggregate<T, unknown>('min', column, options);
}

/**
 * The largest value of a column; NaN wins over every number. See {@link min}.
 *
 * @example
 * ```ts
 * const figure = agg.max<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [3, null, 1]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 3
 * ```
 */
export function max<T, V extends Orderable = number>(
  column: ColumnOrSelector<T, V>,
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, NoInfer<V> | null>;
export function max<T, C extends ColumnOf<T, Orderable>>(
  column: C,
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, ValueOf<T, C> | null>;
export function max<T>(column: ColumnOrSelector<T, Orderable>, options?: AggregateOptions<T>): Aggregate<T, Numeric, unknown> {
  return numericAggregate<T, unknown>('max', column, options);
}

/**
 * Sample variance (n − 1). Fewer than two values: null. Welford 1962, merged by Chan, Golub, LeVeque 1979.
 *
 * @example
 * ```ts
 * const figure = agg.variance<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [1, 2, 3]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 1
 * ```
 */
export function variance<T, const S extends string = ColumnOf<T, number>>(
  column: (S & ColumnCheck<NoInfer<T>, S, number>) | ((row: T) => number | null | undefined),
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, number | null> {
  return numericAggregate<T, number | null>('variance', column, options);
}

/**
 * Population variance (n). No values: null. See {@link variance}.
 *
 * @example
 * ```ts
 * const figure = agg.variancePop<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [1, 3]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 1
 * ```
 */
export function variancePop<T, const S extends string = ColumnOf<T, number>>(
  column: (S & ColumnCheck<NoInfer<T>, S, number>) | ((row: T) => number | null | undefined),
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, number | null> {
  return numericAggregate<T, number | null>('variancePop', column, options);
}

/**
 * Sample standard deviation (n − 1). Fewer than two values: null. See {@link variance}.
 *
 * @example
 * ```ts
 * const figure = agg.stddev<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [1, 2, 3]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 1
 * ```
 */
export function stddev<T, const S extends string = ColumnOf<T, number>>(
  column: (S & ColumnCheck<NoInfer<T>, S, number>) | ((row: T) => number | null | undefined),
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, number | null> {
  return numericAggregate<T, number | null>('stddev', column, options);
}

/**
 * Population standard deviation (n). No values: null. See {@link variance}.
 *
 * @example
 * ```ts
 * const figure = agg.stddevPop<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [1, 3]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 1
 * ```
 */
export function stddevPop<T, const S extends string = ColumnOf<T, number>>(
  column: (S & ColumnCheck<NoInfer<T>, S, number>) | ((row: T) => number | null | undefined),
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, number | null> {
  return numericAggregate<T, number | null>('stddevPop', column, options);
}
