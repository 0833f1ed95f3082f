import type { OperatorFunction } from 'rxjs';
import type { Change, Element } from '../src/element';
import { operator, type Clock, type OperatorOptions } from '../src/operator';

/**
 * Keeps the rows of a ChangeStream for which a condition is truthy. An upsert whose row is not kept goes on as a delete: what
 * was said of its key before is true no more. Deletes pass.
 *
 * ```
 * in         -(+a)-(+b)-(-b)-|     a and b are rows of one key; keep(b) is false
 * out        -(+a)-(-b)-(-b)-|
 * ```
 *
 * @param keep - the condition; called once per upsert, in order, with a clock that says the processing time: in a query that of
 * the batch
 * @param options - `onError`
 * @returns the changes; in complete mode of a query the sink gets the rows that are kept
 * @throws `TIDEMARK_USER_FUNCTION` in band, when `keep` throws and `onError` is `'error'`
 *
 * Cost: O(1) per change, no state: a delete may speak of a key that was never said.
 * @example
 * ```ts
 * const out: string[] = [];
 * events(of({ k: 'a' }, { k: 'a' })).pipe(
 *   aggregate({ key: 'k', select: { n: agg.count() } }),
 *   filterChanges((row) => row.n < 2),
 *   rows(),
 * ).subscribe(({ op, row }) => out.push(`${op} ${row.n}`));
 * out; // => ['upsert 1', 'delete 2']
 * ```
 */
export function filterChanges<T>(
  keep: (row: T, clock: Clock) => unknown,
  options?: OperatorOptions,
): OperatorFunction<Element<Change<T>, 'change'>, Element<Change<T>, 'change'>> {
  return operator<Change<T>, Change<T>, 'change', 'change'>({
    type: 'filterChanges',
    options,
    accepts: ['change'],
    create: () => ({
      onEvent(time, change, out) {
        const stays = change.op === 'delete' || Boolean(keep(change.row, out));
        out.forward(time, stays ? change : { ...change, op: 'delete' });
      },
    }),
  });
}
