import type { ValueAggregate } from './aggregate';
import { identified, identityOf, type Identity } from './identity';
import { compareValues } from './order';
import { aggregateOf, type AggregateOptions, type ColumnOrSelector, type Kernel, type ValueOf } from './value';

/** How often a value occurred, and when first. */
type Tally = [count: number, arrival: number];

/** What `mode` keeps: one tally a value. */
export type ModeState = Map<Identity, Tally>;

const kernel: Kernel<unknown, ModeState, unknown, Identity> = {
  prepare: identityOf,
  create: () => new Map(),
  add: (acc, id, arrival) => tally(acc, id, 1, arrival),
  merge(into, from) {
    for (const [id, [count, arrival]] of from) tally(into, id, count, arrival);
  },
  result(acc) {
    let best: [Identity, Tally] | undefined;
    for (const entry of acc) if (!best || before(entry, best)) best = entry;
    return best ? identified(best[0]) : null;
  },
  encode: (acc) => [...acc].map(([id, [count, arrival]]) => [id, count, arrival]),
  decode: (data) => new Map((data as [Identity, number, number][]).map(([id, count, arrival]) => [id, [count, arrival]])),
};

function tally(acc: ModeState, id: Identity, count: number, arrival: number): void {
  const known = acc.get(id);
  if (!known) return void acc.set(id, [count, arrival]);
  known[0] += count;
  known[1] = Math.min(known[1], arrival);
}

function before([id, [count, arrival]]: [Identity, Tally], [otherId, other]: [Identity, Tally]): boolean {
  const order = other[0] - count || compareValues(identified(id), identified(otherId)) || arrival - other[1];
  return order < 0;
}

/**
 * Gives the value that occurs most often. Of equally frequent ones the smallest counts: booleans (false first), numbers
 * ascending with NaN last, Dates, text by code points, everything else; values without an order (objects) by first arrival.
 *
 * Nulls are skipped; values are the same as for `countDistinct` (an object comes back as an equal copy); no value at all gives
 * null.
 *
 * @param column - any column, or a function of the row
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result has the type of the column, or null
 * @throws TIDEMARK_KEY_TYPE per row: a value without identity (function, symbol, instance of a class other than Date)
 *
 * Cost: O(1) a row, O(d) a result; state grows with the number d of different values.
 *
 * @example
 * const popular = agg.mode<{ action: string }, 'action'>('action');
 * const acc = popular.create();
 * ['view', 'like', 'view', 'like', 'share'].forEach((action, i) => popular.add(acc, { action }, i));
 * popular.result(acc) // => 'like'
 */
export function mode<T, const S extends ColumnOrSelector<T, unknown>>(
  column: S,
  options?: AggregateOptions<T>,
): ValueAggregate<T, Identity | null | undefined, ModeState, ValueOf<T, S> | null> {
  return aggregateOf(
    'mode',
    kernel as Kernel<unknown, ModeState, ValueOf<T, S> | null, Identity>,
    column as ColumnOrSelector<T, unknown>,
    options,
  );
}
