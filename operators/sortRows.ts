import type { OperatorFunction } from 'rxjs';
import { compareValues } from '../src/aggregate/order';
import type { Change, Element, StreamKind } from '../src/element';
import { checkOption, TidemarkError } from '../src/errors';
import { operator, type OperatorOptions, type Processor, type ProcessorContext } from '../src/operator';

/** The rows of a stream, also where they stand in changes. */
type RowOfKind<T, K extends StreamKind> = K extends 'change' ? (T extends Change<infer R> ? R : never) : T;

/** A column, or a function of the row, and the direction. */
export type SortKey<R> = readonly [by: (keyof R & string) | ((row: R) => unknown), direction: 'asc' | 'desc'];

/**
 * Sorts the whole table that a query gives in complete mode: `aggregate` stands before it. A stream has no end, so nothing
 * else can be sorted; for the first few of each window there is `agg.topK`.
 *
 * The sort is stable. Numbers go by value, texts by code points, dates by time; null is smaller than all values, as in Spark.
 *
 * @param keys - columns or functions with `'asc'` or `'desc'`, the most important first
 * @param options - `id`, `onError`
 * @returns the rows of each batch, sorted
 * @throws `TIDEMARK_OPTION` at call; `TIDEMARK_OUTPUT_MODE` where the query is built (in a plain pipe: where it is subscribed)
 * when it is not the table of complete mode
 *
 * Cost: O(n log n) a batch; it holds the n rows of the table until the end of the batch. No state between batches.
 *
 * Source: Spark's orderBy on streams.
 * @example
 * ```ts
 * const source = memorySource([{ k: 'a' }, { k: 'b' }, { k: 'b' }]);
 * const sink = memorySink<{ k: string; n: number }>();
 * const query = streamingQuery(source, (rows$) =>
 *   rows$.pipe(aggregate({ key: 'k', select: { n: agg.count() } }), sortRows([['n', 'desc']])),
 * ).writeStream({ sink, outputMode: 'complete', trigger: availableNow() });
 * await query.start();
 * await query.awaitTermination();
 * sink.rows().map((row) => row.k); // => ['b', 'a']
 * ```
 */
export function sortRows<T, K extends StreamKind>(
  keys: readonly SortKey<RowOfKind<T, K>>[],
  options?: OperatorOptions,
): OperatorFunction<Element<T, K>, Element<T, K>> {
  checkOption(keys.length > 0, 'sortRows needs columns to sort by');
  for (const [, direction] of keys) checkOption(direction === 'asc' || direction === 'desc', `a direction is 'asc' or 'desc'`);
  const compare = comparatorOf(keys as readonly SortKey<Record<string, unknown>>[]);
  return operator<T, T, K, K>({
    type: 'sortRows',
    options,
    accepts: ['event', 'untimed', 'change'],
    description: { by: keys.map(([by, direction]) => [typeof by === 'string' ? by : 'function', direction]) },
    create: (context) => sorter<T>(compare, context),
  });
}

type Compare = (a: Record<string, unknown>, b: Record<string, unknown>) => number;

function comparatorOf(keys: readonly SortKey<Record<string, unknown>>[]): Compare {
  const parts = keys.map(([by, direction]): Compare => {
    const read = typeof by === 'string' ? (row: Record<string, unknown>) => row[by] : by;
    const sign = direction === 'asc' ? 1 : -1;
    return (a, b) => sign * nullsFirst(read(a), read(b));
  });
  return (a, b) => parts.reduce((found, part) => found || part(a, b), 0);
}

function nullsFirst(a: unknown, b: unknown): number {
  const isNull = (value: unknown): boolean => value === null || value === undefined;
  return isNull(a) || isNull(b) ? Number(isNull(b)) - Number(isNull(a)) : compareValues(a, b);
}

function sorter<T>(compare: Compare, { id, run, outputMode, traits }: ProcessorContext): Processor<T, T> {
  if (run === undefined || outputMode !== 'complete') {
    const message = `'${id}' sorts the table of a query in complete mode; for the first few of a window use agg.topK`;
    throw new TidemarkError('TIDEMARK_OUTPUT_MODE', message, { operator: id, reason: 'sort-needs-complete-aggregate' });
  }
  const rowOf = (row: T): Record<string, unknown> =>
    (traits.kind === 'change' ? (row as Change<unknown>).row : row) as Record<string, unknown>;
  let held: { readonly time: number; readonly row: T }[] = [];
  return {
    onEvent: (time, row) => void held.push({ time, row }),
    onBarrier(_batchId, out) {
      const sorted = held.sort((a, b) => compare(rowOf(a.row), rowOf(b.row)));
      held = [];
      for (const { time, row } of sorted) out.forward(time, row);
    },
    held: () => held.length,
  };
}
