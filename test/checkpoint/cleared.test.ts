import { describe, expect, it } from 'vitest';
import { memoryCheckpoint } from '../../src/checkpoint';
import type { StateEntry, TableChanges } from '../../src/state/table';
import { textOf } from '../../src/testing';
import { randomOf } from '../laws/random';
import { lay } from '../state/changes';
import { commitOf, countDelta, groups, open, planOf, stageOf } from './script';

/** A checkpoint into which deltas of one table are laid, and a copy that a Map keeps. */
async function started() {
  const location = memoryCheckpoint();
  let checkpoint = await open(location);
  const copy = new Map<string, StateEntry>();
  let batch = 0;
  return {
    async lay(changes: TableChanges): Promise<void> {
      const delta = [{ ...countDelta([])[0]!, tables: { groups: { version: 1, whole: false, ...changes } } }];
      await checkpoint.plan(planOf(batch, checkpoint.epoch));
      await checkpoint.stage(stageOf(batch, `a${batch}`, { delta }));
      await checkpoint.commit(commitOf(batch, `a${batch}`, checkpoint.epoch));
      await checkpoint.maintain();
      lay(changes, copy);
      batch++;
    },
    async reopened(): Promise<readonly StateEntry[]> {
      await checkpoint.close();
      checkpoint = await open(location);
      return groups(checkpoint);
    },
    get expected(): StateEntry[] {
      return [...copy.values()];
    },
  };
}

describe('keys that are gone with all that begins like them', () => {
  it('what was there is gone, what comes afterwards is not, and it is the youngest', async () => {
    const table = await started();
    const entry = (start: number, key: string, value: number): StateEntry => [[start, key], value];
    await table.lay({ removed: [], put: [entry(0, 'a', 1), entry(10, 'a', 2), entry(0, 'b', 3), entry(1, 'a', 4)] });
    await table.lay({ cleared: [[0]], removed: [], put: [entry(0, 'b', 5), entry(10, 'b', 6)] });
    expect(await table.reopened()).toEqual([entry(10, 'a', 2), entry(1, 'a', 4), entry(0, 'b', 5), entry(10, 'b', 6)]);
    expect(table.expected).toEqual(await table.reopened());
  });

  it('a text that begins another is no beginning of its key', async () => {
    const table = await started();
    const keys = [['a'], ['ab'], ['a\0'], ['a', 'b'], ['a', null]];
    const put = keys.map((key, i): StateEntry => [key, i]);
    await table.lay({ removed: [], put });
    await table.lay({ cleared: [['a']], removed: [], put: [] });
    expect(await table.reopened()).toEqual([put[1], put[2]]);
    await table.lay({ cleared: [[]], removed: [], put: [[['z'], 1] as const] });
    expect(await table.reopened()).toEqual([[['z'], 1]]);
  });

  it('in any order with the rest, over restarts and snapshots', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = randomOf(seed);
      const table = await started();
      const key = (): unknown[] => [random.int(0, 3), random.pick(['a', 'b', 'c'])];
      for (let batch = 0; batch < 50; batch++) {
        const known = new Map<string, StateEntry>();
        for (let n = random.int(0, 4); n > 0; n--) {
          const put = [key(), batch * 10 + n] as const;
          known.set(textOf(put[0]), put);
        }
        const removed = random.chance(0.3) ? [key()] : [];
        const cleared = random.chance(0.4) ? [random.chance(0.8) ? [random.int(0, 3)] : key()] : [];
        await table.lay({ cleared, removed, put: [...known.values()] });
        if (random.chance(0.1)) expect(await table.reopened(), `seed ${seed}`).toEqual(table.expected);
      }
      expect(await table.reopened(), `seed ${seed}`).toEqual(table.expected);
    }
  });
});
