import { describe, expect, it } from 'vitest';
import { memoryCheckpoint, type OperatorDelta } from '../../src/checkpoint';
import { checkCheckpoint } from '../../src/checkpoint/fsck';
import { isSnapshotDue, type FileRef } from '../../src/checkpoint/manifest';
import { commitOf, countDelta, groups, open, planOf, runBatch, stageOf, tableDelta } from './script';
import { walkOf } from '../../src/state/table';

const file = (batch: number, bytes: number): FileRef => ({ name: `f${batch}`, batch, bytes, sha256: '', entries: 1 });

/** Is a snapshot due behind one of `base` bytes (undefined: none), with so many deltas of so many bytes? */
function due(base: number | undefined, count: number, bytes: number): boolean {
  const deltas = Array.from({ length: count }, (_, i) => file(i + 1, bytes));
  // Deltas of the older chain do not count.
  if (base === undefined) return isSnapshotDue({ snapshots: [], deltas, fromStart: true });
  return isSnapshotDue({ snapshots: [file(-9, 1), file(0, base)], deltas: [file(-1, 1e9), ...deltas], fromStart: false });
}

describe('when a snapshot is due', () => {
  it.each([
    ['ten deltas without one before', undefined, 10, 1, true],
    ['nine', undefined, 9, 1, false],
    ['ten that weigh a quarter of it', 40, 10, 1, true],
    ['ten that weigh less', 41, 10, 1, false],
    ['forty that weigh nothing beside it', 1e9, 40, 1, true],
    ['thirty-nine', 1e9, 39, 1, false],
    ['few that are heavy: beyond 8 MiB', 0, 2, 5e6, true],
    ['up to 8 MiB', 0, 2, 4e6, false],
    ['few that are twice as heavy as a large one', 1e8, 3, 7e7, true],
    ['not quite', 1e8, 2, 9e7, false],
  ])('%s', (_, base, count, bytes, expected) => {
    expect(due(base, count, bytes)).toBe(expected);
  });
});

describe('a snapshot from memory', () => {
  const whole = (put: Iterable<readonly [readonly unknown[], unknown]>): OperatorDelta[] => [
    { ...countDelta([])[0]!, tables: { groups: { ...tableDelta([], [], true), put: walkOf(() => put) } } },
  ];

  it('says the same as deltas do of objects of very many numbers, wherever they stood in their files', async () => {
    const location = memoryCheckpoint();
    const checkpoint = await open(location);
    const fields = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`name ${i}`, i + 0.5]));
    const put = Array.from({ length: 80 }, (_, i) => [[`k${i}`], fields(20 + i)] as const);
    for (let batch = 0; batch < 5; batch++)
      await runBatch(checkpoint, batch, { delta: countDelta(put.slice(batch * 16, batch * 16 + 16)) });
    await checkpoint.close(() => whole(put));
    const again = await open(location);
    expect(await groups(again)).toEqual(put);
    await runBatch(again, 5, { delta: [] });
    expect((await checkCheckpoint(await location.open())).findings).toEqual([]);
  });

  it('is what the next start reads, and both chains say the same', async () => {
    const location = memoryCheckpoint();
    const checkpoint = await open(location);
    const held = new Map<string, number>();
    let asked = 0;
    for (let batch = 0; batch < 25; batch++) {
      const key = `k${(batch * 7) % 10}`;
      held.delete(`k${(batch * 3) % 10}`);
      held.set(key, batch);
      await checkpoint.plan(planOf(batch, 1));
      await checkpoint.stage(stageOf(batch, `a${batch}`, { delta: countDelta([[[key], batch]], [[`k${(batch * 3) % 10}`]]) }));
      await checkpoint.commit(commitOf(batch, `a${batch}`, 1));
      // Memory has another order than the deltas, and can be walked through only once.
      await checkpoint.maintain(
        () => (
          asked++,
          whole(
            [...held]
              .sort(([a], [b]) => (a < b ? 1 : -1))
              .map(([k, v]) => [[k], v] as const)
              .values(),
          )
        ),
      );
    }
    expect(asked).toBe(2);
    expect((await checkCheckpoint(await location.open())).findings).toEqual([]);
    location.abandon();
    const again = await groups(await open(location));
    expect(new Map(again.map(([key, value]) => [key[0], value]))).toEqual(held);
  });
});
