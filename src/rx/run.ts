/** What the rows of an output are to the sink: Spark's output modes. */
export type OutputMode = 'append' | 'update' | 'complete';

/** The micro-batch at work: everything a replay must find again is in the plan, so nothing here is read from a clock. */
export interface Batch {
  readonly id: number;
  /** Its processing time, epoch ms: fixed in the plan. */
  readonly time: number;
  /** W(n-1): the global watermark its rows are judged by. */
  readonly late: number;
  /** W(n): the global watermark that closes and evicts when its rows are through. Known before the first of them. */
  readonly watermark: number;
}

/** The query that a graph runs in. A plain pipe has none. */
export interface Run {
  /** The batch at work; before the first one, that of the last commit. */
  readonly batch: Batch;
  /** A `withWatermark` tells how far its rows would bring the watermark: the next batch's is made of these. */
  propose(operator: string, watermark: number): void;
}

/** The run of a harness: batches are counted, W is whatever the test says. */
export class ManualRun implements Run {
  batch: Batch = { id: 0, time: 0, late: 0, watermark: 0 };
  readonly proposals = new Map<string, number>();

  propose(operator: string, watermark: number): void {
    this.proposals.set(operator, watermark);
  }
}
