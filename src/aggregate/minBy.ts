import type { ValueAggregate } from './aggregate';
import { compareValues } from './order';
import { aggregateOf, columnName, readValue, type AggregateOptions, type ColumnOrSelector, type ValueOf } from './value';

/** What `minBy` and `maxBy` keep: the best so far. `by` is undefined before the first. */
export interface Extreme {
  by: unknown;
  value: unknown;
  arrival: number;
}

type Candidate = readonly [by: unknown, value: unknown];

/**
 * Gives the value of one column in the row where another is smallest, as Spark's `min_by`. Of equal ones the row that arrived
 * first counts.
 *
 * Rows where `by` is null are skipped; the value may be null. NaN is greater than any number; text goes by code points, Dates
 * by time. No row at all gives null.
 *
 * @param column - the column to give, or a function of the row (`(row) => row` gives the row)
 * @param by - the column to compare, or a function of the row
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result has the type of the column, or null
 *
 * Cost: O(1) a row, one row's values of state.
 *
 * @example
 * const cheapest = agg.minBy<{ id: string; price: number }, 'id'>('id', 'price');
 * const acc = cheapest.create();
 * [{ id: 'a', price: 3 }, { id: 'b', price: 2 }, { id: 'c', price: 2 }].forEach((row, i) => cheapest.add(acc, row, i));
 * cheapest.result(acc) // => 'b'
 */
export function minBy<T, const S extends ColumnOrSelector<T, unknown>>(
  column: S,
  by: ColumnOrSelector<T, unknown>,
  options?: AggregateOptions<T>,
): ValueAggregate<T, Candidate | null | undefined, Extreme, ValueOf<T, S> | null> {
  return extremeBy('minBy', column, by, options, 1);
}

/**
 * Gives the value of one column in the row where another is greatest, as Spark's `max_by`. Of equal ones the row that arrived
 * first counts.
 *
 * Rows where `by` is null are skipped; the value may be null. NaN is greater than any number; text goes by code points, Dates
 * by time. No row at all gives null.
 *
 * @param column - the column to give, or a function of the row (`(row) => row` gives the row)
 * @param by - the column to compare, or a function of the row
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result has the type of the column, or null
 *
 * Cost: O(1) a row, one row's values of state.
 *
 * @example
 * const best = agg.maxBy<{ id: string; score: number }, 'id'>('id', 'score');
 * const acc = best.create();
 * [{ id: 'a', score: 3 }, { id: 'b', score: 9 }, { id: 'c', score: 9 }].forEach((row, i) => best.add(acc, row, i));
 * best.result(acc) // => 'b'
 */
export function maxBy<T, const S extends ColumnOrSelector<T, unknown>>(
  column: S,
  by: ColumnOrSelector<T, unknown>,
  options?: AggregateOptions<T>,
): ValueAggregate<T, Candidate | null | undefined, Extreme, ValueOf<T, S> | null> {
  return extremeBy('maxBy', column, by, options, -1);
}

function extremeBy<T, R>(
  name: string,
  column: ColumnOrSelector<T, unknown>,
  by: ColumnOrSelector<T, unknown>,
  options: AggregateOptions<T> | undefined,
  direction: 1 | -1,
): ValueAggregate<T, Candidate | null | undefined, Extreme, R> {
  const readColumn = readValue<T>(column);
  const readBy = readValue<T>(by);
  const candidate = (row: T): Candidate | null => {
    const key = readBy(row);
    return key === null || key === undefined ? null : [key, readColumn(row) ?? null];
  };
  const keep = (acc: Extreme, key: unknown, value: unknown, arrival: number): void => {
    const order = acc.by === undefined ? -1 : direction * compareValues(key, acc.by) || arrival - acc.arrival;
    if (order < 0) Object.assign(acc, { by: key, value, arrival });
  };
  return aggregateOf<T, Candidate, Extreme, R>(
    name,
    {
      prepare: (value) => value,
      create: () => ({ by: undefined, value: null, arrival: 0 }),
      add: (acc, [key, value], arrival) => keep(acc, key, value, arrival),
      merge(into, from) {
        if (from.by !== undefined) keep(into, from.by, from.value, from.arrival);
      },
      result: (acc) => acc.value as R,
      encode: ({ by: key, value, arrival }) => (key === undefined ? null : [key, value, arrival]),
      decode(data) {
        const [key, value, arrival] = (data ?? [undefined, null, 0]) as [unknown, unknown, number];
        return { by: key, value, arrival };
      },
    },
    candidate,
    options,
    { column: columnName(column), by: columnName(by) },
  );
}
