import fc from 'fast-check';
import {
  agg,
  aggregate,
  availableNow,
  dropDuplicates,
  memorySink,
  memorySource,
  streamingQuery,
  tumbling,
  withWatermark,
} from 'tidemark';
import { describe, expect, it } from 'vitest';

interface View {
  readonly id: number;
  readonly at: number;
  readonly channel: number;
  readonly views: number;
}

const DELAY = 40;

/** What one instance says of its rows, read in batches of this size; nothing of it may be late. */
async function instance(views: readonly View[], rowsABatch: number): Promise<readonly unknown[]> {
  const source = memorySource(views, { maxRowsPerTrigger: rowsABatch });
  source.complete();
  const sink = memorySink<unknown>();
  const query = streamingQuery(source, (rows$) =>
    rows$.pipe(
      withWatermark('at', DELAY),
      dropDuplicates(['channel', 'id', 'at']),
      aggregate({
        key: 'channel',
        window: tumbling(25),
        select: { n: agg.count(), total: agg.sum('views'), ids: agg.collectSet('id') },
      }),
    ),
  ).writeStream({ sink, trigger: availableNow(), onAdvice: () => {} });
  await query.start();
  await query.awaitTermination();
  expect(query.recentProgress.reduce((late, { rejected }) => late + (rejected.late ?? 0), 0)).toBe(0);
  return sink.rows();
}

/** As a set: instances speak in no common order. */
const sorted = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();

async function instances(count: number, views: readonly View[], of: (view: View, i: number) => number, size: number) {
  const parts = Array.from({ length: count }, (_, part) => views.filter((view, i) => of(view, i) % count === part));
  return (await Promise.all(parts.map((part, i) => instance(part, size + i)))).flat();
}

/** Rows whose disorder stays below the delay, some of them twice. */
const streams = fc
  .array(
    fc.record({
      step: fc.nat(12),
      behind: fc.nat(DELAY - 1),
      channel: fc.nat(6),
      views: fc.integer({ min: -9, max: 9 }),
      again: fc.boolean(),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((draws) => {
    let latest = 100;
    return draws.flatMap(({ step, behind, channel, views, again }, id): View[] => {
      latest += step;
      const view = { id, at: latest - behind, channel, views };
      return again ? [view, view] : [view];
    });
  });

describe('several instances of one program', () => {
  it('[D7] over a stream that is partitioned by key say together what one says of all of it', async () => {
    await fc.assert(
      fc.asyncProperty(
        streams,
        fc.integer({ min: 2, max: 5 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        async (views, count, size, together) => {
          const apart = await instances(count, views, ({ channel }) => channel * 7, size);
          expect(sorted(apart)).toEqual(sorted(await instance(views, together)));
        },
      ),
      { numRuns: 40, seed: 7 },
    );
  });

  it('[D7] over one that is dealt out row by row they do not', async () => {
    const view = { id: 1, at: 100, channel: 3, views: 5 };
    const apart = await instances(2, [view, view], (_, i) => i, 10);
    expect(apart).toHaveLength(2);
    expect(await instance([view, view], 10)).toEqual([
      { window: { start: 100, end: 125 }, channel: 3, n: 1, total: 5, ids: [1] },
    ]);
  });
});
