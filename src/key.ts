import { checkOption, TidemarkError } from './errors';
import { objectKind } from './keyCodec';

/** What a Map compares by value; `SameValueZero` makes 0 equal -0 and NaN equal NaN. */
export type Primitive = string | number | bigint | boolean | null;

/** A key in memory: the primitive itself for one column (null for none), a tuple of them for several. */
export type KeyOf = Primitive | readonly Primitive[];

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

/** A Map by key, in insertion order; entries may be added and deleted while it is walked, as in a native Map. */
export interface KeyMap<V> {
  readonly size: number;
  get(key: KeyOf): V | undefined;
  set(key: KeyOf, value: V): void;
  delete(key: KeyOf): boolean;
  clear(): void;
  forEach(visit: (value: V, key: KeyOf) => void): void;
  entries(): IterableIterator<[KeyOf, V]>;
}

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

/**
 * The same function, several times. V8 keeps what it learned about `row[name]` per place in the source text; readers of
 * different columns that share one place make each other slow (measured: 15 ns a read against 5). Minifiers keep them
 * apart and gzip folds them.
 */
const PLACES: readonly ((name: string) => (row: Readonly<Record<string, unknown>>) => unknown)[] = [
  (name) => (row) => row[name],
  (name) => (row) => row[name],
  (name) => (row) => row[name],
  (name) => (row) => row[name],
  (name) => (row) => row[name],
  (name) => (row) => row[name],
  (name) => (row) => row[name],
  (name) => (row) => row[name],
];
let place = 0;

/**
 * Makes the function that reads one column of a row.
 *
 * @param name the column
 * @returns `(row) => row[name]`, in a form that stays fast when a program reads many different columns
 */
export function columnReader<T>(name: Column<T>): (row: T) => unknown {
  const make = PLACES[place++ % PLACES.length]!;
  return make(name) as (row: T) => unknown;
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

/**
 * Makes an empty KeyMap. For one column, or none, it is a native Map. For several it has one level of Maps a column, but
 * where only one entry is left below, that entry stands in place of the Map: a first column of a million values costs a
 * million entries, not a million Maps. `get` is one Map access a level, at most one a column; no string is built.
 *
 * @param columns number of key columns
 * @returns the map
 * @example
 * const map = createKeyMap<string>(2);
 * map.set(['eu', 7], 'a');
 * map.get(['eu', 7]) // => 'a'
 */
export function createKeyMap<V>(columns: number): KeyMap<V> {
  return columns > 1 ? new TupleMap<V>(columns) : (new Map<Primitive, V>() as KeyMap<V>);
}

/** An entry. All entries are linked in insertion order; one that was deleted is its own `next`. */
export class Leaf<V> {
  /** One that stays: D-056. */
  static readonly lasting: unknown = /* @__PURE__ */ new Leaf([], undefined, undefined);

  next: Leaf<V> | undefined = undefined;

  constructor(
    readonly key: readonly Primitive[],
    public value: V,
    public prev: Leaf<V> | undefined,
  ) {}
}

type Level<V> = Map<Primitive, Level<V> | Leaf<V>>;

class TupleMap<V> implements KeyMap<V> {
  size = 0;
  private readonly root: Level<V> = new Map();
  private readonly head = new Leaf<V>([], undefined as V, undefined);
  private last = this.head;

  constructor(private readonly columns: number) {}

  get(key: KeyOf): V | undefined {
    const leaf = this.find(key as readonly Primitive[]);
    return leaf === undefined ? undefined : leaf.value;
  }

  set(key: KeyOf, value: V): void {
    const own = key as readonly Primitive[];
    let level = this.root;
    for (let depth = 0; ; depth++) {
      const node = level.get(own[depth]!);
      if (node === undefined) {
        level.set(own[depth]!, this.append(own, value));
        return;
      }
      if (!(node instanceof Leaf)) level = node;
      else if (this.matches(node.key, own, depth + 1)) {
        node.value = value;
        return;
      } else level = this.split(level, node, depth);
    }
  }

  private append(key: readonly Primitive[], value: V): Leaf<V> {
    const leaf = new Leaf(copyOf(key), value, this.last);
    this.last.next = leaf;
    this.last = leaf;
    this.size++;
    return leaf;
  }

  /** A second entry comes to where one stands alone: both go one level down. */
  private split(level: Level<V>, leaf: Leaf<V>, depth: number): Level<V> {
    const below: Level<V> = new Map();
    below.set(leaf.key[depth + 1]!, leaf);
    level.set(leaf.key[depth]!, below);
    return below;
  }

  delete(key: KeyOf): boolean {
    const leaf = this.find(key as readonly Primitive[]);
    if (leaf === undefined) return false;
    this.prune(this.root, leaf, 0);
    if (leaf.next === undefined) this.last = leaf.prev!;
    else leaf.next.prev = leaf.prev;
    leaf.prev!.next = leaf.next;
    leaf.next = leaf;
    this.size--;
    return true;
  }

  clear(): void {
    let leaf = this.after(this.head);
    while (leaf !== undefined) {
      const following = leaf.next;
      leaf.next = leaf;
      leaf = following;
    }
    this.head.next = undefined;
    this.last = this.head;
    this.root.clear();
    this.size = 0;
  }

  forEach(visit: (value: V, key: KeyOf) => void): void {
    for (let leaf = this.after(this.head); leaf !== undefined; leaf = this.after(leaf)) visit(leaf.value, leaf.key);
  }

  *entries(): IterableIterator<[KeyOf, V]> {
    for (let leaf = this.after(this.head); leaf !== undefined; leaf = this.after(leaf)) yield [leaf.key, leaf.value];
  }

  /** The next entry, also of one that was deleted meanwhile: its `prev` leads back to one that is still in the list. */
  private after(leaf: Leaf<V>): Leaf<V> | undefined {
    while (leaf.next === leaf) leaf = leaf.prev!;
    return leaf.next;
  }

  private find(key: readonly Primitive[]): Leaf<V> | undefined {
    const last = this.columns - 1;
    let level = this.root;
    for (let depth = 0; depth < last; depth++) {
      const node = level.get(key[depth]!);
      if (node === undefined) return undefined;
      if (node instanceof Leaf) return this.matches(node.key, key, depth + 1) ? node : undefined;
      level = node;
    }
    return level.get(key[last]!) as Leaf<V> | undefined;
  }

  /** The columns that the path to a leaf did not compare; equality is the Map's. */
  private matches(a: readonly Primitive[], b: readonly Primitive[], from: number): boolean {
    for (let i = from; i < this.columns; i++) {
      if (a[i] !== b[i] && (a[i] === a[i] || b[i] === b[i])) return false;
    }
    return true;
  }

  /** Takes a leaf out of the levels, and puts in place of a level with one leaf left that leaf. */
  private prune(level: Level<V>, leaf: Leaf<V>, depth: number): void {
    const column = leaf.key[depth]!;
    const below = level.get(column)!;
    if (below instanceof Leaf) {
      level.delete(column);
      return;
    }
    this.prune(below, leaf, depth + 1);
    if (below.size > 1) return;
    const [rest] = below.values();
    if (rest instanceof Leaf) level.set(column, rest);
  }
}

/** A copy to keep; a native Map stores -0 as 0. */
function copyOf(key: readonly Primitive[]): readonly Primitive[] {
  const copy = key.slice();
  for (let i = 0; i < copy.length; i++) if (copy[i] === 0) copy[i] = 0;
  return copy;
}
