import { parseNonNegative, type Duration } from '../time/duration';
import type { ProcessorMaker } from './speak';
import { finalGroups } from './finalGroups';
import { OnClose } from './onClose';
import { OnTime } from './onTime';
import { OnUpdate } from './onUpdate';

/** When a window speaks. Made by `onClose`, `onTime`, `onUpdate`, `panes`; `T` is the row that it can be used on. */
export interface Emit<K extends 'event' | 'change' = 'event' | 'change', in T = never> {
  readonly kind: K;
  readonly name: 'onClose' | 'onTime' | 'onUpdate' | 'panes';
  /** Absent: phantom, so that a policy over other rows does not compile. */
  readonly row?: (row: T) => void;
  readonly everyMs?: number;
  /** What else there is to say of it in the plan: plain data. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** A change holds only what came since the one before. */
  readonly isPartial?: boolean;
  readonly make: ProcessorMaker;
  /** Groups without a window of their own that are said once; absent where they speak with every row. */
  readonly groups?: typeof finalGroups;
}

/**
 * One final row per key and window, when `end <= drop`: the default with a window. Gives an EventStream; what comes
 * later is rejected as late. Without a window it is for groups by the event time, or by columns with windows: they are
 * final when that time has passed.
 *
 * @example
 * ```ts
 * const harness = operatorHarness(aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: onClose() }));
 * harness.event(1, {});
 * harness.takeRows(); // => []
 * harness.watermark(10);
 * harness.takeRows(); // => [{ window: { start: 0, end: 10 }, n: 1 }]
 * ```
 */
export function onClose(): Emit<'event', unknown> {
  return {
    kind: 'event',
    name: 'onClose',
    make: (parts) => new OnClose(parts),
    groups: finalGroups,
  };
}

/**
 * Speaks when `end <= emit`, and corrects with every late row until `drop` (see `allowedLateness`). Gives a ChangeStream.
 *
 * @example
 * ```ts
 * const harness = operatorHarness(aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: onTime() }));
 * harness.event(1, {});
 * harness.watermark(10, 0); // 10 has passed, and rows behind it may still come
 * harness.event(2, {});
 * harness.takeRows().map(({ row }) => row.n); // => [1, 2]
 * ```
 */
export function onTime(): Emit<'change', unknown> {
  return { kind: 'change', name: 'onTime', make: (parts) => new OnTime(parts) };
}

/**
 * Speaks with every row, or, with `every`, at most so often in processing time, only what changed. The default without a
 * window. Gives a ChangeStream.
 *
 * @param options - `every`: ms or text; default 0: at once
 * @example
 * ```ts
 * const harness = operatorHarness(aggregate({ key: 'k', select: { n: agg.count() }, emit: onUpdate({ every: '1 second' }) }));
 * for (const k of ['a', 'a', 'b']) harness.event(0, { k });
 * harness.takeRows(); // => []
 * harness.clock.advance(1_000);
 * harness.takeRows().map(({ row }) => row); // => [{ k: 'a', n: 2 }, { k: 'b', n: 1 }]
 * ```
 */
export function onUpdate(options: { readonly every?: Duration } = {}): Emit<'change', unknown> {
  const everyMs = parseNonNegative(options.every ?? 0, 'every');
  return { kind: 'change', name: 'onUpdate', everyMs, make: (parts) => new OnUpdate(parts, everyMs) };
}
