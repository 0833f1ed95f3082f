import { describe, expect, it } from 'vitest';
import {
  agg,
  aggregate,
  availableNow,
  consoleSink,
  dropDuplicates,
  foreachBatch,
  memoryCheckpoint,
  memorySink,
  memorySource,
  onUpdate,
  ndjson,
  session,
  streamingQuery,
  tumbling,
  withTimestamps,
  withWatermark,
  type Advice,
} from 'tidemark';
import { fileSink } from 'tidemark/node';
import { simulatedFiles } from 'tidemark/testing';

interface View {
  readonly at: number;
  readonly k: string;
}

const views = () => memorySource<View>([{ at: 1, k: 'a' }]);
const select = { n: agg.count() };

describe('what a query refuses when it is built', () => {
  it.each([
    [{ triger: availableNow() }, "writeStream has no option 'triger'; there are sink, to, rejected"],
    [{ trigger: 'availableNow' }, 'trigger is made by processingTime(), once(), availableNow() or continuous()'],
    [{ outputMode: 'upsert' }, "outputMode is 'append', 'update' or 'complete'"],
    [{ onError: 'ignore' }, "onError is 'reject' or 'error'"],
  ])('an option that is none: %o', (options, message) => {
    const query = streamingQuery(views(), (rows$) => rows$);
    expect(() => query.writeStream({ sink: memorySink<View>(), ...(options as object) })).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_OPTION', message: expect.stringContaining(message) as string }) as Error,
    );
  });

  it('[L30] append of an aggregate without a watermark, and says what is missing', () => {
    const build = () =>
      streamingQuery(views(), (rows$) =>
        rows$.pipe(withTimestamps('at'), aggregate({ key: 'k', window: tumbling(10), select })),
      ).writeStream({
        sink: memorySink(),
      });
    expect(build).toThrow(/no watermark; put withWatermark/);
  });

  it('[L30] append of an aggregate that has no window', () => {
    const build = () =>
      streamingQuery(views(), (rows$) => rows$.pipe(withWatermark('at', 5), aggregate({ key: 'k', select }))).writeStream({
        sink: memorySink(),
      });
    expect(build).toThrow(/it has no window; .*group by a window, or use update or complete mode/);
  });

  it('[L33] a sink that does not take the mode, with the choice of another', () => {
    const sink = { ...foreachBatch<unknown>(() => {}), modes: ['append'] as const };
    const build = () =>
      streamingQuery(views(), (rows$) =>
        rows$.pipe(withWatermark('at', 5), aggregate({ key: 'k', window: tumbling(10), select })),
      ).writeStream({
        sink,
        outputMode: 'update',
      });
    expect(build).toThrow(
      /does not take update mode; use append with onClose for final rows, or a sink that can replace rows by key/,
    );
  });

  it('[E1.4] update mode into plain files, and explains both ways to have it', () => {
    const build = () =>
      streamingQuery(views(), (rows$) =>
        rows$.pipe(withWatermark('at', 5), aggregate({ key: 'k', window: tumbling(10), select })),
      ).writeStream({
        sink: fileSink({ path: 'out', format: ndjson(), fs: simulatedFiles().fs }),
        outputMode: 'update',
      });
    expect(build).toThrow(/'versioned'.*'replacePartition'/);
  });

  it('sessions in update mode, emit against the mode, complete mode without a table', () => {
    const timed = { sink: memorySink(), outputMode: 'update' } as const;
    const sessions = () =>
      streamingQuery(views(), (rows$) =>
        rows$.pipe(withWatermark('at', 5), aggregate({ key: 'k', window: session(10), select })),
      ).writeStream(timed);
    expect(sessions).toThrow(/use append, or emit: onUpdate/);
    const against = () =>
      streamingQuery(views(), (rows$) =>
        rows$.pipe(withWatermark('at', 5), aggregate({ key: 'k', window: tumbling(10), select, emit: onUpdate() })),
      ).writeStream({ sink: memorySink() });
    expect(against).toThrow(/contradicts append mode/);
    const complete = () =>
      streamingQuery(views(), (rows$) => rows$).writeStream({ sink: memorySink<View>(), outputMode: 'complete' });
    expect(complete).toThrow(/complete mode needs an aggregate/);
  });

  it('a sink without a stream, and a stream of rows() instead of elements', () => {
    const unknown = () =>
      streamingQuery(views(), (rows$) => ({ a: rows$ })).writeStream({ to: { a: memorySink<View>(), b: memorySink() } as never });
    expect(unknown).toThrow(/sink 'b' and no stream/);
  });
});

describe('ids with a durable checkpoint', () => {
  it('are asked for, with a proposal', async () => {
    const query = streamingQuery(views(), (rows$) => rows$.pipe(withWatermark('at', 5), dropDuplicates(['k', 'at']))).writeStream(
      {
        sink: memorySink<View>(),
        checkpoint: simulatedFiles().checkpoint(),
        onAdvice: () => {},
      },
    );
    await expect(query.start()).rejects.toMatchObject({
      code: 'TIDEMARK_ID_REQUIRED',
      details: { proposal: 'dropDuplicates-k-at' },
    });
  });
});

describe('advice', () => {
  async function advised(
    build: (onAdvice: (advice: Advice) => void) => { start(): Promise<unknown>; awaitTermination(): Promise<unknown> },
  ) {
    const said: string[] = [];
    const query = build(({ code }) => said.push(code));
    await query.start();
    await query.awaitTermination();
    return said;
  }

  it('[L83] [L38] state without a watermark, [L84] without a checkpoint', async () => {
    const said = await advised((onAdvice) =>
      streamingQuery(views(), (rows$) => rows$.pipe(dropDuplicates(['k'], { unbounded: true }))).writeStream({
        sink: memorySink<View>(),
        trigger: availableNow(),
        checkpoint: memoryCheckpoint(),
        onAdvice,
      }),
    );
    expect(said).toEqual(expect.arrayContaining(['stateful-without-watermark', 'stateful-without-checkpoint']));
  });

  it('[L85] complete mode over many rows, once', async () => {
    const rows = Array.from({ length: 10_001 }, (_, i) => ({ at: i, k: `k${i}` }));
    const said = await advised((onAdvice) =>
      streamingQuery(memorySource(rows, { maxRowsPerTrigger: 10_000 }), (rows$) =>
        rows$.pipe(aggregate({ key: 'k', select })),
      ).writeStream({
        sink: consoleSink({ write: () => {}, numRows: 0 }) as never,
        outputMode: 'complete',
        trigger: availableNow(),
        onAdvice,
      }),
    );
    expect(said.filter((code) => code === 'complete-over-many-rows')).toHaveLength(1);
  });
});
