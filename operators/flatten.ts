import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { TidemarkError } from '../src/errors';
import { operator, type OperatorOptions } from '../src/operator';
import { columnOf, flattened } from '../src/schema/columns';
import type { Simplify } from '../src/streams';

/** The row without the column, and with the columns inside it; null where the column may be null. */
export type Flattened<T, C extends keyof T> = Simplify<
  Omit<T, C> & (null extends T[C] ? { [N in keyof NonNullable<T[C]>]?: NonNullable<T[C]>[N] | null } : T[C])
>;

/**
 * Puts the columns inside a column next to the others, and takes the column away: Spark's `select("data.*")`. Fused.
 *
 * A null column gives none of its columns. A name that is inside and outside is an error, for the row that has it.
 *
 * ```
 * in         -(aA)-(E|)          a: { id: 1, data: { x: 2 } }
 * out        -(bA)-(E|)          b: { id: 1, x: 2 }
 * ```
 *
 * @param column - the column that holds an object or null
 * @param options - `onError`
 * @returns flat rows with the old times
 * @throws `TIDEMARK_NAME_CLASH` in band, when a name is there twice; `TIDEMARK_OPTION`, when the column holds no object
 *
 * Cost: one copy of the row, no state.
 * @example
 * ```ts
 * const out: unknown[] = [];
 * of({ t: 1, data: { x: 2, y: 3 } }).pipe(withWatermark('t', 0), flatten('data'), rows()).subscribe((row) => out.push(row));
 * out; // => [{ t: 1, x: 2, y: 3 }]
 * ```
 */
export function flatten<T, const C extends keyof T & string, K extends 'event' | 'untimed'>(
  column: C,
  options?: OperatorOptions,
): OperatorFunction<Element<T, K>, Element<Flattened<T, C>, K>> {
  return operator<T, Flattened<T, C>, K, K>({
    type: 'flatten',
    options,
    accepts: ['event', 'untimed'],
    description: { column },
    create: () => ({
      onEvent(time, row, out) {
        const nested = columnOf(row, column);
        if (nested !== null && (typeof nested !== 'object' || Array.isArray(nested)))
          throw new TidemarkError('TIDEMARK_OPTION', `flatten('${column}'): the column holds no object`, { column });
        out.forward(time, flattened(row as object, column, nested) as Flattened<T, C>);
      },
    }),
  });
}
