/** SHA-256 (FIPS 180-4), synchronous, in a tab as in Node. */

/** Fractional parts of the roots of the first primes: the constants of the standard, computed. */
function rootsOfPrimes(count: number, root: number): Int32Array {
  const words = new Int32Array(count);
  let found = 0;
  for (let n = 2; found < count; n++) {
    if (isPrime(n)) words[found++] = fraction(n ** (1 / root));
  }
  return words;
}

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
}

const fraction = (x: number): number => ((x - Math.floor(x)) * 4_294_967_296) | 0;

let constants: { readonly start: Int32Array; readonly round: Int32Array } | undefined;

/**
 * The SHA-256 of bytes.
 *
 * @param bytes - what is hashed
 * @returns 64 hexadecimal digits, lower case
 * @example
 * sha256(new TextEncoder().encode('abc')).slice(0, 8) // => 'ba7816bf'
 */
export function sha256(bytes: Uint8Array): string {
  constants ??= { start: rootsOfPrimes(8, 2), round: rootsOfPrimes(64, 3) };
  const state = constants.start.slice();
  const words = new Int32Array(64);
  const whole = bytes.length & ~63;
  for (let at = 0; at < whole; at += 64) block(state, words, bytes, at, constants.round);
  const tail = padded(bytes, whole);
  for (let at = 0; at < tail.length; at += 64) block(state, words, tail, at, constants.round);
  let text = '';
  for (const word of state) text += (word >>> 0).toString(16).padStart(8, '0');
  return text;
}

/** What is left behind the whole blocks, a 1 bit, zeros, and the length in bits. */
function padded(bytes: Uint8Array, from: number): Uint8Array {
  const rest = bytes.length - from;
  const tail = new Uint8Array(rest < 56 ? 64 : 128);
  tail.set(bytes.subarray(from));
  tail[rest] = 0x80;
  const view = new DataView(tail.buffer);
  view.setUint32(tail.length - 8, Math.floor(bytes.length / 0x20000000));
  view.setUint32(tail.length - 4, (bytes.length << 3) >>> 0);
  return tail;
}

const right = (x: number, n: number): number => (x >>> n) | (x << (32 - n));

function block(state: Int32Array, w: Int32Array, bytes: Uint8Array, at: number, k: Int32Array): void {
  for (let i = 0, j = at; i < 16; i++, j += 4) {
    w[i] = (bytes[j]! << 24) | (bytes[j + 1]! << 16) | (bytes[j + 2]! << 8) | bytes[j + 3]!;
  }
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    const s0 = right(x, 7) ^ right(x, 18) ^ (x >>> 3);
    const s1 = right(y, 17) ^ right(y, 19) ^ (y >>> 10);
    w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const s1 = right(e, 6) ^ right(e, 11) ^ right(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + k[i]! + w[i]!) | 0;
    const s0 = right(a, 2) ^ right(a, 13) ^ right(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] = (state[i]! + value) | 0));
}
