import { checkOption } from '../errors';
import { formatDuration, parsePositive, type Duration } from '../time/duration';
import { QUIET, type Condition, type Trigger } from './trigger';

interface Counter {
  n: number;
}

/** When something is due; Infinity: nothing is. */
interface Timer {
  at: number;
}

const earlier = (into: unknown, from: unknown): void => {
  (into as Timer).at = Math.min((into as Timer).at, (from as Timer).at);
};
const timerOf = (state: unknown): number => (state as Timer).at;

/**
 * After so many rows of the key and window.
 *
 * @param rows - a whole number > 0
 * @example
 * ```ts
 * const early = trigger.repeatedly(trigger.afterCount(2));
 * const harness = operatorHarness(aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: panes({ early }) }));
 * for (const t of [1, 2, 3, 4]) harness.event(t, { t });
 * harness.takeRows().map(({ row }) => row.n); // => [2, 4]
 * ```
 */
export function afterCount(rows: number): Trigger<unknown> {
  checkOption(Number.isInteger(rows) && rows > 0, 'afterCount needs a whole number of rows > 0', { rows });
  return {
    ...QUIET,
    create: (): Counter => ({ n: 0 }),
    onRow: (state) => void (state as Counter).n++,
    isDue: (state) => (state as Counter).n >= rows,
    fired(state) {
      (state as Counter).n = 0;
      return true;
    },
    merge: (into, from) => void ((into as Counter).n += (from as Counter).n),
    describe: () => ({ afterCount: rows }),
  };
}

/**
 * This much processing time after the first row that the window has not spoken of.
 *
 * @param delay - > 0; ms or text
 * @example
 * ```ts
 * const early = trigger.afterProcessingTime('5 seconds');
 * const harness = operatorHarness(aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: panes({ early }) }));
 * harness.event(1, { t: 1 });
 * harness.clock.advance(4_999);
 * harness.takeRows().length; // => 0
 * harness.clock.advance(1);
 * harness.takeRows().map(({ row }) => row.n); // => [1]
 * ```
 */
export function afterProcessingTime(delay: Duration): Trigger<unknown> {
  const delayMs = parsePositive(delay, 'delay');
  return {
    ...QUIET,
    create: (): Timer => ({ at: Infinity }),
    onRow(state, { now }) {
      const timer = state as Timer;
      if (timer.at === Infinity) timer.at = now + delayMs;
    },
    isDue: (state, { now }) => timerOf(state) <= now,
    fired(state) {
      (state as Timer).at = Infinity;
      return true;
    },
    merge: earlier,
    clockTimer: timerOf,
    shortestMs: delayMs,
    describe: () => ({ afterProcessingTime: formatDuration(delayMs) }),
  };
}

/**
 * Again and again: in event time at the multiples of the interval that the watermark passes (`time < W`, from the window's
 * first row on), in processing time every interval from the window's first row on. Never done.
 *
 * @param interval - > 0; ms or text
 * @param clock - default `eventTime`
 * @example
 * ```ts
 * const early = trigger.every(4);
 * const harness = operatorHarness(aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: panes({ early }) }));
 * harness.event(1, { t: 1 });
 * harness.watermark(5); // 4 has passed
 * harness.event(6, { t: 6 });
 * harness.watermark(9); // and 8
 * harness.takeRows().map(({ row }) => row.n); // => [1, 2]
 * ```
 */
export function every(interval: Duration, clock: 'eventTime' | 'processingTime' = 'eventTime'): Trigger<unknown> {
  const everyMs = parsePositive(interval, 'interval');
  const byRows = clock === 'eventTime';
  /** The first `at + n * interval` with n > 0 that is not over at `passed`. */
  const after = (at: number, passed: number): number => at + everyMs * Math.max(1, Math.floor((passed - at) / everyMs) + 1);
  return {
    ...QUIET,
    create: (): Timer => ({ at: Infinity }),
    onRow(state, { time, now }) {
      const timer = state as Timer;
      if (timer.at === Infinity) timer.at = byRows ? (Math.floor(time / everyMs) + 1) * everyMs : now + everyMs;
    },
    isDue: (state, { emit, now }) => (byRows ? timerOf(state) < emit : timerOf(state) <= now),
    fired(state, { emit, now }) {
      const timer = state as Timer;
      // `time < W` is over for W - 1, and what is left of a window that W = Infinity has closed does not matter.
      const passed = byRows ? emit - 1 : now;
      timer.at = passed === Infinity ? Infinity : after(timer.at, passed);
      return false;
    },
    merge: earlier,
    ...(byRows ? { eventTimer: timerOf } : { clockTimer: timerOf, shortestMs: everyMs }),
    describe: () => ({ every: formatDuration(everyMs), clock }),
  };
}

/**
 * When a row meets the condition. It is asked once a row, before any state is touched.
 *
 * @param condition - a function of the row; what it throws follows the operator's `onError`
 * @example
 * ```ts
 * const early = trigger.when(({ v }) => v > 100);
 * const harness = operatorHarness(aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: panes({ early }) }));
 * harness.event(1, { v: 5 });
 * harness.event(2, { v: 500 });
 * harness.takeRows().map(({ row }) => row.n); // => [2]
 * ```
 */
export function when<T>(condition: (row: T) => unknown): Trigger<T> {
  checkOption(typeof condition === 'function', 'when needs a function of the row');
  return {
    ...QUIET,
    create: () => ({ met: false }),
    onRow(state, { met }) {
      if (met.has(condition as Condition)) (state as { met: boolean }).met = true;
    },
    isDue: (state) => (state as { met: boolean }).met,
    fired(state) {
      (state as { met: boolean }).met = false;
      return true;
    },
    merge(into, from) {
      if ((from as { met: boolean }).met) (into as { met: boolean }).met = true;
    },
    conditions: [condition as Condition],
    describe: () => ({ when: condition.name || 'function' }),
  };
}

/**
 * Never by itself: what came is said with the last pane.
 *
 * @example
 * ```ts
 * const early = trigger.never();
 * const harness = operatorHarness(aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: panes({ early }) }));
 * harness.event(1, {});
 * harness.takeRows().length; // => 0
 * harness.watermark(10);
 * harness.takeRows().map(({ row }) => row.n); // => [1]
 * ```
 */
export function never(): Trigger<unknown> {
  return { ...QUIET, create: () => ({}), isDue: () => false, fired: () => false, describe: () => 'never' };
}
