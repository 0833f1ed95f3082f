import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ndjson, schema, type Slice } from 'tidemark';
import { fileSource } from 'tidemark/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drain, opened, readSlice } from './drain';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tidemark-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const source = (path = folder, tail = false) =>
  fileSource({ path, format: ndjson(), schema: schema({ n: 'long' }), settle: 0, tail });

describe('fileSource on the disk', () => {
  it('[D11] reads a folder of real files, renamed into it, not through links', async () => {
    writeFileSync(join(folder, 'x.tmp'), '{"n":1}\n{"n":2}\n');
    mkdirSync(join(folder, 'sub'));
    const reader = await opened(source());
    expect(await reader.next(null)).toBeUndefined();
    renameSync(join(folder, 'x.tmp'), join(folder, 'x.ndjson'));
    symlinkSync(join(folder, 'x.ndjson'), join(folder, 'y.ndjson'));
    const [batch] = await drain(reader);
    expect(batch?.rows).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await reader.next(batch?.slice.to ?? null)).toBeUndefined();
    writeFileSync(join(folder, 'x.ndjson'), '{"n":1}\n{"n":3}\n');
    await expect(readSlice(reader, batch?.slice as Slice)).rejects.toMatchObject({ code: 'TIDEMARK_SOURCE_CHANGED' });
  });

  it('[D11] follows a real file', async () => {
    const path = join(folder, 'app.log');
    writeFileSync(path, '{"n":1}\n{"n"');
    const reader = await opened(source(path, true));
    expect((await drain(reader)).map(({ rows }) => rows)).toEqual([[{ n: 1 }]]);
    appendFileSync(path, ':2}\n');
    expect((await drain(reader, 8)).map(({ rows }) => rows)).toEqual([[{ n: 2 }]]);
    const whole = await opened(source(path));
    expect((await drain(whole)).map(({ rows }) => rows)).toEqual([[{ n: 1 }, { n: 2 }]]);
  });
});
