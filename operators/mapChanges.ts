import type { OperatorFunction } from 'rxjs';
import type { Change, Element } from '../src/element';
import { operator, type Clock, type OperatorOptions } from '../src/operator';

/**
 * Changes the row of each change of a ChangeStream; what it is about (`key`) and its pane stay.
 *
 * ```
 * in         -(+a)-(+b)-|     changes of rows a, b
 * out        -(+x)-(+y)-|     x = map(a), y = map(b)
 * ```
 *
 * @param map - gives the new row; called once per change, in order, with a clock that says the processing time: in a query that
 * of the batch
 * @param options - `onError`: what happens to a change for which `map` throws
 * @returns the changes with the new rows
 * @throws `TIDEMARK_USER_FUNCTION` in band, when `map` throws and `onError` is `'error'`
 *
 * Cost: O(1) per change, no state.
 * @example
 * ```ts
 * const out: string[] = [];
 * events(of({ k: 'a' }, { k: 'a' })).pipe(
 *   aggregate({ key: 'k', select: { n: agg.count() } }),
 *   mapChanges((row) => `${row.k}: ${row.n}`),
 *   rows(),
 * ).subscribe(({ row }) => out.push(row));
 * out; // => ['a: 1', 'a: 2']
 * ```
 */
export function mapChanges<T, R>(
  map: (row: T, clock: Clock) => R,
  options?: OperatorOptions,
): OperatorFunction<Element<Change<T>, 'change'>, Element<Change<R>, 'change'>> {
  return operator<Change<T>, Change<R>, 'change', 'change'>({
    type: 'mapChanges',
    options,
    accepts: ['change'],
    create: () => ({ onEvent: (time, change, out) => out.forward(time, { ...change, row: map(change.row, out) }) }),
  });
}
