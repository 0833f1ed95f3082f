import { describe, expect, it } from 'vitest';
import {
  agg,
  aggregate,
  intervalJoin,
  keyedProcess,
  memoryCheckpoint,
  memorySink,
  memorySource,
  streamingQuery,
  transformWithState,
  windowJoin,
  assignWindows,
  asOfJoin,
  mergeStreams,
  tumbling,
  withWatermark,
  type Element,
} from 'tidemark';
import type { Observable } from 'rxjs';
import { seeded } from 'tidemark/testing';

interface Row {
  readonly k: string;
  readonly at: number;
  readonly id: number;
}
type Stream = Observable<Element<Row>>;
type Build = (left: Stream, right: Stream) => Observable<Element<unknown>>;

/**
 * Batches of two sources, out of order within the delay. Each side says in each batch what time it is: after a restart W
 * stands still until every input has been heard of (6.18), and then batches would differ.
 */
function batchesOf(seed: number): (readonly [readonly Row[], readonly Row[]])[] {
  const random = seeded(seed);
  const int = (n: number): number => Math.floor(random() * n);
  let id = 0;
  const side = (now: number): Row[] =>
    Array.from({ length: 1 + int(5) }, (_, i) => ({ k: 'abc'[int(3)]!, at: i === 0 ? now : now - int(20), id: id++ })).filter(
      ({ at }) => at > 0,
    );
  return Array.from({ length: 12 }, (_, i) => [side(10 + i * 7), side(10 + i * 7)]);
}

interface Given {
  readonly build: Build;
  readonly seed: number;
  /** Start a new query on the checkpoint at every batch; otherwise all batches are of one query. */
  readonly restarts: boolean;
}

async function resultsOf({ build, seed, restarts }: Given): Promise<unknown[]> {
  const [left, right] = [memorySource<Row>(), memorySource<Row>()];
  const sink = memorySink<unknown>();
  const checkpoint = memoryCheckpoint();
  const start = async () => {
    const query = streamingQuery({ left, right }, (given) =>
      build(given.left.pipe(withWatermark('at', 12)), given.right.pipe(withWatermark('at', 12))),
    ).writeStream({ sink, checkpoint, onAdvice: () => {} });
    await query.start();
    return query;
  };
  let query = await start();
  for (const [a, b] of batchesOf(seed)) {
    left.add(...a);
    right.add(...b);
    await query.processAllAvailable();
    if (!restarts) continue;
    await query.stop();
    query = await start();
  }
  await query.stop();
  expect(query.exception).toBeUndefined();
  return sink.rows().slice();
}

const select = (l: Row | null, r: Row | null): object => ({ l: l?.id ?? null, r: r?.id ?? null });
const windows = (rows$: Stream) => rows$.pipe(assignWindows(tumbling(10), 'window'));

const BUILDS: Readonly<Record<string, Build>> = {
  'intervalJoin left': (l, r) => l.pipe(intervalJoin(r, { on: 'k', within: { before: 3, after: 6 }, type: 'left', select })),
  'intervalJoin full': (l, r) => l.pipe(intervalJoin(r, { on: 'k', within: { before: 3, after: 6 }, type: 'full', select })),
  'intervalJoin leftAnti': (l, r) => l.pipe(intervalJoin(r, { on: 'k', within: { before: 0, after: 1 }, type: 'leftAnti' })),
  'windowJoin full': (l, r) => windows(l).pipe(windowJoin(windows(r), { on: 'k', type: 'full', select })),
  'asOfJoin left': (l, r) => l.pipe(asOfJoin(r, { on: 'k', type: 'left', select })),
  keyedProcess: (l, r) =>
    mergeStreams([l, r]).pipe(
      keyedProcess<Row, 'k', object>(
        (handle) => {
          const seen = handle.valueState<number>('seen');
          return {
            onRow(row, { eventTimers }, out) {
              seen.update((seen.get() ?? 0) + 1);
              eventTimers.register(row.at + 5);
              out({ id: row.id, seen: seen.get() });
            },
            onTimer: ({ time }, { key }, out) => out({ key, time, seen: seen.get() }),
          };
        },
        { key: 'k' },
      ),
    ),
  transformWithState: (l, r) =>
    mergeStreams([l, r]).pipe(
      transformWithState<Row, 'k', object, unknown, 'eventTime'>(
        (handle) => {
          const seen = handle.listState<number>('seen');
          return {
            handleInputRows(_key, rows, timers) {
              for (const row of rows) {
                seen.append(row.id);
                timers.register(row.at + 5);
              }
            },
            handleExpiredTimer(key, time, _timers, out) {
              out({ key, time, seen: [...seen.get()].join() });
              seen.clear();
            },
          };
        },
        { key: 'k', timeMode: 'eventTime' },
      ),
    ) as never,
  'transformWithState, timers behind the watermark': (l, r) =>
    mergeStreams([l, r]).pipe(
      transformWithState<Row, 'k', object, unknown, 'eventTime'>(
        () => ({
          handleInputRows: (_key, rows, timers) => rows.forEach((row) => timers.register(row.at * 2)),
          handleExpiredTimer(key, time, timers, out) {
            out({ key, time });
            if (time % 2 === 0) timers.register(time - 1); // waits for the next batch
          },
        }),
        { key: 'k', timeMode: 'eventTime' },
      ),
    ) as never,
};

describe('operators with state of their own inside a query', () => {
  it.each(Object.entries(BUILDS))('%s: a restart on the checkpoint at every batch changes nothing', async (_name, build) => {
    for (const seed of [1, 2, 3]) {
      const unbroken = await resultsOf({ build, seed, restarts: false });
      expect(unbroken.length).toBeGreaterThan(10);
      expect(await resultsOf({ build, seed, restarts: true })).toEqual(unbroken);
    }
  });
});

/** Spark refuses an outer join before an aggregate in update mode. Here a join never takes back what it has said (D-041). */
describe('an outer join in front of an aggregate in update mode', () => {
  const kindOf = ({ l, r }: { readonly l: unknown; readonly r: unknown }): string =>
    l === null ? 'right' : r === null ? 'left' : 'both';
  const joined = (l: Stream, r: Stream) =>
    l.pipe(
      intervalJoin(r, {
        on: 'k',
        within: { before: 3, after: 6 },
        type: 'full',
        select: (a: Row | null, b: Row | null) => ({ l: a?.id ?? null, r: b?.id ?? null }),
      }),
    );

  it.each([1, 2, 3])('only appends: the last word of each group counts the rows of the join (seed %i)', async (seed) => {
    const [left, right] = [memorySource<Row>(), memorySource<Row>()];
    const [rows, groups] = [memorySink<{ l: number | null; r: number | null }>(), memorySink<{ key: string; n: number }>()];
    const around = { onAdvice: () => {} };
    const plain = streamingQuery({ left, right }, (given) =>
      joined(given.left.pipe(withWatermark('at', 12)), given.right.pipe(withWatermark('at', 12))),
    ).writeStream({ sink: rows, ...around });
    const counted = streamingQuery({ left, right }, (given) =>
      joined(given.left.pipe(withWatermark('at', 12)), given.right.pipe(withWatermark('at', 12))).pipe(
        aggregate({ key: kindOf, select: { n: agg.count() } }),
      ),
    ).writeStream({ sink: groups, outputMode: 'update', ...around });
    await Promise.all([plain.start(), counted.start()]);
    for (const [a, b] of batchesOf(seed)) {
      left.add(...a);
      right.add(...b);
      await Promise.all([plain.processAllAvailable(), counted.processAllAvailable()]);
    }
    left.complete();
    right.complete();
    await Promise.all([plain.awaitTermination(), counted.awaitTermination()]);
    const expected: Record<string, number> = {};
    for (const row of rows.rows()) expected[kindOf(row)] = (expected[kindOf(row)] ?? 0) + 1;
    expect(Object.keys(expected).sort()).toEqual(['both', 'left', 'right']);
    expect(Object.fromEntries(groups.rows().map(({ key, n }) => [key, n]))).toEqual(expected);
  });
});
