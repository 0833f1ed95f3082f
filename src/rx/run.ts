import type { BatchAggregates } from '../window/batchAggregates';

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
  /** That of the last commit, at a start: its watermark is said again, so that all know it, and ends no batch. */
  readonly isOver?: true;
  /** Why an operator leaves the rows of a key out of this batch: a user's function could not take them. Absent: takes all. */
  readonly leftOut?: (operator: string, key: readonly unknown[]) => string | undefined;
}

/** Event times of one batch, as a progress record shows them. */
export interface EventTimes {
  readonly min: number;
  readonly max: number;
  /** Rounded down; NaN without rows. */
  readonly average: number;
  readonly count: number;
}

/** How far one `withWatermark` would bring the watermark by the rows it has seen since the query started. */
export interface Proposal {
  /** -Infinity: it has seen no row. */
  readonly watermark: number;
  /** Event times of this batch's rows. */
  readonly times: EventTimes;
  /** After this much silence it no longer holds others back; absent: never. */
  readonly idleAfterMs?: number;
  /** While idle it goes on with the clock. */
  readonly advanceWhenIdle: boolean;
}

/** The query that a graph runs in. A plain pipe has none. */
export interface Run {
  /** The batch at work; before the first one, that of the last commit. */
  readonly batch: Batch;
  /** How aggregates speak once a batch: brought by the query, so that a plain pipe does not carry it. */
  readonly aggregates: BatchAggregates;
  /** W moves with every row, as in a plain pipe; only the commit is periodic. Operators do not see such a run. */
  readonly continuous?: boolean;
  /** Said once a batch by every `withWatermark`: the next batch's W is made of these. */
  propose(operator: string, proposal: Proposal): void;
}
