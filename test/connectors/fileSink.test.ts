import { ndjson } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { fileSink, type FileSinkOptions } from '../../src/connectors/fileSink/fileSink';
import { readFileSink, type ReadFileSinkOptions } from '../../src/connectors/fileSink/readFileSink';
import type { BatchSink, Change } from 'tidemark';

import { failure, LossyFiles } from './lossyFiles';
import { batchOf, contextOf, idOf } from './sinks';

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const sinkOn = (fs: LossyFiles, options: Partial<FileSinkOptions> = {}): BatchSink<unknown> =>
  fileSink({ path: 'out', format: ndjson(), fs, ...options });

async function opened(
  fs: LossyFiles,
  options: Partial<FileSinkOptions> = {},
  context = contextOf(),
): Promise<BatchSink<unknown>> {
  const sink = sinkOn(fs, options);
  await sink.open?.(context);
  return sink;
}

async function rowsIn(fs: LossyFiles, options: Partial<ReadFileSinkOptions> = {}): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const row of readFileSink({ path: 'out', format: ndjson(), fs, ...options })) rows.push(row);
  return rows;
}

const dataFiles = (fs: LossyFiles): string[] => [...fs.files().keys()].filter((path) => !path.includes('_tidemark_log'));
const n = (...values: number[]): { n: number }[] => values.map((value) => ({ n: value }));

describe('fileSink', () => {
  it('[L16] writes a file for each batch, named by batch and attempt, and a manifest that lists it', async () => {
    const fs = new LossyFiles();
    const sink = await opened(fs);
    await expect(sink.commit(batchOf('append', n(1, 2)), idOf(0))).resolves.toEqual({ attemptId: 'attempt-0', rows: 2 });
    await sink.commit(batchOf('append', n(3)), idOf(1));
    expect(dataFiles(fs)).toEqual([
      'out/part-0000000000000000-attempt-0-00000.ndjson',
      'out/part-0000000000000001-attempt-1-00000.ndjson',
    ]);
    expect([...fs.files().keys()].filter((path) => path.includes('log'))).toEqual([
      'out/_tidemark_log/0000000000000000',
      'out/_tidemark_log/0000000000000001',
      'out/_tidemark_log/epoch-0000000000000001',
    ]);
    expect(await rowsIn(fs)).toEqual(n(1, 2, 3));
  });

  it('knows what it holds', async () => {
    const fs = new LossyFiles();
    const sink = await opened(fs);
    await expect(sink.lastBatch?.()).resolves.toBeUndefined();
    await sink.commit(batchOf('append', n(1)), idOf(4));
    await expect(sink.lookup?.(4)).resolves.toEqual({ attemptId: 'attempt-4', rows: 1 });
    await expect(sink.lookup?.(3)).resolves.toBeUndefined();
    await expect(sink.lastBatch?.()).resolves.toBe(4);
  });

  it('[E4.2b] takes a batch once: a second run leaves the same files and gives the first receipt', async () => {
    const fs = new LossyFiles();
    const sink = await opened(fs);
    await sink.commit(batchOf('append', n(1)), idOf(0));
    const before = fs.files();
    const again = await sink.commit(batchOf('append', n(9)), idOf(0, { attemptId: 'other' }));
    expect(again).toEqual({ attemptId: 'attempt-0', rows: 1 });
    expect(fs.files()).toEqual(before);
  });

  it('[E4.2a] keeps a receipt, and no file, of a batch without rows', async () => {
    const fs = new LossyFiles();
    const sink = await opened(fs);
    await sink.commit(batchOf('append', []), idOf(0));
    expect(dataFiles(fs)).toEqual([]);
    await expect(sink.lookup?.(0)).resolves.toEqual({ attemptId: 'attempt-0', rows: 0 });
  });

  it('a file has at most maxRowsPerFile rows', async () => {
    const fs = new LossyFiles();
    const sink = await opened(fs, { maxRowsPerFile: 2 });
    await sink.commit(batchOf('append', n(1, 2, 3, 4, 5)), idOf(0));
    expect(dataFiles(fs)).toHaveLength(3);
    expect(await rowsIn(fs)).toEqual(n(1, 2, 3, 4, 5));
  });

  it('[D77, D78, E4.2b] partitions by columns, Hive style; null and missing values are unknown', async () => {
    const fs = new LossyFiles();
    const sink = await opened(fs, { partitionBy: ['year', 'category'] });
    const rows = [
      { year: 2026, category: 'a b' },
      { year: 2026, category: null },
      { year: 2027 },
      { year: 2026, category: 'a b', n: 2 },
    ];
    await sink.commit(batchOf('append', rows), idOf(0));
    const part = 'part-0000000000000000-attempt-0';
    expect(dataFiles(fs)).toEqual([
      `out/year=2026/category=a%20b/${part}-00000.ndjson`,
      `out/year=2026/category=unknown/${part}-00001.ndjson`,
      `out/year=2027/category=unknown/${part}-00002.ndjson`,
    ]);
    expect(decode(fs.files().get(`out/year=2026/category=a%20b/${part}-00000.ndjson`)!).split('\n')).toHaveLength(3);
    expect(await rowsIn(fs)).toHaveLength(4);
  });

  it('[L51] gives each batch a folder, and a rerun overwrites the same one', async () => {
    const fs = new LossyFiles();
    fs.fail(40);
    const crashing = sinkOn(fs, { folderPerBatch: true });
    await expect(
      (async () => {
        await crashing.open?.(contextOf());
        for (let batch = 0; ; batch++) await crashing.commit(batchOf('append', n(batch)), idOf(batch, { attemptId: 'first' }));
      })(),
    ).rejects.toThrow('power');
    fs.restart(() => 0); // everything unsynced is kept
    const sink = await opened(fs, { folderPerBatch: true }, contextOf({ epoch: 2 }));
    const next = ((await sink.lastBatch?.()) ?? -1) + 1;
    expect(next).toBeGreaterThan(0);
    await sink.commit(batchOf('append', n(next)), idOf(next, { attemptId: 'second', epoch: 2 }));
    expect(dataFiles(fs).filter((path) => path.startsWith(`out/batch_${next}/`))).toHaveLength(1);
    expect(await rowsIn(fs)).toEqual(n(...Array.from({ length: next + 1 }, (_, batch) => batch)));
  });

  it('refuses update mode without updateAs, and explains both ways', async () => {
    const update = contextOf({ mode: 'update' });
    await expect(opened(new LossyFiles(), {}, update)).rejects.toMatchObject({ code: 'TIDEMARK_OUTPUT_MODE' });
    await expect(opened(new LossyFiles(), {}, update)).rejects.toThrow(/versioned.*replacePartition/);
    await expect(opened(new LossyFiles(), { updateAs: 'versioned' }, contextOf({ mode: 'complete' }))).rejects.toMatchObject({
      code: 'TIDEMARK_OUTPUT_MODE',
    });
    expect(sinkOn(new LossyFiles()).modes).toEqual(['append']);
  });

  describe('[E1.4] update mode', () => {
    const pane = { timing: 'onTime', index: 0, isLast: true } as const;
    const change = (op: 'upsert' | 'delete', id: string, v: number): Change<unknown> => ({ op, key: [id], row: { id, v }, pane });
    const commit = (sink: BatchSink<unknown>, batch: number, ...changes: Change<unknown>[]): unknown => {
      const rows = changes.filter(({ op }) => op === 'upsert').map(({ row }) => row);
      return sink.commit({ mode: 'update', rows, changes }, idOf(batch));
    };

    it('versioned: rows carry their batch, and the view keeps the newest of each key', async () => {
      const fs = new LossyFiles();
      const sink = await opened(fs, { updateAs: 'versioned' }, contextOf({ mode: 'update' }));
      await commit(sink, 0, change('upsert', 'a', 1), change('upsert', 'b', 1), change('upsert', 'c', 1));
      await commit(sink, 1, change('upsert', 'a', 2), change('delete', 'b', 1));
      expect((await rowsIn(fs))[3]).toEqual({ id: 'a', v: 2, _batch: 1, _op: 'upsert', _key: '["a"]' });
      const view = [
        { id: 'a', v: 2 },
        { id: 'c', v: 1 },
      ];
      expect(await rowsIn(fs, { latest: true })).toEqual(view);
      expect(await rowsIn(fs, { latest: 'id' })).toEqual(view);
    });

    it('versioned: a row that has such columns already is refused; a view needs a key', async () => {
      const fs = new LossyFiles();
      const sink = await opened(fs, { updateAs: 'versioned' }, contextOf({ mode: 'update' }));
      await expect(sink.commit(batchOf('update', [{ _op: 1 }]), idOf(0))).rejects.toMatchObject({ code: 'TIDEMARK_NAME_CLASH' });
      await sink.commit(batchOf('update', [{ id: 'a', v: 1 }]), idOf(0));
      await expect(rowsIn(fs, { latest: true })).rejects.toMatchObject({ code: 'TIDEMARK_OPTION' });
    });

    it.each(['manifest', 'strict'] as const)(
      'replacePartition (%s): touched folders are written anew, others stay',
      async (visibility) => {
        const fs = new LossyFiles();
        const options = { updateAs: 'replacePartition', key: 'id', partitionBy: 'day', visibility } as const;
        const sink = await opened(fs, options, contextOf({ mode: 'update' }));
        const row = (id: string, day: number, v: number): object => ({ id, day, v });
        await sink.commit(batchOf('update', [row('a', 1, 1), row('b', 1, 1), row('c', 2, 1)]), idOf(0));
        const untouched = dataFiles(fs).find((path) => path.includes('day=2'));
        await sink.commit(batchOf('update', [row('a', 1, 2)]), idOf(1));
        expect((await rowsIn(fs)).map((one) => JSON.stringify(one)).sort()).toEqual(
          [row('a', 1, 2), row('b', 1, 1), row('c', 2, 1)].map((one) => JSON.stringify(one)).sort(),
        );
        expect(dataFiles(fs)).toHaveLength(2);
        expect(dataFiles(fs)).toContain(untouched);
      },
    );

    it('replacePartition: deletions leave the folder', async () => {
      const fs = new LossyFiles();
      const sink = await opened(fs, { updateAs: 'replacePartition', key: 'id' }, contextOf({ mode: 'update' }));
      await commit(sink, 0, change('upsert', 'a', 1), change('upsert', 'b', 1));
      await commit(sink, 1, change('delete', 'a', 1));
      expect(await rowsIn(fs)).toEqual([{ id: 'b', v: 1 }]);
    });

    it('options that contradict each other are refused', () => {
      for (const options of [
        { updateAs: 'replacePartition' },
        { updateAs: 'replacePartition', key: 'id', folderPerBatch: true },
      ] as const) {
        expect(() => sinkOn(new LossyFiles(), options)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
      }
    });
  });

  it('puts manifests together: every 10, every 100', async () => {
    const fs = new LossyFiles();
    const sink = await opened(fs);
    for (let batch = 0; batch < 123; batch++) await sink.commit(batchOf('append', n(batch)), idOf(batch));
    const log = [...fs.files().keys()].flatMap(
      (path) => /log\/(\d{16}.*)/.exec(path)?.[1]?.replaceAll(/0{10,}(?=\d)/g, '') ?? [],
    );
    expect(log).toEqual(
      ['00000-00099.compact', '00100-00109.compact', '00110-00119.compact', '00120', '00121', '00122'].map((name) =>
        name.replaceAll(/0*(\d+)/g, (_, digits: string) => digits),
      ),
    );
    expect(await rowsIn(fs)).toEqual(n(...Array.from({ length: 123 }, (_, batch) => batch)));
    for (const batch of [0, 57, 104, 122])
      await expect(sink.lookup?.(batch)).resolves.toMatchObject({ attemptId: `attempt-${batch}` });
    await expect(sink.lookup?.(123)).resolves.toBeUndefined();
    await expect(sink.lastBatch?.()).resolves.toBe(122);
  });

  it('a writer that has been replaced is fenced', async () => {
    const fs = new LossyFiles();
    const old = await opened(fs);
    await old.commit(batchOf('append', n(0)), idOf(0));
    const young = await opened(fs, {}, contextOf({ epoch: 2 }));
    await expect(old.commit(batchOf('append', n(9)), idOf(1))).rejects.toMatchObject({ code: 'TIDEMARK_FENCED' });
    await young.commit(batchOf('append', n(1)), idOf(1, { epoch: 2, attemptId: 'young' }));
    await expect(opened(fs)).rejects.toMatchObject({ code: 'TIDEMARK_FENCED' });
    expect(await rowsIn(fs)).toEqual(n(0, 1));
  });

  it('a folder belongs to one query', async () => {
    const fs = new LossyFiles();
    await (await opened(fs)).commit(batchOf('append', n(0)), idOf(0));
    await expect(opened(fs, {}, contextOf({ queryId: 'other', epoch: 2 }))).rejects.toMatchObject({
      code: 'TIDEMARK_SINK_MISMATCH',
    });
  });

  it('leaves files alone that are not its own', async () => {
    const fs = new LossyFiles();
    await fs.mkdir('out/sub');
    for (const path of ['out/notes.txt', 'out/sub/part-1.ndjson', 'out/.hidden']) await fs.create(path);
    await opened(fs);
    expect(dataFiles(fs)).toEqual(['out/.hidden', 'out/notes.txt', 'out/sub/part-1.ndjson']);
  });

  it('refuses a symbolic link in the place of a partition', async () => {
    const fs = new LossyFiles();
    const sink = await opened(fs, { partitionBy: 'day' });
    fs.plantLink('out/day=1');
    await expect(sink.commit(batchOf('append', [{ day: 1 }]), idOf(0))).rejects.toMatchObject({ code: 'TIDEMARK_PATH' });
  });

  it('tells when a manifest or a file is not what was written', async () => {
    const fs = new LossyFiles();
    const sink = await opened(fs);
    await sink.commit(batchOf('append', n(1)), idOf(0));
    const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 3 ? byte ^ 1 : byte));
    const [part = ''] = dataFiles(fs);
    fs.overwrite(part, flipped);
    await expect(rowsIn(fs)).rejects.toMatchObject({ code: 'TIDEMARK_SINK_CORRUPT' });
    fs.overwrite(part, flipped);
    expect(await rowsIn(fs)).toEqual(n(1));
    const manifest = 'out/_tidemark_log/0000000000000000';
    const whole = fs.files().get(manifest)!;
    for (let i = 0; i < whole.length; i++) {
      fs.overwrite(manifest, () => whole.map((byte, at) => (at === i ? byte ^ 1 : byte)));
      await expect(sink.lookup?.(0)).rejects.toMatchObject({ code: 'TIDEMARK_SINK_CORRUPT' });
    }
    await fs.unlink(part);
    fs.overwrite(manifest, () => whole);
    await expect(rowsIn(fs)).rejects.toMatchObject({ code: 'TIDEMARK_SINK_CORRUPT' });
  });

  it.each(['ENOSPC', 'EIO'])(
    'a call that fails with %s fails the commit, and the next try goes through: at any call',
    async (code) => {
      for (let call = 1; ; call++) {
        const fs = new LossyFiles();
        const sink = await opened(fs, { partitionBy: 'n', visibility: 'strict' });
        await sink.commit(batchOf('append', n(0)), idOf(0));
        fs.fail(call, () => failure(code));
        const before = fs.calls;
        const failed = await Promise.resolve(sink.commit(batchOf('append', n(1, 2)), idOf(1))).then(
          () => false,
          () => true,
        );
        if (fs.calls - before < call) break;
        fs.fail(Infinity);
        if (failed) await sink.commit(batchOf('append', n(1, 2)), idOf(1, { replayed: true }));
        expect(await rowsIn(fs)).toEqual(n(0, 1, 2));
        expect(dataFiles(fs).filter((path) => !path.includes('/.'))).toHaveLength(3);
      }
    },
  );
});
