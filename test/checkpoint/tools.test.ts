import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { indexedDbCheckpoint } from 'tidemark/browser';
import { exportCheckpoint, fileCheckpoint, importCheckpoint, readCheckpoint, rewindCheckpoint } from 'tidemark/node';
import { afterAll, describe, expect, it } from 'vitest';
import { memoryCheckpoint, type CheckpointLocation, type MemoryLocation } from '../../src/checkpoint';
import { checkCheckpoint } from '../../src/checkpoint/fsck';
import { StoredJournal } from '../../src/checkpoint/storedJournal';
import { run } from '../../src/cli/commands';
import { writeGolden } from './golden';
import { codeOf, commitOf, countDelta, groups, open, planOf, runBatch, stageOf, tableDelta } from './script';

globalThis.IDBKeyRange = IDBKeyRange;
const root = mkdtempSync(join(tmpdir(), 'tidemark-tools-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const goldenOf = (format: number): Uint8Array =>
  new Uint8Array(readFileSync(join(import.meta.dirname, `golden/format-${format}.tidemark`)));
const golden = goldenOf(2);
let places = 0;
const folder = (): string => join(root, String(++places));

describe('golden checkpoints', () => {
  it('today the last one is written, byte for byte', async () => {
    const location = memoryCheckpoint();
    await writeGolden(location);
    expect(await exportCheckpoint(location)).toEqual(golden);
  });

  it.each([1, 2])('format %i is read, and goes on', async (format) => {
    const location = memoryCheckpoint();
    await importCheckpoint(goldenOf(format), location);
    expect((await checkCheckpoint(await location.open())).findings).toEqual([]);
    const checkpoint = await open(location);
    expect(checkpoint.last).toMatchObject({ batch: 12, attempt: 'a12', nextWatermark: 140 });
    expect(checkpoint.pending).toMatchObject({ batch: 13, watermark: Infinity, excluded: [['in', 2, 'poison']] });
    const entries = await groups(checkpoint);
    expect(entries.map(([key]) => key[0])).toEqual(['a', 'k1', 'k7', 'k8', 'k9', 'k10', 'k11', new Date(0)]);
    expect(entries[0]).toStrictEqual([
      ['a', 1, null],
      { date: new Date(5), nan: NaN, zero: -0, big: 7n, map: new Map([['a', 1]]), bytes: new Uint8Array([1, 2]) },
    ]);
    expect(entries[1]).toStrictEqual([['k1', 1], { n: 1 }]);
    expect(entries[6]).toStrictEqual(format === 1 ? [['k11', 11], { n: 11 }] : [['k11', 12], 12]);
    const [stage] = await checkpoint.stages();
    expect(await stage!.outputs()).toEqual([{ sink: 'out', rows: [{ at: new Date(7) }, { plain: true }] }]);
    await checkpoint.commit(commitOf(13, 'staged', checkpoint.epoch));
    await runBatch(checkpoint, 14, {
      delta: [{ ...countDelta([])[0]!, tables: { groups: { ...tableDelta([]), cleared: [['k1']] } } }],
    });
    await checkpoint.close();
    const later = await groups(await open(location));
    expect(later.map(([key]) => key[0])).not.toContain('k1');
  });

  it('deltas of format 1, with numbers as text, agree with a snapshot of today, with numbers as bytes', async () => {
    const location = memoryCheckpoint();
    await importCheckpoint(goldenOf(1), location);
    const checkpoint = await open(location);
    const entries = await groups(checkpoint);
    await checkpoint.stages();
    await checkpoint.commit(commitOf(13, 'staged', checkpoint.epoch));
    const whole = tableDelta([...entries, [['k'], 13]], [], true);
    await checkpoint.close(() => [{ ...countDelta([])[0]!, tables: { groups: whole } }]);
    const again = await open(location);
    await again.plan(planOf(14, again.epoch, { late: Infinity, watermark: Infinity }));
    await again.stage(stageOf(14, 'a14', { delta: countDelta([[['new'], { n: 0.5, m: -0 }]]) }));
    await again.commit(commitOf(14, 'a14', again.epoch));
    await again.close();
    expect((await checkCheckpoint(await location.open())).findings).toEqual([]);
  });
});

describe('export and import', () => {
  it('a checkpoint goes from a tab to Node and back, and stays the same to the byte', async () => {
    const tab = indexedDbCheckpoint('a', { factory: new IDBFactory(), locks: null, marker: null });
    const first = await open(tab);
    for (let batch = 0; batch < 15; batch++)
      await runBatch(first, batch, { delta: countDelta([[[batch % 4], new Date(batch)]]) });
    await first.close();
    const node = fileCheckpoint(folder());
    await importCheckpoint(await exportCheckpoint(tab), node);
    expect(await exportCheckpoint(node)).toEqual(await exportCheckpoint(tab));
    const second = await open(node);
    await runBatch(second, 15, { delta: countDelta([[[3], new Date(15)]]) });
    await second.close();
    const back = indexedDbCheckpoint('b', { factory: new IDBFactory(), locks: null, marker: null });
    await importCheckpoint(await exportCheckpoint(node), back);
    const third = await open(back);
    expect(third.last!.batch).toBe(15);
    expect(await groups(third)).toEqual([12, 13, 14, 15].map((batch) => [[batch % 4], new Date(batch)]));
  });

  it('takes the journals of its sources along, and does not when one is damaged', async () => {
    const tab = indexedDbCheckpoint('a', { factory: new IDBFactory(), locks: null, marker: null });
    const first = await open(tab);
    await runBatch(first, 0);
    await first.close();
    const backend = await tab.open();
    await backend.acquire({ owner: 'test', since: 0 });
    const journal = await StoredJournal.open(backend, first.queryId, 'in');
    await journal.append(['a', 'b']);
    await journal.append(['c']);
    await backend.release();
    const place = memoryCheckpoint();
    await importCheckpoint(await exportCheckpoint(tab), place);
    const moved = await StoredJournal.open(await place.open(), first.queryId, 'in');
    expect([moved.begin, moved.end]).toEqual([0, 3]);
    const [name, bytes] = [...place.files].find(([path]) => path.startsWith('sources/'))!;
    place.files.set(
      name,
      bytes.map((byte, i) => (i === bytes.length - 4 ? byte ^ 1 : byte)),
    );
    expect((await checkCheckpoint(await place.open())).findings).toMatchObject([{ rule: 'read', name }]);
    expect(await codeOf(exportCheckpoint(place))).toBe('TIDEMARK_CHECKPOINT_CORRUPT');
    place.files.delete(name);
    expect((await checkCheckpoint(await place.open())).findings).toEqual([]); // what was forgotten looks the same
  });

  it('refuses a damaged archive, a place that is taken, a damaged checkpoint', async () => {
    const cut = golden.slice(0, -1);
    const changed = golden.slice();
    changed[1000]! ^= 4;
    for (const archive of [cut, changed, new Uint8Array(), golden.slice(5)]) {
      expect(await codeOf(importCheckpoint(archive, memoryCheckpoint()))).toBe('TIDEMARK_CHECKPOINT_CORRUPT');
    }
    const location = memoryCheckpoint();
    await importCheckpoint(golden, location);
    expect(await codeOf(importCheckpoint(golden, location))).toBe('TIDEMARK_OPTION');
    location.files.delete('commits/0000000000000003');
    expect(await codeOf(exportCheckpoint(location))).toBe('TIDEMARK_CHECKPOINT_CORRUPT');
  });
});

describe('reading state', () => {
  const imported = async (): Promise<MemoryLocation> => {
    const location = memoryCheckpoint();
    await importCheckpoint(golden, location);
    return location;
  };

  it('[D9] checkpoints, state tables and recovery are listable', async () => {
    const reader = await readCheckpoint(await imported());
    expect(reader.checkpoints().map(({ commit }) => commit.batch)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    const batches = [0, 5, 12];
    const sizes = await Promise.all(
      batches.map(async (batch) => (await reader.stateTables(batch)).map(({ entries }) => entries)),
    );
    expect(sizes).toEqual([[1], [6], [8]]);
    expect(await reader.stateTables()).toMatchObject([{ operator: 'count', type: 'aggregate', table: 'groups', version: 1 }]);
    expect((await reader.recover(3)).get('count')!.tables.groups!.entries.map(([key]) => key[0])).toEqual([
      'a',
      'k1',
      'k2',
      'k3',
    ]);
    expect(await reader.plan(4)).toEqual(planOf(4, 1));
    expect(reader.pending?.batch).toBe(13);
    expect(await codeOf(reader.recover(99))).toBe('TIDEMARK_OPTION');
    expect(await codeOf(reader.stateTable('count', 'none'))).toBe('TIDEMARK_OPTION');
  });

  it('needs no lock, and finds no checkpoint where there is none', async () => {
    const location = await imported();
    await open(location);
    expect((await readCheckpoint(location)).queryId).toBe('id-1');
    expect(await codeOf(readCheckpoint(memoryCheckpoint()))).toBe('TIDEMARK_CHECKPOINT_GAP');
  });
});

describe('rewind', () => {
  it('every batch that is kept can be gone back to', async () => {
    for (let batch = -1; batch < 12; batch++) {
      const location = memoryCheckpoint();
      await importCheckpoint(golden, location);
      expect(await rewindCheckpoint(location, batch)).toEqual(Array.from({ length: 12 - batch }, (_, i) => 12 - i));
      expect((await checkCheckpoint(await location.open())).findings).toEqual([]);
      const checkpoint = await open(location);
      expect(checkpoint.last?.batch ?? -1).toBe(batch);
      expect(checkpoint.pending).toEqual(planOf(batch + 1, batch === 11 ? 2 : 1));
      await checkpoint.close();
    }
  });

  it('not to one that is not kept', async () => {
    const location = memoryCheckpoint();
    const checkpoint = await open(location, { minBatchesToRetain: 2 });
    for (let batch = 0; batch < 6; batch++) await runBatch(checkpoint, batch);
    await checkpoint.close();
    expect(await codeOf(rewindCheckpoint(location, 2))).toBe('TIDEMARK_OPTION');
    expect(await rewindCheckpoint(location, 3)).toEqual([5, 4]);
  });
});

describe('the command tidemark', () => {
  async function onDisk(): Promise<{ path: string; location: CheckpointLocation }> {
    const path = folder();
    await importCheckpoint(golden, fileCheckpoint(path));
    return { path, location: fileCheckpoint(path) };
  }

  it('[L68] inspect says what is there: plans, commits, state', async () => {
    const { path } = await onDisk();
    const { text, code } = await run('inspect', [path], {});
    expect(code).toBe(0);
    expect(text).toMatch(/^query query {2}id-1\n/);
    expect(text).toMatch(/\n12 +a12 +2 +1970-01-01.*out committed 1 +\d+ files, \d+ bytes\n/);
    expect(text).toMatch(/batch 13 is planned at .*\n/);
    expect(text).toMatch(/\ncount {2}aggregate {2}groups v1 {2}8 entries {2}\d+ bytes$/);
    const entries = await run('inspect', [path], { operator: 'count', table: 'groups', batch: '1' });
    expect(entries.text.split('\n')[1]).toBe('["k1",1]\t{"n":1}');
  });

  it('fsck finds what is wrong, and ends with 1', async () => {
    const { path } = await onDisk();
    expect(await run('fsck', [path], {})).toMatchObject({ code: 0, text: expect.stringMatching(/sound$/) as string });
    const name = readdirSync(join(path, 'state')).find((each) => each.endsWith('.delta'))!;
    const bytes = readFileSync(join(path, 'state', name));
    bytes[bytes.length - 30]! ^= 1;
    writeFileSync(join(path, 'state', name), bytes);
    writeFileSync(join(path, 'state', 'stranger.txt'), '');
    const { text, code } = await run('fsck', [path], {});
    expect(code).toBe(1);
    expect(text).toContain(`WRONG I2  state/${name}`);
    expect(text).toContain('unknown  state/stranger.txt');
    expect(await run('fsck', [folder()], {})).toMatchObject({ code: 1 });
  });

  it('rewind, export and import', async () => {
    const { path, location } = await onDisk();
    expect(await run('rewind', [path, '10'], {})).toMatchObject({ code: 0, text: expect.stringContaining('11, 12') as string });
    expect((await readCheckpoint(location)).pending?.batch).toBe(11);
    const [file, other] = [join(root, 'archive'), folder()];
    expect((await run('export', [path, file], {})).code).toBe(0);
    expect((await run('import', [file, other], {})).code).toBe(0);
    expect(await exportCheckpoint(fileCheckpoint(other))).toEqual(await exportCheckpoint(location));
    expect(await run('rewind', [path, 'x'], {})).toMatchObject({
      code: 1,
      text: expect.stringMatching(/^TIDEMARK_OPTION/) as string,
    });
    expect((await run('rewind', [path], {})).code).toBe(2);
    expect((await run(undefined, [], {})).text).toMatch(/^tidemark inspect/);
  });

  it('runs as a program', async () => {
    const { path } = await onDisk();
    const main = join(import.meta.dirname, '../../src/cli/main.ts');
    const text = execFileSync(process.execPath, ['--import', 'tsx', main, 'fsck', path], { encoding: 'utf8' });
    expect(text).toMatch(/sound\n$/);
  });
});
