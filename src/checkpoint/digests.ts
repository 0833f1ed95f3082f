import { crc32 } from './crc32';
import { sha256 } from '../files/sha256';

/** Checksums. A backend may bring faster ones (Node's own); all give the same. */
export interface Digests {
  /** CRC-32 (IEEE), continued from `seed`. */
  crc32(bytes: Uint8Array, seed?: number): number;
  /** SHA-256 as 64 hexadecimal digits. */
  sha256(bytes: Uint8Array): string;
}

/** Checksums in plain JavaScript: everywhere. */
export const portableDigests: Digests = { crc32, sha256 };
