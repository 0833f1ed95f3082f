/** A random plan with Spark's answer, one line of a file: see scripts/compare/spark. */
export interface Plan {
  readonly name: string;
  readonly mode: 'append' | 'update' | 'complete';
  /** `a`, and `b` where there is a join; delay of the watermark in ms. */
  readonly streams: Readonly<Record<string, { readonly delay: number }>>;
  readonly query: readonly Operator[];
  /** Rows by stream, or a restart of the query. */
  readonly batches: readonly (Readonly<Record<string, readonly Values[]>> | 'restart')[];
  readonly noDataBatches?: boolean;
  readonly policy?: 'max';
  readonly spark: Answer;
}

export type Row = Readonly<Record<string, unknown>>;
/** In order of COLUMNS; numbers that JSON does not have are text. */
export type Values = readonly (string | number | null)[];
export const COLUMNS = ['t', 'k', 'n', 'v', 'g', 'u'] as const;

export type Operator = AggregateOp | DedupOp | JoinOp;

export interface AggregateOp {
  readonly op: 'aggregate';
  readonly keys: readonly string[];
  readonly window?: WindowSpec;
  readonly aggs: Readonly<Record<string, AggregateSpec>>;
}

interface DedupOp {
  readonly op: 'dedup' | 'dedupWithin';
  readonly columns: readonly string[];
}

export interface JoinOp {
  readonly op: 'join';
  readonly type: 'inner' | 'left' | 'right' | 'full' | 'leftSemi';
  /** Bounds of right - left. */
  readonly range?: { readonly min: number; readonly max: number; readonly minInclusive?: false; readonly maxInclusive?: false };
  readonly equalTimes?: true;
  /** Aggregates of the left and of the right side, whose windows are joined. */
  readonly windows?: readonly [AggregateOp, AggregateOp];
}

export type WindowSpec =
  | { readonly size: number; readonly slide?: number; readonly offset: number }
  | { readonly gap: number }
  | { readonly gapColumn: string };

export interface AggregateSpec {
  readonly fn: string;
  readonly column?: string;
  readonly x?: string;
  readonly y?: string;
  readonly by?: string;
  readonly p?: number;
  readonly above?: number;
}

/** What a query said, step by step; or why it was refused. */
export type Answer = { readonly steps: readonly (readonly Batch[])[] } | { readonly refused: string };

export interface Batch {
  readonly id: number;
  readonly rows: readonly Row[];
  /** Rows in the state of each operator, the last one first. */
  readonly state: readonly number[];
  /** With which it ran; ISO. */
  readonly watermark?: string;
  /** Late groups (aggregates) or rows (others). */
  readonly late: number;
}

/** The plans of a file. */
export function plansOf(text: string): readonly Plan[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Plan);
}
