import type { Collector, GroupState, StatefulProcessor, StateHandle, Timers } from 'tidemark';
import type { Row } from './columns';
import type { OpOf } from './operators';

/** What the named functions of Spark's cases give. */
export interface Counted {
  readonly key: unknown;
  readonly n: number;
}

export type GroupFunction = OpOf<'flatMapGroupsWithState'>['fn'];
export type ProcessorFunction = Exclude<OpOf<'transformWithState'>['fn'], 'twsCommands'>;

type Update = (key: unknown, rows: readonly Row[], state: GroupState<number>) => Iterable<Counted>;
type Processor = StatefulProcessor<unknown, Row, Counted>;
type TimeOf = (row: Row) => number;

/** Counts on; at 3 forgets, and says so where `end` is given. */
function countTo3(key: unknown, rows: number, state: GroupState<number>, end?: number): Counted[] {
  const n = (state.getOption() ?? 0) + rows;
  if (n === 3) {
    state.remove();
    return end === undefined ? [] : [{ key, n: end }];
  }
  state.update(n);
  return [{ key, n }];
}

/**
 * The functions of `mapGroupsWithState` and `flatMapGroupsWithState` by name (README of the Spark cases, section 3).
 *
 * @param fn - the name
 * @param timeOf - the event time of a row
 */
export function groupFunction(fn: GroupFunction, timeOf: TimeOf): Update {
  switch (fn) {
    case 'countRemoveAt3':
      return (key, rows, state) => countTo3(key, rows.length, state);
    case 'countRemoveAt3Emit':
      return (key, rows, state) => countTo3(key, rows.length, state, -1);
    case 'countRemoveAt3PerRow':
      return function* (key, rows, state) {
        for (const _row of rows) yield* countTo3(key, 1, state);
      };
    case 'countAll':
      return (key, rows, state) => {
        state.update((state.getOption() ?? 0) + rows.length);
        return [{ key, n: state.get() }];
      };
    case 'countTimeout10s':
      return orTimedOut((key, rows, state) => {
        state.update((state.getOption() ?? 0) + rows.length);
        state.setTimeoutDuration(10_000);
        return [{ key, n: state.get() }];
      });
    case 'maxEventTimeTimeout5s':
      return orTimedOut((key, rows, state) => {
        const n = Math.max(state.getOption() ?? -Infinity, ...rows.map(timeOf));
        state.update(n);
        state.setTimeoutTimestamp(n + 5000);
        return [{ key, n }];
      });
  }
}

function orTimedOut(update: Update): Update {
  return (key, rows, state) => {
    if (!state.hasTimedOut) return update(key, rows, state);
    state.remove();
    return [{ key, n: -1 }];
  };
}

/** The processors of `transformWithState` by name; see `groupFunction`. */
export function processorFunction(fn: ProcessorFunction, timeOf: TimeOf): (handle: StateHandle) => Processor {
  switch (fn) {
    case 'twsCountClearAt3':
      return (handle) => countCalls(handle, () => {});
    case 'twsCountProcTimer5s':
      return (handle) =>
        countCalls(handle, (key, count, timers) => {
          if (count === 0 && (key === 'a' || key === 'c')) timers.register(timers.getCurrentProcessingTimeMs() + 5000);
        });
    case 'twsCountTimerUpdate':
      return countTimerUpdate;
    case 'twsThreeTimers':
      return threeTimers;
    case 'twsMaxEventTime5s':
      return (handle) => maxEventTime(handle, timeOf);
  }
}

/** Counts calls; a timer clears. */
function countCalls(handle: StateHandle, before: (key: unknown, count: number, timers: Timers) => void): Processor {
  const count = handle.valueState<number>('count');
  return {
    handleInputRows(key, _rows, timers, out) {
      const old = count.get() ?? 0;
      before(key, old, timers);
      if (old + 1 === 3) return count.clear();
      count.update(old + 1);
      out({ key, n: old + 1 });
    },
    handleExpiredTimer(key, _time, _timers, out) {
      count.clear();
      out({ key, n: -1 });
    },
  };
}

function countTimerUpdate(handle: StateHandle): Processor {
  const count = handle.valueState<number>('count');
  const timer = handle.valueState<number>('timer');
  const remember = (timers: Timers, after: number): void => {
    timer.update(timers.getCurrentProcessingTimeMs() + after);
    timers.register(timer.get()!);
  };
  return {
    handleInputRows(key, rows, timers, out) {
      const old = count.get() ?? 0;
      count.update(old + rows.length);
      if (key === 'a' && old === 0) remember(timers, 5000);
      if (key === 'a' && old === 1) {
        timers.delete(timer.get()!);
        remember(timers, 7500);
      }
      out({ key, n: old + rows.length });
    },
    handleExpiredTimer(key, _time, _timers, out) {
      timer.clear();
      out({ key, n: -1 });
    },
  };
}

function threeTimers(handle: StateHandle): Processor {
  const count = handle.valueState<number>('count');
  return {
    handleInputRows(_key, rows, timers) {
      count.update((count.get() ?? 0) + rows.length);
      if (timers.list().length > 0) return;
      for (const after of [5000, 10_000, 15_000]) timers.register(timers.getCurrentProcessingTimeMs() + after);
    },
    handleExpiredTimer(key, _time, timers, out) {
      const n = count.get() ?? 0;
      if (timers.list().length === 1) count.clear();
      out({ key, n });
    },
  };
}

function maxEventTime(handle: StateHandle, timeOf: TimeOf): Processor {
  const latest = handle.valueState<number>('latest');
  const timer = handle.valueState<number>('timer');
  return {
    handleInputRows(key, rows, timers, out: Collector<Counted>) {
      const n = Math.max(latest.get() ?? -Infinity, ...rows.map(timeOf));
      latest.update(n);
      if (n + 5000 > (timer.get() ?? -Infinity)) {
        if (timer.exists()) timers.delete(timer.get()!);
        timers.register(n + 5000);
        timer.update(n + 5000);
      }
      out({ key, n });
    },
    handleExpiredTimer(key, _time, _timers, out) {
      latest.clear();
      out({ key, n: -1 });
    },
  };
}
