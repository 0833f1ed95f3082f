import { checkOption } from '../errors';
import type { ValueAggregate } from './aggregate';
import { createArrivals, mergeArrivals, type Arrivals } from './arrivals';
import { checkedNumber } from './numbers';
import { aggregateOf, type AggregateOptions, type ColumnOrSelector } from './value';

/** Options of `trend`. */
export interface TrendOptions<T> extends AggregateOptions<T> {
  /** How many of the latest values count. A whole number >= 2; default 100. */
  readonly limit?: number;
}

/** What `trend` keeps: a ring of the latest values. */
export interface TrendState extends Arrivals<number> {
  /** Where the oldest value is, and the next one goes, once the ring is full; 0 before. */
  oldest: number;
}

/**
 * Gives the slope of the least-squares line through the latest values, taken at 0, 1, 2, … in order of arrival: by how much
 * the value rises from one to the next.
 *
 * Nulls are skipped; fewer than two values give 0; NaN and infinite values give NaN until they have left the buffer.
 *
 * @param column - a number column, or a function of the row
 * @param options - `limit`: how many values are kept, the latest; whole number >= 2, default 100; `where`: only rows for which it
 * is truthy; default all
 * @returns an aggregate whose result is a number
 * @throws TIDEMARK_OPTION at call: `limit` out of range; per row: a value that is no number
 *
 * Cost: O(1) a row, O(limit) a result or merge; state of 2 limit numbers. Source: slope over consecutive indexes,
 * 12 sum((i - (n - 1) / 2) (y - y0)) / (n (n^2 - 1)). Subtracting the first value y0 keeps large offsets out of the products,
 * where the textbook formula loses even the sign.
 *
 * @example
 * const rise = agg.trend<{ v: number }>('v');
 * const acc = rise.create();
 * [1, 3, 2, 5, 4].forEach((v, i) => rise.add(acc, { v }, i));
 * rise.result(acc) // => 0.8
 */
export function trend<T>(
  column: ColumnOrSelector<T, number>,
  options?: TrendOptions<T>,
): ValueAggregate<T, number | null | undefined, TrendState, number> {
  const limit = options?.limit ?? 100;
  checkOption(Number.isInteger(limit) && limit >= 2, `limit must be a whole number >= 2, not ${limit}`, { limit });
  return aggregateOf<T, number, TrendState, number>(
    'trend',
    {
      prepare: (value) => checkedNumber(value, 'trend'),
      create: () => ({ ...createArrivals<number>(), oldest: 0 }),
      add(acc, value, arrival) {
        const full = acc.values.length === limit;
        const at = full ? acc.oldest : acc.values.length;
        acc.values[at] = value;
        acc.arrivals[at] = arrival;
        if (full) acc.oldest = (at + 1) % limit;
      },
      merge(into, from) {
        const { values, arrivals } = mergeArrivals(inOrder(into), inOrder(from));
        into.values = values.slice(-limit);
        into.arrivals = arrivals.slice(-limit);
        into.oldest = 0;
      },
      result: (acc) => slopeOf(inOrder(acc).values),
      encode(acc) {
        const { values, arrivals } = inOrder(acc);
        return [values, arrivals];
      },
      decode(data) {
        const [values, arrivals] = data as [number[], number[]];
        return { values: [...values], arrivals: [...arrivals], oldest: 0 };
      },
    },
    column,
    options,
    { limit },
  );
}

/** The ring from its oldest value on, as new lists. */
function inOrder({ values, arrivals, oldest }: TrendState): Arrivals<number> {
  const turn = (list: readonly number[]): number[] => [...list.slice(oldest), ...list.slice(0, oldest)];
  return { values: turn(values), arrivals: turn(arrivals) };
}

function slopeOf(values: readonly number[]): number {
  const n = values.length;
  if (n < 2) return 0;
  const origin = values[0]!;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += (i - (n - 1) / 2) * (values[i]! - origin);
  return (12 * sum) / (n * (n * n - 1));
}
