import type { ValueAggregate } from './aggregate';
import { addExact, createExpansion, roundExact } from './expansion';
import { checkedNumber } from './numbers';
import { aggregateOf, type AggregateOptions, type ColumnOrSelector, type Kernel } from './value';

const kernel: Kernel<number, Set<number>, number | null> = {
  prepare: (value) => checkedNumber(value, 'sumDistinct'),
  create: () => new Set(),
  add(acc, value) {
    acc.add(value);
  },
  merge(into, from) {
    for (const value of from) into.add(value);
  },
  result(acc) {
    if (acc.size === 0) return null;
    const sum = createExpansion();
    for (const value of acc) addExact(sum, value);
    return roundExact(sum);
  },
  encode: (acc) => [...acc],
  decode: (data) => new Set(data as number[]),
};

/**
 * Sums the different values, each once. The sum is exact and rounded once, so the order of rows does not matter.
 *
 * Nulls are skipped; no value at all gives null. 0 and -0 are one value, so are NaN and NaN; NaN gives NaN.
 *
 * @param column - a number column, or a function of the row
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a number or null
 * @throws TIDEMARK_OPTION per row: a value that is no number
 *
 * Cost: O(1) a row, O(d) a result; state grows with the number d of different values.
 *
 * @example
 * const total = agg.sumDistinct<{ v: number }>('v');
 * const acc = total.create();
 * [5, 5, 2].forEach((v, i) => total.add(acc, { v }, i));
 * total.result(acc) // => 7
 */
export function sumDistinct<T>(
  column: ColumnOrSelector<T, number>,
  options?: AggregateOptions<T>,
): ValueAggregate<T, number | null | undefined, Set<number>, number | null> {
  return aggregateOf('sumDistinct', kernel, column, options);
}
