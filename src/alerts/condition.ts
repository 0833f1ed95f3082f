import type { Threshold } from './threshold';
import type { Trend } from './trend';

/** What may raise or clear an alert: a function of the row (truthy: it holds), or what `threshold()` or `trend()` gives. */
export type Condition<T> = ((row: T) => unknown) | Threshold<T> | Trend<T>;

/** What was read of a row for a condition: the verdict, or the metric that is to be judged (null: there is none). */
export type Reading = boolean | number | bigint | null;

/** A condition compiled: reading calls the user's code and may throw, judging touches the key's memory and does not. */
export interface Judge<in T> {
  read(row: T): Reading;
  /** `memory` is the key's own; only conditions that remember use it. */
  holds(reading: Reading, memory: number[]): boolean;
  /** False when the condition cannot hold whatever the memory. */
  mayHold(reading: Reading): boolean;
  readonly remembers: boolean;
  /** Plain data for `describe()`. */
  readonly description: unknown;
}

/** Compiles a condition. */
export function judgeOf<T>(condition: Condition<T>): Judge<T> {
  if (typeof condition !== 'function') return trendJudge(condition);
  return 'metric' in condition ? thresholdJudge(condition) : plainJudge(condition);
}

function plainJudge<T>(holds: (row: T) => unknown): Judge<T> {
  const isTrue = (reading: Reading): boolean => reading === true;
  return { read: (row) => Boolean(holds(row)), holds: isTrue, mayHold: isTrue, remembers: false, description: 'function' };
}

function thresholdJudge<T>({ metric, threshold, op, warnings, read, test }: Threshold<T>): Judge<T> {
  const description = { metric, threshold, op, ...(warnings.length > 0 && { warnings }) };
  return { read, holds: test, mayHold: test, remembers: false, description };
}

function trendJudge<T>({ metric, threshold, zeroLimit, read, test }: Trend<T>): Judge<T> {
  return {
    read,
    holds: (reading, memory) => test(memory, reading as number | null),
    mayHold: (reading) => reading !== null,
    remembers: true,
    description: { trend: metric, threshold, zeroLimit },
  };
}
