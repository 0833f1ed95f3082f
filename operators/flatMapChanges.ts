import type { OperatorFunction } from 'rxjs';
import type { Change, Element } from '../src/element';
import { operator, type OperatorOptions } from '../src/operator';

/**
 * Gives any number of rows for each change of a ChangeStream: a lookup with several partners, say. The rows of one change are
 * told apart by their place, which is added to the key; a delete takes back as many.
 *
 * `map` must give as many rows for each change of a key (a lookup by the key does): nothing is kept, so that a row which
 * is no longer given would not be taken back. In complete mode of a query each batch brings the whole table, and any
 * number will do.
 *
 * ```
 * in         -(+a)-|               map(a) gives x and y
 * out        -(+x)-(+y)-|          keys [a, 0] and [a, 1]
 * ```
 *
 * @param map - gives the rows; called once per change, in order
 * @param options - `onError`
 * @returns a change for each row, with the time and pane of the one it comes from
 * @throws `TIDEMARK_USER_FUNCTION` in band, when `map` throws and `onError` is `'error'`
 *
 * Cost: O(rows) per change, no state.
 * @example
 * ```ts
 * const cities: Record<string, string[]> = { at: ['Wien', 'Graz'] };
 * const out: string[] = [];
 * events(of({ k: 'at' }, { k: 'xx' })).pipe(
 *   aggregate({ key: 'k', select: { n: agg.count() } }),
 *   flatMapChanges((row) => (cities[row.k] ?? []).map((city) => ({ ...row, city }))),
 *   rows(),
 * ).subscribe(({ row }) => out.push(row.city));
 * out; // => ['Wien', 'Graz']
 * ```
 */
export function flatMapChanges<T, R>(
  map: (row: T) => Iterable<R>,
  options?: OperatorOptions,
): OperatorFunction<Element<Change<T>, 'change'>, Element<Change<R>, 'change'>> {
  return operator<Change<T>, Change<R>, 'change', 'change'>({
    type: 'flatMapChanges',
    options,
    accepts: ['change'],
    create: () => ({
      onEvent(time, change, out) {
        const given = [...map(change.row)];
        if (given.length === 0) return out.filter();
        out.absorb(1);
        for (const [place, row] of given.entries()) {
          if (out.closed) return;
          out.event(time, { ...change, key: [...change.key, place], row });
        }
      },
    }),
  });
}
