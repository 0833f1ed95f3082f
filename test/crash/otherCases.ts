import { divert, dropDuplicates, foreachBatch, streamingQuery, withWatermark, type BatchSink, type Receipt } from 'tidemark';
import type { CrashCase, CrashWorld } from 'tidemark/testing';
import { IndexedDbBackend } from '../../src/checkpoint/indexedDbBackend';
import { committedRows } from './checker';
import type { Input } from './input';
import { storeIn } from './transactions';
import { checked, checkSilver, folder, quiet, rowsIn, source } from './worlds';

/** A store that refuses now and then; a folder stands in for it. Each row is in one of them, once. */
export function diverted(): CrashCase {
  const database = (world: CrashWorld): BatchSink<Input> =>
    foreachBatch<Input>(
      async (batch, { batchId, attemptId }) => {
        await world.step();
        if (world.random() < 0.4) throw new Error('connection refused');
        const { outside } = world;
        outside.set('store', [...rowsIn(outside, 'store'), ...batch.rows]);
        outside.set(`receipt ${batchId}`, { attemptId, rows: batch.rows.length });
        await world.step();
      },
      { lookup: (batchId) => Promise.resolve(world.outside.get(`receipt ${batchId}`) as Receipt | undefined) },
    );
  return {
    query: (world) =>
      streamingQuery(source(world), (rows$) =>
        rows$.pipe(withWatermark('at', 30), dropDuplicates(['id', 'at'], { id: 'dedup' })),
      ).writeStream({
        sink: database(world),
        onSinkFailure: divert(folder(world, 'spare')),
        checkpoint: world.checkpoint,
        ...quiet,
      }),
    check: (disk) =>
      checked((findings) =>
        checkSilver([...rowsIn(disk.outside, 'store'), ...committedRows(disk.contents(), 'spare')], findings),
      ),
  };
}

/** The checkpoint in a database of a browser, the rows in a folder. */
export function inIndexedDb(): CrashCase {
  const checkpoint = (world: CrashWorld) => ({
    location: 'simulated',
    open: () => {
      // The lease of the tab before is over.
      const platform = { use: storeIn(world), close: () => {}, durability: 'strict', now: () => world.life * 100_000 } as const;
      return Promise.resolve(new IndexedDbBackend('simulated', platform));
    },
  });
  return {
    query: (world) =>
      streamingQuery(source(world), (rows$) =>
        rows$.pipe(withWatermark('at', 30), dropDuplicates(['id', 'at'], { id: 'dedup' })),
      ).writeStream({ sink: folder(world, 'silver'), checkpoint: checkpoint(world), ...quiet }),
    check: (disk) => checked((findings) => checkSilver(committedRows(disk.contents(), 'silver'), findings)),
  };
}
