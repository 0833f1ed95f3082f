import type { StreamKind, TieRule } from './element';

/** What to do with a row for which a user's function threw. */
export type ErrorPolicy = 'error' | 'reject';

/** What is known of a stream before any row flows: static, handed from operator to operator while the pipe is built. */
export interface Traits {
  readonly kind: StreamKind;
  readonly ties: TieRule;
  /** False behind `withTimestamps`: the watermark does not move until the end. */
  readonly watermark: boolean;
  /** The column that holds the event time, where it is known by name. */
  readonly timeColumn?: string;
  /** All columns that hold event times, where a join has brought several together. */
  readonly timeColumns?: readonly string[];
  /** Columns that hold windows (from `assignWindows`, or `window` of a result row). */
  readonly windowColumns: readonly string[];
  /** The delay of a `fixedDelay` watermark; absent when it can move. */
  readonly delayMs?: number;
  readonly allowedLatenessMs: number;
  readonly onError: ErrorPolicy;
  /** Change streams only: what is said becomes final when its window is over (`window`), or only at the end. */
  readonly finality?: 'window' | 'end';
  /** Change streams only: a change holds what came since the one before, and does not replace it. */
  readonly isPartial?: boolean;
}

/** A node of the pipeline as plain data: feeds `explain()` and, later, the plan's fingerprint. */
export interface PlanNode {
  readonly id: string;
  readonly type: string;
  readonly description: Readonly<Record<string, unknown>>;
  readonly inputs: readonly PlanNode[];
  readonly stateful: boolean;
  /** The user gave the id: state that outlives the process can be found again. */
  readonly named?: boolean;
  /** What it says, and when, follows the output mode of the query it runs in. */
  readonly followsMode?: boolean;
  /** In complete mode it works on the whole table. */
  readonly ofTable?: boolean;
}

/** Traits of rows that have no event time yet. */
export const UNTIMED: Traits = {
  kind: 'untimed',
  ties: 'instant',
  watermark: false,
  windowColumns: [],
  allowedLatenessMs: 0,
  onError: 'error',
};

/** Columns are written: what was known of any of these names is known no more. */
export function overwriting(names: readonly string[], { timeColumn, timeColumns, ...input }: Traits): Traits {
  const isKept = (column: string): boolean => !names.includes(column);
  return {
    ...input,
    windowColumns: input.windowColumns.filter(isKept),
    ...(timeColumn !== undefined && isKept(timeColumn) ? { timeColumn } : {}),
    ...(timeColumns === undefined ? {} : { timeColumns: timeColumns.filter(isKept) }),
  };
}

/** Number of nodes on the longest way to a source: makes the default id of an operator. */
export function depthOf(plan: PlanNode): number {
  let depth = 0;
  for (const input of plan.inputs) depth = Math.max(depth, depthOf(input));
  return depth + 1;
}
