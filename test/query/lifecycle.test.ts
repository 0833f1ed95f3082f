import { describe, expect, it } from 'vitest';
import {
  memoryCheckpoint,
  memorySink,
  memorySource,
  once,
  processingTime,
  streamingQuery,
  type Source,
  type StreamingQuery,
} from 'tidemark';
import { ManualClock } from '../../src/testing/manualClock';

interface Row {
  readonly v: number;
}

const quiet = { onAdvice: () => {} };

async function settled(): Promise<void> {
  for (let i = 0; i < 300; i++) await Promise.resolve();
}

/** A source whose answers take time on the clock, and that shows what the query says meanwhile. */
function slowSource(clock: ManualClock, watch: () => void, latestMs: number, readMs: number) {
  const inner = memorySource<Row>();
  const source: Source<Row> = {
    ...inner,
    type: 'slow',
    description: {},
    replay: 'replayable',
    async open(context) {
      const reader = await inner.open(context);
      return {
        next: async (from) => {
          watch();
          const slice = await reader.next(from);
          if (slice !== undefined) clock.advance(latestMs);
          return slice;
        },
        async *read(slice, bad) {
          watch();
          clock.advance(readMs);
          yield* reader.read(slice, bad);
        },
        close: () => {},
      };
    },
  };
  return { source, add: (...rows: Row[]) => inner.add(...rows) };
}

describe('life cycle of a query (facts of StreamingQuerySuite)', () => {
  it('[L60] [L64] [L65] says what it does, and measures it by the clock', async () => {
    const clock = new ManualClock(0);
    const said: string[] = [];
    let query: StreamingQuery | undefined = undefined as StreamingQuery | undefined;
    const look = (): void => {
      const { message, isDataAvailable, isTriggerActive } = query!.status;
      said.push(`${message} ${String(isDataAvailable)} ${String(isTriggerActive)}`);
    };
    const { source, add } = slowSource(clock, look, 50, 450);
    query = streamingQuery(source, (rows$) => rows$).writeStream({
      sink: memorySink<Row>(),
      trigger: processingTime(1000),
      scheduler: clock,
      ...quiet,
    });
    expect(query.lastProgress).toBeNull();
    expect(query.recentProgress).toEqual([]);
    await query.start();
    await settled();
    expect(said).toEqual(['getting offsets false true']);
    expect(query.status).toEqual({ message: 'waiting for next trigger', isDataAvailable: false, isTriggerActive: false });
    add({ v: 1 }, { v: 2 });
    clock.advance(1000);
    await settled();
    expect(said.slice(1)).toEqual(['getting offsets false true', 'processing new data true true']);
    expect(query.status).toEqual({ message: 'waiting for next trigger', isDataAvailable: true, isTriggerActive: false });
    const progress = query.lastProgress!;
    expect(progress.durationMs).toMatchObject({ latestOffset: 50, addBatch: 450, triggerExecution: 500 });
    expect(progress.processedRowsPerSecond).toBe(4);
    // The trigger before it found nothing; it still is the one that counts.
    expect(progress.inputRowsPerSecond).toBe(2);
    expect(progress.sources['source']).toMatchObject({ startOffset: null, endOffset: 2, numInputRows: 2 });
    clock.advance(500);
    await settled();
    expect(query.status.isDataAvailable).toBe(false);
    await query.stop();
    expect(query.status.message).toBe('stopped');
    expect(query.lastProgress).toBe(progress);
    expect(query.recentProgress.at(-1)).toBe(progress);
  });

  it('[L61] rows since the trigger before, though that one found nothing', async () => {
    const clock = new ManualClock(0);
    const source = memorySource<Row>([{ v: 0 }]);
    const query = streamingQuery(source, (rows$) => rows$).writeStream({
      sink: memorySink<Row>(),
      trigger: processingTime(1000),
      scheduler: clock,
      ...quiet,
    });
    await query.start();
    await settled();
    expect(query.lastProgress?.inputRowsPerSecond).toBe(0);
    clock.advance(1000);
    await settled();
    source.add({ v: 1 }, { v: 2 });
    clock.advance(1000);
    await settled();
    expect(query.lastProgress?.inputRowsPerSecond).toBe(2);
    await query.stop();
  });

  it('[L63] keeps its id over restarts, has a new runId at each, and no two active queries one name', async () => {
    const checkpoint = memoryCheckpoint();
    const build = (name?: string) =>
      streamingQuery(memorySource<Row>(), (rows$) => rows$).writeStream({
        sink: memorySink<Row>(),
        ...quiet,
        ...(name === undefined ? { checkpoint } : { name }),
      });
    const [first, second] = [build(), build()];
    expect(first.name).toBeNull();
    await first.start();
    await expect(second.start()).rejects.toMatchObject({ code: 'TIDEMARK_CHECKPOINT_IN_USE' });
    await first.stop();
    await second.start();
    expect(second.id).toBe(first.id);
    expect(second.runId).not.toBe(first.runId);
    await second.stop();
    const [named, other] = [build('same'), build('same')];
    await named.start();
    await expect(other.start()).rejects.toMatchObject({ code: 'TIDEMARK_QUERY_ACTIVE' });
    expect(named.isActive).toBe(true);
    await named.stop();
    await other.start();
    await other.stop();
  });

  it('[L8] waits for its end: false while active, true after stop, the failure after a failure', async () => {
    const clock = new ManualClock(0);
    const source = memorySource<Row>();
    const query = streamingQuery(source, (rows$) => rows$).writeStream({ sink: memorySink<Row>(), scheduler: clock, ...quiet });
    await query.start();
    const early = query.awaitTermination(10);
    clock.advance(10);
    expect(await early).toBe(false);
    await query.stop();
    expect(await query.awaitTermination()).toBe(true);
    expect(query.exception).toBeUndefined();
    await query.processAllAvailable();

    const failing = streamingQuery(memorySource<Row>([{ v: 1 }]), (rows$) => rows$).writeStream({
      sink: { ...memorySink<Row>(), modes: ['append'], commit: () => Promise.reject(new Error('down')) } as never,
      ...quiet,
    });
    await failing.start();
    await expect(failing.awaitTermination()).rejects.toMatchObject({ code: 'TIDEMARK_QUERY_FAILED' });
    expect(failing.isActive).toBe(false);
    expect(failing.status.message).toBe('terminated with exception');
    expect(failing.exception?.details).toMatchObject({
      start: { source: null },
      end: { source: { from: null, to: 1 } },
    });
  });

  it('processAllAvailable returns when a one-shot query has ended', async () => {
    const sink = memorySink<Row>();
    const query = streamingQuery(memorySource<Row>([{ v: 1 }]), (rows$) => rows$).writeStream({
      sink,
      trigger: once(),
      ...quiet,
    });
    await query.start();
    await query.processAllAvailable();
    expect(sink.rows()).toEqual([{ v: 1 }]);
  });

  it('closes every source, even if one of them throws when it is closed', async () => {
    const closed: string[] = [];
    const closing = (name: string, fails: boolean): Source<Row> => ({
      type: 'test',
      description: {},
      replay: 'replayable',
      open: () => ({
        next: () => Promise.resolve(undefined),
        async *read() {},
        close: () => {
          closed.push(name);
          if (fails) throw new Error(`${name} does not close`);
        },
      }),
    });
    const query = streamingQuery({ a: closing('a', true), b: closing('b', false) }, ({ a, b }) => ({ a, b })).writeStream({
      to: { a: memorySink<Row>(), b: memorySink<Row>() },
      ...quiet,
    });
    await query.start();
    await query.stop();
    expect(closed).toEqual(['a', 'b']);
    expect(query.exception?.message).toContain('a does not close');
  });

  it('a stop that cannot finish in time says so', async () => {
    const clock = new ManualClock(0);
    let finish = (): void => {};
    const query = streamingQuery(memorySource<Row>([{ v: 1 }]), (rows$) => rows$).writeStream({
      sink: {
        type: 'hung',
        description: {},
        modes: ['append'],
        delivery: 'idempotent',
        commit: () => new Promise<void>((resolve) => (finish = resolve)),
      },
      stopTimeout: 100,
      scheduler: clock,
      ...quiet,
    });
    await query.start();
    await settled();
    const stopped = query.stop();
    await settled();
    clock.advance(100);
    await expect(stopped).rejects.toMatchObject({ code: 'TIDEMARK_STOP_TIMEOUT' });
    finish();
    await query.stop();
    expect(query.exception).toBeUndefined();
  });
});
