import { constantDelay } from './fixed-delay';
import type { WatermarkStrategy } from './strategy';

/**
 * A watermark for rows that come in order: `W = max(event time)`, and a row *on* the watermark is on time.
 *
 * Because ties are on time (`time < W` is late), rows of the same millisecond may follow each other, and a window closes as
 * soon as a row at its end arrives. `fixedDelay(0)` has the same W but calls the second row of a millisecond late.
 *
 * @returns a strategy for `withWatermark`, tie rule `ordered`; it holds no state
 *
 * Cost: O(1) per row, no state.
 *
 * Source: Flink's `forMonotonousTimestamps`, whose inclusive `max - 1` is the same statement.
 * @example
 * monotonous().create().observe(42, {}, 42, false) // => 42
 * monotonous().ties // => 'ordered'
 */
export function monotonous(): WatermarkStrategy {
  return constantDelay('monotonous', 0, 'ordered');
}
