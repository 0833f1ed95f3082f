import { objectKind } from '../keyCodec';

/** What a Map compares by value; `SameValueZero` makes 0 equal -0 and NaN equal NaN. */
export type Primitive = string | number | bigint | boolean | null;

/** A key in memory: the primitive itself for one column (null for none), a tuple of them for several. */
export type KeyOf = Primitive | readonly Primitive[];

/** Strings that are no user's start with NUL: `\0` and JSON for objects, `\0s` and the text for text that starts so itself. */
const NUL = '\0';
const ESCAPED = '\0s';

/**
 * Gives the primitive that stands for a value in a Map, such that two values are equal as keys (see `encodeKey`) exactly
 * when their primitives are. Cost: nothing for numbers and strings; objects (Dates, arrays, plain objects) are encoded.
 *
 * @param value the value of one key column
 * @returns the value itself if it is a primitive (undefined gives null), else a string no user's string is normalised to
 * @throws TIDEMARK_KEY_TYPE at call: a function, a symbol, an instance of a class other than Date
 * @example
 * normalKey(7) // => 7
 * normalKey(new Date(0)) === normalKey(new Date(0)) // => true
 */
export function normalKey(value: unknown): Primitive {
  if (typeof value === 'number') return value === 0 ? 0 : value; // -0 is 0, also in the results
  // The length test keeps charCodeAt in bounds, where V8 inlines it.
  if (typeof value === 'string') return value.length > 0 && value.charCodeAt(0) === 0 ? ESCAPED + value : value;
  return normalOther(value);
}

function normalOther(value: unknown): Primitive {
  if (value === undefined || value === null) return null;
  return typeof value === 'boolean' || typeof value === 'bigint' ? value : NUL + JSON.stringify(tagged(value, 0));
}

/**
 * Gives back the value that {@link normalKey} was given, or one equal to it as a key.
 *
 * @param key from `normalKey`
 * @returns the value; a fresh one if it is an object
 * @example
 * restoreKey(normalKey(new Date(0))) // => new Date(0)
 */
export function restoreKey(key: Primitive): unknown {
  if (typeof key !== 'string' || !key.startsWith(NUL)) return key;
  return key.startsWith(ESCAPED) ? key.slice(ESCAPED.length) : untagged(JSON.parse(key.slice(NUL.length)));
}

/** JSON in which what JSON would lose or confuse (NaN, bigint, Date) is text with a letter in front, as is text itself. */
function tagged(value: unknown, depth: number): unknown {
  if (value === undefined || value === null || typeof value === 'boolean') return value ?? null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return `${(typeof value)[0]}${value}`;
  const kind = objectKind(value, depth);
  if (kind === 'date') return `d${(value as Date).getTime()}`;
  if (kind === 'array') return Array.from(value as unknown[], (item) => tagged(item, depth + 1));
  const fields = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(fields).sort();
  return Object.fromEntries(names.map((name) => [name, tagged(fields[name], depth + 1)]));
}

function untagged(json: unknown): unknown {
  if (typeof json === 'string') {
    const text = json.slice(1);
    const tag = json[0];
    return tag === 's' ? text : tag === 'b' ? BigInt(text) : tag === 'd' ? new Date(Number(text)) : Number(text);
  }
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(untagged);
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, untagged(value)]));
}

/** A key to keep: a reader's array of several columns is used again for the next row. */
export function ownKey(key: KeyOf): KeyOf {
  return typeof key === 'object' && key !== null ? key.slice() : key;
}

/**
 * Gives the column values of a key: what result rows, the codec and snapshots take.
 *
 * @param key from a reader or a KeyMap
 * @param columns how many columns the key has
 * @returns one value a column, a fresh array
 * @example
 * keyValues(['eu', 7], 2) // => ['eu', 7]
 */
export function keyValues(key: KeyOf, columns: number): unknown[] {
  if (columns === 0) return [];
  return columns === 1 ? [restoreKey(key as Primitive)] : (key as readonly Primitive[]).map(restoreKey);
}

/**
 * Gives the key of column values: the inverse of {@link keyValues}, for restoring snapshots.
 *
 * @param values one value a column
 * @returns the key that a reader gives for these values
 * @throws TIDEMARK_KEY_TYPE at call: see {@link normalKey}
 * @example
 * keyFrom(['eu', 7]) // => ['eu', 7]
 */
export function keyFrom(values: readonly unknown[]): KeyOf {
  return values.length > 1 ? values.map(normalKey) : normalKey(values[0]);
}
