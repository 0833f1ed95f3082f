import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { operator, type Clock, type OperatorOptions } from '../src/operator';

/**
 * Makes any number of rows of each row (SQL's explode); all get its event time. A row that gives none is counted as
 * filtered, any other as absorbed by its outputs. The whole result is taken before anything goes on, so a function or
 * iterable that throws half-way leaves nothing behind.
 *
 * ```
 * in         -(aA)------(bB)-(E|)
 * out        -(xyA)-----B----(E|)     a gives x and y, b nothing
 * ```
 *
 * @param map - gives an iterable of rows
 * @param options - `onError`
 * @returns the new rows with the time of the row they come from
 *
 * Cost: O(rows given) per row, no state.
 * @example
 * ```ts
 * const out: string[] = [];
 * of({ t: 1, line: 'a b' }).pipe(withWatermark('t', 0), flatMapRows((row) => row.line.split(' ')), rows()).subscribe((w) => out.push(w));
 * out; // => ['a', 'b']
 * ```
 */
export function flatMapRows<T, R, K extends 'event' | 'untimed'>(
  map: (row: T, clock: Clock) => Iterable<R>,
  options?: OperatorOptions,
): OperatorFunction<Element<T, K>, Element<R, K>> {
  return operator<T, R, K, K>({
    type: 'flatMapRows',
    options,
    accepts: ['event', 'untimed'],
    create: () => ({
      onEvent(time, row, out) {
        const given = [...map(row, out)];
        if (given.length === 0) return out.filter();
        out.absorb(1);
        for (const one of given) {
          if (out.closed) return;
          out.event(time, one);
        }
      },
    }),
  });
}
