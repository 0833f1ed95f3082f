/** A position in a source, as plain JSON data. `null`: before the first row. */
export type Offset = null | boolean | number | string | readonly Offset[] | { readonly [key: string]: Offset };

/** Can what was read be read again? `journaled`: because the query writes it down first. */
export type Replay = 'replayable' | 'journaled' | 'volatile';

/** A piece of a source's input, fixed in the plan of a batch: reading it again gives the same rows. */
export interface Slice {
  readonly from: Offset;
  readonly to: Offset;
  /** What `read` compares before it trusts the source: sizes, times, hashes. Kept in the plan. */
  readonly evidence?: Offset;
}

/** A record of the source that is no row: it becomes a rejection of the batch. */
export interface BadRecord {
  readonly reason: 'invalid' | 'failed';
  /** The record as it was found, cut to a sensible length. */
  readonly row: unknown;
  readonly message: string;
  /** Where it was found, for people: `part-3.ndjson:17`. */
  readonly position?: string;
}

/** What a reader is told about the query that opens it. */
export interface SourceContext {
  /** Name of the source in the query. */
  readonly id: string;
  /** Processing time, epoch ms. */
  now(): number;
  /** Something may be there to read: the query looks at its next trigger, or at once if it waits for data. */
  wake(): void;
  /**
   * A log of this source's own in the checkpoint: what it hears and cannot hear again, or which files it has seen.
   * Absent without a durable checkpoint; every source gets one with it.
   */
  readonly journal?: Journal;
}

/** An append-only log inside the checkpoint. Entries are plain JSON data, numbered from 0. */
export interface Journal {
  /** Makes rows durable, an entry each; resolves to the number after the last of them. */
  append(rows: readonly unknown[]): Promise<number>;
  /** Entries from `from` up to (not with) `to`, in chunks. */
  read(from: number, to: number): AsyncIterable<readonly unknown[]>;
  /** The number of the first entry that is still there; `end` if there is none. */
  readonly begin: number;
  /** The number after the last entry. */
  readonly end: number;
  /** Entries below `to` are not needed any more; `begin` is `to` then. */
  forget(to: number): Promise<void>;
}

/**
 * An open source. The query asks `next` for the end of the next slice, writes it into the plan, then reads it: as often
 * as it must, with the same rows each time.
 */
export interface SourceReader<T> {
  /**
   * The next slice behind `from`, within the source's limits; `undefined` when there is nothing new. It must not be
   * remembered: only what was planned counts.
   */
  next(from: Offset): Promise<Slice | undefined>;
  /** The rows of a slice, in order, in chunks. What cannot be read as a row goes to `bad`. */
  read(slice: Slice, bad: (record: BadRecord) => void): AsyncIterable<readonly T[]>;
  /** `availableNow`: what is there now is all there is; from here on `next` does not go beyond it. */
  freeze?(): Promise<void>;
  /** Everything up to `to` is committed. */
  committed?(to: Offset): Promise<void>;
  /** Figures for progress: files waiting, fields made null, characters replaced, rows dropped, … */
  report?(): Readonly<Record<string, number>>;
  /** What waits behind `at`, as far as is known without looking: rows, files, messages. Absent: the source cannot tell. */
  backlog?(at: Offset): number;
  /** Nothing will ever come behind `at`: the watermark may go to +Infinity. Default: never. */
  ended?(at: Offset): boolean;
  close(): Promise<void> | void;
}

/** Where a query's rows come from. Made by `memorySource`, `fileSource`, `rateSource`, … */
export interface Source<T> {
  readonly type: string;
  /** Options as plain data, without secrets: in progress, `explain()` and the plan. `limited: false`: nothing limits a batch. */
  readonly description: Readonly<Record<string, unknown>>;
  readonly replay: Replay;
  /** A query that waits for data asks `next` at least this often, in ms of processing time; absent: `wake` says it all. */
  readonly pollEveryMs?: number;
  open(context: SourceContext): Promise<SourceReader<T>> | SourceReader<T>;
}
