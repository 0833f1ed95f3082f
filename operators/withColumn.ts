import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { operator, type OperatorOptions } from '../src/operator';
import { withValue, type WithColumn } from '../src/schema/columns';
import { overwriting } from '../src/traits';

/**
 * Adds a column to each row, or replaces it, as Spark's `withColumn`. Time, watermarks, rejections and barriers pass. Fused.
 *
 * ```
 * in         -(aA)-(bB)-(E|)
 * out        -(xA)-(yB)-(E|)     x = { ...a, name: value(a) }
 * ```
 *
 * @param name - the column
 * @param value - gives its value; called once per row, in order; null where a value cannot be given
 * @param options - `onError`: what happens to a row for which `value` throws
 * @returns new rows with the old times; the rows that came in are not changed
 * @throws `TIDEMARK_USER_FUNCTION` in band, when `value` throws and `onError` is `'error'`
 *
 * Cost: one copy of the row, no state.
 * @example
 * ```ts
 * const out: unknown[] = [];
 * of({ t: 1, name: 'straße' }).pipe(withWatermark('t', 0), withColumn('upper', (row) => upper(row.name)), rows()).subscribe((row) => out.push(row));
 * out; // => [{ t: 1, name: 'straße', upper: 'STRASSE' }]
 * ```
 */
export function withColumn<T, const N extends string, V, K extends 'event' | 'untimed'>(
  name: N,
  value: (row: T) => V,
  options?: OperatorOptions,
): OperatorFunction<Element<T, K>, Element<WithColumn<T, N, V>, K>> {
  return operator<T, WithColumn<T, N, V>, K, K>({
    type: 'withColumn',
    options,
    accepts: ['event', 'untimed'],
    description: { name },
    traits: ([input]) => overwriting([name], input!),
    create: () => ({ onEvent: (time, row, out) => out.forward(time, withValue(row, name, value(row))) }),
  });
}
