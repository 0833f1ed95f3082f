import type { TieRule } from '../element';
import { type Duration, parseNonNegative } from '../time/duration';
import type { WatermarkGenerator, WatermarkStrategy } from './strategy';

/** A strategy whose delay never changes. The generator has no state: `withWatermark` may compute W by itself. */
export function constantDelay(kind: string, delayMs: number, ties: TieRule): WatermarkStrategy {
  const generator: WatermarkGenerator = {
    delayMs,
    observe: (_time, _row, max) => max - delayMs,
    encode: () => null,
    decode: () => undefined,
  };
  return { kind, ties, fixedDelayMs: delayMs, create: () => generator, describe: () => Object.freeze({ kind, delayMs }) };
}

/**
 * A watermark that stays a fixed delay behind the largest event time: `W = max(event time) - delay`, Spark's rule.
 *
 * A row at or behind W is late (`time <= W`): the stream's times are instants. Nothing is late that is less than `delay`
 * out of order. Before the first row there is no watermark.
 *
 * @param delay how far out of order rows may come; ms or duration text; >= 0; no default
 * @returns a strategy for `withWatermark`; it holds no state, so any number of streams may share it
 * @throws TIDEMARK_OPTION at call: the delay is negative
 * @throws TIDEMARK_DURATION at call: the delay cannot be read
 *
 * Cost: O(1) per row, no state.
 *
 * Source: Spark's `withWatermark(column, delayThreshold)`. Flink's bounded out-of-orderness is 1 ms lower, because its
 * watermark means "nothing `<= w` follows".
 * @example
 * const generator = fixedDelay('10 minutes').create();
 * generator.observe(3_600_000, {}, 3_600_000, false) // => 3000000
 * generator.delayMs // => 600000
 */
export function fixedDelay(delay: Duration): WatermarkStrategy {
  return constantDelay('fixedDelay', parseNonNegative(delay, 'delay'), 'instant');
}
