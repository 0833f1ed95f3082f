import { type Duration, parseNonNegative } from '../time/duration';

/** The bare calculation of a fixed-delay watermark, for use outside a stream. */
export interface FixedDelayWatermark {
  readonly delayMs: number;
  /** The watermark so far, epoch ms; -Infinity before the first call of `next`. */
  readonly watermark: number;
  /**
   * @param current the present instant, epoch ms, by whatever clock the caller follows; NaN changes nothing
   * @returns `current - delay`, or the earlier, higher watermark when `current` went back
   */
  next(current: number): number;
}

/**
 * The calculation `current - delay` under a monotone guard, with a "current" given by the caller: the largest event time,
 * or a wall clock. In a stream use {@link fixedDelay}, where "current" is always the largest event time.
 *
 * @param delay how far the watermark stays behind; ms or duration text; >= 0; no default
 * @returns an object with `next(current)`; it keeps the highest watermark and nothing else
 * @throws TIDEMARK_OPTION at call: the delay is negative
 * @throws TIDEMARK_DURATION at call: the delay cannot be read
 *
 * Cost: O(1) per call.
 * @example
 * const low = fixedDelayWatermark('10 minutes');
 * low.next(3_600_000) // => 3000000
 * low.next(1_800_000) // => 3000000
 * low.next(3_660_000) // => 3060000
 */
export function fixedDelayWatermark(delay: Duration): FixedDelayWatermark {
  const delayMs = parseNonNegative(delay, 'delay');
  let watermark = -Infinity;
  return {
    delayMs,
    get watermark() {
      return watermark;
    },
    next(current) {
      // Written so that NaN compares false and leaves the watermark alone.
      if (current - delayMs > watermark) watermark = current - delayMs;
      return watermark;
    },
  };
}
