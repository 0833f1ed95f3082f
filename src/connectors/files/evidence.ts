import { TidemarkError } from '../../errors';
import type { FileInfo, FileSystem, ReadableFile } from '../../files/fileSystem';

/** What is kept of a file in the plan: whoever reads it again compares. */
export interface Evidence {
  readonly name: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
  /** Hashes of the first and the last 4 KiB. */
  readonly head: string;
  readonly tail: string;
}

const EDGE = 4096;

export async function evidenceOf(fileSystem: FileSystem, path: string, name: string, info: FileInfo): Promise<Evidence> {
  const file = await fileSystem.open(path);
  try {
    const { size, mtimeMs, inode } = info;
    return { name, size, mtimeMs, inode, ...(await edges(file, size)) };
  } finally {
    await file.close();
  }
}

/** Hashes of the first and the last 4 KiB of what lies below `size`. */
export async function edges(file: ReadableFile, size: number): Promise<{ head: string; tail: string }> {
  const head = await hashAt(file, 0, Math.min(EDGE, size));
  const tail = size <= EDGE ? head : await hashAt(file, size - EDGE, EDGE);
  return { head, tail };
}

/** Throws `TIDEMARK_SOURCE_CHANGED` unless the file is the one that was planned. */
export async function verify(planned: Evidence, path: string, info: FileInfo, file: ReadableFile): Promise<void> {
  const { size, mtimeMs, inode } = info;
  const found = { name: planned.name, size, mtimeMs, inode, ...(await edges(file, Math.min(size, planned.size))) };
  for (const what of ['size', 'mtimeMs', 'inode', 'head', 'tail'] as const) {
    if (found[what] !== planned[what]) throw changed(path, what, planned, found);
  }
}

export function changed(path: string, what: string, planned: unknown, found: unknown): TidemarkError {
  const message = `'${path}' was planned to be read and has changed since (${what}); put the old file back, or use onChanged: 'skip'`;
  return new TidemarkError('TIDEMARK_SOURCE_CHANGED', message, { path, planned, found });
}

/** Turns `ENOENT` into a named error. */
export function lost(path: string, cause: unknown): unknown {
  if ((cause as { code?: unknown } | undefined)?.code !== 'ENOENT') return cause;
  const message = `'${path}' was planned to be read and is gone; put it back, or use onChanged: 'skip'`;
  return new TidemarkError('TIDEMARK_DATA_LOSS', message, { path }, { cause });
}

async function hashAt(file: ReadableFile, position: number, length: number): Promise<string> {
  const bytes = new Uint8Array(length);
  const got = await readFully(file, bytes, position);
  return hash(bytes.subarray(0, got));
}

/** Fills `into` as far as the file goes. */
export async function readFully(file: ReadableFile, into: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const got = await file.read(into.subarray(filled), position + filled);
    if (got === 0) break;
    filled += got;
  }
  return filled;
}

/** FNV-1a, twice with different seeds: it tells files apart, not attackers. */
function hash(bytes: Uint8Array): string {
  let one = 0x811c9dc5;
  let two = 0x9747b28c;
  for (const byte of bytes) {
    one = Math.imul(one ^ byte, 0x01000193);
    two = Math.imul(two ^ byte, 0x85ebca6b) ^ (two >>> 15);
  }
  return (one >>> 0).toString(16).padStart(8, '0') + (two >>> 0).toString(16).padStart(8, '0');
}
