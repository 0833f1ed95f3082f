import type { Window } from '../element';
import { checkOption } from '../errors';
import { formatDuration, parsePositive, type Duration } from '../time/duration';
import type { Assigner, Slicing } from './assigner';
import { PerWindowStore } from './perWindowStore';
import { SlidingStore } from './slidingStore';
import { floorTo, offsetOf, type GridOptions } from './tumbling';

function stepSlicing(maxMs: number, stepMs: number, offsetMs: number): Slicing {
  return {
    sliceOf: (time) => floorTo(time, stepMs, offsetMs),
    sliceEnd: (slice) => slice + stepMs,
    firstEnd: (slice) => slice + stepMs,
    lastEnd: (slice) => floorTo(slice, maxMs, offsetMs) + maxMs,
    nextEnd: (end) => end + stepMs,
    endAt: (time) => floorTo(time, stepMs, offsetMs),
    startOf: (end) => floorTo(end - 1, maxMs, offsetMs),
  };
}

/**
 * Windows that grow: all begin together every `max`, and one ends at each step. "Today so far", every ten minutes.
 *
 * @param max - size of the last one; > 0, a multiple of the step; ms or text
 * @param step - > 0; ms or text
 * @param options - `offset`, smaller than the step
 * @throws `TIDEMARK_OPTION`, `TIDEMARK_DURATION` at call
 * @example
 * ```ts
 * cumulative(30, 10).assign(12, {}); // => [{ start: 0, end: 20 }, { start: 0, end: 30 }]
 * ```
 */
export function cumulative(max: Duration, step: Duration, options: GridOptions = {}): Assigner {
  const maxMs = parsePositive(max, 'max');
  const stepMs = parsePositive(step, 'step');
  checkOption(maxMs % stepMs === 0, 'max must be a multiple of step', { maxMs, stepMs });
  const offsetMs = offsetOf(options, stepMs, 'step');
  const assigner: Assigner = {
    kind: 'cumulative',
    assign(time) {
      const start = floorTo(time, maxMs, offsetMs);
      const windows: Window[] = [];
      for (let end = floorTo(time, stepMs, offsetMs) + stepMs; end <= start + maxMs; end += stepMs) windows.push({ start, end });
      return windows;
    },
    slicing: stepSlicing(maxMs, stepMs, offsetMs),
    // All windows of a run begin at the same pane: a prefix that grows, no suffix.
    store: (parts) =>
      parts.folding.mergeable ? new SlidingStore(assigner, parts, (start) => start) : new PerWindowStore(assigner, parts),
    describe: () => ({ window: 'cumulative', max: formatDuration(maxMs), step: formatDuration(stepMs), offsetMs }),
  };
  return assigner;
}
