import { describe, expect, it } from 'vitest';
import {
  agg,
  aggregate,
  availableNow,
  filterRows,
  flatMapGroupsWithState,
  memorySink,
  memorySource,
  processingTime,
  streamingQuery,
  tumbling,
  withWatermark,
  type GroupState,
  type OperatorImage,
  type QueryOptions,
  type StateMigration,
  type UntimedStream,
} from 'tidemark';
import { checkCheckpoint } from 'tidemark/node';
import { simulatedFiles, type SimulatedFiles } from 'tidemark/testing';

interface View {
  readonly at: number;
  readonly k: string;
}

const quiet = { onAdvice: () => {} };

/** Runs a query over everything that is there; its error, if it has one. */
async function run(query: { start(): Promise<unknown>; awaitTermination(): Promise<unknown> }): Promise<unknown> {
  try {
    await query.start();
    await query.awaitTermination();
    return undefined;
  } catch (cause) {
    return cause;
  }
}

describe('[L72] what a restart may change', () => {
  const counting =
    (key: 'k' | 'at', size: number, id = 'n') =>
    (rows$: UntimedStream<View>) =>
      rows$.pipe(withWatermark('at', 5), aggregate({ id, key, window: tumbling(size), select: { n: agg.count() } }));
  const start = (
    disk: SimulatedFiles,
    pipeline: (rows$: UntimedStream<View>) => ReturnType<ReturnType<typeof counting>>,
    options: QueryOptions = {},
  ) => {
    const source = memorySource<View>([
      { at: 1, k: 'a' },
      { at: 2, k: 'b' },
    ]);
    return streamingQuery(source, pipeline).writeStream({
      sink: memorySink(),
      checkpoint: disk.checkpoint(),
      trigger: availableNow(),
      ...quiet,
      ...options,
    });
  };

  it.each<[string, (disk: SimulatedFiles) => ReturnType<typeof start>]>([
    [
      'another trigger, retention and policy',
      (disk) => start(disk, counting('k', 10), { trigger: processingTime(10), minBatchesToRetain: 2, watermarkPolicy: 'max' }),
    ],
    [
      'another delay',
      (disk) =>
        start(disk, (rows$) =>
          rows$.pipe(withWatermark('at', 50), aggregate({ id: 'n', key: 'k', window: tumbling(10), select: { n: agg.count() } })),
        ),
    ],
    [
      'an operator without state more',
      (disk) => start(disk, (rows$) => counting('k', 10)(rows$.pipe(filterRows((row) => row.k !== '')))),
    ],
  ])('%s is taken', async (_, changed) => {
    const disk = simulatedFiles();
    expect(await run(start(disk, counting('k', 10)))).toBeUndefined();
    const query = changed(disk);
    await query.start();
    expect(query.exception).toBeUndefined();
    await query.stop();
  });

  it.each<[string, (disk: SimulatedFiles) => ReturnType<typeof start>, string, RegExp]>([
    [
      'another key',
      (disk) => start(disk, counting('at', 10)),
      'TIDEMARK_STATE_INCOMPATIBLE',
      /schema\.key\[0\]: "k" → "at".*new id.*migrate: \{ 'n': /,
    ],
    [
      'another window',
      (disk) => start(disk, counting('k', 20)),
      'TIDEMARK_STATE_INCOMPATIBLE',
      /"10 milliseconds" → "20 milliseconds".*Take the change back/,
    ],
    [
      'another id',
      (disk) => start(disk, counting('k', 10, 'm')),
      'TIDEMARK_STATE_DROPPED',
      /old id again.*allowDroppedState: \['n'\]/,
    ],
    [
      'another source',
      (disk) =>
        streamingQuery({ other: memorySource<View>() }, ({ other }) => ({ sink: counting('k', 10)(other) })).writeStream({
          to: { sink: memorySink() },
          checkpoint: disk.checkpoint(),
          trigger: availableNow(),
          ...quiet,
        }),
      'TIDEMARK_CHECKPOINT_MISMATCH',
      /source source is gone; source other is new.*checkpoint of its own/,
    ],
  ])('%s is refused, with the difference and what to do', async (_, changed, code, message) => {
    const disk = simulatedFiles();
    expect(await run(start(disk, counting('k', 10)))).toBeUndefined();
    const refused = (await run(changed(disk))) as Error & { code: string };
    expect(refused.code).toBe(code);
    expect(refused.message).toMatch(message);
    expect(await run(start(disk, counting('k', 10)))).toBeUndefined(); // nothing was touched
  });
});

describe('migrate', () => {
  /** Version 1 keeps a number, version 2 an object. */
  const numbers = (rows$: UntimedStream<View>) =>
    rows$.pipe(
      flatMapGroupsWithState({
        id: 'sums',
        key: 'k',
        update: (key: string, views: readonly View[], state: GroupState<number>) => {
          state.update((state.exists ? state.get() : 0) + views.length);
          return [{ key, n: state.get() }];
        },
      }),
    );
  const objects = (rows$: UntimedStream<View>) =>
    rows$.pipe(
      flatMapGroupsWithState({
        id: 'sums',
        key: 'k',
        update: (key: string, views: readonly View[], state: GroupState<{ total: number; calls: number }>) => {
          const { total, calls } = state.exists ? state.get() : { total: 0, calls: 0 };
          state.update({ total: total + views.length, calls: calls + 1 });
          return [{ key, n: state.get().total, calls: state.get().calls }];
        },
      }),
    );
  const toObjects = (state: OperatorImage): OperatorImage => {
    const { version, entries } = state.tables['state']!;
    const migrated = entries.map(([key, value]) => {
      const [n, ...rest] = value as readonly unknown[];
      return [key, [{ total: n as number, calls: 0 }, ...rest]] as const;
    });
    return { ...state, tables: { ...state.tables, state: { version, entries: migrated } } };
  };
  const migrate: Record<string, StateMigration> = { sums: { version: 2, steps: { 1: toObjects } } };
  const source = () =>
    memorySource<View>([
      { at: 1, k: 'a' },
      { at: 2, k: 'a' },
      { at: 3, k: 'b' },
    ]);
  const query = (
    disk: SimulatedFiles,
    from: ReturnType<typeof source>,
    pipeline: typeof numbers | typeof objects,
    sink: unknown,
    options: QueryOptions = {},
  ) =>
    streamingQuery(from, pipeline as typeof numbers).writeStream({
      sink: sink as ReturnType<typeof memorySink<{ key: string; n: number }>>,
      checkpoint: disk.checkpoint(),
      trigger: availableNow(),
      ...quiet,
      ...options,
    });

  it('brings state of an older form over, once, and does not go back', async () => {
    const disk = simulatedFiles();
    const rows = source();
    expect(await run(query(disk, rows, numbers, memorySink()))).toBeUndefined();
    rows.add({ at: 4, k: 'a' });
    const sink = memorySink();
    expect(await run(query(disk, rows, objects, sink, { migrate }))).toBeUndefined();
    expect(sink.rows()).toEqual([{ key: 'a', n: 3, calls: 1 }]);
    rows.add({ at: 5, k: 'b' }, { at: 6, k: 'a' });
    expect(await run(query(disk, rows, objects, sink, { migrate }))).toBeUndefined();
    expect(sink.rows().slice(1)).toEqual([
      { key: 'b', n: 2, calls: 1 },
      { key: 'a', n: 4, calls: 2 },
    ]);
    expect(await run(query(disk, rows, numbers, memorySink()))).toMatchObject({ code: 'TIDEMARK_STATE_INCOMPATIBLE' });
    expect((await checkCheckpoint(await disk.checkpoint().open())).findings).toEqual([]);
  });

  it('finishes a batch that was staged in the older form first, and migrates what it leaves', async () => {
    for (const committedBefore of [true, false]) {
      const disk = simulatedFiles();
      const rows = source();
      if (committedBefore) expect(await run(query(disk, rows, numbers, memorySink()))).toBeUndefined();
      rows.add({ at: 4, k: 'a' });
      let isDown = true;
      const taken: unknown[] = [];
      const flaky = {
        type: 'flaky',
        description: {},
        modes: ['append'],
        delivery: 'idempotent',
        commit: ({ rows: batch }: { rows: readonly unknown[] }) => {
          if (isDown) throw new Error('down');
          taken.push(...batch);
        },
      };
      expect(await run(query(disk, rows, numbers, flaky))).toMatchObject({ code: 'TIDEMARK_QUERY_FAILED' });
      isDown = false;
      rows.add({ at: 5, k: 'a' });
      expect(await run(query(disk, rows, objects, flaky, { migrate }))).toBeUndefined();
      const first = committedBefore
        ? [{ key: 'a', n: 3 }]
        : [
            { key: 'a', n: 3 },
            { key: 'b', n: 1 },
          ];
      expect(taken).toEqual([...first, { key: 'a', n: 4, calls: 1 }]);
      expect((await checkCheckpoint(await disk.checkpoint().open())).findings).toEqual([]);
    }
  });

  it('says what is wrong with it', async () => {
    const disk = simulatedFiles();
    const rows = source();
    expect(await run(query(disk, rows, numbers, memorySink()))).toBeUndefined();
    const other = { others: { version: 2, steps: { 1: toObjects } } };
    expect(await run(query(disk, rows, objects, memorySink(), { migrate: other }))).toMatchObject({
      code: 'TIDEMARK_OPTION',
      message: expect.stringContaining("no stateful operator has the id 'others'") as string,
    });
    const gap = { sums: { version: 3, steps: { 1: toObjects } } };
    expect(await run(query(disk, rows, objects, memorySink(), { migrate: gap }))).toMatchObject({
      code: 'TIDEMARK_STATE_INCOMPATIBLE',
      message: expect.stringContaining('nothing migrates it from version 2 to 3') as string,
    });
    expect(() => query(disk, rows, objects, memorySink(), { migrate: { sums: { version: 0, steps: {} } } })).toThrow(
      /whole number/,
    );
  });
});
