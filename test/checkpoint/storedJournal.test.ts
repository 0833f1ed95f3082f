import { describe, expect, it } from 'vitest';
import { memoryCheckpoint } from 'tidemark';
import { simulatedFiles } from 'tidemark/testing';
import { StoredJournal } from '../../src/checkpoint/storedJournal';
import type { StateBackend } from '../../src/checkpoint/backend';

async function held(location = memoryCheckpoint()): Promise<StateBackend> {
  const backend = await location.open();
  await backend.acquire({ owner: 'test', since: 0 });
  return backend;
}

async function all(journal: StoredJournal, from: number, to: number): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const chunk of journal.read(from, to)) rows.push(...chunk);
  return rows;
}

describe('StoredJournal', () => {
  it('numbers entries over restarts', async () => {
    const backend = await held();
    const first = await StoredJournal.open(backend, 'q', 'a source');
    expect(await first.append(['a', 'b'])).toBe(2);
    expect(await first.append(['c'])).toBe(3);
    const second = await StoredJournal.open(backend, 'q', 'a source');
    expect([second.begin, second.end]).toEqual([0, 3]);
    expect(await all(second, 1, 3)).toEqual(['b', 'c']);
    expect(await second.append(['d'])).toBe(4);
  });

  it('forgets whole segments and still knows where it ends', async () => {
    const backend = await held();
    const journal = await StoredJournal.open(backend, 'q', 's');
    await journal.append(['a', 'b']);
    await journal.append(['c']);
    await journal.forget(3);
    const again = await StoredJournal.open(backend, 'q', 's');
    expect([again.begin, again.end]).toEqual([2, 3]);
    await journal.forget(1);
    expect(await all(again, 2, 3)).toEqual(['c']);
  });

  it('gives rows back as they were: what JSON would lose or refuse, and the order of columns', async () => {
    const rows = [
      { z: new Date(7), a: NaN, b: [undefined, -0], c: 7n, m: new Map([['k', new Set([1])]]), u: undefined },
      undefined,
      { r: /x/g },
    ];
    const backend = await held();
    await (await StoredJournal.open(backend, 'q', 's')).append(rows);
    const found = await all(await StoredJournal.open(backend, 'q', 's'), 0, 3);
    expect(found).toStrictEqual(rows);
    expect(Object.keys(found[0] as object)).toEqual(['z', 'a', 'b', 'c', 'm', 'u']);
  });

  it('refuses what it could not give back, and keeps its place', async () => {
    const journal = await StoredJournal.open(await held(), 'q', 's');
    await expect(journal.append([1, { deep: { f: () => 1 } }])).rejects.toMatchObject({
      code: 'TIDEMARK_STATE_VALUE',
      details: { path: [1, 'deep', 'f'] },
    });
    expect(await journal.append(['a'])).toBe(1);
  });

  it('names a segment that is missing in between, or not what was written', async () => {
    const disk = simulatedFiles();
    const backend = await disk.checkpoint('c').open();
    await backend.acquire({ owner: 'test', since: 0 });
    const journal = await StoredJournal.open(backend, 'q', 's');
    for (const row of ['a', 'b', 'c']) await journal.append([row]);
    const [first, middle] = [...disk.contents().keys()].filter((path) => path.startsWith('c/sources/')).sort() as [
      string,
      string,
    ];
    const bytes = disk.contents().get(first)!;
    disk.damage(
      first,
      bytes.map((byte, i) => (i === bytes.length - 4 ? byte ^ 1 : byte)),
    );
    await expect(all(journal, 0, 1)).rejects.toMatchObject({ code: 'TIDEMARK_CHECKPOINT_CORRUPT' });
    disk.damage(middle, undefined);
    await expect(StoredJournal.open(backend, 'q', 's')).rejects.toMatchObject({ code: 'TIDEMARK_CHECKPOINT_CORRUPT' });
  });
});
