import { TidemarkError } from '../errors';
import { ListJournal } from './listJournal';
import type { BadRecord, Journal, Offset, Slice, SourceContext, SourceReader } from './source';

/** What happens when more comes than the query can take. */
export type Overflow = 'fail' | 'drop' | 'block';

export interface InboxOptions {
  /** Rows that were heard and are not committed yet: no more than this. */
  readonly maxRows: number;
  readonly maxRowsPerTrigger: number;
  readonly overflow: Overflow;
  /** `block`: told to hold back, and to go on. */
  readonly pause?: ((isPaused: boolean) => void) | undefined;
}

type Entry = readonly ['r', unknown] | readonly ['b', BadRecord];

const CHUNK = 1024;

/**
 * A bounded queue between a producer that calls and a query that asks. With a journal what is heard is written down
 * before it is planned, and can be read again; without, it is held in memory and gone with the process.
 */
export class Inbox<T> implements SourceReader<T> {
  private waiting: Entry[] = [];
  private writing: Promise<void> | undefined;
  private committedTo: number;
  private failure: unknown;
  private isComplete = false;
  private isPaused = false;
  private frozen = Infinity;
  private dropped = 0;
  private lost = 0;
  private readonly log: Journal;
  /** Without a journal numbers go on where the checkpoint stands: entry 0 of the log has this number. */
  private base: number | undefined;

  constructor(
    private readonly options: InboxOptions,
    private readonly context: SourceContext,
    private readonly onClose: () => void,
  ) {
    this.log = context.journal ?? new ListJournal();
    this.base = context.journal === undefined ? undefined : 0;
    this.committedTo = this.log.begin;
  }

  row(row: T): void {
    this.enter(['r', row]);
  }

  bad(record: BadRecord): void {
    this.enter(['b', record]);
  }

  fail(cause: unknown): void {
    this.failure ??= cause;
    this.context.wake();
  }

  complete(): void {
    this.isComplete = true;
    this.context.wake();
  }

  private enter(entry: Entry): void {
    if (this.failure !== undefined) return;
    const held = this.log.end - this.committedTo + this.waiting.length;
    if (held >= this.options.maxRows && this.options.overflow !== 'block') return this.overflow();
    // A producer that is told to hold back may have something on its way still.
    if (held >= 2 * this.options.maxRows) return this.overflow();
    this.waiting.push(entry);
    if (held + 1 >= this.options.maxRows) this.setPaused(true);
    this.context.wake();
  }

  private overflow(): void {
    if (this.options.overflow === 'drop') {
      this.dropped++;
      return;
    }
    const { maxRows } = this.options;
    this.fail(new TidemarkError('TIDEMARK_OVERFLOW', `more than ${maxRows} rows wait for the query`, { maxRows }));
  }

  private setPaused(isPaused: boolean): void {
    if (this.options.overflow !== 'block' || this.isPaused === isPaused) return;
    this.isPaused = isPaused;
    this.options.pause?.(isPaused);
  }

  /** Moves what was heard to the log, in order; one write at a time. */
  private async flush(): Promise<void> {
    while (this.writing !== undefined || this.waiting.length > 0) {
      this.writing ??= this.write();
      await this.writing;
    }
  }

  private async write(): Promise<void> {
    const entries = this.waiting;
    this.waiting = [];
    try {
      await this.log.append(entries);
    } catch (cause) {
      this.waiting = [...entries, ...this.waiting];
      throw cause;
    } finally {
      this.writing = undefined;
    }
  }

  async next(from: Offset): Promise<Slice | undefined> {
    const start = numberOf(from);
    this.base ??= start;
    await this.flush();
    const to = Math.min(this.base + this.log.end, this.frozen, start + this.options.maxRowsPerTrigger);
    if (to > start) return { from, to };
    if (this.failure !== undefined) throw this.failure as Error;
    if (to < start && this.frozen === Infinity) throw this.behind(start);
    return undefined;
  }

  private behind(offset: number): TidemarkError {
    const message = 'the checkpoint has read more than the journal holds; was the journal lost?';
    return new TidemarkError('TIDEMARK_DATA_LOSS', message, { offset, end: this.log.end });
  }

  async *read(slice: Slice, bad: (record: BadRecord) => void): AsyncIterable<readonly T[]> {
    const to = numberOf(slice.to);
    this.base ??= to; // a batch of an earlier process: without a journal its rows are gone
    const [first, last] = [numberOf(slice.from) - this.base, to - this.base];
    const begin = Math.max(first, this.log.begin);
    if (this.context.journal !== undefined && begin > first) throw this.behind(first);
    this.lost += Math.min(last, begin) - first;
    for (let at = begin; at < last; at += CHUNK) {
      for await (const entries of this.log.read(at, Math.min(last, at + CHUNK))) {
        const rows: T[] = [];
        for (const [kind, value] of entries as readonly Entry[]) {
          if (kind === 'r') rows.push(value as T);
          else bad(value as BadRecord);
        }
        if (rows.length > 0) yield rows;
      }
    }
  }

  async freeze(): Promise<void> {
    await this.flush();
    this.frozen = (this.base ?? 0) + this.log.end;
  }

  async committed(to: Offset): Promise<void> {
    const at = numberOf(to) - (this.base ?? 0);
    if (at <= this.committedTo) return;
    this.committedTo = at;
    await this.log.forget(at);
    if (this.log.end - at + this.waiting.length < this.options.maxRows / 2) this.setPaused(false);
  }

  backlog(at: Offset): number {
    return Math.max(0, this.log.end - (numberOf(at) - (this.base ?? 0))) + this.waiting.length;
  }

  ended(at: Offset): boolean {
    return (
      this.isComplete &&
      this.waiting.length === 0 &&
      this.failure === undefined &&
      numberOf(at) === (this.base ?? 0) + this.log.end
    );
  }

  report(): Readonly<Record<string, number>> {
    return { waitingRows: this.log.end - this.committedTo + this.waiting.length, droppedRows: this.dropped, lostRows: this.lost };
  }

  close(): void {
    this.onClose();
  }
}

function numberOf(offset: Offset): number {
  return typeof offset === 'number' ? offset : 0;
}
