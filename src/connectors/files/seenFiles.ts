import { TidemarkError } from '../../errors';
import type { Journal } from '../source';

/** An entry of the log: a file that was taken, or (`s`) all the files taken before that are still there. */
type Entry = readonly ['f', string] | readonly ['s', readonly string[]];

/** After so many appends the log is written anew. */
const COMPACT = 256;

/**
 * The log of files that were taken, in order. An offset is a number of entries, so it stays small however many files
 * there were, and a file that comes with an old time is still new. Lives in the checkpoint's journal.
 */
export class SeenFiles {
  private readonly seen = new Set<string>();
  /** Entries that are not committed yet, by number. */
  private readonly open = new Map<number, string>();
  private appends = 0;
  private snapshotAt: number | undefined;

  private constructor(
    private readonly journal: Journal,
    private readonly keyOf: (name: string) => string,
  ) {}

  static async load(journal: Journal, keyOf: (name: string) => string): Promise<SeenFiles> {
    const files = new SeenFiles(journal, keyOf);
    let at = journal.begin;
    for await (const chunk of journal.read(journal.begin, journal.end)) {
      for (const entry of chunk) files.enter(at++, entry as Entry);
      files.appends += chunk.length;
    }
    return files;
  }

  get end(): number {
    return this.journal.end;
  }

  has(name: string): boolean {
    return this.seen.has(this.keyOf(name));
  }

  /** Files behind `from`, with the number behind each. */
  behind(from: number): { name: string; to: number }[] {
    if (from > this.end || from < 0) {
      const message = 'the list of files that were read is not what the checkpoint says; was the journal lost?';
      throw new TidemarkError('TIDEMARK_DATA_LOSS', message, { offset: from, end: this.end });
    }
    return [...this.open].filter(([at]) => at >= from).map(([at, name]) => ({ name, to: at + 1 }));
  }

  async append(names: readonly string[]): Promise<void> {
    const first = this.end;
    await this.write(names.map((name) => ['f', name] as const));
    names.forEach((name, i) => this.enter(first + i, ['f', name]));
  }

  /** Everything before `to` is committed: forgets it, and now and then writes the log anew, without files that are gone. */
  async committed(to: number, isThere: (name: string) => boolean): Promise<void> {
    for (const at of this.open.keys()) if (at < to) this.open.delete(at);
    if (this.snapshotAt !== undefined && to > this.snapshotAt) {
      await this.journal.forget(this.snapshotAt);
      this.snapshotAt = undefined;
    }
    // Only when nothing is open: an entry behind the snapshot then is a new file.
    if (this.appends < COMPACT || this.open.size > 0) return;
    for (const name of this.seen) if (!isThere(name)) this.seen.delete(name);
    this.snapshotAt = this.end;
    await this.write([['s', [...this.seen]]]);
    this.appends = 0;
  }

  private async write(entries: readonly Entry[]): Promise<void> {
    await this.journal.append(entries);
    this.appends++;
  }

  private enter(at: number, entry: Entry): void {
    if (entry[0] === 's') for (const key of entry[1]) this.seen.add(key);
    else {
      this.seen.add(this.keyOf(entry[1]));
      this.open.set(at, entry[1]);
    }
  }
}
