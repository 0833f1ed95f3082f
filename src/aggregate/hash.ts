import type { Identity } from './identity';

const scratch = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

/** The two halves of the running hash. Reused, so that hashing a value makes no object; hashing is synchronous. */
let a = 0;
let b = 0;

/**
 * Hashes an identity (see `identityOf`) to 64 bits and gives the first 53 of them, all that a number holds exactly.
 * Integer arithmetic only and no host byte order: every engine gives the same bits. They are part of stored sketches:
 * a change needs a new version of `approxCountDistinct`.
 *
 * Source: two lanes of MurmurHash3 (Appleby 2011) with its constants; each kind of value has its own start.
 *
 * @returns a whole number from 0 to 2^53 - 1
 */
export function hash53(id: Identity): number {
  if (typeof id === 'number') {
    begin(1);
    hashNumber(id);
  } else if (typeof id === 'string') {
    begin(2);
    hashText(id);
  } else {
    begin(typeof id === 'bigint' ? 3 : 4);
    hashText(id.toString(16));
  }
  return finish();
}

function begin(kind: number): void {
  a = kind;
  b = ~kind;
}

/** Goes by the bits of the double; NaN has many, and which one a DataView writes is up to the engine. */
function hashNumber(x: number): void {
  scratch.setFloat64(0, x);
  const nan = Number.isNaN(x);
  hashWord(nan ? 0x7ff80000 : scratch.getInt32(0));
  hashWord(nan ? 0 : scratch.getInt32(4));
}

/** Two UTF-16 units a word; the length keeps a text apart from the same text with NULs after it. */
function hashText(text: string): void {
  for (let i = 0; i < text.length; i += 2) hashWord(text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16));
  hashWord(text.length);
}

function hashWord(word: number): void {
  a ^= Math.imul(rotate(Math.imul(word, 0x239b961b), 15), 0xab0e9789);
  a = (Math.imul(rotate(a, 19) + b, 5) + 0x561ccd1b) | 0;
  b ^= Math.imul(rotate(Math.imul(word, 0xab0e9789), 16), 0x38b34ae5);
  b = (Math.imul(rotate(b, 17) + a, 5) + 0x0bcaa747) | 0;
}

function finish(): number {
  a = mix((a + b) | 0);
  b = mix((a + b) | 0);
  a = (a + b) | 0;
  b = (a + b) | 0;
  return (a >>> 0) * 0x200000 + (b >>> 11);
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
