import { checkOption } from '../errors';
import type { ValueAggregate } from './aggregate';
import { createArrivals, mergeArrivals, type Arrivals } from './arrivals';
import { identified, identityOf, type Identity } from './identity';
import { aggregateOf, type AggregateOptions, type ColumnOrSelector, type Kernel, type ValueOf } from './value';

/** Options of `collectList` and `collectSet`. */
export interface CollectOptions<T> extends AggregateOptions<T> {
  /** At most so many values are kept, those that arrived first. A whole number >= 1; default: no limit. */
  readonly limit?: number;
}

/** What a collection with a `limit` gives: nothing disappears unseen. */
export interface Collected<V> {
  /** The values that are kept, in order of (first) arrival. */
  readonly values: readonly V[];
  /** How many values that are not null came, kept or not, repeats included. */
  readonly seen: number;
  /** True when the limit left nothing out. */
  readonly complete: boolean;
}

/** With a `limit` the values and what is known about the others; without one the values. */
export type CollectResult<V, O> = O extends { readonly limit: number } ? Collected<V> : readonly V[];

/** What `collectList` keeps. */
export interface ListState extends Arrivals<unknown> {
  seen: number;
}

/** What `collectSet` keeps: the values with their first arrival, in that order. */
export interface SetState {
  first: Map<Identity, number>;
  seen: number;
  complete: boolean;
}

/**
 * Collects the values of a column, in order of arrival. With a `limit` the first ones are kept, and the result says how many
 * came and whether any is missing.
 *
 * Nulls are skipped; NaN is a value; no value at all gives an empty list.
 *
 * @param column - any column, or a function of the row
 * @param options - `limit`: whole number >= 1, default none; `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a list, or with a `limit` `{ values, seen, complete }`
 * @throws TIDEMARK_OPTION at call: `limit` out of range
 *
 * Cost: O(1) a row, O(limit) a merge or result; state of at most `limit` values, without a limit of all values.
 *
 * @example
 * const names = agg.collectList<{ v: string }, 'v', { limit: 2 }>('v', { limit: 2 });
 * const acc = names.create();
 * ['b', 'a', 'b'].forEach((v, i) => names.add(acc, { v }, i));
 * names.result(acc) // => { values: ['b', 'a'], seen: 3, complete: false }
 */
export function collectList<
  T,
  const S extends ColumnOrSelector<T, unknown>,
  const O extends CollectOptions<T> = AggregateOptions<T>,
>(column: S, options?: O): ValueAggregate<T, unknown, ListState, CollectResult<ValueOf<T, S>, O>> {
  const limit = limitOf(options);
  const kernel: Kernel<unknown, ListState, unknown> = {
    prepare: (value) => value,
    create: () => ({ ...createArrivals(), seen: 0 }),
    add(acc, value, arrival) {
      acc.seen++;
      if (acc.values.length >= limit) return;
      acc.values.push(value);
      acc.arrivals.push(arrival);
    },
    merge(into, from) {
      const { values, arrivals } = mergeArrivals(into, from);
      into.values = values.slice(0, limit);
      into.arrivals = arrivals.slice(0, limit);
      into.seen += from.seen;
    },
    result: ({ values, seen }) => outcome(limit, [...values], seen, seen === values.length),
    encode: ({ values, arrivals, seen }) => [[...values], [...arrivals], seen],
    decode(data) {
      const [values, arrivals, seen] = data as [unknown[], number[], number];
      return { values: [...values], arrivals: [...arrivals], seen };
    },
  };
  return aggregateOf(
    'collectList',
    kernel,
    column as ColumnOrSelector<T, unknown>,
    options,
    limit === Infinity ? undefined : { limit },
  ) as never;
}

/**
 * Collects the different values of a column, in order of first arrival. With a `limit` the first ones are kept, and the result
 * says how many values came (repeats included) and whether any is missing.
 *
 * Nulls are skipped; values are the same as for `countDistinct` (an object comes back as an equal copy, -0 as 0); no value at
 * all gives an empty list.
 *
 * @param column - any column, or a function of the row
 * @param options - `limit`: whole number >= 1, default none; `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a list, or with a `limit` `{ values, seen, complete }`
 * @throws TIDEMARK_OPTION at call: `limit` out of range
 * @throws TIDEMARK_KEY_TYPE per row: a value without identity (function, symbol, instance of a class other than Date)
 *
 * Cost: O(1) a row, O(d log d) a merge; state of the d different values kept.
 *
 * @example
 * const names = agg.collectSet<{ v: string }, 'v'>('v');
 * const acc = names.create();
 * ['b', 'a', 'b'].forEach((v, i) => names.add(acc, { v }, i));
 * names.result(acc) // => ['b', 'a']
 */
export function collectSet<
  T,
  const S extends ColumnOrSelector<T, unknown>,
  const O extends CollectOptions<T> = AggregateOptions<T>,
>(column: S, options?: O): ValueAggregate<T, Identity | null | undefined, SetState, CollectResult<ValueOf<T, S>, O>> {
  const limit = limitOf(options);
  const kernel: Kernel<unknown, SetState, unknown, Identity> = {
    prepare: identityOf,
    create: () => ({ first: new Map(), seen: 0, complete: true }),
    add(acc, id, arrival) {
      acc.seen++;
      if (acc.first.has(id)) return;
      if (acc.first.size < limit) acc.first.set(id, arrival);
      else acc.complete = false;
    },
    merge(into, from) {
      const { first } = into;
      for (const [id, arrival] of from.first) first.set(id, Math.min(arrival, first.get(id) ?? Infinity));
      into.seen += from.seen;
      into.complete &&= from.complete && first.size <= limit;
      // A value among the first of all is among the first of the slice in which it came first: the slices' limits lose none.
      into.first = new Map([...first].sort((a, b) => a[1] - b[1]).slice(0, limit));
    },
    result: ({ first, seen, complete }) => outcome(limit, [...first.keys()].map(identified), seen, complete),
    encode: ({ first, seen, complete }) => [[...first.keys()], [...first.values()], seen, complete],
    decode(data) {
      const [ids, arrivals, seen, complete] = data as [Identity[], number[], number, boolean];
      return { first: new Map(ids.map((id, i) => [id, arrivals[i]!])), seen, complete };
    },
  };
  return aggregateOf(
    'collectSet',
    kernel,
    column as ColumnOrSelector<T, unknown>,
    options,
    limit === Infinity ? undefined : { limit },
  ) as never;
}

function limitOf(options: { readonly limit?: number } | undefined): number {
  const limit = options?.limit ?? Infinity;
  const valid = limit === Infinity || (Number.isInteger(limit) && limit >= 1);
  checkOption(valid, `limit must be a whole number >= 1, not ${limit}`, { limit });
  return limit;
}

function outcome(limit: number, values: unknown[], seen: number, complete: boolean): unknown {
  return limit === Infinity ? values : { values, seen, complete };
}
