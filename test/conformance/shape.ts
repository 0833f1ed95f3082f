/**
 * Shapes of case files: a value either has the shape, or the case is malformed and says where. Strict on purpose: a field
 * that the format does not know is an error, so that a misspelt one never passes for one left out.
 */

/** The case (or its file) is not what the format describes: a failure of the case. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** Checks a value and gives it its type; `at` says where it stands. */
export interface Shape<T> {
  (value: unknown, at: string): T;
  readonly optional?: true;
}

export type Shaped<S> = S extends Shape<infer T> ? T : never;

type Fields = Readonly<Record<string, Shape<unknown>>>;

/** What an object with these fields looks like. */
export type ObjectOf<F extends Fields> = { readonly [K in keyof F]: Shaped<F[K]> };

export function malformed(at: string, what: string): never {
  throw new Malformed(`${at}: ${what}`);
}

function checked<T>(name: string, test: (value: unknown) => boolean): Shape<T> {
  return (value, at) => (test(value) ? (value as T) : malformed(at, `${name} expected, not ${preview(value)}`));
}

/** A value as short text. */
export function preview(value: unknown): string {
  const text =
    JSON.stringify(value, (_name, v: unknown) => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v)) ?? String(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

export const anything: Shape<unknown> = (value, at) => (value === undefined ? malformed(at, 'missing') : value);
export const text: Shape<string> = checked('text', (value) => typeof value === 'string');
export const flag: Shape<boolean> = checked('true or false', (value) => typeof value === 'boolean');
export const finite: Shape<number> = checked('a number', (value) => Number.isFinite(value));
export const integer: Shape<number> = checked('a whole number', (value) => Number.isSafeInteger(value));
export const index: Shape<number> = checked(
  'a whole number >= 0',
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);
export const positive: Shape<number> = checked(
  'a whole number > 0',
  (value) => Number.isSafeInteger(value) && (value as number) > 0,
);
export const list: Shape<readonly unknown[]> = checked('a list', Array.isArray);
export const record: Shape<Readonly<Record<string, unknown>>> = checked('an object', isRecord);
export const truth: Shape<true> = checked('true', (value) => value === true);

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function oneOf<const T extends readonly unknown[]>(...words: T): Shape<T[number]> {
  return (value, at) =>
    words.includes(value) ? value : malformed(at, `${preview(value)} is unknown (known: ${words.map(preview).join(', ')})`);
}

export function either<A, B>(a: Shape<A>, b: Shape<B>, isA: (value: unknown) => boolean): Shape<A | B> {
  return (value, at) => (isA(value) ? a(value, at) : b(value, at));
}

/** The field may be left out. */
export function maybe<T>(shape: Shape<T>): Shape<T | undefined> {
  return Object.assign((value: unknown, at: string) => (value === undefined ? undefined : shape(value, at)), {
    optional: true as const,
  });
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, at) => (value === null ? null : shape(value, at));
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, at) => list(value, at).map((one, i) => shape(one, `${at}[${i}]`));
}

/** A list of at least one. */
export function someOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, at) => (list(value, at).length === 0 ? malformed(at, 'an empty list') : listOf(shape)(value, at));
}

export function pair<A, B>(a: Shape<A>, b: Shape<B>): Shape<readonly [A, B]> {
  return (value, at) => {
    const items = list(value, at);
    return items.length === 2 ? [a(items[0], `${at}[0]`), b(items[1], `${at}[1]`)] : malformed(at, 'a pair expected');
  };
}

/** An object with any names, all values of one shape. */
export function dictOf<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value, at) =>
    Object.fromEntries(Object.entries(record(value, at)).map(([name, v]) => [name, shape(v, `${at}.${name}`)]));
}

/** An object with exactly these fields. */
export function object<F extends Fields>(fields: F): Shape<ObjectOf<F>> {
  return (value, at) => {
    const given = record(value, at);
    const unknown = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
    if (unknown !== undefined) malformed(at, `unknown field '${unknown}'`);
    const out: Record<string, unknown> = {};
    for (const [name, shape] of Object.entries(fields)) {
      if (given[name] === undefined && !shape.optional) malformed(at, `field '${name}' is missing`);
      const v = shape(given[name], `${at}.${name}`);
      if (v !== undefined) out[name] = v;
    }
    return out as ObjectOf<F>;
  };
}

type Variants = Readonly<Record<string, Fields>>;

/** One of several kinds of object, told apart by the word in the field `tag`. */
export type TaggedOf<Tag extends string, V extends Variants> = {
  [K in keyof V & string]: { readonly [P in Tag]: K } & ObjectOf<V[K]>;
}[keyof V & string];

export function tagged<const Tag extends string, V extends Variants>(tag: Tag, variants: V): Shape<TaggedOf<Tag, V>> {
  const shapes = Object.fromEntries(Object.entries(variants).map(([name, fields]) => [name, object({ ...fields, [tag]: text })]));
  return (value, at) => {
    const name = record(value, at)[tag];
    if (name === undefined) malformed(at, `field '${tag}' is missing`);
    const shape = typeof name === 'string' && Object.hasOwn(shapes, name) ? shapes[name] : undefined;
    return (shape ?? malformed(at, `unknown ${tag} ${preview(name)}`))(value, at) as TaggedOf<Tag, V>;
  };
}

/** A shape that is defined further down, for shapes that hold themselves. */
export function lazily<T>(shape: () => Shape<T>): Shape<T> {
  return (value, at) => shape()(value, at);
}
