import { describe, expect, it } from 'vitest';
import {
  agg,
  aggregate,
  availableNow,
  continuous,
  dropDuplicates,
  memoryCheckpoint,
  memorySink,
  memorySource,
  session,
  sliding,
  streamingQuery,
  tumbling,
  withWatermark,
} from 'tidemark';
import { ManualClock } from '../../src/testing/manualClock';

interface View {
  readonly at: number;
  readonly k: string;
}

function setUp() {
  const clock = new ManualClock(0);
  const source = memorySource<View>();
  const sink = memorySink<{ readonly n: number }>();
  const checkpoint = memoryCheckpoint();
  const build = () =>
    streamingQuery(source, (rows$) =>
      rows$.pipe(withWatermark('at', 5), aggregate({ key: 'k', window: tumbling(10), select: { n: agg.count() } })),
    ).writeStream({ sink, checkpoint, trigger: continuous({ checkpoint: 100 }), scheduler: clock, onAdvice: () => {} });
  return { clock, source, sink, build };
}

describe('continuous', () => {
  it('[L3] moves W with each row, and shows results at the checkpoint', async () => {
    const { clock, source, sink, build } = setUp();
    const query = build();
    await query.start();
    source.add({ at: 1, k: 'a' }, { at: 20, k: 'a' }, { at: 8, k: 'a' });
    await settled();
    expect(sink.rows()).toEqual([]);
    clock.advance(100);
    await settled();
    // The row at 8 came after W = 15: late at once, where a micro-batch would have counted it.
    expect(sink.rows()).toEqual([{ window: { start: 0, end: 10 }, k: 'a', n: 1 }]);
    expect(query.lastProgress?.rejected).toEqual({ late: 1 });
    await query.stop();
  });

  it('goes on after a restart where the last epoch ended', async () => {
    const { source, sink, build } = setUp();
    const first = build();
    await first.start();
    source.add({ at: 1, k: 'a' });
    await first.processAllAvailable();
    await first.stop();
    const second = build();
    await second.start();
    source.add({ at: 2, k: 'a' }, { at: 40, k: 'a' });
    await second.processAllAvailable();
    await second.stop();
    expect(sink.rows()).toEqual([{ window: { start: 0, end: 10 }, k: 'a', n: 2 }]);
  });

  it('[L3] immediate delivery shows results at once, again after a failure, and says at-least-once', async () => {
    const clock = new ManualClock(0);
    const source = memorySource<View>();
    const checkpoint = memoryCheckpoint();
    const shown: number[] = [];
    const build = () =>
      streamingQuery(source, (rows$) =>
        rows$.pipe(withWatermark('at', 5), aggregate({ key: 'k', window: tumbling(10), select: { n: agg.count() } })),
      ).writeStream({
        sink: {
          type: 'screen',
          description: {},
          modes: ['append'],
          delivery: 'at-least-once',
          deliver: ({ rows }) => void shown.push(...rows.map(({ n }) => n)),
          commit: ({ rows }) => void shown.push(...rows.map(({ n }) => n)),
        },
        checkpoint,
        trigger: continuous({ checkpoint: 100, delivery: 'immediate' }),
        scheduler: clock,
        onAdvice: () => {},
      });
    const first = build();
    await first.start();
    expect(first.guarantee.level).toBe('at-least-once');
    expect(first.guarantee.reasons.join()).toMatch(/immediate/);
    source.add({ at: 1, k: 'a' }, { at: 2, k: 'a' }, { at: 20, k: 'a' });
    await settled();
    expect(shown).toEqual([2]);
    checkpoint.abandon(); // the process dies before the epoch is committed
    const second = build();
    await second.start();
    await second.processAllAvailable();
    expect(shown).toEqual([2, 2]);
    await second.stop();
  });

  it('[L67] counts rows of state as a micro-batch does: open windows, groups, ids; no scalars', async () => {
    const figures: Record<string, number>[] = [];
    for (const trigger of [continuous({ checkpoint: 100 }), availableNow()]) {
      const clock = new ManualClock(0);
      const views = Array.from({ length: 30 }, (_, i) => ({ at: 100 + i, k: 'abc'[i % 3]! }));
      const query = streamingQuery(memorySource<View>(views), (rows$) => {
        const timed = rows$.pipe(withWatermark('at', 1000), dropDuplicates(['k', 'at'], { id: 'ids' }));
        return {
          hop: timed.pipe(aggregate({ id: 'hop', key: 'k', window: sliding(40, 10), select: { n: agg.count() } })),
          tumble: timed.pipe(aggregate({ id: 'tumble', key: 'k', window: tumbling(10), select: { n: agg.count() } })),
          sessions: timed.pipe(aggregate({ id: 'sessions', key: 'k', window: session(5), select: { n: agg.count() } })),
        };
      }).writeStream({ to: {}, trigger, scheduler: clock, onAdvice: () => {} } as never);
      await query.start();
      await query.processAllAvailable();
      const operators = query.recentProgress.find(({ numInputRows }) => numInputRows > 0)!.stateOperators;
      figures.push(Object.fromEntries(operators.map(({ operatorId, numRowsTotal }) => [operatorId, numRowsTotal])));
      await query.stop();
    }
    expect(figures[0]).toEqual({ ids: 30, hop: 18, tumble: 9, sessions: 3 });
    expect(figures[1]).toEqual(figures[0]);
  });

  it('refuses update mode', () => {
    const build = () =>
      streamingQuery(memorySource<View>(), (rows$) =>
        rows$.pipe(withWatermark('at', 5), aggregate({ key: 'k', window: tumbling(10), select: { n: agg.count() } })),
      ).writeStream({
        sink: memorySink<{ readonly n: number }>(),
        outputMode: 'update',
        trigger: continuous({ checkpoint: 100 }),
      });
    expect(build).toThrow(/continuous/);
  });
});

async function settled(): Promise<void> {
  for (let i = 0; i < 300; i++) await Promise.resolve();
}
