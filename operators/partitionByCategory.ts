import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { operator, type OperatorOptions } from '../src/operator';
import { columnOf, withValue, type WithColumn } from '../src/schema/columns';
import { overwriting } from '../src/traits';

/** Options of `partitionByCategory`. */
export interface PartitionByCategoryOptions<A extends string> extends OperatorOptions {
  /** Name of the new column; default `'category_partition'`. */
  readonly as?: A;
}

/**
 * Adds the column `category_partition` with the value of a column as text, to partition files by (`partitionBy` of
 * `fileSink`). Fused. Null, missing and empty become `'unknown'`.
 *
 * ```
 * in         -(aA)-(E|)          a: { category: null }
 * out        -(bA)-(E|)          b: { category: null, category_partition: 'unknown' }
 * ```
 *
 * @param column - the column with the category
 * @param options - `as`, `onError`
 * @returns rows with the new column and the old times
 *
 * Cost: one copy of the row, no state.
 * @example
 * ```ts
 * const out: unknown[] = [];
 * of({ t: 1, genre: 'jazz' }, { t: 2, genre: null }).pipe(withWatermark('t', 0), partitionByCategory('genre'), rows()).subscribe((row) => out.push(row.category_partition));
 * out; // => ['jazz', 'unknown']
 * ```
 */
export function partitionByCategory<
  T,
  const C extends keyof T & string,
  K extends 'event' | 'untimed',
  const A extends string = 'category_partition',
>(column: C, options: PartitionByCategoryOptions<A> = {}): OperatorFunction<Element<T, K>, Element<WithColumn<T, A, string>, K>> {
  const as = (options.as ?? 'category_partition') as A;
  return operator<T, WithColumn<T, A, string>, K, K>({
    type: 'partitionByCategory',
    options,
    accepts: ['event', 'untimed'],
    description: { column, as },
    traits: ([input]) => overwriting([as], input!),
    create: () => ({
      onEvent(time, row, out) {
        const value = columnOf(row, column);
        out.forward(time, withValue(row, as, value === null || value === '' ? 'unknown' : String(value)));
      },
    }),
  });
}
