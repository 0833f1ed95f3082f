import { checkOption } from '../errors';

/** What becomes of whole numbers beyond 2^53, which a JavaScript number cannot hold. */
export type BigIntegers = 'number' | 'bigint' | 'string' | 'reject';

/** How JSON text is read. */
export interface JsonOptions {
  /** Deeper objects and arrays are bad records; default 64: what lies deeper could not be checkpointed. */
  readonly maxDepth?: number;
  /** Default `number`: the nearest double, as `JSON.parse` gives it. The others read long digits in each text. */
  readonly bigIntegers?: BigIntegers;
}

/** Reads one JSON text. Throws an Error that says what is wrong, for people. */
export type JsonReader = (text: string) => unknown;

/** Below this length even `[[[[…` is no danger to `JSON.parse`; above it the depth is counted first. */
const SAFE_LENGTH = 65_536;
const LONG_DIGITS = /\d{16}/;
/** A string, or a number; a number without fraction and exponent has only the groups of a whole number. */
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(\.\d+)?([eE][+-]?\d+)?/g;

/** Checks the options and makes a reader. Of equal keys in one object the last counts. */
export function jsonReader({ maxDepth = 64, bigIntegers = 'number' }: JsonOptions = {}): JsonReader {
  checkOption(Number.isInteger(maxDepth) && maxDepth >= 1 && maxDepth <= 1000, 'maxDepth is a whole number from 1 to 1000', {
    maxDepth,
  });
  checkOption(
    ['number', 'bigint', 'string', 'reject'].includes(bigIntegers),
    `bigIntegers is 'number', 'bigint', 'string' or 'reject'`,
    { bigIntegers },
  );
  const readsDigits = bigIntegers !== 'number';
  return (text) => {
    if (text.length > SAFE_LENGTH && textDepth(text) > maxDepth) throw tooDeep(maxDepth);
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && isDeeper(value, maxDepth)) throw tooDeep(maxDepth);
    return readsDigits && LONG_DIGITS.test(text) ? withBigIntegers(text, value, bigIntegers) : value;
  };
}

function tooDeep(maxDepth: number): Error {
  return new Error(`the JSON is nested deeper than ${maxDepth}`);
}

/** Is there something in `value` below so many levels of objects and arrays? */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((item) => isDeeper(item, levels - 1));
  for (const name in value) {
    const item = (value as Record<string, unknown>)[name];
    if (typeof item === 'object' && isDeeper(item, levels - 1)) return true;
  }
  return false;
}

/** The depth of brackets outside of strings, without parsing. */
function textDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = stringEnd(text, at);
    else if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x5d || code === 0x7d) depth--;
  }
  return deepest;
}

/** Index of the quote that closes the string that opens at `at`. */
function stringEnd(text: string, at: number): number {
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return at;
  }
}

/** The same text read once more with the long whole numbers as strings tells where they are. */
function withBigIntegers(text: string, value: unknown, policy: Exclude<BigIntegers, 'number'>): unknown {
  let found = false;
  const quoted = text.replace(STRING_OR_NUMBER, (token, fraction?: string, exponent?: string) => {
    const isWhole = token[0] !== '"' && fraction === undefined && exponent === undefined;
    if (!isWhole || Number.isSafeInteger(Number(token))) return token;
    found = true;
    return `"${token}"`;
  });
  if (!found) return value;
  if (policy === 'reject') throw new Error('a whole number is beyond 2^53');
  const exact: unknown = JSON.parse(quoted);
  return policy === 'string' ? exact : asBigInts(value, exact);
}

function asBigInts(rounded: unknown, exact: unknown): unknown {
  if (typeof rounded === 'number' && typeof exact === 'string') return BigInt(exact);
  if (Array.isArray(rounded)) return rounded.map((item, at) => asBigInts(item, (exact as unknown[])[at]));
  if (typeof rounded !== 'object' || rounded === null) return rounded;
  const from = exact as Record<string, unknown>;
  for (const [name, item] of Object.entries(rounded)) {
    const value = asBigInts(item, from[name]);
    if (value !== item) Object.defineProperty(rounded, name, { value, writable: true, enumerable: true, configurable: true });
  }
  return rounded;
}
