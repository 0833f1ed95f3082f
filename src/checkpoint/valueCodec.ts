import { TidemarkError } from '../errors';
import { fromBase64, toBase64 } from './base64';
import { superJson } from './superJson';

/** Deeper than any sensible value; what contains itself ends here. */
const MAX_DEPTH = 64;
/** Names that plain objects give a meaning to: such objects are written as lists of entries. */
const RESERVED = /* @__PURE__ */ new Set(['__proto__', 'constructor', 'prototype', 'toJSON']);
const TYPED = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
} as const;
type TypedName = keyof typeof TYPED;

/** Why a value cannot be written, and where in it. */
export class Unencodable extends Error {
  constructor(
    readonly what: string,
    readonly path: readonly (string | number)[],
  ) {
    super(what);
  }
}

/**
 * Writes a value as text: `J` and plain JSON where JSON keeps it exactly, else `T` (or `S`, with parts by superjson) and
 * JSON in which arrays carry a tag. Dates (invalid ones too), NaN, infinities, -0, bigint, undefined, Map, Set, typed
 * arrays, and objects with names like `__proto__` come back as they were; of a RegExp, URL or Error what superjson keeps.
 *
 * @throws Unencodable a function, symbol, class instance, hole, or nesting beyond 64 levels
 * @throws SuperJsonNeeded (internal) when superjson is not loaded yet
 */
export function encodeValue(value: unknown): string {
  if (isPlain(value, 0)) return `J${JSON.stringify(value)}`;
  const tagger = new Tagger();
  const json = JSON.stringify(tagger.tag(value, 0));
  return (tagger.usesSuperJson ? 'S' : 'T') + json;
}

/** Undoes {@link encodeValue}. */
export function decodeValue(text: string): unknown {
  const json: unknown = JSON.parse(text.slice(1));
  switch (text[0]) {
    case 'J':
      return json;
    case 'T':
    case 'S':
      return untag(json);
    default:
      throw new TidemarkError('TIDEMARK_CHECKPOINT_CORRUPT', `a value is written in an unknown form: ${text.slice(0, 1)}`);
  }
}

/** One pass: does JSON keep it exactly? */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object') return false;
  if (value === null) return true;
  if (depth >= MAX_DEPTH) return false;
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto === Array.prototype) {
    const items = value as unknown[];
    for (let i = 0; i < items.length; i++) if (!isPlain(items[i], depth + 1)) return false;
    return true;
  }
  if (proto !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(fields)) if (RESERVED.has(name) || !isPlain(fields[name], depth + 1)) return false;
  return true;
}

class Tagger {
  usesSuperJson = false;
  private readonly path: (string | number)[] = [];

  tag(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0) ? value : ['n', Object.is(value, -0) ? '-0' : String(value)];
      case 'undefined':
        return ['u'];
      case 'bigint':
        return ['b', String(value)];
      case 'object':
        return value === null ? null : this.object(value, depth);
      default:
        return this.refuse(`a ${typeof value}`);
    }
  }

  private object(value: object, depth: number): unknown {
    if (depth >= MAX_DEPTH) this.refuse(`nesting beyond ${MAX_DEPTH} levels`);
    if (isInstance(value, Array)) return this.list('a', value, depth);
    if (isInstance(value, Date)) return ['d', Number.isNaN(value.getTime()) ? null : value.getTime()];
    if (isInstance(value, Map)) return ['m', ...[...value].map((pair, i) => this.at(i, pair, depth))];
    if (isInstance(value, Set)) return this.list('s', [...value], depth);
    const name = typedName(value);
    if (name !== undefined) return ['y', name, toBase64(littleEndian(value as ArrayBufferView, TYPED[name].BYTES_PER_ELEMENT))];
    if (isInstance(value, RegExp) || isInstance(value, URL) || value instanceof Error) {
      this.usesSuperJson = true;
      return ['x', superJson().serialize(value)];
    }
    return this.fields(value, depth);
  }

  private fields(value: object, depth: number): unknown {
    const proto: unknown = Object.getPrototypeOf(value);
    if (proto !== null && Object.getPrototypeOf(proto) !== null) this.refuse(`an instance of ${className(proto)}`);
    if (Object.getOwnPropertySymbols(value).length > 0) this.refuse('an object with a symbol as a name');
    const entries = Object.entries(value).map(([name, field]) => [name, this.at(name, field, depth)] as const);
    if (proto === null) return ['o', 1, ...entries];
    return entries.some(([name]) => RESERVED.has(name)) ? ['o', 0, ...entries] : Object.fromEntries(entries);
  }

  private list(tag: string, items: readonly unknown[], depth: number): unknown[] {
    const tagged: unknown[] = [tag];
    for (let i = 0; i < items.length; i++) {
      if (!(i in items)) this.refuse('an array with holes');
      tagged.push(this.at(i, items[i], depth));
    }
    return tagged;
  }

  private at(step: string | number, value: unknown, depth: number): unknown {
    this.path.push(step);
    const tagged = this.tag(value, depth + 1);
    this.path.pop();
    return tagged;
  }

  private refuse(what: string): never {
    throw new Unencodable(what, this.path.slice());
  }
}

/** An instance of the class itself, not of one derived from it. */
function isInstance<T extends object>(value: object, type: abstract new (...args: never[]) => T): value is T {
  return value instanceof type && Object.getPrototypeOf(value) === type.prototype;
}

function typedName(value: object): TypedName | undefined {
  if (!ArrayBuffer.isView(value)) return undefined;
  return (Object.keys(TYPED) as TypedName[]).find((name) => Object.getPrototypeOf(value) === TYPED[name].prototype);
}

function className(proto: unknown): string {
  const { constructor } = proto as { constructor?: { name?: unknown } };
  return typeof constructor?.name === 'string' && constructor.name !== '' ? constructor.name : 'a class';
}

/** The bytes of a typed array, turned round on a machine that is not little-endian. */
function littleEndian({ buffer, byteOffset, byteLength }: ArrayBufferView, size: number): Uint8Array {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength).slice();
  const isLittle = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  if (!isLittle && size > 1) for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
  return bytes;
}

function untag(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return untagList(json);
  const fields = json as Record<string, unknown>;
  for (const name of Object.keys(fields)) if (!RESERVED.has(name)) fields[name] = untag(fields[name]);
  return fields;
}

function untagList(list: unknown[]): unknown {
  const [tag, first] = list;
  switch (tag) {
    case 'a':
      return list.slice(1).map(untag);
    case 'n':
      return Number(first);
    case 'u':
      return undefined;
    case 'b':
      return BigInt(first as string);
    case 'd':
      return new Date(first === null ? NaN : (first as number));
    case 'm':
      return new Map(list.slice(1).map((pair) => untag(pair) as [unknown, unknown]));
    case 's':
      return new Set(list.slice(1).map(untag));
    case 'y':
      return typedArray(first as TypedName, list[2] as string);
    case 'o':
      return defineAll(first === 1 ? (Object.create(null) as object) : {}, list.slice(2) as [string, unknown][]);
    case 'x':
      return superJson().deserialize(first as never);
    default:
      throw new TidemarkError('TIDEMARK_CHECKPOINT_CORRUPT', 'a value has an unknown tag');
  }
}

function typedArray(name: TypedName, text: string): unknown {
  const type = TYPED[name];
  const bytes = littleEndian(fromBase64(text), type.BYTES_PER_ELEMENT);
  return new type(bytes.buffer as ArrayBuffer);
}

/** Defines properties: an assignment to `__proto__` would change the prototype. */
function defineAll(target: object, entries: readonly [string, unknown][]): object {
  for (const [name, value] of entries) {
    Object.defineProperty(target, name, { value: untag(value), enumerable: true, configurable: true, writable: true });
  }
  return target;
}
