import { from, type Observable } from 'rxjs';
import { randomFrom } from '../data';
import {
  adaptive,
  agg,
  aggregate,
  alertWhen,
  asOfJoin,
  assigned,
  assignWindows,
  broadcastJoin,
  cumulative,
  deduplicate,
  dropDuplicates,
  dropDuplicatesWithinWatermark,
  finalOnly,
  intervalJoin,
  keyedProcess,
  mapAsync,
  mapGroupsWithState,
  mapRows,
  matchPattern,
  mergeStreams,
  onClose,
  onTime,
  onUpdate,
  panes,
  pattern,
  previousRows,
  quality,
  rows,
  session,
  sliding,
  threshold,
  topN,
  transformWithState,
  trigger,
  tumbling,
  windowJoin,
  withWatermark,
  type Collector,
  type EventStream,
  type GroupState,
  type WatermarkStrategy,
} from '../library';
import { collectGarbage, cpuMsOf } from '../measure';
import { rounded, type Result } from '../report';

/** Rows of the shorter run; the longer one has four times as many. */
const ROWS = 15_000;
const FACTOR = 4;
/** So long is measured at least. */
const LEAST_MS = 100;
const START = 1_699_999_200_000;

interface Row {
  readonly t: number;
  /** As many keys as there are rows, by four. */
  readonly k: string;
  /** Few keys. */
  readonly g: number;
  readonly id: string;
  readonly v: number;
}

/** Event time of the rows: 1 ms each, up to 3 s late. */
function rowsOf(count: number): Row[] {
  const random = randomFrom(5);
  const int = (below: number): number => Math.floor(random() * below);
  return Array.from({ length: count }, (_, i) => ({
    t: START + Math.max(0, i - int(3000)),
    k: `key${int(count / 4)}`,
    g: int(7),
    id: `id${i}`,
    v: int(1000),
  }));
}

interface Input {
  readonly rows: readonly Row[];
  /** A watermark with each row: what costs more than the watermark passes shows. The delay is a quarter of all. */
  readonly timed: EventStream<Row>;
  /** The same rows once more. */
  again(): EventStream<Row>;
  timedBy(strategy: WatermarkStrategy<Row>): EventStream<Row>;
  readonly delayMs: number;
}

function inputOf(count: number): Input {
  const all = rowsOf(count);
  const delayMs = count / 4;
  const again = (): EventStream<Row> => from(all).pipe(withWatermark('t', delayMs));
  const timedBy = (strategy: WatermarkStrategy<Row>): EventStream<Row> => from(all).pipe(withWatermark('t', strategy));
  return { rows: all, timed: again(), again, timedBy, delayMs };
}

/** Rows a second apart: as many seconds are open at once as the delay has rows, so that most buckets hold one thing. */
function farApart({ rows: all, delayMs }: Input): EventStream<Row> {
  const sparse = all.map((row) => ({ ...row, t: START + (row.t - START) * 1000 }));
  return from(sparse).pipe(withWatermark('t', delayMs * 1000));
}

type Pipe = (input: Input) => Observable<unknown>;
const select = { n: agg.count(), total: agg.sum('v') } as const;

/** One pipe for each operator, window, emit policy and kind of aggregate. */
const pipes: Readonly<Record<string, Pipe>> = {
  quality: ({ timedBy }) => timedBy(quality({ maxDelay: 5000, horizon: 5000 })).pipe(rows()),
  adaptive: ({ timedBy }) => timedBy(adaptive({ base: 1, max: 5, unit: '1 second' })).pipe(rows()),
  tumbling: ({ timed }) => timed.pipe(aggregate({ key: 'k', window: tumbling(500), select }), rows()),
  'tumbling, short': ({ timed }) => timed.pipe(aggregate({ key: 'k', window: tumbling(2), select }), rows()),
  sliding: ({ timed }) => timed.pipe(aggregate({ key: 'k', window: sliding(600, 100), select }), rows()),
  cumulative: ({ timed }) => timed.pipe(aggregate({ key: 'g', window: cumulative(600, 100), select }), rows()),
  session: ({ timed }) => timed.pipe(aggregate({ key: 'k', window: session(1000), select }), rows()),
  'session, long': ({ timed }) => timed.pipe(aggregate({ key: 'k', window: session(60_000), select }), rows()),
  'session, lists': ({ timed }) =>
    timed.pipe(
      aggregate({ key: 'k', window: session(1000), select: { all: agg.collectList('v'), last: agg.last('v') } }),
      rows(),
    ),
  'session, lateness': ({ rows: all, delayMs }) =>
    from(all).pipe(
      withWatermark('t', 3000, { allowedLateness: delayMs }),
      aggregate({ key: 'k', window: session(1000), select, emit: onTime() }),
      rows(),
    ),
  'session, updates': ({ timed }) => timed.pipe(aggregate({ key: 'k', window: session(1000), select, emit: onUpdate() }), rows()),
  'session, updates now and then': ({ timed }) =>
    timed.pipe(aggregate({ key: 'k', window: session(1000), select, emit: onUpdate({ every: '1 hour' }) }), rows()),
  'session, velocity': ({ timed }) =>
    timed.pipe(aggregate({ key: 'k', window: session(100), select: { v: agg.velocity(agg.sum('v')) } }), rows()),
  'tumbling, lateness': ({ rows: all, delayMs }) =>
    from(all).pipe(
      withWatermark('t', 3000, { allowedLateness: delayMs }),
      aggregate({ key: 'k', window: tumbling(10), select, emit: onTime() }),
      rows(),
    ),
  'windows of the rows': ({ timed }) =>
    timed.pipe(
      mapRows((row) => ({ ...row, w: { start: row.t - 1000, end: row.t + 1000 } })),
      aggregate({ key: 'k', window: assigned('w'), select }),
      rows(),
    ),
  'windows of the rows, velocity': ({ timed }) =>
    timed.pipe(
      mapRows((row) => ({ ...row, w: { start: row.t - 1000, end: row.t + 1000 } })),
      aggregate({ key: 'k', window: assigned('w'), select: { v: agg.velocity(agg.sum('v')) } }),
      rows(),
    ),
  panes: ({ timed }) =>
    timed.pipe(aggregate({ key: 'k', window: session(1000), select, emit: panes({ trigger: trigger.afterCount(2) }) }), rows()),
  'last of updates': ({ timed }) =>
    timed.pipe(aggregate({ key: 'k', window: session(1000), select, emit: onUpdate() }), finalOnly(), rows()),
  'groups by time': ({ timed }) => timed.pipe(aggregate({ key: ['t', 'k'], select, emit: onClose() }), rows()),
  'for ever': ({ timed }) => timed.pipe(aggregate({ key: 'k', select }), rows()),
  'for ever, exact median': ({ timed }) => timed.pipe(aggregate({ key: 'g', select: { m: agg.median('v') } }), rows()),
  'for ever, percentiles': ({ timed }) =>
    timed.pipe(aggregate({ key: 'g', select: { m: agg.percentileApprox('v', 0.5) } }), rows()),
  'for ever, sets': ({ timed }) =>
    timed.pipe(aggregate({ key: 'g', select: { n: agg.countDistinct('id'), m: agg.mode('v'), e: agg.exactSum('v') } }), rows()),
  dropDuplicates: ({ timed }) => timed.pipe(dropDuplicates(['id', 't']), rows()),
  dropDuplicatesWithinWatermark: ({ timed }) => timed.pipe(dropDuplicatesWithinWatermark(['id']), rows()),
  deduplicate: ({ timed }) => timed.pipe(deduplicate({ key: 'k', keep: 'last' }), rows()),
  topN: ({ timed }) => timed.pipe(topN({ key: 'k', n: 3, by: 'v', window: tumbling(500) }), rows()),
  'topN, updates': ({ timed }) => timed.pipe(topN({ key: 'k', n: 3, by: 'v', window: session(1000), emit: 'onUpdate' }), rows()),
  'topN, for ever': ({ timed }) => timed.pipe(topN({ key: 'g', n: 100, by: 'v', emit: 'onUpdate' }), rows()),
  previousRows: ({ timed }) => timed.pipe(previousRows({ key: 'k', n: 3, select: { s: agg.sum('v') } }), rows()),
  intervalJoin: ({ timed, again }) =>
    timed.pipe(
      intervalJoin(again(), { on: 'id', within: { before: 1000, after: 1000 }, type: 'full', select: (a, b) => a ?? b }),
      rows(),
    ),
  windowJoin: ({ timed, again }) =>
    timed.pipe(
      assignWindows(tumbling(100), 'window'),
      windowJoin(again().pipe(assignWindows(tumbling(100), 'window')), { on: 'id', select: (a) => a }),
      rows(),
    ),
  asOfJoin: ({ timed, again }) => timed.pipe(asOfJoin(again(), { on: 'k', type: 'left', select: (a) => a }), rows()),
  broadcastJoin: ({ timed, rows: all }) =>
    timed.pipe(broadcastJoin(all.slice(0, 1000), { on: 'id', type: 'left', select: (a) => a }), rows()),
  keyedProcess: ({ timed }) =>
    timed.pipe(
      keyedProcess(
        (handle) => {
          const count = handle.valueState<number>('count');
          return {
            onRow(_row, { time, eventTimers }) {
              count.update((count.get() ?? 0) + 1);
              eventTimers.register(time + 1000);
            },
            onTimer: (_context, { key }, out: Collector<unknown>) => out(key),
          };
        },
        { key: 'k' },
      ),
      rows(),
    ),
  transformWithState: ({ timed }) =>
    timed.pipe(
      transformWithState(
        (handle) => {
          const seen = handle.listState<number>('seen');
          return {
            handleInputRows: (_key, all, timers) => {
              for (const { v } of all) seen.append(v);
              timers.register(all[0]!.t + 1000);
            },
            handleExpiredTimer: (key, _time, _timers, out: Collector<unknown>) => {
              seen.clear();
              out(key);
            },
          };
        },
        { key: 'k', timeMode: 'eventTime' },
      ),
      rows(),
    ),
  mapGroupsWithState: ({ timed }) =>
    timed.pipe(
      mapGroupsWithState({
        key: 'k',
        timeout: 'eventTime',
        update: (key, all, state: GroupState<number>) => {
          if (state.hasTimedOut) state.remove();
          else {
            state.update((state.getOption() ?? 0) + all.length);
            state.setTimeoutTimestamp(all[0]!.t + 20_000);
          }
          return key;
        },
      }),
      rows(),
    ),
  matchPattern: ({ timed }) =>
    timed.pipe(
      matchPattern(
        pattern('low', ({ v }: Row) => v < 100)
          .followedBy('high', ({ v }) => v > 900)
          .within(10_000),
        { key: 'k', timeouts: true },
      ),
      rows(),
    ),
  'matchPattern, rows far apart': (input) =>
    farApart(input).pipe(
      matchPattern(
        pattern('low', ({ v }: Row) => v < 100)
          .followedBy('high', ({ v }) => v > 900)
          .within('30 days'),
        { key: 'k' },
      ),
      rows(),
    ),
  'windows of the rows, far apart': (input) =>
    farApart(input).pipe(
      mapRows((row) => ({ ...row, w: { start: row.t, end: row.t + 1 } })),
      aggregate({ key: 'k', window: assigned('w'), select }),
      rows(),
    ),
  'asOfJoin, rows far apart': (input) =>
    farApart(input).pipe(asOfJoin(farApart(input), { on: 'k', type: 'left', select: (a) => a }), rows()),
  alertWhen: ({ timed }) =>
    timed.pipe(alertWhen({ when: threshold({ metric: 'v', threshold: 900 }), key: 'k', for: 500, resolved: true }), rows()),
  mergeStreams: ({ timed, again }) => mergeStreams([timed, again()]).pipe(rows()),
  mapAsync: ({ timed }) =>
    timed.pipe(
      mapAsync((row) => row, { concurrency: 10 }),
      rows(),
    ),
  'mapAsync, in any order': ({ timed }) =>
    timed.pipe(
      mapAsync((row) => row, { concurrency: 10, ordered: false }),
      rows(),
    ),
};

/** How much longer four times the rows take, with keys, delay and state four times as many too: 4 where a row costs the same. */
export async function growth(rounds: number): Promise<Result[]> {
  const results: Result[] = [];
  for (const [name, pipe] of Object.entries(pipes)) {
    const short = inputOf(ROWS);
    const long = inputOf(ROWS * FACTOR);
    await run(pipe(short));
    const [one, four] = [await least(() => run(pipe(short)), rounds), await least(() => run(pipe(long)), rounds)];
    const micros = rounded((four * 1000) / (ROWS * FACTOR));
    results.push({
      workload: `growth: ${name}`,
      value: rounded(four / one, 1),
      unit: `× for ${FACTOR} × the rows`,
      target: 8,
      details: { 'µs/row': micros },
    });
  }
  return results;
}

function run(pipe: Observable<unknown>): Promise<void> {
  return new Promise((complete, error) => void pipe.subscribe({ error, complete }));
}

/** The least of a few, of more where they are short: what comes on top, such as learning the code, is not of the pipe. */
async function least(work: () => Promise<void>, rounds: number): Promise<number> {
  let [ms, spent] = [Infinity, 0];
  for (let round = 0; round < Math.max(2, rounds) || spent < LEAST_MS; round++) {
    collectGarbage();
    const took = await cpuMsOf(work);
    spent += took;
    ms = Math.min(ms, took);
  }
  return ms;
}
