import type { Moments } from './moments';

/**
 * The contract of one aggregate. `A` is a mutable accumulator: `add` and `merge` change it in place. Built-in ones are
 * `agg.*`; user-defined ones are plain objects of this shape.
 */
export interface Aggregate<in T, A, out R> {
  /** Name for `describe()` and error messages: 'sum', 'percentile', … */
  readonly name: string;
  /** Version of the accumulator's encoded form. */
  readonly version: number;
  create(): A;
  /**
   * Adds one row. `arrival` rises by one with every row that the operator takes in; order-sensitive aggregates keep it,
   * so that merged slices give the same answer as one pass.
   */
  add(acc: A, row: T, arrival: number): void;
  /** Adds everything `from` has seen to `into`; `from` covers later event time than `into` and stays unchanged. */
  merge?(into: A, from: A): void;
  /** The value of the result column. Must not change the accumulator. */
  result(acc: A): R;
  /** Plain JSON-compatible data (numbers may be NaN, infinite or -0; bigint and Date allowed). */
  encode(acc: A): unknown;
  decode(data: unknown): A;
  /**
   * True when the order in which rows are added does not matter, or the arrival number restores it. Only then may the
   * windows of one operator share slices; others get one accumulator a window, in arrival order.
   */
  readonly commutative?: boolean;
  /** Columns and parameters, for `describe()`. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/**
 * A built-in aggregate over one value of the row. The value is read before any state is touched, so that a throwing
 * selector leaves nothing behind; rows for which `where` is not true are left out.
 */
export interface ValueAggregate<in T, V, A, out R> extends Aggregate<T, A, R> {
  /** What `value` reads: a column's name, or the user's function; equal sources share one read and one accumulator. */
  readonly source?: unknown;
  readonly value: (row: T) => V;
  readonly where?: (row: T) => unknown;
  /** Adds one value (may be null, undefined, NaN). */
  addValue(acc: A, value: V, arrival: number): void;
  /** Set on the aggregates that share one numeric accumulator (see numeric.ts). */
  readonly numeric?: NumericStat;
  /** What those of them bring that spread is read from. */
  readonly moments?: Moments | undefined;
}

/** The figures that one shared numeric accumulator can give. */
export type NumericStat = 'rows' | 'count' | 'sum' | 'avg' | 'min' | 'max' | 'variance' | 'variancePop' | 'stddev' | 'stddevPop';

/** The type of an aggregate's result. */
export type ResultOf<G> = G extends Aggregate<never, infer _A, infer R> ? R : never;

/** `{ total: agg.sum('v'), … }` */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a select holds aggregates of every accumulator and result
export type Select<T> = Readonly<Record<string, Aggregate<T, any, any>>>;
