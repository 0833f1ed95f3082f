import { filter, tap, type Observable, type OperatorFunction } from 'rxjs';
import {
  adaptive,
  agg,
  aggregate,
  assignWindows,
  cumulative,
  customWindows,
  deduplicate,
  dropDuplicates,
  dropDuplicatesWithinWatermark,
  filterRows,
  finalOnly,
  flatMapGroupsWithState,
  flatMapRows,
  globalWindow,
  keyedProcess,
  mapRows,
  matchPattern,
  mergeStreams,
  monotonous,
  onTime,
  onUpdate,
  panes,
  pattern,
  perRow,
  punctuated,
  quality,
  reassignWatermark,
  session,
  sliding,
  topN,
  transformWithState,
  trigger,
  tumbling,
  withWatermark,
  type Assigner,
  type Collector,
  type Element,
} from 'tidemark';

/** A row that every operator of the table can take, also when it is a result or a change. */
export interface Any {
  readonly t?: number;
  readonly id?: number;
  readonly k?: unknown;
  readonly v?: number | null;
  readonly gap?: number;
}

export type Make = () => OperatorFunction<Element<Any>, Element<Any>>;

/** One operator as the laws see it. A new operator needs one line here. */
export interface Entry {
  readonly name: string;
  readonly make: Make;
  readonly takes: 'untimed' | 'event' | 'change';
  readonly gives: 'event' | 'change' | 'untimed';
  /** The rows that come in go out, with their times: what was late before is late behind it. */
  readonly passes: boolean;
  /** Makes watermarks itself, so that those of the input bind it to nothing. */
  readonly makesTime?: boolean;
}

const any = (operator: unknown): ReturnType<Make> => operator as ReturnType<Make>;

const select = {
  n: agg.count<Any>(),
  v: agg.sum<Any>((row) => (typeof row.v === 'number' ? row.v : null)),
  id: agg.min<Any>((row) => row.id ?? null),
};

const unordered = agg.custom<Any, { text: string }, string>({
  create: () => ({ text: '' }),
  add: (acc, row) => void (acc.text += `${String(row.v)} `),
  result: ({ text }) => text,
});

const windows: Readonly<Record<string, () => Assigner<Any>>> = {
  tumbling: () => tumbling(10),
  'tumbling with an offset': () => tumbling(7, { offset: -3 }),
  sliding: () => sliding(12, 4),
  'sliding, slide not dividing size': () => sliding(25, 10, { offset: 3 }),
  'sliding with gaps': () => sliding(6, 9),
  cumulative: () => cumulative(30, 10, { offset: 5 }),
  session: () => session(8),
  'session by row': () => session<Any>((row) => row.gap ?? 5),
  global: () => globalWindow(),
  custom: () =>
    customWindows<Any>((time) => [
      { start: time - 3, end: time + 4 },
      { start: Math.floor(time / 8) * 8, end: Math.floor(time / 8) * 8 + 8 },
    ]),
};

const emits = {
  onClose: undefined,
  onTime: onTime(),
  onUpdate: onUpdate(),
  'panes retracting': panes({ early: trigger.afterCount(2), mode: 'retracting' }),
  'panes discarding': panes({ early: trigger.every(7), late: trigger.afterCount(2), mode: 'discarding' }),
} as const;

const aggregates = Object.entries(windows).flatMap(([name, window]) =>
  Object.entries(emits).map(([policy, emit]): Entry => {
    const options = { key: 'k' as const, window: window(), select };
    const make: Make = () => any(aggregate((emit === undefined ? options : { ...options, emit }) as never));
    return {
      name: `aggregate ${name} ${policy}`,
      make,
      takes: 'event',
      gives: emit === undefined ? 'event' : 'change',
      passes: false,
    };
  }),
);

const result = (name: string, make: () => unknown): Entry => ({
  name,
  make: () => any(make()),
  takes: 'event',
  gives: 'event',
  passes: false,
});
const row = (name: string, make: () => unknown): Entry => ({
  name,
  make: () => any(make()),
  takes: 'event',
  gives: 'event',
  passes: true,
});
const change = (name: string, make: () => unknown): Entry => ({
  name,
  make: () => any(make()),
  takes: 'event',
  gives: 'change',
  passes: false,
});
const head = (name: string, make: () => unknown): Entry => ({
  name: `withWatermark ${name}`,
  make: () => any(make()),
  takes: 'untimed',
  gives: 'event',
  passes: true,
  makesTime: true,
});

const time = (each: Any): number => each.t ?? 0;

/** Keyed state: figures of a key, and what timers say of them. Times before 1970 occur, which timeouts do not take. */
const keyedOperators: readonly Entry[] = [
  row('keyedProcess', () =>
    keyedProcess<Any, 'k', Any>(
      (handle) => {
        const seen = handle.listState<number>('seen');
        return {
          onRow(each, { time: at, eventTimers, processingTimers }, out) {
            seen.append(each.id ?? 0);
            if (at < 8e15) eventTimers.register(at + (each.gap ?? 3)); // not behind the last instant of a Date
            processingTimers.register(at);
            out({ ...each, v: seen.get().length });
          },
          onTimer: ({ time: at }, { key, eventTimers }, out) => {
            out({ t: at, k: key, v: seen.get().length });
            if (at % 3 === 0 && at < 8e15) eventTimers.register(at + 7);
          },
        };
      },
      { key: 'k' },
    ),
  ),
  result('transformWithState by event time', () =>
    transformWithState<Any, readonly ['k'], Any, unknown, 'eventTime'>(
      (handle) => {
        const last = handle.valueState<number>('last');
        const byGap = handle.mapState<number, number>('byGap');
        return {
          handleInputRows({ k }, rows, timers, out) {
            for (const each of rows) byGap.put(each.gap ?? 0, (byGap.get(each.gap ?? 0) ?? 0) + 1);
            if (last.exists()) timers.delete(last.get()!);
            last.update((rows[0]?.t ?? rows[0]?.id ?? 0) + 4);
            timers.register(last.get()!);
            out({ k, id: [...byGap].length, t: last.get()! });
          },
          handleExpiredTimer({ k }, at, timers, out) {
            out({ k, t: at, id: timers.list().length });
            if (at % 4 === 0) byGap.clear();
          },
        };
      },
      { key: ['k'], timeMode: 'eventTime' },
    ),
  ),
  result('transformWithState without timers', () =>
    transformWithState<Any, 'k', Any>(
      (handle) => {
        const count = handle.valueState<number>('count');
        return {
          handleInputRows(k, rows, _timers, out: Collector<Any>) {
            count.update((count.get() ?? 0) + rows.length);
            for (let i = 0; i < count.get()! % 3; i++) out({ k, id: count.get()! });
          },
        };
      },
      { key: 'k' },
    ),
  ),
  {
    ...result('flatMapGroupsWithState', () =>
      flatMapGroupsWithState<Any, 'k', number, Any, 'eventTime'>({
        key: 'k',
        timeout: 'eventTime',
        *update(k, rows, state) {
          if (state.hasTimedOut) state.remove();
          else state.update((state.getOption() ?? 0) + rows.length);
          const later = (rows[0]?.t ?? 0) + 12;
          if (later > 0 && later >= state.getCurrentWatermarkMs()) state.setTimeoutTimestamp(later);
          yield { k, v: state.getOption() ?? -1 };
        },
      }),
    ),
    gives: 'untimed',
  },
];

export const HEADS: readonly Entry[] = [
  head('fixedDelay(0)', () => withWatermark(time, 0)),
  head('fixedDelay(12)', () => withWatermark(time, 12)),
  head('monotonous', () => withWatermark(time, monotonous())),
  head('punctuated', () =>
    withWatermark(
      time,
      punctuated<Any>((each) => ((each.id ?? 0) % 3 === 0 ? (each.t ?? 0) - 4 : null)),
    ),
  ),
  head('adaptive', () => withWatermark(time, adaptive({ base: 3, max: 30, unit: 2, every: 5 }))),
  head('quality', () => withWatermark(time, quality({ maxLoss: 0.05, maxDelay: 40, horizon: 20, every: 20 }))),
  head('with allowedLateness', () => withWatermark(time, 5, { allowedLateness: 20 })),
  head('every 3 rows', () => withWatermark(time, 5, { emitEvery: { rows: 3 } })),
  head('every 7 ms', () => withWatermark(time, 5, { emitEvery: 7 })),
];

export const OPERATORS: readonly Entry[] = [
  row('mapRows', () => mapRows((each: Any) => ({ ...each, mapped: true }))),
  row('filterRows', () => filterRows((each: Any) => (each.id ?? 0) % 4 !== 1)),
  row('flatMapRows', () => flatMapRows((each: Any) => Array.from({ length: (each.id ?? 1) % 3 }, () => each))),
  row('perRow', () =>
    perRow<Any, Any, 'event'>((each) =>
      each.pipe(
        filter(({ id = 0 }) => id % 5 !== 2),
        tap(),
      ),
    ),
  ),
  row('assignWindows', () => assignWindows(sliding(10, 5), 'w')),
  row('dropDuplicates', () => dropDuplicates<Any>(['id'], { unbounded: true })),
  row('dropDuplicatesWithinWatermark', () => dropDuplicatesWithinWatermark<Any>(['k'], { within: 9 })),
  row('mergeStreams of one', () => (source: Observable<Element<Any>>) => mergeStreams([source])),
  { ...row('reassignWatermark', () => reassignWatermark<Any>((each) => (each.t ?? each.id ?? 0) + 3, 10)), makesTime: true },
  ...aggregates,
  ...keyedOperators,
  result('aggregate without merging', () => aggregate({ key: 'k', window: sliding(12, 4), select: { v: unordered } } as never)),
  result('aggregate of sessions without merging', () => aggregate({ window: session(8), select: { v: unordered } } as never)),
  result('aggregate with velocity', () =>
    aggregate({
      key: 'k',
      window: tumbling(10),
      select: { v: agg.count<Any>(), speed: agg.velocity(agg.count<Any>(), { maxGap: 20 }) },
    } as never),
  ),
  change('aggregate with velocity onTime', () =>
    aggregate({ key: 'k', window: tumbling(10), select: { speed: agg.velocity(agg.count<Any>()) }, emit: onTime() } as never),
  ),
  change('aggregate with velocity onUpdate', () =>
    aggregate({
      key: 'k',
      window: sliding(20, 10),
      select: { speed: agg.velocity(agg.count<Any>()) },
      emit: onUpdate(),
    } as never),
  ),
  result('aggregate with velocity of sessions', () =>
    aggregate({ key: 'k', window: session(8), select: { speed: agg.velocity(agg.count<Any>(), { maxGap: 20 }) } } as never),
  ),
  change('aggregate with velocity of sessions onUpdate', () =>
    aggregate({
      key: 'k',
      window: session(8),
      select: { speed: agg.velocity(agg.count<Any>(), { maxGap: 20 }) },
      emit: onUpdate(),
    } as never),
  ),
  result('topN in windows', () => topN<Any, 'k', Assigner<Any>>({ key: 'k', n: 2, by: 'v', window: sliding(12, 4) })),
  change('topN', () => topN<Any, 'k', undefined>({ key: 'k', n: 2, by: 'v' })),
  change('topN in sessions', () =>
    topN<Any, 'k', Assigner<Any>, 'onUpdate'>({ key: 'k', n: 2, by: 'v', window: session(8), emit: 'onUpdate' }),
  ),
  change('deduplicate', () => deduplicate<Any>({ key: 'k', keep: 'last', mode: 'retracting' })),
  result('matchPattern', () =>
    matchPattern(
      pattern('odd', (each: Any) => (each.id ?? 0) % 2 === 1).followedByAny('even', (each) => (each.id ?? 0) % 2 === 0),
      { key: 'k', within: 20, timeouts: true },
    ),
  ),
  change('aggregate without a window', () => aggregate({ key: 'k', select } as never)),
  result(
    'finalOnly of onUpdate',
    () => (source: Observable<Element<Any>>) =>
      source.pipe(aggregate({ key: 'k', window: sliding(12, 4), select, emit: onUpdate() } as never), finalOnly() as never),
  ),
  result(
    'finalOnly of onTime sessions',
    () => (source: Observable<Element<Any>>) =>
      source.pipe(aggregate({ key: 'k', window: session(8), select, emit: onTime() } as never), finalOnly() as never),
  ),
];
