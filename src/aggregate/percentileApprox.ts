import { checkOption } from '../errors';
import type { ValueAggregate } from './aggregate';
import { checkedNumber } from './numbers';
import { fractionsOf, type Percentiles } from './percentile';
import {
  addToSummary,
  createSummary,
  decodeSummary,
  encodeSummary,
  mergeSummaries,
  quantilesOf,
  type QuantileSummary,
} from './quantileSummary';
import { aggregateOf, type AggregateOptions, type ColumnOrSelector } from './value';

/** Options of `percentileApprox`. */
export interface PercentileApproxOptions<T> extends AggregateOptions<T> {
  /** The rank is right within n / accuracy. A whole number >= 1; default 10000. */
  readonly accuracy?: number;
}

/**
 * Gives a value that occurs in the column and whose rank is within n / accuracy of ceil(p n): `percentile_approx` of Spark. It
 * is exact (equal to `percentileDisc`) below `accuracy` values, and below 4096 in any case; the extremes (`p` 0 and 1) always
 * are. The bound holds for every order of rows and after merging; beyond the exact range another order or merge may give
 * another value within it.
 *
 * Nulls are skipped; NaN is greater than any number (as in Spark); no value at all gives null.
 *
 * @param column - a number column, or a function of the row
 * @param p - a fraction from 0 to 1, or a list of them: one summary then serves all, and the result is a list in that order
 * @param options - `accuracy`: whole number >= 1, default 10000; `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a number (a list of numbers) or null
 * @throws TIDEMARK_OPTION at call: a fraction or the accuracy out of range; per row: a value that is no number
 *
 * Cost: O(log accuracy) a row; state of n numbers while exact, then O(accuracy log^2(n / accuracy)) in the worst case (at the
 * default up to 103,000 numbers for a million values, 230,000 for ten million); a result sorts what is new and reads the
 * state once. Source: deterministic compaction, see quantileSummary.ts.
 *
 * @example
 * const tails = agg.percentileApprox<{ v: number }, [number, number]>('v', [0.9, 0.99]);
 * const acc = tails.create();
 * for (let v = 1; v <= 1000; v++) tails.add(acc, { v }, v);
 * tails.result(acc) // => [900, 990]
 */
export function percentileApprox<T, const P extends number | readonly number[] = number>(
  column: ColumnOrSelector<T, number>,
  p: P,
  options?: PercentileApproxOptions<T>,
): ValueAggregate<T, number | null | undefined, QuantileSummary, Percentiles<P>> {
  const fractions = fractionsOf(p);
  const accuracy = options?.accuracy ?? 10_000;
  checkOption(Number.isInteger(accuracy) && accuracy >= 1, `accuracy must be a whole number >= 1, not ${accuracy}`, { accuracy });
  return aggregateOf<T, number, QuantileSummary, Percentiles<P>>(
    'percentileApprox',
    {
      prepare: (value) => checkedNumber(value, 'percentileApprox'),
      create: createSummary,
      add: (acc, value) => addToSummary(acc, value, accuracy),
      merge: (into, from) => mergeSummaries(into, from, accuracy),
      result(acc) {
        if (acc.n === 0) return null;
        const found = quantilesOf(acc, fractions);
        return (typeof p === 'number' ? found[0] : found) as Percentiles<P>;
      },
      encode: encodeSummary,
      decode: decodeSummary,
    },
    column,
    options,
    { p: typeof p === 'number' ? p : fractions, accuracy },
  );
}
