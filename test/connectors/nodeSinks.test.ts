import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { csv, ndjson } from 'tidemark';
import { deadLetterQueue, deadLetterSink, fileSink, readFileSink, redrive } from 'tidemark/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { batchOf, contextOf, idOf } from './sinks';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-sinks-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const listed = (path = folder): string[] => readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();

describe('file sinks on the file system of Node', () => {
  it('[L16] NDJSON: partitions, strict visibility, a second start, orphans removed', async () => {
    const path = join(folder, 'deep/out');
    const sink = fileSink({ path, format: ndjson(), partitionBy: 'category', visibility: 'strict' });
    await sink.open?.(contextOf());
    await sink.commit(
      batchOf('append', [
        { category: 'a/b', n: 1 },
        { category: null, n: 2 },
      ]),
      idOf(0),
    );
    writeFileSync(join(path, 'category=a%2Fb/.part-0000000000000001-dead-00000.ndjson'), '{}\n');
    const again = fileSink({ path, format: ndjson(), partitionBy: 'category', visibility: 'strict' });
    await again.open?.(contextOf({ epoch: 2 }));
    await again.commit(batchOf('append', [{ category: 'a/b', n: 3 }]), idOf(1, { epoch: 2 }));
    expect(listed(path).filter((name) => name.endsWith('.ndjson'))).toEqual([
      'category=a%2Fb/part-0000000000000000-attempt-0-00000.ndjson',
      'category=a%2Fb/part-0000000000000001-attempt-1-00000.ndjson',
      'category=unknown/part-0000000000000000-attempt-0-00001.ndjson',
    ]);
    const rows: unknown[] = [];
    for await (const row of readFileSink({ path, format: ndjson() })) rows.push(row);
    expect(rows).toEqual([
      { category: 'a/b', n: 1 },
      { category: null, n: 2 },
      { category: 'a/b', n: 3 },
    ]);
  });

  it('[L16] CSV: each file has its header', async () => {
    const path = join(folder, 'out');
    const sink = fileSink({ path, format: csv(), maxRowsPerFile: 1 });
    await sink.open?.(contextOf());
    await sink.commit(
      batchOf('append', [
        { id: 1, name: 'a' },
        { id: 2, name: 'b, c' },
      ]),
      idOf(0),
    );
    const files = listed(path).filter((name) => name.endsWith('.csv'));
    expect(files).toHaveLength(2);
    for (const file of files) expect(readFileSync(join(path, file), 'utf8')).toMatch(/^id,name\r?\n/);
    const rows: unknown[] = [];
    for await (const row of readFileSink({ path, format: csv() })) rows.push(row);
    expect(rows).toEqual([
      { id: '1', name: 'a' },
      { id: '2', name: 'b, c' },
    ]);
  });

  it('refuses a partition behind a symbolic link', async () => {
    const sink = fileSink({ path: folder, format: ndjson(), partitionBy: 'day' });
    await sink.open?.(contextOf());
    symlinkSync(tmpdir(), join(folder, 'day=1'));
    await expect(sink.commit(batchOf('append', [{ day: 1 }]), idOf(0))).rejects.toMatchObject({ code: 'TIDEMARK_PATH' });
  });

  it('[D73] dead letters of a query and of a program, and their re-drive', async () => {
    const sink = deadLetterSink(join(folder, 'dlq'));
    await sink.open?.(contextOf());
    const rejection = { reason: 'late', time: 1, row: { at: new Date(7) }, operator: 'dedup', watermark: 5 };
    await sink.commit(batchOf('append', [rejection]), idOf(0));
    await deadLetterQueue({ path: join(folder, 'dlq'), now: () => 1_700_000_000_000 }).send({ id: 9n }, new Error('x'));
    const reader = await redrive(join(folder, 'dlq')).open({ id: 'again', now: () => 1_800_000_000_000, wake: () => undefined });
    const slice = await reader.next(null);
    const rows: unknown[] = [];
    for await (const chunk of reader.read(slice!, () => undefined)) rows.push(...chunk);
    expect(rows).toEqual([{ at: new Date(7) }, { id: 9n }]);
  });
});
