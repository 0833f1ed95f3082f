import type { ValueAggregate } from './aggregate';
import { aggregateOf, type AggregateOptions, type ColumnOrSelector, type ValueOf } from './value';

/** What `first` and `last` keep: a value and when it came; the arrival is infinite before the first value. */
export interface Arrived {
  value: unknown;
  arrival: number;
}

/**
 * Gives the value that arrived first (arrival, not event time). Nulls are skipped; NaN is a value; no value at all gives null.
 *
 * @param column - any column, or a function of the row
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result has the type of the column, or null
 *
 * Cost: O(1) a row, one value of state. Different from Spark, whose `first` takes nulls too.
 *
 * @example
 * const opening = agg.first<{ v: number | null }, 'v'>('v');
 * const acc = opening.create();
 * [null, 3, 5].forEach((v, i) => opening.add(acc, { v }, i));
 * opening.result(acc) // => 3
 */
export function first<T, const S extends ColumnOrSelector<T, unknown>>(
  column: S,
  options?: AggregateOptions<T>,
): ValueAggregate<T, unknown, Arrived, ValueOf<T, S> | null> {
  return byArrival('first', column, options, 1);
}

/**
 * Gives the value that arrived last (arrival, not event time). Nulls are skipped; NaN is a value; no value at all gives null.
 *
 * @param column - any column, or a function of the row
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result has the type of the column, or null
 *
 * Cost: O(1) a row, one value of state. Different from Spark, whose `last` takes nulls too.
 *
 * @example
 * const closing = agg.last<{ v: number | null }, 'v'>('v');
 * const acc = closing.create();
 * [3, 5, null].forEach((v, i) => closing.add(acc, { v }, i));
 * closing.result(acc) // => 5
 */
export function last<T, const S extends ColumnOrSelector<T, unknown>>(
  column: S,
  options?: AggregateOptions<T>,
): ValueAggregate<T, unknown, Arrived, ValueOf<T, S> | null> {
  return byArrival('last', column, options, -1);
}

function byArrival<T, R>(
  name: string,
  column: ColumnOrSelector<T, unknown>,
  options: AggregateOptions<T> | undefined,
  direction: 1 | -1,
): ValueAggregate<T, unknown, Arrived, R> {
  const keep = (acc: Arrived, value: unknown, arrival: number): void => {
    if ((acc.arrival - arrival) * direction <= 0) return;
    acc.value = value;
    acc.arrival = arrival;
  };
  return aggregateOf<T, unknown, Arrived, R>(
    name,
    {
      prepare: (value) => value,
      create: () => ({ value: null, arrival: Infinity * direction }),
      add: keep,
      merge(into, from) {
        if (Number.isFinite(from.arrival)) keep(into, from.value, from.arrival);
      },
      result: (acc) => acc.value as R,
      encode: ({ value, arrival }) => [value, arrival],
      decode(data) {
        const [value, arrival] = data as [unknown, number];
        return { value, arrival };
      },
    },
    column,
    options,
  );
}
