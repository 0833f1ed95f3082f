import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { operator, type Clock, type OperatorOptions } from '../src/operator';

/**
 * Changes each row and keeps its event time. Watermarks, rejections and barriers pass. Fused.
 *
 * ```
 * in         -(aA)-(bB)-(E|)
 * out        -(xA)-(yB)-(E|)     x = map(a), y = map(b)
 * ```
 *
 * @param map - gives the new row; called once per row, in order, with a clock that says the processing time: in a query that of
 * the batch
 * @param options - `onError`: what happens to a row for which `map` throws
 * @returns the new rows with the old times
 * @throws `TIDEMARK_USER_FUNCTION` in band, when `map` throws and `onError` is `'error'`
 *
 * Cost: O(1) per row, no state. In Node 20 `Object.assign({}, row, { x })` is several times as fast as `{ ...row, x }`.
 * @example
 * ```ts
 * const out: number[] = [];
 * of({ t: 1 }, { t: 2 }).pipe(withWatermark('t', 0), mapRows((row) => row.t * 10), rows()).subscribe((v) => out.push(v));
 * out; // => [10, 20]
 * ```
 */
export function mapRows<T, R, K extends 'event' | 'untimed'>(
  map: (row: T, clock: Clock) => R,
  options?: OperatorOptions,
): OperatorFunction<Element<T, K>, Element<R, K>> {
  return operator<T, R, K, K>({
    type: 'mapRows',
    options,
    accepts: ['event', 'untimed'],
    create: () => ({ onEvent: (time, row, out) => out.forward(time, map(row, out)) }),
  });
}
