import { checkOption, TidemarkError } from '../errors';
import { columnReader } from './columnReader';
import { normalKey, type KeyOf, type Primitive } from './identity';

type Column<T> = keyof T & string;
type ColumnSource<T> = Column<T> | ((row: T) => unknown);

/**
 * What rows are grouped by: a column, several columns, a function (one column named `key`), or named columns, each a
 * column or a function: `{ channel: 'channel_id', hour: (row) => row.time.getUTCHours() }`.
 */
export type KeySpec<T> = Column<T> | readonly Column<T>[] | ((row: T) => unknown) | Readonly<Record<string, ColumnSource<T>>>;

/** Reads the key of a row. */
export interface KeyReader<in T> {
  /** Names of the key columns, in order. */
  readonly columns: readonly string[];
  /**
   * The key of a row. With several columns it is ONE array, valid until the next `read`: a KeyMap copies it when it
   * inserts, everybody else has to copy it to keep it.
   *
   * @throws TIDEMARK_KEY_TYPE per row: a value has no identity (function, symbol, class instance); what a user's function
   * throws passes through
   */
  read(row: T): KeyOf;
}

/**
 * Makes the reader of a key.
 *
 * @param spec what rows are grouped by; undefined, or no columns, puts all rows in one group, whose key is null
 * @returns the reader
 * @throws TIDEMARK_OPTION at call: the spec is none of the forms of {@link KeySpec}
 * @throws TIDEMARK_NAME_CLASH at call: a column is named twice
 * @example
 * readerOf<{ id: number }>('id').read({ id: 7 }) // => 7
 */
export function readerOf<T>(spec: KeySpec<T> | undefined): KeyReader<T> {
  const sources = sourcesOf(spec);
  const columns = sources.map(([name]) => name);
  if (new Set(columns).size < columns.length) {
    throw new TidemarkError('TIDEMARK_NAME_CLASH', `a key column is named twice: ${columns.join(', ')}`, { columns });
  }
  const reads = sources.map(([, source]) => (typeof source === 'string' ? columnReader<T>(source) : source));
  const [only] = reads;
  if (only === undefined) return { columns, read: () => null };
  return { columns, read: reads.length > 1 ? tupleReader(reads) : (row) => normalKey(only(row)) };
}

function sourcesOf<T>(spec: KeySpec<T> | undefined): (readonly [string, ColumnSource<T>])[] {
  if (spec === undefined) return [];
  const form: unknown = typeof spec === 'string' ? [spec] : spec;
  const sources: (readonly [unknown, unknown])[] = Array.isArray(form)
    ? form.map((name) => [name, name])
    : typeof form === 'object' && form !== null
      ? Object.entries(form)
      : [['key', form]];
  for (const [name, source] of sources) {
    const isSource = typeof source === 'string' || typeof source === 'function';
    checkOption(typeof name === 'string' && isSource, 'a key is a column, columns, a function, or named ones of these', { spec });
  }
  return sources as [string, ColumnSource<T>][];
}

function tupleReader<T>(reads: readonly ((row: T) => unknown)[]): (row: T) => KeyOf {
  const scratch: Primitive[] = reads.map(() => null);
  return (row) => {
    for (let i = 0; i < reads.length; i++) scratch[i] = normalKey(reads[i]!(row));
    return scratch;
  };
}
