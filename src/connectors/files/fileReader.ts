import { from as iterate } from 'ix/asynciterable';
import { concatMap } from 'ix/asynciterable/operators';
import { isTidemarkError } from '../../errors';
import type { FileSystem } from '../../files/fileSystem';
import type { ListJournal } from '../listJournal';
import type { BadRecord, Offset, Slice, SourceContext, SourceReader } from '../source';
import { blocks } from './blocks';
import { changed, evidenceOf, lost, verify, type Evidence } from './evidence';
import { codeOf, Listing, type Found } from './listing';
import type { FileSettings } from './options';
import { Records } from './records';
import { SeenFiles } from './seenFiles';

type Bad = (record: BadRecord) => void;

/** Reads the files of a folder, each once. An offset is a number of entries in the log of files that were taken. */
export class FileReader<T> implements SourceReader<T> {
  private frozen: ReadonlySet<string> | undefined;
  /** Files that wait to be taken; undefined before the first look. */
  private waiting: number | undefined;
  private readonly counts: Record<string, number> = { badRecords: 0, skippedFiles: 0 };

  private constructor(
    private readonly fileSystem: FileSystem,
    private readonly settings: FileSettings,
    private readonly context: SourceContext,
    private readonly listing: Listing,
    private readonly seen: SeenFiles,
  ) {}

  static async open<T>(
    fileSystem: FileSystem,
    settings: FileSettings,
    context: SourceContext,
    log: ListJournal,
  ): Promise<FileReader<T>> {
    const keyOf = settings.fileNameOnly ? (name: string) => name.slice(name.lastIndexOf('/') + 1) : (name: string) => name;
    const seen = await SeenFiles.load(context.journal ?? log, keyOf);
    const reader = new FileReader<T>(fileSystem, settings, context, new Listing(fileSystem, settings), seen);
    if (settings.endOfData) await reader.freeze();
    else await reader.look();
    return reader;
  }

  async next(from: Offset): Promise<Slice | undefined> {
    const start = typeof from === 'number' ? from : 0;
    let known = this.seen.behind(start);
    if (known.length === 0) {
      await this.take();
      known = this.seen.behind(start);
    }
    const files: Evidence[] = [];
    let bytes = 0;
    let to = start;
    for (const { name, to: behind } of known) {
      if (files.length === this.settings.maxFiles) break;
      const evidence = await this.evidence(name);
      if (evidence !== undefined && files.length > 0 && bytes + evidence.size > this.settings.maxBytes) break;
      if (evidence !== undefined) files.push(evidence);
      bytes += evidence?.size ?? 0;
      to = behind;
    }
    return to === start ? undefined : { from, to, evidence: files as unknown as Offset };
  }

  read(slice: Slice, bad: Bad): AsyncIterable<readonly T[]> {
    const files = (slice.evidence ?? []) as unknown as readonly Evidence[];
    return iterate(files).pipe(concatMap((file) => this.readFile(file, bad)));
  }

  async freeze(): Promise<void> {
    // What has come to rest after as many looks as it takes is there; what moves meanwhile is not.
    for (let i = 0; i < this.settings.settle; i++) await this.look();
    this.frozen = new Set((await this.look()).map(({ name }) => name));
    this.waiting = this.frozen.size;
  }

  async committed(to: Offset): Promise<void> {
    if (typeof to === 'number')
      await this.seen.committed(to, (name) => this.settings.fileNameOnly || this.listing.names.has(name));
  }

  /** Files. */
  backlog(at: Offset): number {
    return (this.waiting ?? 0) + this.seen.behind(typeof at === 'number' ? at : 0).length;
  }

  ended(at: Offset): boolean {
    return this.settings.endOfData && this.waiting === 0 && this.seen.behind(typeof at === 'number' ? at : 0).length === 0;
  }

  report(): Readonly<Record<string, number>> {
    return { ...this.counts, waitingFiles: this.waiting ?? 0 };
  }

  close(): void {}

  private async look(): Promise<Found[]> {
    const { settled, waiting } = await this.listing.look((name) => this.seen.has(name), this.context.now());
    const found = this.frozen === undefined ? settled : settled.filter(({ name }) => this.frozen?.has(name));
    this.waiting = found.length + (this.frozen === undefined ? waiting : 0);
    return found;
  }

  /** Enters new files in the log, within the limits. */
  private async take(): Promise<void> {
    const found = await this.look();
    const names: string[] = [];
    const keys = new Set<string>();
    let bytes = 0;
    for (const { name, info } of found) {
      bytes += info.size;
      if (names.length === this.settings.maxFiles || (names.length > 0 && bytes > this.settings.maxBytes)) break;
      const key = this.settings.fileNameOnly ? name.slice(name.lastIndexOf('/') + 1) : name;
      if (!keys.has(key)) names.push(name);
      keys.add(key);
    }
    if (names.length > 0) await this.seen.append(names);
    this.waiting = Math.max(0, (this.waiting ?? 0) - names.length);
  }

  private async evidence(name: string): Promise<Evidence | undefined> {
    const path = this.listing.pathOf(name);
    try {
      return await evidenceOf(this.fileSystem, path, name, await this.fileSystem.stat(path));
    } catch (cause) {
      if (!this.settings.skipChanged || codeOf(cause) !== 'ENOENT') throw lost(path, cause);
      this.count('skippedFiles', 1);
      return undefined;
    }
  }

  private async *readFile(planned: Evidence, bad: Bad): AsyncGenerator<readonly T[]> {
    try {
      yield* this.rowsOf(planned, bad);
    } catch (cause) {
      const isAboutFile = isTidemarkError(cause) && ['TIDEMARK_SOURCE_CHANGED', 'TIDEMARK_DATA_LOSS'].includes(cause.code);
      if (!this.settings.skipChanged || !isAboutFile) throw cause;
      this.count('skippedFiles', 1);
      bad({ reason: 'failed', row: planned.name, message: cause.message, position: planned.name });
    }
  }

  private async *rowsOf(planned: Evidence, bad: Bad): AsyncGenerator<readonly T[]> {
    const path = this.listing.pathOf(planned.name);
    const file = await this.fileSystem.open(path).catch((cause: unknown) => Promise.reject(lost(path, cause) as Error));
    try {
      await verify(planned, path, await this.fileSystem.stat(path), file);
      const records = new Records<T>(this.settings, shown(planned.name, path), (record) => {
        this.count('badRecords', 1);
        bad(record);
      });
      let read = 0;
      for await (const block of blocks(file, 0, planned.size)) {
        read += block.length;
        const rows = records.push(block);
        if (rows.length > 0) yield rows;
      }
      const rows = records.end();
      if (rows.length > 0) yield rows;
      for (const [name, count] of Object.entries(records.counts)) this.count(name, count);
      if (read < planned.size) throw changed(path, 'size', planned.size, read);
      await verify(planned, path, await this.fileSystem.stat(path), file);
    } finally {
      await file.close();
    }
  }

  private count(name: string, by: number): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }
}

/** The name for people: that of the file itself where the source is one file. */
export function shown(name: string, path: string): string {
  return name === '' ? path.slice(path.lastIndexOf('/') + 1) : name;
}
