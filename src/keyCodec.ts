import { TidemarkError } from './errors';

/** First byte of each value, in the order of the kinds. 0 ends strings, arrays and objects and sorts before all. */
const NULL = 0x10;
const FALSE = 0x11;
const TRUE = 0x12;
const NUMBER = 0x20;
const BIGINT = 0x30;
const DATE = 0x40;
const STRING = 0x50;
const ARRAY = 0x60;
const OBJECT = 0x70;
const END = 0;
/** Follows a NUL that belongs to a string. No kind starts with it, so a NUL without it is the end of the string. */
export const NUL_IN_STRING = 0xff;
/** Deeper than any sensible key: an object that contains itself ends here and not in a stack overflow. */
const MAX_DEPTH = 64;

/** Of a text whose characters may be arguments of a call. */
const SHORT = 1024;

const float = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

/**
 * Encodes the values of a key as canonical bytes. Two keys have the same bytes exactly when they are equal, and bytes
 * compared as unsigned numbers (memcmp) give the order of keys: null, false, true, numbers (NaN last), bigints, dates
 * (invalid last), strings by code point, arrays element by element, plain objects by their sorted own properties.
 *
 * Equal are: undefined and null; 0 and -0; NaN and NaN; Dates of one instant; arrays and plain objects with equal
 * content. All else differs: `1`, `1n` and `'1'`, a lone surrogate and U+FFFD.
 *
 * @param values one value a column
 * @returns the bytes
 * @throws TIDEMARK_KEY_TYPE at call: a function, a symbol, an instance of a class other than Date, or nesting beyond 64
 * levels (an object that contains itself)
 * @example
 * decodeKey(encodeKey(['eu', 7, new Date(0)])) // => ['eu', 7, new Date(0)]
 */
export function encodeKey(values: readonly unknown[]): Uint8Array {
  const out: number[] = [];
  for (const value of values) put(out, value, 0);
  return new Uint8Array(out);
}

/**
 * The same bytes for the keys that are common, put where they will stay: text of ASCII, numbers, booleans, null.
 *
 * @param values one value a column
 * @param into has room for them, or not
 * @param at where they begin
 * @returns where they end; -1 if {@link encodeKey} must do it: another type, another character, no room
 */
export function encodeKeyInto(values: readonly unknown[], into: Uint8Array, at: number): number {
  for (const value of values) {
    if (typeof value === 'string') at = asciiInto(value, into, at);
    else if (at < 0 || at + 9 > into.length) return -1;
    else if (typeof value === 'number') at = numberInto(value, into, at);
    else if (value === null || value === undefined) into[at++] = NULL;
    else if (typeof value === 'boolean') into[at++] = value ? TRUE : FALSE;
    else return -1;
  }
  return at;
}

function asciiInto(text: string, into: Uint8Array, at: number): number {
  const { length } = text;
  if (at < 0 || at + length + 2 > into.length) return -1;
  into[at++] = STRING;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0 || code > 0x7f) return -1;
    into[at++] = code;
  }
  into[at++] = END;
  return at;
}

function numberInto(value: number, into: Uint8Array, at: number): number {
  float.setFloat64(0, Number.isNaN(value) ? NaN : value + 0);
  const first = float.getUint8(0);
  const flip = first & 0x80 ? 0xff : 0;
  into[at++] = NUMBER;
  into[at++] = first ^ (flip || 0x80);
  for (let i = 1; i < 8; i++) into[at++] = float.getUint8(i) ^ flip;
  return at;
}

/**
 * Decodes what {@link encodeKey} wrote. Where several values have one encoding it gives the plain one: null, 0, a plain
 * object with the prototype of `{}`.
 *
 * @param bytes from {@link encodeKey}
 * @returns one value a column
 * @throws TIDEMARK_STATE at call: bytes that no key has (cut off, or not a key at all)
 * @example
 * ```ts
 * decodeKey(encodeKey(['eu', undefined, -0])); // => ['eu', null, 0]
 * ```
 */
export function decodeKey(bytes: Uint8Array): unknown[] {
  const input: Input = { bytes, at: 0 };
  const values: unknown[] = [];
  while (input.at < bytes.length) values.push(take(input));
  return values;
}

/**
 * Says what an object is as part of a key. (Here, and not in src/key, so that src/key does not need the codec, nor the
 * codec src/key.)
 *
 * @param value what is no primitive
 * @param depth how many arrays and objects are around it
 * @throws TIDEMARK_KEY_TYPE at call: it is none of the three
 */
export function objectKind(value: unknown, depth: number): 'date' | 'array' | 'object' {
  if (value instanceof Date) return 'date';
  if (typeof value === 'object' && depth < MAX_DEPTH) {
    if (Array.isArray(value)) return 'array';
    const proto: unknown = Object.getPrototypeOf(value);
    if (proto === null || Object.getPrototypeOf(proto) === null) return 'object'; // `{}`, of any realm
  }
  const what = typeof value !== 'object' ? typeof value : depth < MAX_DEPTH ? 'an instance of a class' : 'itself';
  throw new TidemarkError('TIDEMARK_KEY_TYPE', `a key cannot hold ${what}: use primitives, Dates, arrays, plain objects`, {
    value,
  });
}

function put(out: number[], value: unknown, depth: number): void {
  if (typeof value === 'string') putString(out, value);
  else if (typeof value === 'number') putNumber(out, NUMBER, value);
  else if (value === null || value === undefined) out.push(NULL);
  else if (typeof value === 'boolean') out.push(value ? TRUE : FALSE);
  else if (typeof value === 'bigint') putBigint(out, value);
  else putOther(out, value, depth);
}

function putOther(out: number[], value: unknown, depth: number): void {
  const kind = objectKind(value, depth);
  if (kind === 'date') return putNumber(out, DATE, (value as Date).getTime());
  out.push(kind === 'array' ? ARRAY : OBJECT);
  if (kind === 'array') for (const item of value as unknown[]) put(out, item, depth + 1);
  else {
    const fields = value as Readonly<Record<string, unknown>>;
    for (const name of Object.keys(fields).sort()) {
      putString(out, name);
      put(out, fields[name], depth + 1);
    }
  }
  out.push(END);
}

/** Flips the sign bit, or all bits of a negative number: then the doubles sort as unsigned integers do. */
function putNumber(out: number[], kind: number, value: number): void {
  float.setFloat64(0, Number.isNaN(value) ? NaN : value + 0); // one NaN; -0 becomes 0
  const flip = float.getUint8(0) & 0x80 ? 0xff : 0;
  out.push(kind, float.getUint8(0) ^ (flip || 0x80));
  for (let i = 1; i < 8; i++) out.push(float.getUint8(i) ^ flip);
}

/** Sign, number of bytes (more digits: further from zero), bytes; all flipped when negative. */
function putBigint(out: number[], value: bigint): void {
  const hex = value === 0n ? '' : (value < 0n ? -value : value).toString(16);
  const length = (hex.length + 1) >> 1;
  const flip = value < 0n ? 0xff : 0;
  out.push(BIGINT, flip ? 0 : 1);
  for (let shift = 24; shift >= 0; shift -= 8) out.push(((length >>> shift) & 0xff) ^ flip);
  const digits = hex.padStart(length * 2, '0');
  for (let i = 0; i < digits.length; i += 2) out.push(parseInt(digits.slice(i, i + 2), 16) ^ flip);
}

/** UTF-8, where a lone surrogate has the three bytes of its code point (TextEncoder would make all of them U+FFFD). */
function putString(out: number[], text: string): void {
  out.push(STRING);
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i)!;
    if (code < 0x80) out.push(code);
    else if (code < 0x800) out.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else out.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    if (code > 0xffff) i++;
    if (code === 0) out.push(NUL_IN_STRING);
  }
  out.push(END);
}

interface Input {
  readonly bytes: Uint8Array;
  at: number;
}

function next(input: Input): number {
  const byte = input.bytes[input.at++];
  return byte === undefined ? corrupt() : byte;
}

function corrupt(): never {
  throw new TidemarkError('TIDEMARK_STATE', 'these bytes are no key');
}

/** True, and past it, when the string, array or object ends here. */
function ends(input: Input): boolean {
  if (input.bytes[input.at] !== END) return false;
  input.at++;
  return true;
}

function take(input: Input): unknown {
  switch (next(input)) {
    case NULL:
      return null;
    case FALSE:
      return false;
    case TRUE:
      return true;
    case NUMBER:
      return takeNumber(input);
    case BIGINT:
      return takeBigint(input);
    case DATE:
      return new Date(takeNumber(input));
    case STRING:
      return takeString(input);
    case ARRAY: {
      const values: unknown[] = [];
      while (!ends(input)) values.push(take(input));
      return values;
    }
    case OBJECT: {
      const entries: [string, unknown][] = [];
      while (!ends(input)) entries.push([take(input) as string, take(input)]);
      return Object.fromEntries(entries); // defines `__proto__` like any other name
    }
    default:
      return corrupt();
  }
}

function takeNumber(input: Input): number {
  const first = next(input);
  const flip = first & 0x80 ? 0 : 0xff;
  float.setUint8(0, first ^ (flip || 0x80));
  for (let i = 1; i < 8; i++) float.setUint8(i, next(input) ^ flip);
  return float.getFloat64(0);
}

function takeBigint(input: Input): bigint {
  const flip = next(input) ? 0 : 0xff;
  let length = 0;
  for (let i = 0; i < 4; i++) length = length * 256 + (next(input) ^ flip);
  let hex = '0x0';
  for (; length > 0; length--) hex += (next(input) ^ flip).toString(16).padStart(2, '0');
  return flip ? -BigInt(hex) : BigInt(hex);
}

function takeString(input: Input): string {
  const { bytes, at } = input;
  let end = at;
  while (bytes[end]! > 0 && bytes[end]! < 0x80) end++;
  if (bytes[end] !== END || bytes[end + 1] === NUL_IN_STRING || end - at > SHORT) return takeLongString(input);
  input.at = end + 1;
  return String.fromCharCode.apply(null, bytes.subarray(at, end) as unknown as number[]);
}

/** Text that is more than a few characters of ASCII. */
function takeLongString(input: Input): string {
  let text = '';
  for (;;) {
    const lead = next(input);
    if (lead === END) {
      if (input.bytes[input.at] !== NUL_IN_STRING) return text;
      input.at++;
    }
    const more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    let code = more === 0 ? lead : lead & (63 >> more);
    for (let i = 0; i < more; i++) code = (code << 6) | (next(input) & 63);
    if (code > 0x10ffff) corrupt();
    text += String.fromCodePoint(code);
  }
}
