import { firstValueFrom, map, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  agg,
  aggregate,
  availableNow,
  dropDuplicates,
  memoryCheckpoint,
  memorySink,
  memorySource,
  processingTime,
  progressMetrics,
  streamingQuery,
  tumbling,
  withWatermark,
  type Rejection,
} from 'tidemark';
import { ManualClock } from '../../src/testing/manualClock';

interface View {
  readonly at: number;
  readonly k: string;
}

const quiet = { onAdvice: () => {} };

async function settled(): Promise<void> {
  for (let i = 0; i < 300; i++) await Promise.resolve();
}

describe('triggers by the clock', () => {
  it('[L28] [L56] [E4.3] batches begin on the grid; one that overruns is followed at once, and ticks it missed do not queue', async () => {
    const clock = new ManualClock(2_000);
    const source = memorySource<View>([{ at: 1, k: 'a' }]);
    let slow = 0;
    const query = streamingQuery(source, (rows$) => rows$).writeStream({
      sink: {
        type: 'slow',
        description: {},
        modes: ['append'],
        delivery: 'idempotent',
        commit: () => {
          if (slow === 0) return;
          source.add({ at: 4, k: 'a' });
          clock.advance(slow);
          slow = 0;
        },
      },
      trigger: processingTime('30 seconds'),
      scheduler: clock,
      checkpoint: memoryCheckpoint(),
      ...quiet,
    });
    const began = (): number[] => query.recentProgress.map(({ timestamp }) => Date.parse(timestamp));
    await query.start();
    await settled();
    clock.advance(27_999);
    await settled();
    // The first look is at the start of the query; from there on the grid of the clock, not of the start.
    expect(began()).toEqual([2_000]);
    source.add({ at: 2, k: 'a' });
    clock.advance(1);
    await settled();
    expect(began()).toEqual([2_000, 30_000]);
    slow = 95_000; // three ticks go by: 60, 90 and 120 s
    source.add({ at: 3, k: 'a' });
    clock.advance(30_000);
    await settled();
    expect(began()).toEqual([2_000, 30_000, 60_000, 155_000]);
    source.add({ at: 5, k: 'a' });
    clock.advance(24_999);
    await settled();
    expect(began()).toHaveLength(4);
    clock.advance(1);
    await settled();
    expect(began().at(-1)).toBe(180_000);
    await query.stop();
  });
});

describe('progress', () => {
  it('[L62] recentProgress keeps the newest records, 100 unless told otherwise', async () => {
    for (const [recentProgress, kept] of [
      [undefined, 100],
      [3, 3],
    ] as const) {
      const rows = Array.from({ length: 105 }, (_, at) => ({ at, k: 'a' }));
      const query = streamingQuery(memorySource<View>(rows, { maxRowsPerTrigger: 1 }), (rows$) => rows$).writeStream({
        sink: memorySink<View>(),
        trigger: availableNow(),
        ...quiet,
        ...(recentProgress === undefined ? {} : { recentProgress }),
      });
      await query.start();
      await query.awaitTermination();
      expect(query.recentProgress.map(({ batchId }) => batchId)).toEqual(Array.from({ length: kept }, (_, i) => 105 - kept + i));
    }
  });

  it('[L66] [L70] where a batch ends the next one begins, also after a restart', async () => {
    const checkpoint = memoryCheckpoint();
    const source = memorySource<View>([], { maxRowsPerTrigger: 2 });
    const slices: unknown[] = [];
    for (let run = 0; run < 3; run++) {
      source.add({ at: 1, k: 'a' }, { at: 2, k: 'b' }, { at: 3, k: 'c' });
      const query = streamingQuery(source, (rows$) => rows$).writeStream({
        sink: memorySink<View>(),
        trigger: availableNow(),
        checkpoint,
        ...quiet,
      });
      await query.start();
      await query.awaitTermination();
      for (const { sources } of query.recentProgress) {
        const { description, startOffset, endOffset } = sources['source']!;
        slices.push([description, startOffset, endOffset]);
      }
    }
    const of = (from: number | null, to: number) => ['memory[source]', from, to];
    expect(slices).toEqual([of(null, 2), of(2, 3), of(3, 5), of(5, 6), of(6, 8), of(8, 9)]);
  });

  it('[L67] state by operator: rows, updated, removed, dropped by the watermark; event times of the batch', async () => {
    const source = memorySource<View>();
    const query = streamingQuery(source, (rows$) =>
      rows$.pipe(withWatermark('at', 5), aggregate({ id: 'n', key: 'k', window: tumbling(10), select: { n: agg.count() } })),
    ).writeStream({ sink: memorySink(), noDataBatches: false, ...quiet });
    await query.start();
    const batch = async (...rows: View[]) => {
      source.add(...rows);
      await query.processAllAvailable();
      const { stateOperators, eventTime } = query.lastProgress!;
      const { numRowsTotal, numRowsUpdated, numRowsRemoved, numRowsDroppedByWatermark } = stateOperators[0]!;
      return [[numRowsTotal, numRowsUpdated, numRowsRemoved, numRowsDroppedByWatermark], eventTime];
    };
    expect(await batch({ at: 1, k: 'a' }, { at: 5, k: 'b' }, { at: 3, k: 'a' })).toEqual([
      [2, 2, 0, 0],
      { max: 5, min: 1, avg: 3, watermark: 0 },
    ]);
    expect(await batch({ at: 21, k: 'a' })).toEqual([[3, 1, 0, 0], { max: 21, min: 21, avg: 21, watermark: 0 }]);
    expect(await batch({ at: 2, k: 'b' }, { at: 23, k: 'a' })).toEqual([
      [1, 2, 2, 0],
      { max: 23, min: 2, avg: 12, watermark: 16 }, // a whole number, as in Spark
    ]);
    expect(await batch({ at: 4, k: 'b' })).toEqual([[1, 0, 0, 1], { max: 4, min: 4, avg: 4, watermark: 18 }]);
    await query.stop();
  });

  it('[P1.5] [E1.6] rate and size of the state are Observables', async () => {
    const clock = new ManualClock(0);
    const source = memorySource<View>();
    const query = streamingQuery(source, (rows$) =>
      rows$.pipe(withWatermark('at', 1000), aggregate({ key: 'k', window: tumbling(10), select: { n: agg.count() } })),
    ).writeStream({ sink: memorySink(), trigger: processingTime(1000), scheduler: clock, ...quiet });
    const gauges = firstValueFrom(
      query.progress$.pipe(
        map(progressMetrics),
        map(({ input_per_second, state_rows }) => [input_per_second, state_rows]),
        take(2),
        toArray(),
      ),
    );
    await query.start();
    await settled();
    source.add({ at: 1, k: 'a' }, { at: 2, k: 'a' }, { at: 11, k: 'a' });
    clock.advance(1000);
    await settled();
    source.add({ at: 2, k: 'c' });
    clock.advance(1000);
    await settled();
    expect(await gauges).toEqual([
      [3, 2],
      [1, 3],
    ]);
    await query.stop();
  });
});

describe('late rows and repeats in a query', () => {
  it('[P1.4] [E1.2] a row at the watermark is late, one above it is not, and the late one is told', async () => {
    for (const [delay, minutes] of [
      ['2 minutes', 2],
      ['3 minutes', 3],
    ] as const) {
      const minute = 60_000;
      const source = memorySource<View>([{ at: 100 * minute, k: 'max' }]);
      const rejected = memorySink<Rejection>();
      const sink = memorySink<View>();
      const query = streamingQuery(source, (rows$) => ({
        out: rows$.pipe(withWatermark('at', delay), dropDuplicates(['k', 'at'])),
      })).writeStream({ to: { out: sink, rejected }, ...quiet });
      await query.start();
      await query.processAllAvailable();
      const w = (100 - minutes) * minute;
      source.add({ at: w, k: 'at' }, { at: w + 1, k: 'above' }, { at: w - 1, k: 'below' });
      await query.processAllAvailable();
      await query.stop();
      expect(sink.rows().map(({ k }) => k)).toEqual(['max', 'above']);
      expect(rejected.rows().map(({ reason, row, watermark }) => [reason, (row as View).k, watermark])).toEqual([
        ['late', 'at', w],
        ['late', 'below', w],
      ]);
    }
  });

  it('[L58] [E2.3] three copies each come out once, and an id is forgotten as soon as its time is at the watermark', async () => {
    const source = memorySource<View>();
    const sink = memorySink<View>();
    const query = streamingQuery(source, (rows$) =>
      rows$.pipe(withWatermark('at', 600), dropDuplicates(['k', 'at'], { id: 'ids' })),
    ).writeStream({ sink, noDataBatches: false, ...quiet });
    await query.start();
    const batches = 100;
    for (let batch = 0; batch < batches; batch++) {
      const rows = Array.from({ length: 100 }, (_, i) => ({ at: batch * 100 + i, k: `id${batch * 100 + i}` }));
      source.add(...rows, ...rows, ...rows.reverse());
      await query.processAllAvailable();
      // W(n) is the newest time before this batch minus 600: ids with a time above it are kept, no other.
      const w = Math.max(0, batch * 100 - 1 - 600);
      expect(query.lastProgress?.stateOperators[0]?.numRowsTotal).toBe(batch * 100 + 99 - w);
      expect(query.lastProgress?.stateOperators[0]?.numDroppedDuplicateRows).toBe(batch === 0 ? 198 : 200);
    }
    await query.stop();
    expect(sink.rows().length).toBe(batches * 100 - 1); // the row at 0 is late: W starts at 0
    expect(new Set(sink.rows().map(({ k }) => k)).size).toBe(batches * 100 - 1);
  });

  it('[L59] a repeat behind the watermark: late with its own old time, passed as new when its time is another', async () => {
    const source = memorySource<View>([{ at: 100, k: 'x' }]);
    const rejected = memorySink<Rejection>();
    const sink = memorySink<View>();
    const query = streamingQuery(source, (rows$) => ({
      out: rows$.pipe(withWatermark('at', 10), dropDuplicates(['k', 'at'])),
    })).writeStream({ to: { out: sink, rejected }, ...quiet });
    await query.start();
    await query.processAllAvailable();
    source.add({ at: 200, k: 'y' });
    await query.processAllAvailable();
    source.add({ at: 100, k: 'x' }, { at: 195, k: 'x' });
    await query.processAllAvailable();
    await query.stop();
    expect(sink.rows()).toEqual([
      { at: 100, k: 'x' },
      { at: 200, k: 'y' },
      { at: 195, k: 'x' },
    ]);
    expect(rejected.rows().map(({ reason, time }) => [reason, time])).toEqual([['late', 100]]);
  });
});
