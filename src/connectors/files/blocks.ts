import type { ReadableFile } from '../../files/fileSystem';
import { readFully } from './evidence';

const BLOCK = 256 * 1024;

/**
 * The bytes of a file from `from` to `to`, a block at a time. While one block is looked at the next is read: two buffers,
 * never more. A block is only good until the next is asked for. Ends early where the file does.
 */
export async function* blocks(file: ReadableFile, from: number, to: number): AsyncGenerator<Uint8Array> {
  const length = Math.min(BLOCK, to - from);
  const buffers = [new Uint8Array(length), new Uint8Array(Math.min(BLOCK, Math.max(0, to - from - length)))] as const;
  const read = async (index: number, at: number): Promise<Uint8Array> => {
    const buffer = (buffers[index % 2] as Uint8Array).subarray(0, Math.max(0, to - at));
    return buffer.subarray(0, await readFully(file, buffer, at));
  };
  let at = from;
  let ahead = read(0, at);
  try {
    for (let index = 1; at < to; index++) {
      const block = await ahead;
      if (block.length === 0) return;
      at += block.length;
      ahead = at < to ? read(index, at) : Promise.resolve(block);
      yield block;
    }
  } finally {
    await ahead.catch(() => {}); // the file is closed next: nothing may be reading it
  }
}
