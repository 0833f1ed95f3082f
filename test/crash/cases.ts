import {
  agg,
  aggregate,
  continuous,
  dropDuplicates,
  foreachBatch,
  mapRows,
  streamingQuery,
  tumbling,
  withWatermark,
  type BatchSink,
  type Receipt,
  type Rejection,
  type StreamingQuery,
  type Trigger,
} from 'tidemark';
import { ManualClock, type CrashCase, type CrashWorld } from 'tidemark/testing';
import { committedRows, type Findings } from './checker';
import { diverted, inIndexedDb } from './otherCases';
import { checked, checkHourly, checkRejected, checkSilver, folder, quiet, rejectionId, rowsIn, source, type Row } from './worlds';

type Files = ReadonlyMap<string, Uint8Array>;

/** The cases of the laboratory by name. */
export const CASES: Readonly<Record<string, () => CrashCase>> = {
  'one sink': oneSink,
  'named outputs': () => namedOutputs(),
  'mixed sinks': mixedSinks,
  diverted,
  'in IndexedDB': inIndexedDb,
  continuous: () => namedOutputs(continuous({ checkpoint: 8 })),
};

/** Windows over deduplicated rows into one folder of files: recovery asks the sink. */
function oneSink(): CrashCase {
  return {
    query: (world) =>
      streamingQuery(source(world), (rows$) =>
        rows$.pipe(
          withWatermark('at', 30),
          dropDuplicates(['id', 'at'], { id: 'dedup' }),
          aggregate({ id: 'hourly', key: 'k', window: tumbling(10), select: { n: agg.count(), total: agg.sum('v') } }),
        ),
      ).writeStream({ sink: folder(world, 'hourly'), checkpoint: world.checkpoint, ...quiet }),
    check: (disk) => checked((findings) => checkHourly(committedRows(disk.contents(), 'hourly'), findings)),
  };
}

/** Three outputs of one read, with a function in between that gives every attempt another answer. */
function namedOutputs(trigger?: Trigger): CrashCase {
  return {
    query: (world) =>
      build(
        world,
        { silver: folder(world, 'silver'), hourly: folder(world, 'hourly'), rejected: folder(world, 'rejected') },
        trigger,
      ),
    check: (disk) => checked((findings) => checkAll(disk.contents(), findings)),
  };
}

/** A folder, a store with transactions, and one that only appends. */
function mixedSinks(): CrashCase {
  const transactional = (world: CrashWorld): BatchSink<Row> =>
    foreachBatch<Row>(
      async (batch, { batchId, attemptId }) => {
        await world.step();
        // Rows and receipt in one piece; the answer may be lost.
        const { outside } = world;
        outside.set('store', [...rowsIn(outside, 'store'), ...batch.rows]);
        outside.set(`receipt ${batchId}`, { attemptId, rows: batch.rows.length });
        await world.step();
      },
      { lookup: (batchId) => Promise.resolve(world.outside.get(`receipt ${batchId}`) as Receipt | undefined) },
    );
  const appending = (world: CrashWorld): BatchSink<Rejection> =>
    foreachBatch<Rejection>(async (batch) => {
      for (const row of batch.rows) {
        await world.step();
        world.outside.set('appended', [...rowsIn(world.outside, 'appended'), row]);
      }
    });
  return {
    query: (world) => build(world, { silver: transactional(world), hourly: folder(world, 'hourly'), rejected: appending(world) }),
    check: (disk) =>
      checked((findings) => {
        const store = rowsIn(disk.outside, 'store');
        checkSilver(store, findings);
        checkHourly(committedRows(disk.contents(), 'hourly'), findings, store);
        // This one may repeat rows; it must not lose any.
        const unique = new Map(rowsIn(disk.outside, 'appended').map((row) => [rejectionId(row), row]));
        checkRejected([...unique.values()], findings, false);
      }),
  };
}

/** Time goes on whenever somebody looks at it. */
class TickingClock extends ManualClock {
  override now(): number {
    this.advance(1);
    return super.now();
  }
}

interface Sinks {
  readonly silver: BatchSink<never>;
  readonly hourly: BatchSink<never>;
  readonly rejected: BatchSink<never>;
}

function build(world: CrashWorld, sinks: Sinks, trigger?: Trigger): StreamingQuery {
  const scheduler = new TickingClock(0);
  return streamingQuery(source(world), (rows$) => {
    const silver = rows$.pipe(
      withWatermark('at', 30),
      dropDuplicates(['id', 'at'], { id: 'dedup' }),
      // Not the same at the second try: state and sinks must agree all the same.
      mapRows((row) => ({ ...row, nonce: Math.floor(world.random() * 1_000_000) })),
    );
    const select = { n: agg.count(), total: agg.sum('v'), nonces: agg.sum('nonce') } as const;
    const hourly = silver.pipe(aggregate({ id: 'hourly', key: 'k', window: tumbling(10), select }));
    return { silver, hourly };
  }).writeStream({
    to: sinks as never,
    checkpoint: world.checkpoint,
    scheduler,
    ...(trigger === undefined ? {} : { trigger }),
    ...quiet,
  });
}

function checkAll(files: Files, findings: Findings): void {
  const silver = committedRows(files, 'silver');
  checkSilver(silver, findings);
  checkHourly(committedRows(files, 'hourly'), findings, silver);
  checkRejected(committedRows(files, 'rejected'), findings, true);
}
