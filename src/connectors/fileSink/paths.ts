import { sha256 } from '../../files/sha256';

/** Paths use `/`, whatever the system. */
export function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('/');
}

/** The folder a path is in: `.` for a bare name, `/` below the root. */
export function parentOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at < 0 ? '.' : at === 0 ? '/' : path.slice(0, at);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A file of another name in the same folder. */
export function beside(path: string, name: string): string {
  return join(path.slice(0, Math.max(0, path.lastIndexOf('/'))), name);
}

/** Has a failure of the file system this code? */
export function hasCode(cause: unknown, ...codes: readonly string[]): boolean {
  return codes.includes(String((cause as { code?: unknown } | null)?.code));
}

/** Below this the platform's digest costs more than it saves: it answers from another thread. */
const SMALL = 16_384;

/** SHA-256 as 64 hexadecimal digits. */
export async function digestOf(bytes: Uint8Array): Promise<string> {
  if (bytes.length <= SMALL) return sha256(bytes);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
