import { checkOption } from '../errors';

/**
 * Tells when an input has been silent for longer than a timeout. It reads no clock: the caller says what time it is.
 *
 * The clock starts at the first call of either method, so an input that never speaks becomes idle too. Silent for exactly
 * the timeout is not yet idle. A clock that goes back starts the wait again rather than stretching it.
 *
 * Cost: O(1) per call; state: one number, not part of a snapshot (after a restart the wait starts afresh).
 *
 * Source: Flink's `WatermarksWithIdleness`, measured from the last activity instead of the first check without any.
 * @example
 * const detector = new IdlenessDetector(10);
 * detector.check(100) // => false
 * detector.check(110) // => false
 * detector.check(111) // => true
 * detector.activity(112);
 * detector.check(112) // => false
 */
export class IdlenessDetector {
  private last = NaN;

  /**
   * @param timeoutMs silence longer than this is idleness; ms; > 0
   * @throws TIDEMARK_OPTION the timeout is not > 0
   */
  constructor(private readonly timeoutMs: number) {
    checkOption(timeoutMs > 0, 'the idle timeout must be longer than 0 ms', { timeoutMs });
  }

  /**
   * Says that a row came.
   * @param now processing time, ms
   */
  activity(now: number): void {
    this.last = now;
  }

  /**
   * @param now processing time, ms
   * @returns true when strictly more than the timeout has passed since the last activity
   */
  check(now: number): boolean {
    return this.silence(now) > this.timeoutMs;
  }

  /**
   * @param now processing time, ms
   * @returns for how long nothing has come, ms
   */
  silence(now: number): number {
    // False for NaN, the state before the first call, and for a last activity in the future of a clock that was set back.
    if (!(this.last <= now)) this.last = now;
    return now - this.last;
  }
}
