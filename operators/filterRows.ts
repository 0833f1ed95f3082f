import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { operator, type Clock, type OperatorOptions } from '../src/operator';

/**
 * Keeps the rows for which a condition is truthy; null is not (SQL's three-valued logic). The others are counted as
 * filtered, not rejected. Watermarks pass, so a filter never stops time. Fused.
 *
 * ```
 * in         -(aA)-(bB)-(E|)
 * out        -(aA)--B---(E|)     keep(b) is false
 * ```
 *
 * @param keep - the condition; a type guard narrows the row type
 * @param options - `onError`
 * @returns the kept rows, unchanged, with their times
 *
 * Cost: O(1) per row, no state.
 * @example
 * ```ts
 * const out: number[] = [];
 * of({ t: 1 }, { t: 2 }).pipe(withWatermark('t', 0), filterRows((row) => row.t > 1), rows()).subscribe((row) => out.push(row.t));
 * out; // => [2]
 * ```
 */
export function filterRows<T, S extends T, K extends 'event' | 'untimed'>(
  keep: (row: T, clock: Clock) => row is S,
  options?: OperatorOptions,
): OperatorFunction<Element<T, K>, Element<S, K>>;
export function filterRows<T, K extends 'event' | 'untimed'>(
  keep: (row: T, clock: Clock) => unknown,
  options?: OperatorOptions,
): OperatorFunction<Element<T, K>, Element<T, K>>;
export function filterRows<T, K extends 'event' | 'untimed'>(
  keep: (row: T, clock: Clock) => unknown,
  options?: OperatorOptions,
): OperatorFunction<Element<T, K>, Element<T, K>> {
  return operator<T, T, K, K>({
    type: 'filterRows',
    options,
    accepts: ['event', 'untimed'],
    create: () => ({
      onEvent(time, row, out) {
        if (keep(row, out)) out.forward(time, row);
        else out.filter();
      },
    }),
  });
}
