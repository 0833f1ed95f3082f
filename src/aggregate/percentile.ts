import { checkOption } from '../errors';
import type { ValueAggregate } from './aggregate';
import { checkedNumber, createList, decodeList, encodeList, push, pushAll, rankOf, sortedView, type NumberList } from './numbers';
import { aggregateOf, type AggregateOptions, type ColumnOrSelector } from './value';

/** The result for one fraction is a number or null, for a list of fractions a list of numbers or null. */
export type Percentiles<P> = P extends number ? number | null : readonly number[] | null;

/** Fractions as a list. Throws TIDEMARK_OPTION unless all are from 0 to 1 and there is at least one. */
export function fractionsOf(p: number | readonly number[]): readonly number[] {
  const fractions = (Array.isArray(p) ? [...p] : [p]) as readonly number[];
  const valid = fractions.length > 0 && fractions.every((f) => typeof f === 'number' && f >= 0 && f <= 1);
  checkOption(valid, `a percentile takes fractions from 0 to 1, such as 0.9, not ${String(p)}`, { p });
  return fractions;
}

/**
 * Interpolates between the two values around fraction `p`: with the values sorted and h = p (n - 1) it is
 * v[floor h] + (h - floor h) (v[ceil h] - v[floor h]). This is `percentile` of Spark, `percentile_cont` of SQL, type 7 of
 * Hyndman and Fan, and numpy's default.
 *
 * Nulls are skipped; NaN is greater than any number (as in Spark); no value at all gives null.
 *
 * @param column - a number column, or a function of the row
 * @param p - a fraction from 0 to 1, or a list of them: then the result is a list in that order
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a number (a list of numbers) or null
 * @throws TIDEMARK_OPTION at call: a fraction out of range; per row: a value that is no number
 *
 * Cost: O(1) a row; a result after many new values sorts all, O(n log n), after few it moves up to 8 n bytes; keeps all n values, 8 to 16 bytes each. Beyond some ten thousand
 * values a key use `percentileApprox`.
 *
 * @example
 * const p90 = agg.percentile<{ v: number }>('v', 0.9);
 * const acc = p90.create();
 * [10, 20, 30, 40].forEach((v, i) => p90.add(acc, { v }, i));
 * p90.result(acc) // => 37
 */
export function percentile<T, const P extends number | readonly number[] = number>(
  column: ColumnOrSelector<T, number>,
  p: P,
  options?: AggregateOptions<T>,
): ValueAggregate<T, number | null | undefined, NumberList, Percentiles<P>> {
  return exactPercentile('percentile', column, p, options, interpolate);
}

/**
 * Gives the value at rank max(1, ceil(p n)): the smallest value that at least the fraction `p` of all values do not exceed.
 * This is `percentile_disc` of SQL. `p` is read as the decimal it is written as: 0.07 of 100 values is rank 7.
 *
 * Nulls are skipped; NaN is greater than any number (as in Spark); no value at all gives null.
 *
 * @param column - a number column, or a function of the row
 * @param p - a fraction from 0 to 1, or a list of them: then the result is a list in that order
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a number (a list of numbers) or null
 * @throws TIDEMARK_OPTION at call: a fraction out of range; per row: a value that is no number
 *
 * Cost: as `percentile`.
 *
 * @example
 * const p90 = agg.percentileDisc<{ v: number }>('v', 0.9);
 * const acc = p90.create();
 * [10, 20, 30, 40].forEach((v, i) => p90.add(acc, { v }, i));
 * p90.result(acc) // => 40
 */
export function percentileDisc<T, const P extends number | readonly number[] = number>(
  column: ColumnOrSelector<T, number>,
  p: P,
  options?: AggregateOptions<T>,
): ValueAggregate<T, number | null | undefined, NumberList, Percentiles<P>> {
  return exactPercentile('percentileDisc', column, p, options, (sorted, f) => sorted[rankOf(f, sorted.length) - 1]!);
}

/**
 * Gives the median: `percentile` of 0.5, so the mean of the two middle values when their number is even.
 *
 * @param column - a number column, or a function of the row
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a number or null
 * @throws TIDEMARK_OPTION per row: a value that is no number
 *
 * Cost: as `percentile`.
 *
 * @example
 * const middle = agg.median<{ v: number }>('v');
 * const acc = middle.create();
 * [4, 1, 3, 2].forEach((v, i) => middle.add(acc, { v }, i));
 * middle.result(acc) // => 2.5
 */
export function median<T>(
  column: ColumnOrSelector<T, number>,
  options?: AggregateOptions<T>,
): ValueAggregate<T, number | null | undefined, NumberList, number | null> {
  return exactPercentile('median', column, 0.5, options, interpolate);
}

function exactPercentile<T, P extends number | readonly number[]>(
  name: string,
  column: ColumnOrSelector<T, number>,
  p: P,
  options: AggregateOptions<T> | undefined,
  pick: (sorted: Float64Array, fraction: number) => number,
): ValueAggregate<T, number | null | undefined, NumberList, Percentiles<P>> {
  const fractions = fractionsOf(p);
  return aggregateOf<T, number, NumberList, Percentiles<P>>(
    name,
    {
      prepare: (value) => checkedNumber(value, name),
      create: createList,
      add: push,
      merge: pushAll,
      result(acc) {
        if (acc.n === 0) return null;
        const sorted = sortedView(acc);
        return (typeof p === 'number' ? pick(sorted, p) : fractions.map((f) => pick(sorted, f))) as Percentiles<P>;
      },
      encode: encodeList,
      decode: decodeList,
    },
    column,
    options,
    { p: typeof p === 'number' ? p : fractions },
  );
}

function interpolate(sorted: Float64Array, p: number): number {
  const h = p * (sorted.length - 1);
  const low = sorted[Math.floor(h)]!;
  const high = sorted[Math.ceil(h)]!;
  const share = h - Math.floor(h);
  if (share === 0 || low === high) return low;
  const gap = high - low;
  // Not finite: an infinite end, or a gap beyond the doubles.
  return Number.isFinite(gap) ? low + share * gap : low * (1 - share) + high * share;
}
