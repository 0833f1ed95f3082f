import { checkOption } from '../errors';
import { formatDuration, parseDuration, parsePositive, type Duration } from '../time/duration';
import type { Assigner, Slicing } from './assigner';
import { TumblingStore } from './tumblingStore';

/** Options of windows that lie on a grid. */
export interface GridOptions {
  /** Moves the grid; smaller than the size (the slide) in either direction; default 0: aligned to the epoch, UTC. */
  readonly offset?: Duration;
}

/** The start of the grid cell that holds `time`: floored, because `%` is wrong before the offset and before 1970. */
export function floorTo(time: number, step: number, offset: number): number {
  return Math.floor((time - offset) / step) * step + offset;
}

/** Checks an offset once, when the pipe is built. */
export function offsetOf(options: GridOptions, stepMs: number, what: string): number {
  const offsetMs = parseDuration(options.offset ?? 0, 'offset');
  checkOption(Math.abs(offsetMs) < stepMs, `offset must be smaller than the ${what}`, { offsetMs, stepMs });
  return offsetMs;
}

/** Windows of one size that neither overlap nor leave gaps: a slice is a window. */
export function gridSlicing(sizeMs: number, offsetMs: number): Slicing {
  return {
    sliceOf: offsetMs === 0 ? (time) => Math.floor(time / sizeMs) * sizeMs : (time) => floorTo(time, sizeMs, offsetMs),
    sliceEnd: (slice) => slice + sizeMs,
    firstEnd: (slice) => slice + sizeMs,
    lastEnd: (slice) => slice + sizeMs,
    nextEnd: (end) => end + sizeMs,
    endAt: (time) => floorTo(time, sizeMs, offsetMs),
    startOf: (end) => end - sizeMs,
  };
}

/**
 * Fixed windows `[start, start + size)`, aligned to the epoch in UTC.
 *
 * Every time is in exactly one; a row on a boundary belongs to the later one. A window closes when its end <= W.
 *
 * @param size - > 0; ms or text
 * @param options - `offset`
 * @throws `TIDEMARK_OPTION` (size not above 0, offset not smaller than it), `TIDEMARK_DURATION` at call
 * @example
 * ```ts
 * tumbling('10 seconds').assign(-1, {}); // => [{ start: -10000, end: 0 }]
 * ```
 */
export function tumbling(size: Duration, options: GridOptions = {}): Assigner {
  const sizeMs = parsePositive(size, 'size');
  const offsetMs = offsetOf(options, sizeMs, 'size');
  const assigner: Assigner = {
    kind: 'tumbling',
    assign(time) {
      const start = floorTo(time, sizeMs, offsetMs);
      return [{ start, end: start + sizeMs }];
    },
    slicing: gridSlicing(sizeMs, offsetMs),
    store: (parts) => new TumblingStore(assigner, parts),
    describe: () => ({ window: 'tumbling', size: formatDuration(sizeMs), offsetMs }),
  };
  return assigner;
}
