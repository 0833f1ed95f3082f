import { crc32 } from './crc32';
import { sha256 } from '../files/sha256';

/** Checksums. A backend may bring faster ones (Node's own); all give the same. */
export interface Digests {
  /** CRC-32 (IEEE), continued from `seed`. */
  crc32(bytes: Uint8Array, seed?: number): number;
  /** SHA-256 as 64 hexadecimal digits. */
  sha256(bytes: Uint8Array): string;
}

/** What the platform has of its own: Node answers at once and many times as fast; a browser only later, which is too late. */
interface Natives {
  readonly crypto?: { createHash(name: string): { update(bytes: Uint8Array): { digest(form: 'hex'): string } } };
  readonly zlib?: { crc32?: (bytes: Uint8Array, seed: number) => number };
}

/** Asked for without an import, so that a bundle for the browser names nothing of Node. */
function nativesHere(): Natives {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  const module = (name: string): object => ({ [name]: process?.getBuiltinModule?.(name) });
  return { ...module('crypto'), ...module('zlib') };
}

function digestsHere(): Digests {
  const { crypto, zlib } = nativesHere();
  return {
    crc32: zlib?.crc32 === undefined ? crc32 : (bytes, seed = 0) => zlib.crc32!(bytes, seed),
    sha256: crypto === undefined ? sha256 : (bytes) => crypto.createHash('sha256').update(bytes).digest('hex'),
  };
}

let here: Digests | undefined;

/** The fastest checksums there are here; plain JavaScript where there are no others. */
export const platformDigests: Digests = {
  crc32: (bytes, seed) => (here ??= digestsHere()).crc32(bytes, seed),
  sha256: (bytes) => (here ??= digestsHere()).sha256(bytes),
};

/** Checksums in plain JavaScript: what runs in a browser. */
export const portableDigests: Digests = { crc32, sha256 };
