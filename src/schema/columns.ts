import { copyOf } from '../copy';
import { TidemarkError } from '../errors';
import type { Simplify } from '../streams';

/** A row with one column more, or with another value in it. */
export type WithColumn<T, N extends string, V> = Simplify<Omit<T, N> & { [C in N]: V }>;

/** A copy of the row with this value in this column. */
export function withValue<T, N extends string, V>(row: T, name: N, value: V): WithColumn<T, N, V> {
  const copy = copyOf(row as object) as Record<string, unknown>;
  setColumn(copy, name, value);
  return copy as WithColumn<T, N, V>;
}

/** Sets a column, also one that is called `__proto__`. */
export function setColumn(row: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(row, name, { value, enumerable: true, writable: true, configurable: true });
  else row[name] = value;
}

/** The value of a column; null where the row has none. */
export function columnOf(row: unknown, name: string): unknown {
  if (typeof row !== 'object' || row === null || !Object.hasOwn(row, name)) return null;
  return (row as Record<string, unknown>)[name] ?? null;
}

/** A row without one column, and with the columns of an object; a name may not be there twice. */
export function flattened(row: object, name: string, nested: unknown): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(row)) if (column !== name) setColumn(flat, column, value);
  if (typeof nested !== 'object' || nested === null) return flat;
  for (const [column, value] of Object.entries(nested)) {
    if (Object.hasOwn(flat, column)) {
      const message = `flatten('${name}'): the row has a column '${column}' and '${name}' has one, too; take one away before`;
      throw new TidemarkError('TIDEMARK_NAME_CLASH', message, { column, inside: name });
    }
    setColumn(flat, column, value);
  }
  return flat;
}
