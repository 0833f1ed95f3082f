import fc from 'fast-check';
import { csv, ndjson, schema, type Offset, type Slice, type Source } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fileSourceOn } from '../../src/connectors/files/fileSource';
import type { FileSourceOptions } from '../../src/connectors/files/options';
import { drain, MemoryJournal, opened, readSlice } from './drain';
import { MemoryFiles } from './memoryFiles';

interface Row {
  n: number;
}
const rowSchema = schema({ n: 'number' });
const lines = (...ns: number[]): string => ns.map((n) => `{"n":${n}}\n`).join('');
const sourceOf = (files: MemoryFiles, options: Partial<FileSourceOptions<Row>> = {}): Source<Row> =>
  fileSourceOn<Row>(files, { path: 'in', format: ndjson(), schema: rowSchema, settle: 0, ...options });
const numbers = (batches: readonly { rows: Row[] }[]): number[][] => batches.map(({ rows }) => rows.map(({ n }) => n));
const coded = (code: string): unknown => expect.objectContaining({ code });
const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'fine',
    (cause: { code?: unknown }) => cause.code,
  );

describe('fileSource', () => {
  it('[D11] reads every file once, in order of time, then name; hidden, temporary and linked ones never', async () => {
    const files = new MemoryFiles();
    files.put('in/b', lines(3), 5);
    files.put('in/a', lines(4), 5);
    files.put('in/z', lines(1, 2), 1);
    for (const name of ['.hidden', '_spark', 'x.tmp', 'x.part', 'x.crdownload', 'x~', 'x.json.INPROGRESS'])
      files.put(`in/${name}`, lines(99));
    files.put('in/link', lines(99), 0, true);
    files.put('in/folder/deep', lines(99));
    const reader = await opened(sourceOf(files));
    const batches = await drain(reader);
    expect(numbers(batches)).toEqual([[1, 2, 4, 3]]);
    expect(JSON.stringify(batches[0]?.slice.to).length).toBeLessThan(5);
    const at = batches[0]?.slice.to ?? null;
    expect(await reader.next(at)).toBeUndefined();
    files.put('in/late', lines(5), 0); // with an old time, as mv and rsync keep it
    files.put('in/c', lines(6), 9);
    expect(numbers(await drain(reader, at))).toEqual([[5, 6]]);
    expect(files.open_).toBe(0);
  });

  it('[D11] never reads a file that is being written: its size and time must have come to rest', async () => {
    const files = new MemoryFiles();
    files.put('in/slow', '{"n":', 100);
    const reader = await opened(sourceOf(files, { settle: 2 }));
    for (let i = 1; i <= 5; i++) {
      files.append('in/slow', '1', 100 + (i % 2));
      expect(await reader.next(null)).toBeUndefined();
      expect(reader.report?.()).toMatchObject({ waitingFiles: 1 });
    }
    files.append('in/slow', '}\n', 200);
    expect(await reader.next(null)).toBeUndefined();
    expect(await reader.next(null)).toBeUndefined();
    expect(numbers(await drain(reader))).toEqual([[11111]]);
    files.put('in/old', lines(7), -20_000); // last changed 20 seconds ago
    expect(numbers(await drain(reader, 1))).toEqual([[7]]);
  });

  it('[L12] keeps to maxFilesPerTrigger: 25 files make batches of 10, 10, 5', async () => {
    const files = new MemoryFiles();
    for (let i = 0; i < 25; i++) files.put(`in/${String(i).padStart(2, '0')}`, lines(i));
    const batches = await drain(await opened(sourceOf(files, { maxFilesPerTrigger: 10 })));
    expect(batches.map(({ rows }) => rows.length)).toEqual([10, 10, 5]);
    expect(numbers(batches).flat()).toEqual(Array.from({ length: 25 }, (_, i) => i));
  });

  it('[D11] keeps to maxBytesPerTrigger, but takes at least one file; newest first when told', async () => {
    const files = new MemoryFiles();
    for (const [i, ns] of [[1, 2, 3, 4, 5], [6], [7], [8]].entries()) files.put(`in/${i}`, lines(...ns), i);
    expect(numbers(await drain(await opened(sourceOf(files, { maxBytesPerTrigger: 16 }))))).toEqual([
      [1, 2, 3, 4, 5],
      [6, 7],
      [8],
    ]);
    const reader = await opened(sourceOf(files, { latestFirst: true, maxFilesPerTrigger: 2 }));
    const [first] = [await reader.next(null)];
    expect((await readSlice(reader, first as Slice)).rows).toEqual([{ n: 8 }, { n: 7 }]);
    files.put('in/4', lines(9), 10);
    expect(numbers(await drain(reader, first?.to))).toEqual([
      [9, 6],
      [1, 2, 3, 4, 5],
    ]);
  });

  it('looks into folders when told, and takes equal names for one file when told', async () => {
    const files = new MemoryFiles();
    files.put('in/a/x', lines(1));
    files.put('in/b/x', lines(2));
    files.put('in/.git/y', lines(9));
    expect(numbers(await drain(await opened(sourceOf(files, { recursive: true }))))).toEqual([[1, 2]]);
    expect(numbers(await drain(await opened(sourceOf(files, { recursive: true, fileNameOnly: true }))))).toEqual([[1]]);
    expect(
      numbers(await drain(await opened(sourceOf(files, { recursive: true, accept: (name) => name.startsWith('b/') })))),
    ).toEqual([[2]]);
  });

  it('reads a single file, and a folder that fills up; a folder that is not there is an error', async () => {
    const files = new MemoryFiles();
    files.put('one.ndjson', `${lines(1)}{`);
    const [batch] = await drain(await opened(sourceOf(files, { path: 'one.ndjson' })));
    expect(batch).toMatchObject({ rows: [{ n: 1 }], bad: [{ position: 'one.ndjson:2', row: '{' }] });
    expect(await drain(await opened(sourceOf(files, { path: 'empty' })))).toEqual([]);
    await expect(opened(sourceOf(files, { path: 'nowhere' }))).rejects.toEqual(coded('TIDEMARK_SOURCE'));
  });

  it('[L11] refuses to build without a schema or a format', () => {
    const files = new MemoryFiles();
    const option = coded('TIDEMARK_OPTION');
    expect(() => sourceOf(files, { schema: undefined as never })).toThrow(option);
    expect(() => sourceOf(files, { format: 'orc' as never })).toThrow(/format/);
    expect(() => sourceOf(files, { path: '' })).toThrow(option);
    expect(() => sourceOf(files, { maxFilesPerTrigger: 0 })).toThrow(option);
    expect(() => sourceOf(files, { onChanged: 'ignore' as never })).toThrow(option);
    // @ts-expect-error the schema is missing
    expect(() => fileSourceOn(files, { path: 'in', format: ndjson() })).toThrow(option);
  });

  it('[L10] gives the same rows from every format', async () => {
    const files = new MemoryFiles();
    const rows = [
      { id: 'a"b', n: 1.5, ok: true, at: 1772323200000 },
      { id: 'c,\nd', n: -2, ok: false, at: 0 },
    ];
    const columns = schema({ id: 'string', n: 'number', ok: 'boolean', at: 'timestamp' });
    for (const format of [ndjson(), csv(), csv({ header: false })]) {
      files.put('in/f', format.encoder().encode(rows));
      const source = fileSourceOn(files, { path: 'in', format, schema: columns, settle: 0 });
      expect((await drain(await opened(source)))[0]?.rows).toEqual(rows);
    }
  });

  it('[L22] hands on rows that do not fit as bad records (strict), or with nulls, counted (permissive)', async () => {
    const files = new MemoryFiles();
    files.put('in/f', '{"n":1}\n{"n":"x"}\nnonsense\n{"n":null}\n');
    const [strict] = await drain(await opened(sourceOf(files)));
    expect(strict?.rows).toEqual([{ n: 1 }]);
    expect(strict?.bad).toEqual([
      { reason: 'invalid', row: { n: 'x' }, message: 'n: is no number', position: 'f:2' },
      { reason: 'invalid', row: 'nonsense', message: expect.any(String) as string, position: 'f:3' },
      { reason: 'invalid', row: { n: null }, message: 'n: is missing', position: 'f:4' },
    ]);
    const permissive = fileSourceOn(files, { path: 'in', format: ndjson(), schema: rowSchema, mode: 'permissive', settle: 0 });
    const typed: Source<{ n: number | null }> = permissive;
    const reader = await opened(typed);
    expect((await drain(reader))[0]).toMatchObject({ rows: [{ n: 1 }, { n: null }, { n: null }], bad: [{ position: 'f:3' }] });
    expect(reader.report?.()).toMatchObject({ nulledFields: 1, badRecords: 1 });
    const unchecked = fileSourceOn(files, { path: 'in', format: ndjson(), schema: 'unchecked', settle: 0 });
    expect((await drain(await opened(unchecked)))[0]?.rows).toEqual([{ n: 1 }, { n: 'x' }, { n: null }]);
    const throwing = z.object({ n: z.unknown().transform((n) => { if (n === 'x') throw new Error('user'); return n; }) }); // prettier-ignore
    const zod = fileSourceOn(files, { path: 'in', format: ndjson(), schema: throwing, settle: 0 });
    expect((await drain(await opened(zod)))[0]?.bad[0]).toMatchObject({
      reason: 'failed',
      message: 'the schema checks asynchronously, which cannot be used here, or threw',
      position: 'f:2',
    });
  });

  it('stands still once frozen, and ends where the data ends', async () => {
    const files = new MemoryFiles();
    files.put('in/a', lines(1), 5);
    const reader = await opened(sourceOf(files, { settle: 1 }));
    await reader.freeze?.();
    files.put('in/b', lines(2), 1);
    const batches = await drain(reader);
    expect(numbers(batches)).toEqual([[1]]);
    expect(reader.ended?.(batches[0]?.slice.to ?? null)).toBe(false);
    const ending = await opened(sourceOf(files, { endOfData: true, maxFilesPerTrigger: 1 }));
    files.put('in/c', lines(3), 9);
    expect(ending.ended?.(null)).toBe(false);
    const [first, second] = await drain(ending, null, false);
    expect([first, second].map((one) => ending.ended?.(one?.slice.to ?? null))).toEqual([false, true]);
    const none = await opened(sourceOf(files, { path: 'empty', endOfData: true }));
    expect(none.ended?.(null)).toBe(true);
  });

  it('finds out that a planned file was cut, rewritten, replaced, has grown or is gone', async () => {
    const files = new MemoryFiles();
    const long = lines(...Array.from({ length: 2000 }, (_, i) => i));
    const plan = async (onChanged: 'fail' | 'skip' = 'fail'): Promise<readonly [Source<Row>, Slice]> => {
      files.put('in/a', long, 1);
      files.put('in/b', lines(1), 2);
      const source = sourceOf(files, { onChanged });
      return [source, (await (await opened(source)).next(null)) as Slice];
    };
    const entry = (): { bytes: Uint8Array; mtimeMs: number; inode: number } => files.files.get('in/a') as never;
    const changes: [string, () => void][] = [
      ['TIDEMARK_SOURCE_CHANGED', () => (entry().bytes = entry().bytes.slice(0, -8))],
      ['TIDEMARK_SOURCE_CHANGED', () => files.append('in/a', lines(7), 1)],
      ['TIDEMARK_SOURCE_CHANGED', () => (entry().mtimeMs = 3)],
      ['TIDEMARK_SOURCE_CHANGED', () => (entry().inode = 77)],
      ['TIDEMARK_SOURCE_CHANGED', () => (entry().bytes[5] = 0x39)],
      ['TIDEMARK_SOURCE_CHANGED', () => (entry().bytes[entry().bytes.length - 4] = 0x30)],
      ['TIDEMARK_DATA_LOSS', () => files.files.delete('in/a')],
      ['fine', () => {}],
    ];
    for (const [code, change] of changes) {
      const [source, slice] = await plan();
      change();
      expect(await codeOf(readSlice(await opened(source), slice))).toBe(code);
      expect(files.open_).toBe(0);
      const [skipping, planned] = await plan('skip');
      change();
      const { rows, bad } = await readSlice(await opened(skipping), planned);
      expect([rows.length, bad.length]).toEqual(code === 'fine' ? [2001, 0] : [1, 1]);
    }
  });

  it('finds out that a file changes while it is read', async () => {
    const files = new MemoryFiles();
    files.put('in/a', '{\"n\":1234567}\n'.repeat(100_000), 1);
    const reader = await opened(sourceOf(files));
    const slice = (await reader.next(null)) as Slice;
    const read = async (): Promise<void> => {
      for await (const rows of reader.read(slice, () => {})) if (rows.length > 0) files.append('in/a', 'x', 2);
    };
    expect(await codeOf(read())).toBe('TIDEMARK_SOURCE_CHANGED');
  });

  it('reads blocks ahead by one only, and closes the file when nobody wants more', async () => {
    const files = new MemoryFiles();
    files.put('in/a', '{\"n\":1234567}\n'.repeat(300_000));
    const reader = await opened(sourceOf(files));
    const slice = (await reader.next(null)) as Slice;
    files.reads = 0;
    for await (const _rows of reader.read(slice, () => {})) break;
    expect(files.reads).toBeLessThanOrEqual(8); // evidence, two blocks of 256 KiB by 100 kB
    expect(files.open_).toBe(0);
  });

  it('[D11] gives every row once, whatever comes when, and wherever it is started again', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), name: fc.nat(30), time: fc.nat(5), rows: fc.nat(3) }),
      fc.record({ kind: fc.constantFrom('batch' as const, 'replay' as const, 'planLost' as const, 'restart' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.integer({ min: 1, max: 3 }), async (steps, maxFilesPerTrigger) => {
        const files = new MemoryFiles();
        files.put('in/.keep', '');
        const journal = new MemoryJournal();
        const added: number[] = [];
        const got: number[] = [];
        let at: Offset = null;
        const start = () => opened(sourceOf(files, { maxFilesPerTrigger }), { journal });
        let reader = await start();
        const batch = async (replay: boolean): Promise<boolean> => {
          const slice = await reader.next(at);
          if (slice === undefined) return false;
          if (replay) reader = await start();
          got.push(...(await readSlice(reader, JSON.parse(JSON.stringify(slice)) as Slice)).rows.map(({ n }) => n));
          at = slice.to;
          await reader.committed?.(at);
          return true;
        };
        for (const one of steps) {
          if (one.kind === 'add') {
            if (files.files.has(`in/${one.name}`)) continue;
            const ns = Array.from({ length: one.rows }, () => added.length + 1).map((n, i) => n * 10 + i);
            added.push(...ns);
            files.put(`in/${one.name}`, lines(...ns), one.time);
          } else if (one.kind === 'planLost') await reader.next(at);
          else if (one.kind === 'restart') reader = await start();
          else await batch(one.kind === 'replay');
        }
        reader = await start();
        while (await batch(false));
        expect([...got].sort((a, b) => a - b)).toEqual([...added].sort((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });

  it('keeps its log short, however many files have come and gone', async () => {
    const files = new MemoryFiles();
    files.put('in/stays', lines(0));
    const journal = new MemoryJournal();
    let at: Offset = null;
    let reader = await opened(sourceOf(files), { journal });
    const got: number[] = [];
    for (let i = 1; i <= 1200; i++) {
      files.put(`in/f${i}`, lines(i), i);
      files.files.delete(`in/f${i - 5}`);
      for (const { rows, slice } of await drain(reader, at)) {
        got.push(...rows.map(({ n }) => n));
        at = slice.to;
      }
      if (i % 400 === 0) reader = await opened(sourceOf(files), { journal });
    }
    expect(got).toEqual(Array.from({ length: 1201 }, (_, i) => i));
    expect(journal.entries.length).toBeLessThan(600);
    expect(journal.entries.join('').length).toBeLessThan(20_000);
  });

  it('says so when the checkpoint has read more than the journal knows', async () => {
    const files = new MemoryFiles();
    files.put('in/a', lines(1));
    await expect((await opened(sourceOf(files))).next(5)).rejects.toEqual(coded('TIDEMARK_DATA_LOSS'));
  });
});

describe('fileSource of a file that grows', () => {
  const tailing = (files: MemoryFiles, options: Partial<FileSourceOptions<Row>> = {}): Source<Row> =>
    sourceOf(files, { path: 'app.log', tail: true, ...options });

  it('[D11] reads up to the last line end, never further', async () => {
    const files = new MemoryFiles();
    files.put('app.log', '{"n":1}\n{"n":');
    const reader = await opened(tailing(files));
    const [first] = await drain(reader);
    expect(first).toMatchObject({ rows: [{ n: 1 }], bad: [], slice: { from: null, to: 8 } });
    expect(await reader.next(8)).toBeUndefined();
    files.append('app.log', '2}\n\n{"n":3}\nx\n', 1);
    expect(await drain(reader, 8)).toMatchObject([{ rows: [{ n: 2 }, { n: 3 }], bad: [{ position: 'app.log@8:4' }] }]);
    expect(files.open_).toBe(0);
  });

  it('reads a slice again after the file has grown, and finds out when it was cut or replaced', async () => {
    const files = new MemoryFiles();
    files.put('app.log', lines(1, 2));
    const slice = (await (await opened(tailing(files))).next(null)) as Slice;
    files.append('app.log', lines(3), 1);
    expect((await readSlice(await opened(tailing(files)), slice)).rows).toEqual([{ n: 1 }, { n: 2 }]);
    files.put('app.log', lines(1, 2), 1);
    expect(await codeOf(readSlice(await opened(tailing(files)), slice))).toBe('TIDEMARK_SOURCE_CHANGED');
    files.put('app.log', lines(1), 1);
    expect(await codeOf(readSlice(await opened(tailing(files)), slice))).toBe('TIDEMARK_SOURCE_CHANGED');
    expect(await codeOf((await opened(tailing(files))).next(16))).toBe('TIDEMARK_SOURCE_CHANGED');
    files.files.delete('app.log');
    expect(await codeOf((await opened(tailing(files))).next(null))).toBe('TIDEMARK_DATA_LOSS');
  });

  it('keeps to its limit in bytes, but gets over a line that is longer', async () => {
    const files = new MemoryFiles();
    files.put('app.log', `${lines(1, 2, 3)}{"n":4, "long": "${'x'.repeat(200_000)}"}\n${lines(5)}`);
    const batches = await drain(await opened(tailing(files, { maxBytesPerTrigger: 17 })));
    expect(numbers(batches)).toEqual([[1, 2], [3], [4], [5]]);
  });

  it('knows the head of a CSV file in later slices; takes the rest at the end of data', async () => {
    const files = new MemoryFiles();
    files.put('app.log', 'n\n1\n2\n3');
    expect(numbers(await drain(await opened(tailing(files, { format: csv(), maxBytesPerTrigger: 4 }))))).toEqual([[1], [2]]);
    const ending = await opened(tailing(files, { format: csv(), endOfData: true }));
    files.append('app.log', '4\n', 1);
    const batches = await drain(ending);
    expect(numbers(batches)).toEqual([[1, 2, 3]]);
    expect(ending.ended?.(batches[0]?.slice.to ?? null)).toBe(true);
  });

  it('finds the head of a CSV file in later slices behind blank lines, and over several lines', async () => {
    for (const head of ['\nn\n', '\r\n\r\nn\r\n', '\uFEFF\nn\n', 'n,"a\nb"\n', '\n"n","a ""q""\n\nb"\n']) {
      const files = new MemoryFiles();
      files.put('app.log', head);
      const tail = await opened(tailing(files, { format: csv(), mode: 'permissive' } as object));
      const rows: Row[] = [];
      let at: Offset = null;
      for (let n = 1; n <= 3; n++) {
        const [batch] = (await drain(tail, at)) as readonly { rows: Row[]; slice: Slice }[];
        rows.push(...(batch?.rows ?? []));
        at = batch?.slice.to ?? at;
        files.append('app.log', `${n}\n`, n);
      }
      expect([head, rows]).toEqual([head, [{ n: 1 }, { n: 2 }]]);
    }
  });

  it('takes an ordinary quote among the names for what it is, also where the file is long', async () => {
    const files = new MemoryFiles();
    files.put('app.log', `n,5" disk\n${'7,a row of some length\n'.repeat(50_000)}`);
    const tail = await opened(tailing(files, { format: csv(), mode: 'permissive' } as object));
    const first = (await tail.next(null)) as Slice;
    files.append('app.log', '8,x\n9,y\n', 1);
    const { rows } = await readSlice(tail, (await tail.next(first.to)) as Slice);
    expect(rows).toEqual([{ n: 8 }, { n: 9 }]);
  });

  it('counts what is odd about the head once', async () => {
    const files = new MemoryFiles();
    files.put('app.log', '\nother\n7\n');
    const tail = await opened(tailing(files, { format: csv(), mode: 'permissive' } as object));
    let at: Offset = null;
    for (const text of ['8\n', '9\n', '']) {
      const slice = (await tail.next(at)) as Slice;
      await readSlice(tail, slice);
      at = slice.to;
      files.append('app.log', text, 1);
    }
    expect(tail.report?.()).toMatchObject({ blankLines: 1, missingColumns: 1 });
  });

  it('gives the same rows whenever it looks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(12), { maxLength: 12 }), fc.integer({ min: 1, max: 40 }), async (pieces, max) => {
        const text = lines(1, 22, 333, 4444, 55555);
        const files = new MemoryFiles();
        files.put('app.log', '');
        let written = 0;
        let at: Offset = null;
        const got: number[] = [];
        for (const piece of [...pieces, text.length]) {
          files.append('app.log', text.slice(written, written + piece), written);
          written += piece;
          const batches: { rows: Row[]; slice: Slice }[] = await drain(
            await opened(tailing(files, { maxBytesPerTrigger: max })),
            at,
          );
          got.push(...numbers(batches).flat());
          at = batches.at(-1)?.slice.to ?? at;
        }
        expect(got).toEqual([1, 22, 333, 4444, 55555]);
      }),
    );
  });
});
