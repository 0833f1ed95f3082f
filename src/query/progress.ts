import type { Json } from '../checkpoint/records';
import type { Rejection, RejectionReason } from '../element';

/** Measures the parts of a trigger, in whole ms of the query's clock. */
export class Timings {
  private parts = new Map<string, number>();
  private startedAt = 0;
  private startedBefore = -Infinity;
  private hasStarted = false;

  constructor(private readonly now: () => number) {}

  start(): void {
    this.parts = new Map();
    this.startedBefore = this.hasStarted ? this.startedAt : -Infinity;
    this.startedAt = this.now();
    this.hasStarted = true;
  }

  /** ms between the start of this trigger and that of the one before, whether it found data or not; Infinity for the first. */
  get sinceLastTrigger(): number {
    return this.startedAt - this.startedBefore;
  }

  async measure<T>(part: string, work: () => Promise<T>): Promise<T> {
    const from = this.now();
    try {
      return await work();
    } finally {
      this.parts.set(part, (this.parts.get(part) ?? 0) + this.now() - from);
    }
  }

  get triggeredAt(): number {
    return this.startedAt;
  }

  /** The parts of the trigger, and the whole of it. */
  take(): Readonly<Record<string, number>> {
    const triggerExecution = this.now() - this.startedAt;
    return { ...Object.fromEntries(this.parts), triggerExecution };
  }
}

/** What one stateful operator says of its state. */
export interface StateOperatorProgress {
  readonly operatorId: string;
  readonly operatorName: string;
  readonly numRowsTotal: number;
  readonly numRowsUpdated: number;
  readonly numRowsRemoved: number;
  /** Rows of this batch that were late, for all of their windows or for some. */
  readonly numRowsDroppedByWatermark: number;
  /** Rows rejected as duplicates in this batch. */
  readonly numDroppedDuplicateRows: number;
  /** Estimated; absent where it is not known. */
  readonly memoryUsedBytes?: number;
  /** The watermarks it filtered and evicted with; absent before the first. */
  readonly watermark: { readonly late: number; readonly evict: number };
}

/** What one source brought. */
export interface SourceProgress {
  readonly description: string;
  readonly startOffset: Json;
  readonly endOffset: Json;
  readonly numInputRows: number;
  readonly inputRowsPerSecond: number;
  readonly processedRowsPerSecond: number;
  /** What waits behind `endOffset`, in the source's unit (rows, files, messages); null where it cannot tell. */
  readonly backlog: number | null;
  /** What the source itself has to tell: files waiting, fields made null, rows dropped, … */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What one sink took. */
export interface SinkProgress {
  readonly description: string;
  readonly outcome: 'committed' | 'diverted' | 'skipped';
  readonly numOutputRows: number;
}

/** One finished batch, with Spark's names and formulas. */
export interface QueryProgress {
  /** Survives restarts. */
  readonly id: string;
  /** New at every start. */
  readonly runId: string;
  readonly name: string | null;
  /** When the trigger began, ISO, of the query's clock. */
  readonly timestamp: string;
  readonly batchId: number;
  /** ms from the trigger to the commit. */
  readonly batchDuration: number;
  /** Parts of it, ms: `latestOffset`, `walCommit`, `addBatch`, `stage`, `sinkCommit`, `commitOffsets`, `triggerExecution`, … */
  readonly durationMs: Readonly<Record<string, number>>;
  readonly numInputRows: number;
  /** Rows a second since the trigger before. */
  readonly inputRowsPerSecond: number;
  /** Rows a second of batch duration. */
  readonly processedRowsPerSecond: number;
  /** Of the rows of this batch; only `watermark` in a batch without rows; absent without event time. */
  readonly eventTime?: { readonly max?: number; readonly min?: number; readonly avg?: number; readonly watermark: number };
  readonly stateOperators: readonly StateOperatorProgress[];
  readonly sources: Readonly<Record<string, SourceProgress>>;
  readonly sinks: Readonly<Record<string, SinkProgress>>;
  /** Rows that were not used, by reason. */
  readonly rejected: Readonly<Partial<Record<RejectionReason, number>>>;
  /** The input that holds the watermark back. */
  readonly watermarkHolder?: { readonly operator: string; readonly watermark: number; readonly silentMs: number };
}

/** Rejections of a batch by reason. */
export function byReason(rejections: readonly Rejection[]): Partial<Record<RejectionReason, number>> {
  const counts: Partial<Record<RejectionReason, number>> = {};
  for (const { reason } of rejections) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

/** Rows a second; Spark's rule: 0 rows are 0 a second, and no time at all is infinitely fast. */
export function rate(rows: number, ms: number): number {
  return rows === 0 ? 0 : (rows * 1000) / ms;
}
