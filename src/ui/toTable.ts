import { enableMapSet, produce } from 'immer';
import type { Observable } from 'rxjs';
import { keyValues, readerOf, type KeySpec } from '../key';
import { mapped } from '../rx';
import { changeKey } from './latest';

/** Options of `toTable`. */
export interface ToTableOptions<R> {
  /** Which rows are about the same thing: a column, columns, a function. */
  readonly key: KeySpec<R>;
}

/** What has rows to show: a memory sink. */
export interface RowsToShow<R> {
  readonly rows$: Observable<readonly R[]>;
}

/**
 * The rows of a memory sink as a map for a user interface: replaced, never changed, and with structure shared between
 * emissions: a row that says the same as before is the same object, in complete mode too, so `===` tells what to draw anew.
 *
 * @param sink - `memorySink(…)`
 * @param options - `key`: what rows are found by; of several rows of a key the last counts
 * @returns `ReadonlyMap<key as text, row>`: as it stands, then after each batch that changed something
 * @throws `TIDEMARK_KEY_TYPE` in band
 *
 * Cost: O(rows) a batch: for results of dashboard size.
 */
export function toTable<R extends object>(sink: RowsToShow<R>, options: ToTableOptions<R>): Observable<ReadonlyMap<string, R>> {
  enableMapSet();
  const { read, columns } = readerOf<R>(options.key);
  return mapped(sink.rows$, () => {
    let table: ReadonlyMap<string, R> = new Map();
    return (rows) => {
      const next = new Map<string, R>();
      for (const row of rows) next.set(changeKey(keyValues(read(row), columns.length)), row);
      table = produce(table, (draft) => {
        for (const id of table.keys()) if (!next.has(id)) draft.delete(id);
        for (const [id, row] of next) {
          const known = draft.get(id);
          if (known === undefined) draft.set(id, row as never);
          else if (!patched(known, row)) draft.set(id, row as never);
        }
      });
      return table;
    };
  });
}

type Plain = Record<string, unknown>;

/** Makes one plain object say what another says, touching only what differs. False: they are of different kinds. */
function patched(known: object, next: object): boolean {
  if (!isPlain(known) || !isPlain(next)) return false;
  for (const name of Object.keys(known)) if (!(name in next)) delete known[name];
  for (const [name, value] of Object.entries(next)) {
    const old = known[name];
    const isSame = isPlain(old) && isPlain(value) ? patched(old, value) : Object.is(old, value) || sameDate(old, value);
    if (!isSame) known[name] = value;
  }
  return true;
}

function sameDate(a: unknown, b: unknown): boolean {
  return a instanceof Date && b instanceof Date && a.getTime() === b.getTime();
}

function isPlain(value: unknown): value is Plain {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date) && !(value instanceof Map)
  );
}
