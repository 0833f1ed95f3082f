import { describe, expect, it } from 'vitest';
import {
  agg,
  aggregate,
  availableNow,
  consoleSink,
  foreachBatch,
  limitRows,
  memoryCheckpoint,
  memorySource,
  streamingQuery,
  tumbling,
  withWatermark,
  type QueryOptions,
} from 'tidemark';
import { simulatedFiles } from 'tidemark/testing';

interface Row {
  readonly at: number;
  readonly k: string;
}

interface Count {
  readonly window: { readonly start: number; readonly end: number };
  readonly k: string;
  readonly n: number;
}

/** What each batch brought, in order. Times in tens, delay 5: disorder, late rows, keys that come back. */
const BATCHES: readonly (readonly Row[])[] = [
  [
    { at: 1, k: 'a' },
    { at: 3, k: 'b' },
    { at: 2, k: 'a' },
  ],
  [
    { at: 14, k: 'a' },
    { at: 9, k: 'b' },
  ],
  [
    { at: 8, k: 'c' },
    { at: 31, k: 'a' },
  ],
  [
    { at: 4, k: 'b' },
    { at: 33, k: 'c' },
    { at: 12, k: 'a' },
  ],
  [{ at: 60, k: 'b' }],
];

const name = ({ window, k }: Pick<Count, 'window' | 'k'>): string => `${window.start} ${k}`;

/** Rows taken as of a batch, counted by brute force. */
function countsOf(rows: readonly Row[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { at, k } of rows) {
    const group = `${Math.floor(at / 10) * 10} ${k}`;
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return counts;
}

/** Runs the batches one by one; what the sink was given after each, batches without rows among them. */
async function written(options: QueryOptions): Promise<{ batchId: number; rows: readonly Count[] }[][]> {
  const steps: { batchId: number; rows: readonly Count[] }[][] = [];
  const source = memorySource<Row>();
  const sink = foreachBatch<Count>(({ rows }, { batchId }) => void steps.at(-1)?.push({ batchId, rows: [...rows] }));
  const query = streamingQuery(source, (rows$) =>
    rows$.pipe(withWatermark('at', 5), aggregate({ id: 'counts', key: 'k', window: tumbling(10), select: { n: agg.count() } })),
  ).writeStream({ sink, onAdvice: () => {}, ...options });
  await query.start();
  for (const rows of BATCHES) {
    steps.push([]);
    source.add(...rows);
    await query.processAllAvailable();
  }
  await query.stop();
  return steps;
}

const flat = (steps: { batchId: number; rows: readonly Count[] }[][]) => steps.flat().flatMap(({ rows }) => rows);

describe('output modes', () => {
  it('[L1] [L31] complete: after each batch the whole table, equal to a recount of all rows so far; nothing is ever late', async () => {
    const steps = await written({ outputMode: 'complete' });
    steps.forEach((batches, i) => {
      const table = batches.find(({ rows }) => rows.length > 0)!.rows;
      expect(new Map(table.map((row) => [name(row), row.n]))).toEqual(countsOf(BATCHES.slice(0, i + 1).flat()));
    });
  });

  it('[L31] complete: state beyond maxStateRows stops the query before anything of the batch is written', async () => {
    const source = memorySource<Row>([...BATCHES[0]!]);
    const written: number[] = [];
    const checkpoint = memoryCheckpoint();
    const build = (maxStateRows: number) =>
      streamingQuery(source, (rows$) => rows$.pipe(aggregate({ id: 'n', key: 'k', select: { n: agg.count() } }))).writeStream({
        sink: foreachBatch<{ n: number }>(({ rows }) => void written.push(rows.length)),
        outputMode: 'complete',
        trigger: availableNow(),
        checkpoint,
        maxStateRows,
        onAdvice: () => {},
      });
    const first = build(2);
    await first.start();
    await first.awaitTermination();
    source.add({ at: 50, k: 'new' });
    const second = build(2);
    await second.start();
    await expect(second.awaitTermination()).rejects.toMatchObject({
      cause: { code: 'TIDEMARK_STATE_LIMIT', details: { rows: 3, maxStateRows: 2, operators: { n: 3 } } },
    });
    expect(written).toEqual([2]);
    const third = build(3);
    await third.start();
    await third.awaitTermination();
    expect(written).toEqual([2, 3]);
    expect(() => build(0)).toThrow(/maxStateRows/);
  });

  it('limits count for maxStateRows as they do in the progress, a row each', async () => {
    const query = streamingQuery(memorySource<Row>([...BATCHES[0]!]), (rows$) =>
      rows$.pipe(limitRows(9, { id: 'first' }), limitRows(9, { id: 'second' })),
    ).writeStream({ sink: foreachBatch(() => {}), trigger: availableNow(), maxStateRows: 1, onAdvice: () => {} });
    await query.start();
    await expect(query.awaitTermination()).rejects.toMatchObject({
      cause: { code: 'TIDEMARK_STATE_LIMIT', details: { rows: 2, operators: { first: 1, second: 1 } } },
    });
  });

  it('[L32] [L37] update: only groups touched in the batch, once each; the last word of each group is the complete table', async () => {
    const [update, complete] = [await written({ outputMode: 'update' }), await written({ outputMode: 'complete' })];
    const last = new Map<string, number>();
    update.forEach((batches, i) => {
      const said = batches.flatMap(({ rows }) => rows).map(name);
      const touched = new Set(BATCHES[i]!.map(({ at, k }) => `${Math.floor(at / 10) * 10} ${k}`));
      expect(new Set(said).size).toBe(said.length);
      for (const group of said) expect(touched).toContain(group);
      for (const row of batches.flatMap(({ rows }) => rows)) last.set(name(row), row.n);
    });
    // Groups that the watermark had closed when a row came for them stay as they were: 4 b and 12 a are late.
    const all = new Map(complete.at(-1)![0]!.rows.map((row) => [name(row), row.n]));
    expect(new Map([...last].filter(([group]) => last.get(group) !== all.get(group)))).toEqual(
      new Map([
        ['0 b', 2],
        ['10 a', 1],
      ]),
    );
    expect([...last.keys()].sort()).toEqual([...all.keys()].sort());
    expect(update.map((batches) => batches.flatMap(({ rows }) => rows).length)).toEqual([2, 2, 2, 1, 1]);
  });

  it('[L27] [L29] append is the default: each window once, when it is final, and never again', async () => {
    const [byDefault, append] = [await written({}), await written({ outputMode: 'append' })];
    expect(byDefault).toEqual(append);
    const said = flat(append).map(name);
    expect(new Set(said).size).toBe(said.length);
    expect(said).toEqual(['0 a', '0 b', '0 c', '10 a', '30 a', '30 c']);
    expect(flat(append).map(({ n }) => n)).toEqual([2, 2, 1, 1, 1, 1]);
  });

  it('[L2] batches are numbered from 0 without a gap, and no row is in two of them', async () => {
    const seen: Row[] = [];
    const ids: number[] = [];
    const source = memorySource<Row>(BATCHES.flat(), { maxRowsPerTrigger: 2 });
    const query = streamingQuery(source, (rows$) => rows$).writeStream({
      sink: foreachBatch<Row>(({ rows }, { batchId }) => {
        ids.push(batchId);
        seen.push(...rows);
      }),
      trigger: availableNow(),
      onAdvice: () => {},
    });
    await query.start();
    await query.awaitTermination();
    expect(ids).toEqual([0, 1, 2, 3, 4, 5]);
    expect(seen).toEqual(BATCHES.flat());
  });

  it('[L7] complete mode to the console prints the whole table at each batch', async () => {
    const printed: string[] = [];
    const source = memorySource<{ word: string }>([{ word: 'dog' }]);
    const query = streamingQuery(source, (rows$) =>
      rows$.pipe(aggregate({ key: 'word', select: { count: agg.count() } })),
    ).writeStream({
      sink: consoleSink({ write: (text) => void printed.push(text) }),
      outputMode: 'complete',
      onAdvice: () => {},
    });
    await query.start();
    await query.processAllAvailable();
    source.add({ word: 'cat' }, { word: 'dog' });
    await query.processAllAvailable();
    await query.stop();
    expect(printed.map((text) => text.split('\n').filter((line) => /^\| /.test(line)))).toEqual([
      ['| dog|    1|'],
      ['| dog|    2|', '| cat|    1|'],
    ]);
  });

  it('[L42] windowed counts with a checkpoint, restarted after every batch: no window twice, none missing', async () => {
    const straight = flat(await written({}));
    const disk = simulatedFiles();
    const source = memorySource<Row>();
    const said: Count[] = [];
    for (const rows of BATCHES) {
      source.add(...rows);
      const query = streamingQuery(source, (rows$) =>
        rows$.pipe(
          withWatermark('at', 5),
          aggregate({ id: 'counts', key: 'k', window: tumbling(10), select: { n: agg.count() } }),
        ),
      ).writeStream({
        sink: foreachBatch<Count>(({ rows: results }) => void said.push(...results)),
        checkpoint: disk.checkpoint(),
        trigger: availableNow(),
        onAdvice: () => {},
      });
      await query.start();
      await query.awaitTermination();
      disk.restart('power', said.length);
    }
    expect(said).toEqual(straight);
  });
});
