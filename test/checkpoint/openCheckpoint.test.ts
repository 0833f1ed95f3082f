import { describe, expect, it } from 'vitest';
import { memoryCheckpoint } from '../../src/checkpoint';
import { codeOf, commitOf, countDelta, groups, open, planOf, runBatch, stageOf, tableDelta } from './script';

describe('openCheckpoint', () => {
  it('begins where there is nothing, and goes on where it stopped', async () => {
    const location = memoryCheckpoint();
    const first = await open(location);
    expect(first).toMatchObject({ queryId: 'id-1', epoch: 1, last: undefined, pending: undefined, lastPlan: undefined });
    expect(await groups(first)).toEqual([]);
    for (let batch = 0; batch < 3; batch++) await runBatch(first, batch, { delta: countDelta([[[`k${batch}`], { n: batch }]]) });
    await first.close();
    const second = await open(location);
    expect(second.queryId).toBe('id-1');
    expect(second.epoch).toBe(2);
    expect(second.last).toEqual(commitOf(2, 'a2', 1));
    expect(second.lastPlan).toEqual(planOf(2, 1));
    expect(await groups(second)).toEqual([
      [['k0'], { n: 0 }],
      [['k1'], { n: 1 }],
      [['k2'], { n: 2 }],
    ]);
  });

  it('keeps keys in the order in which they came: a changed one stays, a removed one comes anew', async () => {
    const location = memoryCheckpoint();
    const checkpoint = await open(location);
    const steps = [
      countDelta([['a'], ['b'], ['c'], ['d']].map((key) => [key, 0])),
      countDelta([[['b'], 1]], [['d']]),
      countDelta([[['a'], 2]], [['a']]),
    ];
    for (const [batch, delta] of steps.entries()) await runBatch(checkpoint, batch, { delta });
    expect(await groups(checkpoint)).toEqual([
      [['b'], 1],
      [['c'], 0],
      [['a'], 2],
    ]);
  });

  it('a whole table replaces what there was, and may hold a key several times', async () => {
    const checkpoint = await open(memoryCheckpoint());
    const whole = (put: readonly (readonly [readonly unknown[], unknown])[]) => [
      { id: 'count', type: 'aggregate', schema: { key: ['k'] }, tables: { groups: tableDelta(put, [], true) } },
    ];
    const twice = [
      [['a'], 1],
      [['b'], 1],
      [['a'], 2],
      [['a'], 3],
    ] as const;
    await runBatch(checkpoint, 0, { delta: whole([[['z'], 0]]) });
    await runBatch(checkpoint, 1, { delta: whole(twice) });
    expect(await groups(checkpoint)).toEqual(twice);
    await runBatch(checkpoint, 2, { delta: countDelta([[['a'], 9]], [['a']]) });
    expect(await groups(checkpoint)).toEqual([
      [['b'], 1],
      [['a'], 9],
    ]);
  });

  it('an infinite watermark comes back', async () => {
    const location = memoryCheckpoint();
    const checkpoint = await open(location);
    await checkpoint.plan(planOf(0, 1, { late: -Infinity, watermark: Infinity }));
    await checkpoint.stage(stageOf(0, 'a', { nextWatermark: Infinity }));
    location.abandon();
    const again = await open(location);
    expect(again.pending).toMatchObject({ late: -Infinity, watermark: Infinity });
    expect((await again.stages())[0]!.nextWatermark).toBe(Infinity);
    await again.commit({ ...commitOf(0, 'a', 2), nextWatermark: Infinity });
    location.abandon();
    expect((await open(location)).last!.nextWatermark).toBe(Infinity);
  });

  it('a batch that was planned is pending; its published stage comes back with its rows', async () => {
    const location = memoryCheckpoint();
    const checkpoint = await open(location);
    await runBatch(checkpoint, 0);
    await checkpoint.plan(planOf(1, 1));
    const rows = [{ k: 'a', at: new Date(0), n: -0 }, { k: 'b' }];
    await checkpoint.stage(
      stageOf(1, 'A', {
        outputs: [
          { sink: 'out', rows },
          { sink: 'other', rows: [], changes: [{ op: 'delete' }] },
        ],
        to: { in: 7 },
      }),
    );
    location.abandon();
    const again = await open(location);
    expect(again.pending).toEqual(planOf(1, 1));
    expect(again.last!.batch).toBe(0);
    const [stage, ...others] = await again.stages();
    expect(others).toEqual([]);
    expect(stage).toMatchObject({ attempt: 'A', hasOutputs: true, nextWatermark: 30, to: { in: 7 } });
    expect(await stage!.outputs()).toEqual([
      { sink: 'out', rows },
      { sink: 'other', rows: [], changes: [{ op: 'delete' }] },
    ]);
    await again.commit(commitOf(1, 'A', 2));
    expect(await groups(again)).toEqual([[['k'], 1]]);
  });

  it('a plan with rows left out takes the place of the first; a stage of the first does not count', async () => {
    const location = memoryCheckpoint();
    const checkpoint = await open(location);
    await checkpoint.plan(planOf(0, 1));
    await checkpoint.stage(stageOf(0, 'A'));
    const amended = planOf(0, 1, { excluded: [['in', 3, 'poison']] });
    await checkpoint.amend(amended);
    location.abandon();
    const again = await open(location);
    expect(again.pending).toEqual(amended);
    expect(await again.stages()).toEqual([]);
  });

  it('a second holder is refused and told who the first is; one that died is fenced', async () => {
    const location = memoryCheckpoint();
    const first = await open(location);
    const refused = await open(location, { owner: 'second' }).catch((cause: unknown) => cause);
    expect(refused).toMatchObject({ code: 'TIDEMARK_CHECKPOINT_IN_USE', details: { holder: { owner: 'test' } } });
    location.abandon();
    await open(location);
    expect(await codeOf(first.plan(planOf(0, 1)))).toBe('TIDEMARK_FENCED');
    await first.close();
    expect(await codeOf(open(location))).toBe('TIDEMARK_CHECKPOINT_IN_USE'); // closing the fenced one frees nothing
  });

  it('the order of calls is checked', async () => {
    const checkpoint = await open(memoryCheckpoint());
    expect(await codeOf(checkpoint.plan(planOf(1, 1)))).toBe('TIDEMARK_PROTOCOL');
    expect(await codeOf(checkpoint.stage(stageOf(0, 'A')))).toBe('TIDEMARK_PROTOCOL');
    await checkpoint.plan(planOf(0, 1));
    expect(await codeOf(checkpoint.plan(planOf(0, 1)))).toBe('TIDEMARK_PROTOCOL');
    expect(await codeOf(checkpoint.commit(commitOf(0, 'A', 1)))).toBe('TIDEMARK_PROTOCOL');
    await checkpoint.stage(stageOf(0, 'A'));
    expect(await codeOf(checkpoint.commit(commitOf(0, 'B', 1)))).toBe('TIDEMARK_PROTOCOL');
    expect(await codeOf(checkpoint.dropLastCommit())).toBe('TIDEMARK_PROTOCOL');
  });
});
