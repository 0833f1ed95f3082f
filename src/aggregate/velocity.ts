import { parseNonNegative, type Duration } from '../time/duration';
import type { Aggregate } from './aggregate';
import type { Velocity as Comparison } from './plan';
import { Previous } from './previous';

/** Options of `velocity`. */
export interface VelocityOptions {
  /** How much time may lie between the end of the previous window and the start of this one; ms or text >= 0; default 0. */
  readonly maxGap?: Duration;
}

/** An aggregate that the window operator compares with the key's previous window. */
export interface Velocity<in T, A> extends Aggregate<T, A, number | null> {
  readonly previous: Comparison;
}

/**
 * Gives by which fraction a figure has changed since the key's previous window: (current - previous) / previous. 0.5 is half
 * as much again, -1 is down to 0.
 *
 * It is null in a key's first window, when the previous window is not adjacent (further away than `maxGap`), when either
 * figure is null, and when the previous one is 0. The window operator computes it once both results are known; a correction to
 * the previous window corrects this one. On its own, outside a window operator, the aggregate gives the figure itself.
 *
 * @param of - the aggregate to compare, such as `agg.sum('viewCount')`; its result is a number or null
 * @param options - `maxGap`: ms or duration text >= 0; default 0, only adjacent (or overlapping) windows
 * @returns an aggregate with the accumulator of `of`
 * @throws TIDEMARK_DURATION or TIDEMARK_OPTION at call: `maxGap` cannot be read, or is negative
 *
 * Cost: that of `of`, and one result a key kept for the next window.
 *
 * @example
 * const speed = agg.velocity(agg.sum<{ v: number }>('v'), { maxGap: '1 hour' });
 * speed.previous.maxGapMs // => 3600000
 */
export function velocity<T, A>(of: Aggregate<T, A, number | null>, options?: VelocityOptions): Velocity<T, A> {
  const maxGapMs = parseNonNegative(options?.maxGap ?? 0, 'maxGap');
  const memory: Comparison['memory'] = (folding, assigner, keyColumns) => new Previous(folding, assigner, keyColumns);
  return { ...of, name: 'velocity', parameters: { of: of.name, ...of.parameters, maxGapMs }, previous: { maxGapMs, memory } };
}

export { velocityOf } from './growth';
