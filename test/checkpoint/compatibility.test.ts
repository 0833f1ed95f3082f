import { describe, expect, it } from 'vitest';
import { memoryCheckpoint, type MemoryLocation, type OperatorState } from '../../src/checkpoint';
import { codeOf, commitOf, countDelta, groups, open, planOf, runBatch, stageOf, tableDelta } from './script';

async function written(): Promise<MemoryLocation> {
  const location = memoryCheckpoint();
  const checkpoint = await open(location);
  for (const batch of [0, 1]) await runBatch(checkpoint, batch, { delta: countDelta([[[`k${batch}`], { n: batch }]]) });
  await checkpoint.close();
  return location;
}

const operators = (id: string, state: Partial<OperatorState> = {}): { operators: Map<string, OperatorState> } => ({
  operators: new Map([[id, { type: 'aggregate', schema: { key: ['k'] }, ...state }]]),
});

describe('what a restart may change', () => {
  it.each([
    ['another plan', { plan: { operators: ['filter', 'count'] } }],
    ['no name', { name: null }],
    ['a new stateful operator', { operators: new Map([...operators('count').operators, ...operators('more').operators]) }],
    ['retention', { minBatchesToRetain: 3 }],
  ])('%s is taken', async (_, overrides) => {
    const checkpoint = await open(await written(), overrides);
    expect(await groups(checkpoint)).toHaveLength(2);
  });

  it.each([
    ['another name', { name: 'other' }, 'name: query → other'],
    ['a source more', { sources: ['in', 'more'] }, 'source more is new'],
    ['a source less', { sources: [] }, 'source in is gone'],
    ['another sink', { sinks: ['else'], plan: { operators: [] } }, 'plan.operators: ["count"] → []'],
  ])('%s is refused with the difference', async (_, overrides, difference) => {
    const location = await written();
    const refused: unknown = await open(location, overrides).catch((cause: unknown) => cause);
    expect(refused).toMatchObject({ code: 'TIDEMARK_CHECKPOINT_MISMATCH' });
    expect((refused as { details: { differences: string[] } }).details.differences).toContain(difference);
    await (await open(location)).close(); // and was given back
  });

  it('state of an operator that is gone is an error, unless it may go; then it is gone for good', async () => {
    const location = await written();
    expect(await codeOf(open(location, operators('renamed')))).toBe('TIDEMARK_STATE_DROPPED');
    const checkpoint = await open(location, { ...operators('renamed'), allowDroppedState: ['count'] });
    expect(await checkpoint.readState()).toEqual(new Map());
    location.abandon();
    expect(await codeOf(open(location, operators('renamed')))).toBe('TIDEMARK_STATE_DROPPED'); // nothing was committed yet
    const again = await open(location, { ...operators('renamed'), allowDroppedState: ['count'] });
    await runBatch(again, 2, { delta: [{ ...countDelta([[['z'], 1]])[0]!, id: 'renamed' }] });
    await again.close();
    const after = await open(location, operators('renamed'));
    expect([...(await after.readState()).keys()]).toEqual(['renamed']);
  });

  it.each([
    ['another type', { type: 'dedup' }],
    ['a key column more', { schema: { key: ['k', 'l'] } }],
    ['a key column less', { schema: { key: [] } }],
    ['a field more', { schema: { key: ['k'], window: 60_000 } }],
    ['a later version without a migration', { version: 2 }],
  ])('%s is refused', async (_, state) => {
    expect(await codeOf(open(await written(), operators('count', state)))).toBe('TIDEMARK_STATE_INCOMPATIBLE');
  });

  it('the comparison runs in the right direction, both ways', async () => {
    const narrow = operators('count', { schema: { key: ['k'] } });
    const wide = operators('count', { schema: { key: ['k'], window: 5 } });
    for (const [before, now, text] of [
      [narrow, wide, 'schema.window is new: 5'],
      [wide, narrow, 'schema.window is gone: 5'],
    ] as const) {
      const location = memoryCheckpoint();
      const checkpoint = await open(location, before);
      const { schema } = before.operators.get('count')!;
      await runBatch(checkpoint, 0, {
        delta: [{ id: 'count', type: 'aggregate', schema, tables: { groups: tableDelta([[['a'], 1]]) } }],
      });
      await checkpoint.close();
      const refused: unknown = await open(location, now).catch((cause: unknown) => cause);
      expect(refused).toMatchObject({ code: 'TIDEMARK_STATE_INCOMPATIBLE', details: { differences: [text] } });
    }
  });

  it('migrations run one after the other, and become durable with the next commit', async () => {
    const location = await written();
    let runs = 0;
    const migrate: OperatorState['migrate'] = {
      1: ({ tables, ...rest }) => {
        runs++;
        const entries = tables.groups!.entries.map(([key, value]) => [key, { total: (value as { n: number }).n }] as const);
        return { ...rest, tables: { groups: { version: 1, entries } } };
      },
      2: ({ tables, ...rest }) => ({ ...rest, tables: { ...tables, seen: { version: 1, entries: [[['x'], new Date(0)]] } } }),
    };
    const changed = operators('count', { version: 3, schema: { key: ['k'], v: 3 }, migrate });
    const expected = [
      [['k0'], { total: 0 }],
      [['k1'], { total: 1 }],
    ];
    for (let round = 1; round <= 2; round++) {
      const checkpoint = await open(location, changed);
      expect(await groups(checkpoint)).toEqual(expected);
      expect(await groups(checkpoint, 'seen')).toEqual([[['x'], new Date(0)]]);
      expect(runs).toBe(round); // again: the first one committed nothing
      if (round === 1) location.abandon();
      else {
        const delta = {
          id: 'count',
          type: 'aggregate',
          schema: { key: ['k'], v: 3 },
          tables: { groups: tableDelta([[['k0'], { total: 9 }]]) },
        };
        await runBatch(checkpoint, 2, { delta: [delta] });
        await checkpoint.close();
      }
    }
    const after = await open(location, changed);
    expect(await groups(after)).toEqual([[['k0'], { total: 9 }], expected[1]]);
    expect(runs).toBe(2);
    await after.close();
    expect(await codeOf(open(location))).toBe('TIDEMARK_STATE_INCOMPATIBLE'); // and not back to version 1
  });
});

describe('retention', () => {
  it('keeps minBatchesToRetain + 1 plans and commits, and no state that nobody needs', async () => {
    const location = memoryCheckpoint();
    const checkpoint = await open(location, { minBatchesToRetain: 1 });
    let most = 0;
    for (let batch = 0; batch < 60; batch++) {
      await runBatch(checkpoint, batch, { delta: countDelta([[[batch % 5], batch]]) });
      expect(await checkpoint.offsetIds()).toEqual(batch === 0 ? [0] : [batch - 1, batch]);
      expect(await checkpoint.commitIds()).toEqual(await checkpoint.offsetIds());
      most = Math.max(most, [...location.files.keys()].filter((name) => name.startsWith('state/')).length);
    }
    expect(most).toBeLessThan(30); // two chains of at most ten deltas, and what the older commit refers to
    location.abandon();
    const again = await open(location);
    expect(await groups(again)).toEqual([0, 1, 2, 3, 4].map((k) => [[k], 55 + k]));
  });

  it('commits leave in lots of a tenth of what is kept: each removal syncs three folders', async () => {
    const checkpoint = await open(memoryCheckpoint(), { minBatchesToRetain: 20 });
    const kept: number[] = [];
    for (let batch = 0; batch < 26; batch++) {
      await runBatch(checkpoint, batch);
      kept.push((await checkpoint.commitIds()).length);
    }
    expect(kept.slice(19)).toEqual([20, 21, 22, 21, 22, 21, 22]);
    expect(await checkpoint.offsetIds()).toEqual(await checkpoint.commitIds());
  });

  it('files of attempts that failed before a start go with its first batch', async () => {
    const location = memoryCheckpoint();
    const checkpoint = await open(location);
    await checkpoint.plan(planOf(0, 1));
    await checkpoint.stage(stageOf(0, 'failed'));
    location.abandon();
    const again = await open(location);
    await again.stage(stageOf(0, 'a0'));
    await again.commit(commitOf(0, 'a0', again.epoch));
    expect([...location.files.keys()].some((name) => name.includes('failed'))).toBe(true);
    await again.maintain();
    expect([...location.files.keys()].some((name) => name.includes('failed'))).toBe(false);
  });

  it('a commit that is taken back leaves its batch pending with the same plan; the state is that of the one before', async () => {
    const location = memoryCheckpoint();
    const checkpoint = await open(location);
    for (let batch = 0; batch < 12; batch++) await runBatch(checkpoint, batch, { delta: countDelta([[['k'], batch]]) });
    await checkpoint.plan(planOf(12, 1));
    await checkpoint.dropLastCommit();
    expect(checkpoint.last!.batch).toBe(10);
    expect(checkpoint.pending).toEqual(planOf(11, 1));
    expect(await groups(checkpoint)).toEqual([[['k'], 10]]);
    expect((await checkpoint.stages()).map(({ attempt }) => attempt)).toEqual(['a11']);
    await checkpoint.close();
    expect((await open(location)).last!.batch).toBe(10);
  });
});
