import type { Window } from '../element';
import { checkOption } from '../errors';
import { normalKey, readerOf, type KeyOf, type KeyReader, type KeySpec, type Primitive } from '../key';

type Shared<L, R> = keyof L & keyof R & string;

/** What must be equal: a column of both sides, several of them, or a key for each side. Null equals nothing. */
export type JoinKey<L, R> = Shared<L, R> | readonly Shared<L, R>[] | { readonly left: KeySpec<L>; readonly right: KeySpec<R> };

/** The keys of both sides, and the names that mean the same on both. */
export interface JoinKeys<L, R> {
  readonly left: KeyReader<L>;
  readonly right: KeyReader<R>;
  readonly shared: readonly string[];
}

export function joinKeysOf<L, R>(on: JoinKey<L, R> | undefined): JoinKeys<L, R> {
  const isPair = typeof on === 'object' && !Array.isArray(on);
  const pair = isPair ? (on as { left: KeySpec<L>; right: KeySpec<R> }) : { left: on as KeySpec<L>, right: on as KeySpec<R> };
  const left = readerOf<L>(pair.left);
  const right = readerOf<R>(pair.right);
  checkOption(left.columns.length === right.columns.length, 'on must name as many columns left as right', { on });
  return { left, right, shared: sharedOf(namesOf(pair.left), namesOf(pair.right)) };
}

/** The columns that a key reads as they are; a function reads none. */
function namesOf(key: KeySpec<never> | undefined): readonly (string | undefined)[] {
  if (typeof key === 'string') return [key];
  if (typeof key !== 'object') return [];
  const sources: readonly unknown[] = Array.isArray(key) ? key : Object.values(key);
  return sources.map((source) => (typeof source === 'string' ? source : undefined));
}

function sharedOf(left: readonly (string | undefined)[], right: readonly (string | undefined)[]): readonly string[] {
  return left.filter((name, i): name is string => name !== undefined && name === right[i]);
}

/** A key whose first column is the start of a window; the window's end is compared as a time. Null where there is no window. */
export function withStart<T>(key: KeyReader<T> | undefined, column: string): KeyReader<T> {
  const width = key?.columns.length ?? 0;
  const start = (row: T): Primitive => normalKey((row[column as keyof T] as Window | null | undefined)?.start);
  if (key === undefined || width === 0) return { columns: [column], read: start };
  const scratch: Primitive[] = new Array<Primitive>(width + 1).fill(null);
  return {
    columns: [column, ...key.columns],
    read: (row) => {
      const rest = key.read(row);
      scratch[0] = start(row);
      for (let i = 0; i < width; i++) scratch[i + 1] = width === 1 ? (rest as Primitive) : (rest as readonly Primitive[])[i]!;
      return scratch;
    },
  };
}

/** A null in a key equals nothing. */
export function hasNull(key: KeyOf): boolean {
  return typeof key === 'object' && key !== null ? key.includes(null) : key === null;
}
