import { keyValues, type KeyOf, type KeyReader, type KeySpec, type Primitive } from '../key';
import type { Simplify } from '../streams';

/** What a user's function is given as the key: the value of one column or function, else an object with the columns. */
export type KeyValue<T, K> = K extends keyof T & string
  ? T[K]
  : K extends readonly (infer C)[]
    ? Simplify<{ [P in C & keyof T & string]: T[P] }>
    : K extends (row: never) => infer R
      ? R
      : K extends Readonly<Record<string, unknown>>
        ? Simplify<{
            -readonly [P in keyof K]: K[P] extends (row: never) => infer R ? R : K[P] extends keyof T ? T[K[P]] : never;
          }>
        : unknown;

/** Makes the function that gives a key as the user sees it. */
export function keyValueOf(spec: KeySpec<never>, { columns }: KeyReader<never>): (key: KeyOf) => unknown {
  if (typeof spec === 'string' || typeof spec === 'function') return (key) => keyValues(key, 1)[0];
  return (key) => {
    const values = keyValues(key, columns.length);
    return Object.fromEntries(columns.map((name, i) => [name, values[i]]));
  };
}

/** The key of something that a key has several of. */
export function joinedKey(key: KeyOf, part: Primitive, columns: number): KeyOf {
  if (columns === 0) return part;
  return columns === 1 ? [key as Primitive, part] : [...(key as readonly Primitive[]), part];
}
