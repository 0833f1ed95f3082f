import type { Window } from '../element';
import { formatDuration, parsePositive, type Duration } from '../time/duration';
import type { Assigner, Slicing } from './assigner';
import { PerWindowStore } from './perWindowStore';
import { SlidingStore } from './slidingStore';
import { floorTo, offsetOf, type GridOptions } from './tumbling';
import { TumblingStore } from './tumblingStore';

/**
 * Two slices a slide when the size is no multiple of it: from the start of a window to the end of an older one, and from
 * there to the next start. Otherwise one. With gaps (slide > size) the part between two windows is no slice.
 */
function pairedSlicing(sizeMs: number, slideMs: number, offsetMs: number): Slicing {
  const rest = sizeMs % slideMs;
  const base = (time: number): number => floorTo(time, slideMs, offsetMs);
  const whole = Math.floor(sizeMs / slideMs) * slideMs;
  const gaps = slideMs > sizeMs;
  return {
    sliceOf(time) {
      const start = base(time);
      if (time - start < rest || rest === 0) return start;
      return gaps ? NaN : start + rest;
    },
    sliceEnd(slice) {
      const start = base(slice);
      if (rest === 0) return start + slideMs;
      return slice === start ? start + rest : start + slideMs;
    },
    firstEnd(slice) {
      const start = base(slice);
      if (rest === 0) return start + slideMs;
      return slice === start ? start + rest : start + slideMs + rest;
    },
    lastEnd: (slice) => base(slice) + whole + rest,
    nextEnd: (end) => end + slideMs,
    endAt: (time) => floorTo(time, slideMs, offsetMs + sizeMs),
    startOf: (end) => end - sizeMs,
  };
}

/**
 * Windows of one size that begin every slide: `[start, start + size)`. Spark's `window(size, slide)`, Flink's sliding,
 * Kafka Streams' hopping windows.
 *
 * A time is in `size / slide` of them; the size need not be a multiple of the slide, and a slide greater than the size
 * leaves gaps (a row in a gap is rejected as `noWindow`, which is not late). All windows share slices: one accumulator
 * update per row whatever the overlap.
 *
 * @param size - > 0; ms or text
 * @param slide - > 0; ms or text
 * @param options - `offset`, smaller than the slide
 * @throws `TIDEMARK_OPTION`, `TIDEMARK_DURATION` at call
 * @example
 * ```ts
 * sliding(10, 5).assign(7, {}); // => [{ start: 0, end: 10 }, { start: 5, end: 15 }]
 * ```
 */
export function sliding(size: Duration, slide: Duration, options: GridOptions = {}): Assigner {
  const sizeMs = parsePositive(size, 'size');
  const slideMs = parsePositive(slide, 'slide');
  const offsetMs = offsetOf(options, slideMs, 'slide');
  const assigner: Assigner = {
    kind: 'sliding',
    assign(time) {
      const windows: Window[] = [];
      for (let start = floorTo(time, slideMs, offsetMs); start > time - sizeMs; start -= slideMs) {
        windows.push({ start, end: start + sizeMs });
      }
      return windows.reverse();
    },
    slicing: pairedSlicing(sizeMs, slideMs, offsetMs),
    store(parts) {
      if (slideMs >= sizeMs) return new TumblingStore(assigner, parts);
      if (!parts.folding.mergeable) return new PerWindowStore(assigner, parts);
      return new SlidingStore(assigner, parts, (start) => Math.ceil(start / sizeMs) * sizeMs);
    },
    describe: () => ({ window: 'sliding', size: formatDuration(sizeMs), slide: formatDuration(slideMs), offsetMs }),
  };
  return assigner;
}
