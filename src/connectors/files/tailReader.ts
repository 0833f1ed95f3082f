import { TidemarkError } from '../../errors';
import type { FileSystem, ReadableFile } from '../../files/fileSystem';
import type { Format } from '../../formats/format';
import type { BadRecord, Offset, Slice, SourceContext, SourceReader } from '../source';
import { blocks } from './blocks';
import { changed, edges, lost, readFully } from './evidence';
import { shown } from './fileReader';
import type { FileSettings } from './options';
import { Records } from './records';

/** What is kept of the file in the plan: it may have grown since, what was planned must still be there. */
interface TailEvidence {
  readonly inode: number;
  readonly head: string;
  readonly tail: string;
}

const NEWLINE = 10;
const STEP = 64 * 1024;
const MAX_BYTES = 64 * 1024 * 1024;

/** Follows one file that grows. An offset is a number of bytes, always behind a line end. */
export class TailReader<T> implements SourceReader<T> {
  private frozen = Infinity;
  private end = 0;
  private readonly counts: Record<string, number> = { badRecords: 0 };

  constructor(
    private readonly fileSystem: FileSystem,
    private readonly settings: FileSettings,
    _context: SourceContext,
  ) {}

  async next(from: Offset): Promise<Slice | undefined> {
    const start = typeof from === 'number' ? from : 0;
    return this.withFile(async (file, size, inode) => {
      this.end = Math.min(size, this.frozen);
      if (size < start) throw this.shrunk(start, size);
      const to = await this.lineEnd(file, start, this.end);
      if (to === start) return undefined;
      return { from, to, evidence: { inode, ...(await edges(file, to)) } };
    });
  }

  async *read(slice: Slice, bad: (record: BadRecord) => void): AsyncIterable<readonly T[]> {
    const { settings } = this;
    const [from, to] = [typeof slice.from === 'number' ? slice.from : 0, slice.to as number];
    const planned = slice.evidence as unknown as TailEvidence;
    const file = await this.openFile();
    try {
      const { size, inode } = await this.fileSystem.stat(settings.path);
      if (size < to) throw this.shrunk(to, size);
      const found = { inode, ...(await edges(file, to)) };
      for (const what of ['inode', 'head', 'tail'] as const) {
        if (found[what] !== planned[what]) throw changed(settings.path, what, planned, found);
      }
      const records = new Records<T>(settings, `${shown('', settings.path)}@${from}`, (record) => {
        this.count('badRecords', 1);
        bad(record);
      });
      if (from > 0 && settings.format.hasHead) records.prime(await headLine(file, from, settings.format));
      const known = records.counts; // what the head said, an earlier slice has counted
      for await (const block of blocks(file, from, to)) {
        const rows = records.push(block);
        if (rows.length > 0) yield rows;
      }
      const rows = records.end();
      if (rows.length > 0) yield rows;
      for (const [name, count] of Object.entries(records.counts)) this.count(name, count - (known[name] ?? 0));
    } finally {
      await file.close();
    }
  }

  async freeze(): Promise<void> {
    this.frozen = await this.withFile((_file, size) => Promise.resolve(size));
    this.end = this.frozen;
  }

  ended(at: Offset): boolean {
    return this.settings.endOfData && this.frozen !== Infinity && at === this.end;
  }

  report(): Readonly<Record<string, number>> {
    return { ...this.counts };
  }

  close(): void {}

  /** Behind the last line end within the limit; behind the first one where a line is longer than the limit. */
  private async lineEnd(file: ReadableFile, start: number, end: number): Promise<number> {
    if (this.settings.endOfData && end - start <= this.limit) return end;
    const limit = Math.min(end, start + this.limit);
    for (let at = limit; at > start; at -= STEP) {
      const begin = Math.max(start, at - STEP);
      const found = (await bytesAt(file, begin, at)).lastIndexOf(NEWLINE);
      if (found >= 0) return begin + found + 1;
    }
    for (let at = limit; at < end; at += STEP) {
      const found = (await bytesAt(file, at, Math.min(end, at + STEP))).indexOf(NEWLINE);
      if (found >= 0) return at + found + 1;
    }
    return this.settings.endOfData ? end : start;
  }

  private get limit(): number {
    return Math.min(this.settings.maxBytes, MAX_BYTES);
  }

  private async withFile<R>(use: (file: ReadableFile, size: number, inode: number) => Promise<R>): Promise<R> {
    const file = await this.openFile();
    try {
      const { size, inode } = await this.fileSystem.stat(this.settings.path);
      return await use(file, size, inode);
    } finally {
      await file.close();
    }
  }

  private async openFile(): Promise<ReadableFile> {
    try {
      return await this.fileSystem.open(this.settings.path);
    } catch (cause) {
      throw lost(this.settings.path, cause);
    }
  }

  private shrunk(offset: number, size: number): TidemarkError {
    const message = `'${this.settings.path}' has ${size} bytes, and ${offset} have been read or planned: was it cut short or replaced?`;
    return new TidemarkError('TIDEMARK_SOURCE_CHANGED', message, { path: this.settings.path, offset, size });
  }

  private count(name: string, by: number): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }
}

async function bytesAt(file: ReadableFile, from: number, to: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(to - from);
  return bytes.subarray(0, await readFully(file, bytes, from));
}

/** The first record, with its end: blank lines in front of it, and lines that end inside of quotes. */
async function headLine(file: ReadableFile, below: number, format: Format): Promise<Uint8Array> {
  const bytes = await bytesAt(file, 0, Math.min(below, 16 * STEP));
  let [begin, quotes] = [-1, 0];
  for (let at = 0, end = 0; at < bytes.length; at = end) {
    end = bytes.indexOf(NEWLINE, at) + 1 || bytes.length;
    const line = new TextDecoder().decode(bytes.subarray(at, end));
    if (begin < 0 && /^\r?\n?$/.test(line)) continue;
    if (begin < 0) begin = at;
    quotes += line.split('"').length - 1;
    // A quote may also be a character like others: that, the format knows.
    if (quotes % 2 === 0 || (begin === at && isRecord(bytes.subarray(at, end), format))) return bytes.subarray(0, end);
  }
  return bytes;
}

/** Nothing of it is still open: the format has nothing more to say when it ends. */
function isRecord(bytes: Uint8Array, format: Format): boolean {
  const decoder = format.decoder({ mode: 'permissive' });
  let isOpen = false;
  const said = (): void => void (isOpen = true);
  decoder.push(bytes, { row: () => {}, bad: () => {} });
  decoder.end({ row: said, bad: said });
  return !isOpen;
}
