import { from, type Observable } from 'rxjs';
import {
  agg,
  aggregate,
  assignWindows,
  cumulative,
  dropDuplicates,
  dropDuplicatesWithinWatermark,
  events,
  filterRows,
  finalOnly,
  flatMapGroupsWithState,
  flatMapRows,
  globalWindow,
  mapAsync,
  mapGroupsWithState,
  mapRows,
  mergeStreams,
  onClose,
  onTime,
  onUpdate,
  rows,
  session,
  signals,
  sliding,
  transformWithState,
  tumbling,
  withTimestamps,
  withWatermark,
  type Change,
  type ChangeStream,
  type Collector,
  type EventStream,
  type GroupState,
  type Signal,
  type UntimedStream,
  type Window,
} from 'tidemark';
import type { Equal, Expect } from './expect';

interface Ev {
  t: number;
  k: string;
  v: number | null;
  at: Date;
  opt?: number;
  tags: string[];
}
declare const list: Ev[];
const src = from(list);
const timed = src.pipe(withWatermark('t', '10 minutes'));
const w = tumbling('1 hour');
const n = agg.count();

/** The row type of an Observable. */
type RowsOf<O> = O extends Observable<infer R> ? R : never;

// Streams.
export type S1 = Expect<Equal<typeof timed, EventStream<Ev>>>;
const untimed = events(src);
export const isUntimed: UntimedStream<Ev> = untimed;
const changes = timed.pipe(aggregate({ key: 'k', window: w, select: { n }, emit: onUpdate() }));
export const isChanges: ChangeStream<{ window: Window; k: string; n: number }> = changes;
const plain = timed.pipe(rows());
export type S2 = Expect<Equal<RowsOf<typeof plain>, Ev>>;
const seen = timed.pipe(signals());
export type S3 = Expect<Equal<RowsOf<typeof seen>, Signal<Ev>>>;

// Event time: text, Date, a function, optional columns, an expression.
export const fromDate = src.pipe(withWatermark('at', '10 minutes'));
export const fromFunction = src.pipe(withWatermark((row) => row.at.getTime() + row.k.length, 5000));
export const fromOptional = src.pipe(withWatermark('opt', 'PT5M'));
export const fromExpression = src.pipe(withWatermark("at - interval '10 minutes'"));
export const withTimes = src.pipe(withTimestamps('t'));
export type T1 = Expect<Equal<typeof fromExpression, EventStream<Ev>>>;
export type T2 = Expect<Equal<typeof fromFunction, EventStream<Ev>>>;

// Keys: none, a column, columns, a function, named ones.
const noKey = timed.pipe(aggregate({ window: w, select: { n } }), rows());
export type K0 = Expect<Equal<RowsOf<typeof noKey>, { window: Window; n: number }>>;
const column = timed.pipe(aggregate({ key: 'k', window: w, select: { n } }), rows());
export type K1 = Expect<Equal<RowsOf<typeof column>, { window: Window; k: string; n: number }>>;
const columns = timed.pipe(aggregate({ key: ['k', 'v'], window: w, select: { n } }), rows());
export type K2 = Expect<Equal<RowsOf<typeof columns>, { window: Window; k: string; v: number | null; n: number }>>;
const computed = timed.pipe(aggregate({ key: (row) => row.k.length, window: w, select: { n } }), rows());
export type K3 = Expect<Equal<RowsOf<typeof computed>, { window: Window; key: number; n: number }>>;
const named = timed.pipe(aggregate({ key: { size: (row) => row.k.length, name: 'k' }, window: w, select: { n } }), rows());
export type K4 = Expect<Equal<RowsOf<typeof named>, { window: Window; size: number; name: string; n: number }>>;

// Aggregates.
const all = timed.pipe(
  aggregate({
    window: w,
    select: {
      n: agg.count(),
      values: agg.count('v'),
      sum: agg.sum('v'),
      mean: agg.avg((row) => row.v),
      least: agg.min('t'),
      latest: agg.max('at'),
      distinct: agg.countDistinct('k'),
      p90: agg.percentileApprox('v', 0.9),
      firstName: agg.first('k'),
      names: agg.collectList('k'),
      some: agg.sum('opt'),
      big: agg.count('v', { where: (row) => (row.v ?? 0) > 10 }),
    },
  }),
  rows(),
);
type All = RowsOf<typeof all>;
export type A1 = Expect<
  Equal<Pick<All, 'n' | 'values' | 'big' | 'distinct'>, { n: number; values: number; big: number; distinct: number }>
>;
export type A2 = Expect<
  Equal<Pick<All, 'sum' | 'mean' | 'some'>, { sum: number | null; mean: number | null; some: number | null }>
>;
export type A3 = Expect<Equal<All['least'], number | null>>;
export type A4 = Expect<Equal<All['latest'], Date | null>>;
export type A5 = Expect<Equal<All['p90'], number | null>>;
export type A6 = Expect<Equal<All['firstName'], string | null>>;
export type A6b = Expect<Equal<Pick<All, 'least'>, { least: number | null }>>;
export type A7 = Expect<Equal<All['names'], readonly string[]>>;

// Windows of every kind give the same row.
export const slid: EventStream<{ window: Window; n: number }> = timed.pipe(
  aggregate({ window: sliding('1 hour', '5 minutes'), select: { n } }),
);
export const sessions: EventStream<{ window: Window; n: number }> = timed.pipe(
  aggregate({ window: session('30 minutes'), select: { n } }),
);
export const days: EventStream<{ window: Window; n: number }> = timed.pipe(
  aggregate({ window: cumulative('1 day', '1 hour'), select: { n } }),
);
export const ever: EventStream<{ window: Window; n: number }> = timed.pipe(aggregate({ window: globalWindow(), select: { n } }));
const assignedRows = timed.pipe(assignWindows(w, 'hour'), rows());
export type W1 = Expect<Equal<RowsOf<typeof assignedRows>['hour'], Window>>;
export type W2 = Expect<Equal<RowsOf<typeof assignedRows>['k'], string>>;

// What is said once, and what is said more than once.
type R = { window: Window; n: number };
export const closed: EventStream<R> = timed.pipe(aggregate({ window: w, select: { n }, emit: onClose() }));
export const onTimeChanges: ChangeStream<R> = timed.pipe(aggregate({ window: w, select: { n }, emit: onTime() }));
export const running: ChangeStream<{ n: number }> = timed.pipe(aggregate({ select: { n } }));
export const untimedRunning: ChangeStream<{ k: string; n: number }> = untimed.pipe(aggregate({ key: 'k', select: { n } }));
const changeRows = changes.pipe(rows());
export type C1 = Expect<Equal<RowsOf<typeof changeRows>, Change<{ window: Window; k: string; n: number }>>>;
const finals = changes.pipe(finalOnly(), rows());
export type C2 = Expect<Equal<RowsOf<typeof finals>, { window: Window; k: string; n: number }>>;

// Rows.
const mapped = timed.pipe(
  mapRows((row) => ({ t: row.t, up: row.k.toUpperCase() })),
  filterRows((row) => row.up !== ''),
  rows(),
);
export type M1 = Expect<Equal<RowsOf<typeof mapped>, { t: number; up: string }>>;
const flat = timed.pipe(
  flatMapRows((row) => row.tags),
  rows(),
);
export type M2 = Expect<Equal<RowsOf<typeof flat>, string>>;
const later = timed.pipe(
  mapAsync(async (row) => ({ size: row.k.length }), { concurrency: 4 }),
  rows(),
);
export type M3 = Expect<Equal<RowsOf<typeof later>, { size: number }>>;
const narrowed = timed.pipe(
  filterRows((row): row is Ev & { v: number } => row.v !== null),
  rows(),
);
export type M4 = Expect<Equal<RowsOf<typeof narrowed>, Ev & { v: number }>>;
const once = timed.pipe(dropDuplicates(['k', 't']), dropDuplicatesWithinWatermark(['k']), rows());
export type M5 = Expect<Equal<RowsOf<typeof once>, Ev>>;
const merged = mergeStreams([timed, timed]).pipe(rows());
export type M6 = Expect<Equal<RowsOf<typeof merged>, Ev>>;

// Results go into the next window.
const hourly = timed.pipe(
  aggregate({ key: 'k', window: w, select: { total: agg.sum('v') } }),
  aggregate({ key: 'k', window: tumbling('1 day'), select: { mean: agg.avg('total'), hours: agg.count() } }),
  rows(),
);
export type N1 = Expect<Equal<RowsOf<typeof hourly>, { window: Window; k: string; mean: number | null; hours: number }>>;

// Keyed state: the state's type from the annotation, rows and key from the pipe, results from what is given back.
const grouped = timed.pipe(
  flatMapGroupsWithState({
    key: 'k',
    timeout: 'eventTime',
    update: (key, given, state: GroupState<number>) => {
      state.update((state.getOption() ?? 0) + given.length);
      return [{ key, n: state.get(), first: given[0]?.v }];
    },
  }),
);
export const isGrouped: UntimedStream<{ key: string; n: number; first: number | null | undefined }> = grouped;
const groupedOnce = untimed.pipe(mapGroupsWithState({ key: ['k', 'at'], update: (key, _rows, _state: GroupState<Date>) => key }));
export const isGroupedOnce: UntimedStream<{ k: string; at: Date }> = groupedOnce;
const transformed = timed.pipe(
  transformWithState(
    (handle) => {
      const count = handle.valueState<number>('n');
      return {
        handleInputRows(key, given, timers, out: Collector<{ key: number; n: number | undefined }>) {
          timers.register(given[0]!.t);
          out({ key, n: count.get() });
        },
      };
    },
    { key: (row: Ev) => row.t, timeMode: 'eventTime' }, // annotated: the key's type is needed before this argument is read
  ),
);
export const isTransformed: EventStream<{ key: number; n: number | undefined }> = transformed;
