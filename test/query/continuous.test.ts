import { describe, expect, it } from 'vitest';
import {
  agg,
  aggregate,
  continuous,
  memoryCheckpoint,
  memorySink,
  memorySource,
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
  it('moves W with each row, and shows results at the checkpoint', async () => {
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
