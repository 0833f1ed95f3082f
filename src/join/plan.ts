import { isLate, type TieRule } from '../element';
import type { KeyReader } from '../key';
import type { JoinType, Results } from './result';
import type { Range, Reach } from './range';

/** Whose event time a pair has: of its left row, its right row, the later or the earlier of the two. */
export type JoinTime = 'left' | 'right' | 'latest' | 'earliest';

/** One side as the join reads it. */
export interface SidePlan<T> {
  readonly key: KeyReader<T>;
  /** The one-sided part of the condition. */
  readonly where?: ((row: T) => boolean) | undefined;
  /** Time by which rows meet and are forgotten, where it is not their event time: the last instant of a window. */
  readonly timeOf?: ((row: T) => number) | undefined;
  readonly ties: TieRule;
  /** The side has a watermark, so its rows can be late. */
  readonly watermark: boolean;
}

/** A join, understood. */
export interface JoinPlan<L, R, O> {
  readonly type: JoinType;
  readonly left: SidePlan<L>;
  readonly right: SidePlan<R>;
  readonly range: Range;
  readonly reach: Reach;
  readonly condition?: ((left: L, right: R) => boolean) | undefined;
  /** `none`: the rows have no event time. */
  readonly time: JoinTime | 'none';
  /** Of a connection: what it has learned of the rows is state. */
  readonly results: () => Results<L, R, O>;
}

/** When a pair happened. */
export function pairTime(rule: JoinTime | 'none', left: number, right: number): number {
  if (rule === 'left') return left;
  if (rule === 'right') return right;
  if (rule === 'none') return NaN;
  return left > right === (rule === 'latest') ? left : right;
}

/** How far a late row is behind, and the delay that would have kept it. */
export function lateness(time: number, drop: number, ties: TieRule): { behindMs: number; missingDelayMs: number } {
  const behindMs = drop - time;
  return { behindMs, missingDelayMs: behindMs + (isLate(drop, drop, ties) ? 1 : 0) };
}
