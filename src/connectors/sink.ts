import type { Change } from '../element';
import type { OutputMode } from '../rx';

/**
 * What a sink promises for a batch that is committed twice. `transactional`: rows and receipt become visible together.
 * `idempotent`: the second commit changes nothing. `at-least-once`: rows may appear twice. `volatile`: gone with the process.
 */
export type Delivery = 'transactional' | 'idempotent' | 'at-least-once' | 'volatile';

/** What a batch has for one sink. */
export interface OutputBatch<R> {
  /** Append: rows said once. Update: the rows that changed, one a key. Complete: the whole table. */
  readonly rows: readonly R[];
  readonly mode: OutputMode;
  /** The same as changes, deletes too, where the output is a ChangeStream. */
  readonly changes?: readonly Change<R>[];
}

/** Which attempt of which batch of which query a commit belongs to. */
export interface CommitId {
  readonly queryId: string;
  readonly batchId: number;
  /** New with every attempt; a staged batch keeps its attempt when it is rolled forward. */
  readonly attemptId: string;
  /** Rises whenever the checkpoint changes hands: a sink that knows a higher one refuses (`TIDEMARK_FENCED`). */
  readonly epoch: number;
  /** The sink may have seen this attempt before. */
  readonly replayed: boolean;
  /** The batch's processing time, epoch ms. */
  readonly time: number;
}

/** A sink's proof that it holds a batch. */
export interface Receipt {
  readonly attemptId: string;
  readonly rows: number;
  /** A hash of what was written, where the sink has one. */
  readonly digest?: string;
}

/** What a sink is told when the query starts. */
export interface SinkContext {
  readonly queryId: string;
  /** Name of the output in the query. */
  readonly sinkId: string;
  readonly epoch: number;
  readonly mode: OutputMode;
  /** The newest batch of the checkpoint, -1 before the first: what a sink without receipts holds beyond it is taken back. */
  readonly committed?: number;
  now(): number;
}

/** Where the rows of a query's output go. Made by `memorySink`, `fileSink`, `consoleSink`, `foreachBatch`, … */
export interface BatchSink<R> {
  readonly type: string;
  /** Options as plain data, without secrets. */
  readonly description: Readonly<Record<string, unknown>>;
  /** The output modes it can take. */
  readonly modes: readonly OutputMode[];
  readonly delivery: Delivery;
  /** What to do instead, where it does not take a mode: said when the query is built. Default: general advice. */
  remedy?(mode: OutputMode): string;
  open?(context: SinkContext): Promise<void> | void;
  /** Takes a batch, whole or not at all; a batch without rows too. Resolves when the promise of `delivery` holds. */
  commit(batch: OutputBatch<R>, id: CommitId): Promise<Receipt | void> | Receipt | void;
  /** Continuous queries with `immediate` delivery: takes rows before they are committed, perhaps again after a failure. */
  deliver?(batch: OutputBatch<R>, id: CommitId): Promise<void> | void;
  /** The receipt of a batch, if the sink holds it. Absent: the sink cannot be asked. */
  lookup?(batchId: number): Promise<Receipt | undefined>;
  /** The newest batch it holds a receipt of: a sink ahead of its checkpoint, or behind it, stops the query. */
  lastBatch?(): Promise<number | undefined>;
  close?(): Promise<void> | void;
}
