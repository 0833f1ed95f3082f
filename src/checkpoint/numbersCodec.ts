import { TidemarkError } from '../errors';

/**
 * What most state is, a number or a plain object of numbers, as bytes: `D` and eight bytes, or `N` and for each field its
 * name, a NUL and eight bytes. Writing a fraction as text takes half a microsecond, reading it as long again.
 */
const NUMBER = 0x44;
const OBJECT = 0x4e;

const float = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));
const floatBytes = /* @__PURE__ */ new Uint8Array(float.buffer);

/**
 * Puts the bytes of a value where they will stay.
 *
 * @param into has room for them, or not
 * @param at where they begin
 * @returns where they end; -1: it is something else, or there is no room
 */
export function encodeNumbersInto(value: unknown, into: Uint8Array, at: number): number {
  if (typeof value === 'number') return numberInto(value, into, byteInto(NUMBER, into, at));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return -1;
  at = byteInto(OBJECT, into, at);
  for (const name in value) {
    const field = (value as Readonly<Record<string, unknown>>)[name];
    if (typeof field !== 'number' || !isSimple(name)) return -1;
    at = numberInto(field, into, byteInto(0, into, nameInto(name, into, at)));
    if (at < 0) return -1;
  }
  return Object.getOwnPropertySymbols(value).length === 0 ? at : -1;
}

/** Undoes {@link encodeNumbersInto}; undefined: these bytes are of something else. */
export function decodeNumbers(bytes: Uint8Array): unknown {
  if (bytes[0] === NUMBER) return numberAt(bytes, 1);
  if (bytes[0] !== OBJECT) return undefined;
  const fields: Record<string, number> = {};
  for (let at = 1, i = 0; at < bytes.length; i++) {
    const name = nameAt(bytes, at, i);
    fields[name] = numberAt(bytes, at + name.length + 1);
    at += name.length + 9;
  }
  return fields;
}

/** Names that were asked about; few, since they are those of accumulators. */
const simple = new Map<string, boolean>();
const MOST_NAMES = 1000;

/** ASCII without NUL, and no name that plain objects give a meaning to. */
function isSimple(name: string): boolean {
  const known = simple.get(name);
  if (known !== undefined) return known;
  const is = name !== '__proto__' && /^[\x01-\x7f]*$/.test(name);
  if (simple.size < MOST_NAMES) simple.set(name, is);
  return is;
}

function byteInto(byte: number, into: Uint8Array, at: number): number {
  if (at < 0 || at >= into.length) return -1;
  into[at] = byte;
  return at + 1;
}

function nameInto(name: string, into: Uint8Array, at: number): number {
  const { length } = name;
  if (at < 0 || at + length > into.length) return -1;
  for (let i = 0; i < length; i++) into[at + i] = name.charCodeAt(i);
  return at + length;
}

function numberInto(value: number, into: Uint8Array, at: number): number {
  if (at < 0 || at + 8 > into.length) return -1;
  float.setFloat64(0, value, true);
  for (let i = 0; i < 8; i++) into[at + i] = floatBytes[i]!;
  return at + 8;
}

function numberAt(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 8; i++) floatBytes[i] = bytes[at + i]!;
  return float.getFloat64(0, true);
}

/** The names of the object before: the next one has the same. */
const before: string[] = [];

function nameAt(bytes: Uint8Array, at: number, i: number): string {
  const guess = before[i];
  if (guess !== undefined && isNamed(guess, bytes, at)) return guess;
  const end = bytes.indexOf(0, at);
  if (end < 0) throw new TidemarkError('TIDEMARK_CHECKPOINT_CORRUPT', 'a value of numbers is cut off');
  const name = String.fromCharCode(...bytes.subarray(at, end));
  if (i < MOST_NAMES) before[i] = name;
  return name;
}

function isNamed(name: string, bytes: Uint8Array, at: number): boolean {
  const { length } = name;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== name.charCodeAt(i)) return false;
  return bytes[at + length] === 0;
}
