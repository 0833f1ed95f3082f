import { describe, expect, it } from 'vitest';
import {
  agg,
  aggregate,
  alertWhen,
  availableNow,
  dropDuplicates,
  mapRows,
  memoryCheckpoint,
  memorySink,
  memorySource,
  once,
  processingTime,
  streamingQuery,
  threshold,
  tumbling,
  withWatermark,
  type BatchSink,
  type Rejection,
} from 'tidemark';
import { ManualClock } from '../../src/testing/manualClock';

interface View {
  readonly at: number;
  readonly k: string;
}

const quiet = { onAdvice: () => {} };

describe('streamingQuery', () => {
  it('passes rows through, batch by batch', async () => {
    const source = memorySource<View>([{ at: 1, k: 'a' }]);
    const sink = memorySink<View>();
    const query = streamingQuery(source, (rows$) => rows$).writeStream({ sink, ...quiet });
    await query.start();
    await query.processAllAvailable();
    expect(sink.rows()).toEqual([{ at: 1, k: 'a' }]);
    source.add({ at: 2, k: 'b' });
    await query.processAllAvailable();
    expect(sink.rows()).toEqual([
      { at: 1, k: 'a' },
      { at: 2, k: 'b' },
    ]);
    expect(query.lastProgress?.batchId).toBe(1);
    await query.stop();
    expect(query.isActive).toBe(false);
    expect(query.exception).toBeUndefined();
  });

  it('keeps a plan with numbers that JSON does not have', async () => {
    const when = threshold<View>({ metric: 'at', threshold: Infinity });
    const build = () =>
      streamingQuery(memorySource<View>(), (rows$) =>
        rows$.pipe(withWatermark('at', 5), alertWhen({ id: 'never', key: 'k', when })),
      ).writeStream({ sink: memorySink(), checkpoint, ...quiet });
    const checkpoint = memoryCheckpoint();
    for (let starts = 0; starts < 2; starts++) {
      const query = build();
      await query.start();
      await query.stop();
      expect(query.exception).toBeUndefined();
    }
  });

  it('closes a window in the empty batch after the one that moved the watermark', async () => {
    const source = memorySource<View>([{ at: 1, k: 'a' }]);
    const sink = memorySink<{ n: number }>();
    const query = streamingQuery(source, (rows$) =>
      rows$.pipe(withWatermark('at', 5), aggregate({ key: 'k', window: tumbling(10), select: { n: agg.count() } })),
    ).writeStream({
      sink,
      ...quiet,
    });
    await query.start();
    await query.processAllAvailable();
    expect(sink.rows()).toEqual([]);
    source.add({ at: 20, k: 'a' });
    await query.processAllAvailable();
    expect(sink.rows()).toEqual([{ window: { start: 0, end: 10 }, k: 'a', n: 1 }]);
    expect(query.recentProgress.map(({ batchId, numInputRows }) => [batchId, numInputRows])).toEqual([
      [0, 1],
      [1, 1],
      [2, 0],
    ]);
    await query.stop();
  });

  it('says touched groups in update mode and the whole table in complete mode', async () => {
    for (const outputMode of ['update', 'complete'] as const) {
      const source = memorySource<View>([
        { at: 1, k: 'a' },
        { at: 2, k: 'b' },
      ]);
      const batches: unknown[] = [];
      const sink = { ...memorySink<{ k: string; n: number }>(), modes: ['update', 'complete'] as const };
      const spy = {
        ...sink,
        commit: (batch: { readonly rows: readonly { k: string; n: number }[] }) => {
          batches.push(batch.rows.map(({ k, n }) => [k, n]));
        },
      };
      const query = streamingQuery(source, (rows$) =>
        rows$.pipe(withWatermark('at', 5), aggregate({ key: 'k', window: tumbling(10), select: { n: agg.count() } })),
      ).writeStream({
        sink: spy,
        outputMode,
        ...quiet,
      });
      await query.start();
      await query.processAllAvailable();
      source.add({ at: 3, k: 'a' });
      await query.processAllAvailable();
      await query.stop();
      const whole = outputMode === 'complete';
      expect(batches).toEqual([
        [
          ['a', 1],
          ['b', 1],
        ],
        whole
          ? [
              ['a', 2],
              ['b', 1],
            ]
          : [['a', 2]],
      ]);
    }
  });

  it('hands late rows to the output rejected, inside the commit', async () => {
    const source = memorySource<View>([{ at: 100, k: 'a' }]);
    const rejected = memorySink<Rejection>();
    const query = streamingQuery(source, (rows$) => {
      const silver = rows$.pipe(withWatermark('at', 5), dropDuplicates(['k', 'at']));
      return { silver };
    }).writeStream({ to: { silver: memorySink<View>(), rejected }, ...quiet });
    await query.start();
    await query.processAllAvailable();
    source.add({ at: 95, k: 'a' }, { at: 96, k: 'a' });
    await query.processAllAvailable();
    await query.stop();
    expect(rejected.rows().map(({ reason, time }) => [reason, time])).toEqual([['late', 95]]);
    expect(query.recentProgress.at(-1)?.rejected).toEqual({ late: 1 });
  });

  it('goes on from its checkpoint: state, watermark, offsets', async () => {
    const { memoryCheckpoint } = await import('tidemark');
    const checkpoint = memoryCheckpoint();
    const source = memorySource<View>([{ at: 1, k: 'a' }]);
    const sink = memorySink<{ n: number }>();
    const build = () =>
      streamingQuery(source, (rows$) =>
        rows$.pipe(withWatermark('at', 5), aggregate({ key: 'k', window: tumbling(10), select: { n: agg.count() } })),
      ).writeStream({
        sink,
        checkpoint,
        trigger: availableNow(),
        ...quiet,
      });
    const first = build();
    await first.start();
    await first.awaitTermination();
    source.add({ at: 2, k: 'a' }, { at: 30, k: 'a' });
    const second = build();
    await second.start();
    await second.awaitTermination();
    expect(sink.rows()).toEqual([{ window: { start: 0, end: 10 }, k: 'a', n: 2 }]);
    expect(second.id).toBe(first.id);
    expect(second.runId).not.toBe(first.runId);
  });

  it('runs at the grid of the clock', async () => {
    const clock = new ManualClock(0);
    const source = memorySource<View>();
    const sink = memorySink<View>();
    const query = streamingQuery(source, (rows$) => rows$).writeStream({
      sink,
      trigger: processingTime(10),
      scheduler: clock,
      ...quiet,
    });
    await query.start();
    await settled();
    source.add({ at: 1, k: 'a' });
    clock.advance(9);
    await settled();
    expect(sink.rows()).toEqual([]);
    clock.advance(1);
    await settled();
    expect(sink.rows()).toHaveLength(1);
    expect(query.lastProgress?.timestamp).toBe(new Date(10).toISOString());
    await query.stop();
  });

  it('repeats the batch without a row that a function cannot take', async () => {
    const source = memorySource<View>([
      { at: 1, k: 'a' },
      { at: 2, k: 'bad' },
      { at: 3, k: 'a' },
    ]);
    const rejected = memorySink<Rejection>();
    const sink = memorySink<View>();
    const query = streamingQuery(source, (rows$) => ({
      out: rows$.pipe(
        mapRows((row) => {
          if (row.k === 'bad') throw new Error('bad row');
          return row;
        }),
      ),
    })).writeStream({ to: { out: sink, rejected }, trigger: once(), ...quiet });
    await query.start();
    await query.awaitTermination();
    expect(sink.rows().map(({ at }) => at)).toEqual([1, 3]);
    expect(rejected.rows().map(({ reason, row }) => [reason, (row as View).at])).toEqual([['failed', 2]]);
  });

  it('stops with the cause when a sink fails, and commits the batch at the next start', async () => {
    const { memoryCheckpoint } = await import('tidemark');
    const checkpoint = memoryCheckpoint();
    const source = memorySource<View>([{ at: 1, k: 'a' }]);
    const kept = memorySink<View>();
    let broken = true;
    const sink = {
      type: 'flaky',
      description: {},
      modes: ['append'] as const,
      delivery: 'at-least-once' as const,
      commit: (batch: { readonly rows: readonly View[]; readonly mode: 'append' | 'update' | 'complete' }, id: never) => {
        if (broken) throw new Error('down');
        return kept.commit(batch, id);
      },
    };
    const build = () => streamingQuery(source, (rows$) => rows$).writeStream({ sink, checkpoint, trigger: once(), ...quiet });
    const first = build();
    await first.start();
    await expect(first.awaitTermination()).rejects.toMatchObject({ code: 'TIDEMARK_QUERY_FAILED' });
    expect(first.exception?.cause).toMatchObject({ code: 'TIDEMARK_SINK_FAILED' });
    broken = false;
    const second = build();
    await second.start();
    await second.awaitTermination();
    expect(kept.rows()).toEqual([{ at: 1, k: 'a' }]);
  });

  it.each(['open', 'lookup', 'lastBatch'] as const)('names the sink whose %s fails at the start', async (method) => {
    const sink = {
      type: 'flaky',
      description: {},
      modes: ['append'] as const,
      delivery: 'transactional' as const,
      commit: () => Promise.reject(new Error('down')),
      lookup: () => Promise.resolve(undefined),
    };
    const checkpoint = memoryCheckpoint();
    const start = async (sink: BatchSink<View>) => {
      const query = streamingQuery(memorySource([{ at: 1, k: 'a' }]), (rows$) => rows$).writeStream({
        sink,
        checkpoint,
        ...quiet,
      });
      await query.start();
      await query.awaitTermination();
    };
    // A batch is planned, and waits for the sink.
    await expect(start(sink)).rejects.toMatchObject({ code: 'TIDEMARK_QUERY_FAILED' });
    const failed = start({ ...sink, [method]: () => Promise.reject(new Error('gone')) });
    await expect(failed).rejects.toMatchObject({ code: 'TIDEMARK_SINK_FAILED', cause: { message: 'gone' } });
  });
});

/** Lets everything run that waits for nothing but other code. */
async function settled(): Promise<void> {
  for (let i = 0; i < 200; i++) await Promise.resolve();
}
