import type { Assigner } from './assigner';
import { TumblingStore } from './tumblingStore';

/**
 * One window over all time: it closes only at the end, when the watermark is +Infinity.
 *
 * @example
 * ```ts
 * globalWindow().assign(5, {}); // => [{ start: -Infinity, end: Infinity }]
 * ```
 */
export function globalWindow(): Assigner {
  const assigner: Assigner = {
    kind: 'global',
    assign: () => [{ start: -Infinity, end: Infinity }],
    slicing: {
      sliceOf: () => -Infinity,
      sliceEnd: () => Infinity,
      firstEnd: () => Infinity,
      lastEnd: () => Infinity,
      nextEnd: () => Infinity,
      endAt: () => -Infinity,
      startOf: () => -Infinity,
    },
    store: (parts) => new TumblingStore(assigner, parts),
    describe: () => ({ window: 'global' }),
  };
  return assigner;
}
