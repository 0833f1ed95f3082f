import { buffered } from '../aggregate/buffered';
import { checkOption } from '../errors';
import { parseDuration, parsePositive, formatDuration, type Duration } from '../time/duration';
import type { Assigner } from './assigner';
import { SessionStore } from './sessionStore';

/** Options of `session`. */
export interface SessionOptions {
  /**
   * What a gap of exactly 0 from the gap function means: `'noWindow'` (default, Spark: the row is in no session) or
   * `'merge'` (Flink: the empty window `[t, t)`, which can only become part of a session it touches).
   */
  readonly zeroGap?: 'noWindow' | 'merge';
}

/**
 * Sessions of activity per key: a row lasts from its time for one gap, and what overlaps or touches is one session.
 *
 * A gap of exactly the gap's length merges; 1 ms more begins a new session. A session closes when its end <= W. A row is
 * late by its own `[t, t + gap)`, before merging; a closed session never reopens (a late arrival that overlaps it makes a
 * session that says `window.overlapsClosed`).
 *
 * @param gap - > 0; ms, text, or a function of the row (ms or text; null, NaN and negative ones put the row in no session)
 * @param options - `zeroGap`
 * @throws `TIDEMARK_OPTION`, `TIDEMARK_DURATION` at call
 *
 * Cost: O(1) amortised a row; state is one accumulator for each open session, and a key for one gap longer.
 *
 * Source: Spark's session_window.
 * @example
 * ```ts
 * session('30 minutes').assign(0, {}); // => [{ start: 0, end: 1800000 }]
 * ```
 */
export function session<T = unknown>(
  gap: Duration | ((row: T) => Duration | null | undefined),
  options: SessionOptions = {},
): Assigner<T> {
  const zeroMerges = options.zeroGap === 'merge';
  const fixedMs = typeof gap === 'function' ? undefined : parsePositive(gap, 'gap');
  checkOption(options.zeroGap === undefined || fixedMs === undefined, 'zeroGap goes with a gap function');
  const ofRow = (row: T): number => {
    const given = (gap as (row: T) => Duration | null | undefined)(row);
    const gapMs = given === null || given === undefined ? NaN : typeof given === 'number' ? given : parseDuration(given, 'gap');
    // Whole ms, as event times are: a session must not end at a fraction.
    const whole = Math.floor(gapMs);
    return whole > 0 || (zeroMerges && whole === 0) ? whole : NaN;
  };
  const gapOf = fixedMs === undefined ? ofRow : () => fixedMs;
  const assigner: Assigner<T> = {
    kind: 'session',
    assign(time, row) {
      const gapMs = gapOf(row);
      return gapMs === gapMs ? [{ start: time, end: time + gapMs }] : [];
    },
    adapt: (folding) => (folding.mergeable ? folding : buffered(folding)),
    store: (parts) => new SessionStore(gapOf, parts, Math.max(1, Math.floor((fixedMs ?? 16_000) / 16))),
    describe: () => ({ window: 'session', gap: fixedMs === undefined ? 'function' : formatDuration(fixedMs) }),
  };
  return assigner;
}
