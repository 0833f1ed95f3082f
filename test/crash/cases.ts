import {
  agg,
  aggregate,
  continuous,
  dropDuplicates,
  foreachBatch,
  mapRows,
  memorySource,
  ndjson,
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
import { fileSink } from '../../src/connectors/fileSink/fileSink';
import { committedRows, compare, count, noFindings, type Findings } from './checker';
import { inputs, type Input } from './input';

type Row = Readonly<Record<string, unknown>>;
type Files = ReadonlyMap<string, Uint8Array>;

/** The cases of the laboratory by name. */
export const CASES: Readonly<Record<string, () => CrashCase>> = {
  'one sink': oneSink,
  'named outputs': () => namedOutputs(),
  'mixed sinks': mixedSinks,
  continuous: () => namedOutputs(continuous({ checkpoint: 8 })),
};

/** A source that brings a few rows at a time, and ends. After a restart it brings more at a time: most has been seen. */
function source({ life, random }: CrashWorld) {
  const rows = memorySource<Input>(inputs(), { maxRowsPerTrigger: life === 1 ? 7 + Math.floor(random() * 4) : 20 });
  rows.complete();
  return rows;
}

const quiet = { onAdvice: () => {} };

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

const rowsIn = (outside: ReadonlyMap<string, unknown>, name: string): readonly Row[] => (outside.get(name) ?? []) as Row[];

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

function folder(world: CrashWorld, path: string): BatchSink<never> {
  return fileSink({ path, format: ndjson(), fs: world.fs }) as BatchSink<never>;
}

function checked(check: (findings: Findings) => void): Findings {
  const findings = noFindings();
  try {
    check(findings);
  } catch (cause) {
    count(findings, 'wrong', (cause as Error).message);
  }
  return findings;
}

function checkAll(files: Files, findings: Findings): void {
  const silver = committedRows(files, 'silver');
  checkSilver(silver, findings);
  checkHourly(committedRows(files, 'hourly'), findings, silver);
  checkRejected(committedRows(files, 'rejected'), findings, true);
}

function valid(): Input[] {
  return inputs().filter(({ at }) => at !== null);
}

function checkSilver(found: readonly Row[], findings: Findings): void {
  const expected = new Map(valid().map(({ id, at, k, v }) => [id, { id, at, k, v }]));
  compare(
    'silver',
    expected,
    found.map((row) => [String(row['id']), row]),
    findings,
  );
}

/** Windows by hand; with the silver rows at hand also that they agree on what a random function said. */
function checkHourly(found: readonly Row[], findings: Findings, silver?: readonly Row[]): void {
  const expected = new Map<string, Record<string, unknown>>();
  const rows = silver ?? [...new Map(valid().map((row) => [row.id, row])).values()].map((row) => ({ ...row }) as Row);
  for (const row of rows) {
    const start = Math.floor((row['at'] as number) / 10) * 10;
    const id = `${start} ${String(row['k'])}`;
    const group = expected.get(id) ?? { n: 0, total: 0, ...(silver === undefined ? {} : { nonces: 0 }) };
    group['n'] = (group['n'] as number) + 1;
    group['total'] = (group['total'] as number) + (row['v'] as number);
    if (silver !== undefined) group['nonces'] = (group['nonces'] as number) + (row['nonce'] as number);
    expected.set(id, group);
  }
  const idOf = (row: Row): string => `${(row['window'] as { start: number }).start} ${String(row['k'])}`;
  compare(
    'hourly',
    expected,
    found.map((row) => [idOf(row), row]),
    findings,
  );
}

function rejectionId(row: Row): string {
  return `${String(row['reason'])} ${(row['row'] as Input).id}`;
}

function checkRejected(found: readonly Row[], findings: Findings, exact: boolean): void {
  const expected = new Map<string, undefined>();
  const seen = new Set<string>();
  for (const { id, at } of inputs()) {
    if (at === null) expected.set(`invalid ${id}`, undefined);
    else if (seen.has(id)) expected.set(`duplicate ${id}`, undefined);
    seen.add(id);
  }
  compare(
    exact ? 'rejected' : 'rejected (at least once)',
    expected,
    found.map((row) => [rejectionId(row), row]),
    findings,
  );
}
