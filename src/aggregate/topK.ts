import { checkOption } from '../errors';
import type { ValueAggregate } from './aggregate';
import { compareValues } from './order';
import { aggregateOf, columnName, readValue, type AggregateOptions, type ColumnOrSelector } from './value';

/** What to order by: column (or function of the row) and direction, the most significant first. */
export type TopKOrder<T> = readonly (readonly [column: ColumnOrSelector<T, unknown>, direction: 'asc' | 'desc'])[];

/** Options of `topK`. */
export interface TopKOptions<T, C extends readonly (keyof T & string)[]> extends AggregateOptions<T> {
  /** At least one column with its direction. */
  readonly by: TopKOrder<T>;
  /** Columns of the result; default: the whole rows. */
  readonly columns?: C;
}

/** One row each, or one list of values each, in the order of `columns`. */
export type TopKResult<T, C extends readonly (keyof T & string)[]> = [C] extends [never]
  ? readonly NoInfer<T>[]
  : readonly { readonly [I in keyof C]: C[I] extends keyof T ? T[C[I]] : never }[];

/** A row that is among the first k so far. */
export interface Ranked {
  readonly keys: readonly unknown[];
  readonly item: unknown;
  readonly arrival: number;
}

type Candidate = Omit<Ranked, 'arrival'>;

/**
 * Gives the first `k` rows in a stated order, as rows or as lists of some of their columns. Rows that are equal in all columns
 * of the order go by arrival.
 *
 * Nulls come last in both directions (a missing column is null). NaN is greater than any number (so it is first in `desc`);
 * text goes by code points, Dates by time, false before true. No row at all gives an empty list.
 *
 * @param k - how many rows; whole number >= 1
 * @param options - `by`: the order, at least one `[column, 'asc' | 'desc']`; `columns`: what to give of each row, default the
 * row; `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a list of at most k items
 * @throws TIDEMARK_OPTION at call: `k` out of range, no column to order by, or another direction
 *
 * Cost: O(log k) comparisons a row; state of k rows (of their named columns, where `columns` is given).
 *
 * @example
 * const top = agg.topK<{ id: string; views: number }, ['id']>(2, { by: [['views', 'desc']], columns: ['id'] });
 * const acc = top.create();
 * [{ id: 'a', views: 1 }, { id: 'b', views: 7 }, { id: 'c', views: 7 }].forEach((row, i) => top.add(acc, row, i));
 * top.result(acc) // => [['b'], ['c']]
 */
export function topK<T, const C extends readonly (keyof T & string)[] = never>(
  k: number,
  options: TopKOptions<T, C>,
): ValueAggregate<T, Candidate | null | undefined, Ranked[], TopKResult<T, C>> {
  const { by, columns } = options;
  checkOption(Number.isInteger(k) && k >= 1, `k must be a whole number >= 1, not ${k}`, { k });
  const valid = by.length > 0 && by.every(([, direction]) => direction === 'asc' || direction === 'desc');
  checkOption(valid, `topK needs 'by', a list of [column, 'asc' or 'desc']`, { by });
  const keys = by.map(([column]) => readValue<T>(column));
  const item = columns ? (row: T) => columns.map((column) => row[column] ?? null) : (row: T) => row;
  const compare = comparison(by.map(([, direction]) => (direction === 'asc' ? 1 : -1)));
  const insert = (acc: Ranked[], entry: Ranked): void => {
    if (acc.length === k && compare(entry, acc[k - 1]!) > 0) return;
    acc.splice(placeOf(acc, entry, compare), 0, entry);
    if (acc.length > k) acc.pop();
  };
  return aggregateOf<T, Candidate, Ranked[], TopKResult<T, C>>(
    'topK',
    {
      prepare: (value) => value,
      create: () => [],
      add: (acc, candidate, arrival) => insert(acc, { keys: candidate.keys, item: candidate.item, arrival }),
      merge(into, from) {
        for (const entry of from) insert(into, entry);
      },
      result: (acc) => acc.map((entry) => entry.item) as unknown as TopKResult<T, C>,
      encode: (acc) => acc.map((entry) => [entry.keys, entry.item, entry.arrival]),
      decode: (data) => (data as [unknown[], unknown, number][]).map(([k, i, arrival]) => ({ keys: k, item: i, arrival })),
    },
    (row) => ({ keys: keys.map((key) => key(row) ?? null), item: item(row) }),
    options,
    { column: columns ? [...columns] : null, k, by: by.map(([column, direction]) => [columnName(column), direction]) },
  );
}

type Comparison = (a: Ranked, b: Ranked) => number;

function comparison(directions: readonly (1 | -1)[]): Comparison {
  return (a, b) => {
    for (let i = 0; i < directions.length; i++) {
      const order = compareNullsLast(a.keys[i], b.keys[i], directions[i]!);
      if (order !== 0) return order;
    }
    return a.arrival - b.arrival;
  };
}

function compareNullsLast(a: unknown, b: unknown, direction: 1 | -1): number {
  return Number(a === null) - Number(b === null) || direction * compareValues(a, b);
}

/** Where the entry belongs. Halving: O(log k). */
function placeOf(sorted: readonly Ranked[], entry: Ranked, compare: Comparison): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(sorted[middle]!, entry) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
