import type { ValueAggregate } from './aggregate';
import { identityOf, type Identity } from './identity';
import { aggregateOf, type AggregateOptions, type ColumnOrSelector, type Kernel } from './value';

const kernel: Kernel<unknown, Set<Identity>, number, Identity> = {
  prepare: identityOf,
  create: () => new Set(),
  add(acc, id) {
    acc.add(id);
  },
  merge(into, from) {
    for (const id of from) into.add(id);
  },
  result: (acc) => acc.size,
  encode: (acc) => [...acc],
  decode: (data) => new Set(data as Identity[]),
};

/**
 * Counts the different values, exactly. Nulls are not counted; no value at all gives 0.
 *
 * One value are: 0 and -0, NaN and NaN, Dates of one instant, arrays or plain objects of equal content. `1`, `1n` and `'1'`
 * are three.
 *
 * @param column - any column, or a function of the row
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a number
 * @throws TIDEMARK_KEY_TYPE per row: a value without identity (function, symbol, instance of a class other than Date)
 *
 * Cost: O(1) a row; state grows with the number of different values (`approxCountDistinct` does not).
 *
 * @example
 * const users = agg.countDistinct<{ id: unknown }>('id');
 * const acc = users.create();
 * [1, '1', 1, null, NaN, NaN].forEach((id, i) => users.add(acc, { id }, i));
 * users.result(acc) // => 3
 */
export function countDistinct<T>(
  column: ColumnOrSelector<T, unknown>,
  options?: AggregateOptions<T>,
): ValueAggregate<T, Identity | null | undefined, Set<Identity>, number> {
  return aggregateOf('countDistinct', kernel, column, options);
}
