import type { StateEntry, TableChanges } from '../state/table';

/** Plain data as JSON holds it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What one source contributes to a batch. */
export interface PlannedSlice {
  readonly from: Json;
  /** Absent in a continuous plan: known only when the epoch is staged. */
  readonly to?: Json;
  readonly evidence?: Json;
}

/** Written before a batch runs: everything a replay must find again. Infinite watermarks are written as `"Infinity"` texts. */
export interface PlanRecord {
  readonly batch: number;
  readonly epoch: number;
  /** Processing time of the batch, epoch ms. */
  readonly time: number;
  /** W(n-1) and W(n); both 0 in the first batch. +Infinity once all sources have ended. */
  readonly late: number;
  readonly watermark: number;
  readonly watermarkPolicy: 'min' | 'max';
  /** By source; empty in a no-data batch. */
  readonly sources: Readonly<Record<string, PlannedSlice>>;
  /** Rows left out because a user's function cannot take them: `[source, number of the row in its slice, message]`. */
  readonly excluded?: readonly (readonly [source: string, row: number, message: string])[];
  /** For `ctx.random()` and the like. */
  readonly seed: number;
  /**
   * Rows of one key that a user's function could not take together, by operator: left out in every attempt. The key is the
   * base64 of its canonical bytes.
   */
  readonly leftOut?: readonly LeftOut[];
  /** Settings that later batches and other starts must know (idle decisions, configuration). */
  readonly settings?: Readonly<Record<string, Json>>;
}

/** The rows of a key in one batch that an operator does not take, and why. */
export type LeftOut = readonly [operator: string, key: string, message: string];

/** What became of a batch's rows for one sink. */
export interface SinkOutcome {
  readonly kind: string;
  /** `diverted`: the rows are in the divert sink. `skipped`: there was nothing to write. */
  readonly outcome: 'committed' | 'diverted' | 'skipped';
  readonly attempt: string;
  readonly rows: number;
  readonly digest?: string;
}

/** Written when state and every sink hold the batch: from here on it is done. */
export interface CommitRecord {
  readonly batch: number;
  readonly attempt: string;
  readonly epoch: number;
  /** W(n+1), as far as this batch's rows bring it. */
  readonly nextWatermark: number;
  readonly sinks: Readonly<Record<string, SinkOutcome>>;
  /** By operator: in, forwarded, absorbed, held, filtered, rejected by reason, outputs. */
  readonly counters: Readonly<Record<string, Json>>;
  /** Continuous mode: how far each source was read. */
  readonly to?: Readonly<Record<string, Json>>;
}

/** What changed in one table since the last commit. */
export interface TableDelta extends TableChanges {
  readonly version: number;
  /** The table is replaced, not changed. */
  readonly whole: boolean;
}

/** What changed in the state of one operator. */
export interface OperatorDelta {
  readonly id: string;
  readonly type: string;
  /** What must not change under the same id while the state lives: key columns, window, aggregates with versions. */
  readonly schema: Json;
  readonly tables: Readonly<Record<string, TableDelta>>;
}

/** The state of one operator as of a commit. */
export interface OperatorImage {
  readonly type: string;
  readonly schema: Json;
  readonly tables: Readonly<Record<string, { readonly version: number; readonly entries: readonly StateEntry[] }>>;
}

/** The state of all operators as of a commit, by operator id. */
export type StateImage = ReadonlyMap<string, OperatorImage>;

/** The rows of one output, staged so that the same attempt can be rolled forward. */
export interface StagedOutput {
  readonly sink: string;
  readonly rows: readonly unknown[];
  /** The same as changes, where the output is a ChangeStream. */
  readonly changes?: readonly unknown[];
}

/** What is durable before the first sink commits. */
export interface StageRecord {
  readonly batch: number;
  readonly attempt: string;
  readonly delta: readonly OperatorDelta[];
  /** Present with several sinks, or with one that cannot be asked: then this attempt is the only one of the batch. */
  readonly outputs?: readonly StagedOutput[];
  /** Continuous mode: how far each source was read, and the readings of the clock. */
  readonly to?: Readonly<Record<string, Json>>;
  /** What recovery needs to write the commit record without running the batch. */
  readonly nextWatermark: number;
  readonly counters: Readonly<Record<string, Json>>;
}
