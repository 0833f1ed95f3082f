import { ndjson } from 'tidemark';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileSink } from '../../src/connectors/fileSink/fileSink';
import { escapeSegment, partitioned, segmentOf } from '../../src/connectors/fileSink/partitions';
import { readFileSink } from '../../src/connectors/fileSink/readFileSink';

import { LossyFiles } from './lossyFiles';
import { batchOf, contextOf, idOf } from './sinks';

const HOSTILE = [
  '',
  '.',
  '..',
  '../',
  '../../etc/passwd',
  '/etc/passwd',
  '\\\\server\\share',
  'C:\\windows',
  'a/b',
  'a\\b',
  'a\0b',
  '\0',
  'CON',
  'NUL.txt',
  'aux',
  'trailing.',
  'trailing ',
  ' ',
  '~',
  '%2e%2e%2f',
  '%',
  '%%',
  '%uD800',
  '\ud800',
  '\udfff',
  '\ufffd',
  '\ud83d\ude00',
  'é',
  'e\u0301',
  'A',
  'a',
  'unknown',
  'x'.repeat(300),
  `${'x'.repeat(300)}y`,
  '日'.repeat(100),
  `${'日'.repeat(100)}本`,
  '\u202e',
  '\n',
  '\r\n',
  '\u001b[31m',
  '__proto__',
  'constructor',
  '_tidemark_log',
  '.git',
  '*',
  '?',
  '"',
  "'",
  ';',
  '$(rm -rf)',
  '`x`',
  '<>',
  '|',
  '&',
  '=',
  'a=b',
  'part-0000000000000000-x-00000.ndjson',
  '__HIVE_DEFAULT_PARTITION__',
];

describe('partition folders', () => {
  it('are escaped so that they can be read', async () => {
    expect(escapeSegment('Music & Film')).toBe('Music%20%26%20Film');
    expect(escapeSegment('v1.2')).toBe('v1.2');
    expect(escapeSegment('..')).toBe('%2E%2E');
    expect(escapeSegment('é')).not.toBe(escapeSegment('e\u0301'));
    await expect(segmentOf('day', 7)).resolves.toBe('day=7');
    await expect(segmentOf('at', new Date(0))).resolves.toBe('at=1970-01-01T00%3A00%3A00.000Z');
    await expect(segmentOf('a/b', true)).resolves.toBe('a%2Fb=true');
  });

  it('[D78] are unknown for null and missing values', async () => {
    for (const value of [null, undefined, new Date(NaN)])
      await expect(segmentOf('category', value)).resolves.toBe('category=unknown');
  });

  it('of the empty text have a name that Spark can read, and that no other text has', async () => {
    await expect(segmentOf('c', '')).resolves.toBe('c=__HIVE_DEFAULT_PARTITION__');
    await expect(segmentOf('c', '__HIVE_DEFAULT_PARTITION__')).resolves.toBe('c=%5F_HIVE_DEFAULT_PARTITION__');
  });

  it('are cut at 200 bytes with a hash, and stay apart', async () => {
    const [a, b] = [await segmentOf('c', 'x'.repeat(300)), await segmentOf('c', `${'x'.repeat(300)}y`)];
    expect(a).toHaveLength(200);
    expect(a).not.toBe(b);
    expect(await segmentOf('c', '日'.repeat(100))).toMatch(/^c=(%[0-9A-F]{2})+~[0-9a-f]{32}$/);
  });

  it('1,000 and more hostile values: nothing outside, no two together, every file system takes them', async () => {
    const generated = fc.sample(fc.string({ unit: 'binary', maxLength: 80 }), { numRuns: 1000, seed: 41 });
    const mixed = fc.sample(
      fc.array(fc.constantFrom(...HOSTILE), { maxLength: 4 }).map((parts) => parts.join('')),
      { numRuns: 1000, seed: 42 },
    );
    const values = [...new Set([...HOSTILE, ...generated, ...mixed])];
    expect(values.length).toBeGreaterThan(1000);
    const folders = [
      ...(
        await partitioned(
          values.map((value) => ({ value })),
          ['value'],
        )
      ).keys(),
    ];
    expect(folders).toHaveLength(values.length);
    for (const folder of folders) {
      expect(folder).toMatch(/^value=([A-Za-z0-9_-]|%[0-9A-F]{2}|%u[0-9A-F]{4}|\.)*(~[0-9a-f]{32})?$/);
      expect(folder).not.toMatch(/\.$|=\.|=$|\/|\\/);
      expect(new TextEncoder().encode(folder).length).toBeLessThanOrEqual(200);
    }
  });

  it('hostile values and column names reach the disk inside the folder, and come back', async () => {
    const fs = new LossyFiles();
    const rows = HOSTILE.map((value) => ({ value, '../up': value }));
    const sink = fileSink({ path: 'out', format: ndjson(), fs, partitionBy: ['../up', 'value'], visibility: 'strict' });
    await sink.open?.(contextOf());
    await sink.commit(batchOf('append', rows), idOf(0));
    for (const path of fs.files().keys())
      expect(path).toMatch(/^out\/(_tidemark_log\/|%2E\.%2Fup=[^/]*\/value=[^/]*\/part-[^/]*$)/);
    const back: unknown[] = [];
    for await (const row of readFileSink({ path: 'out', format: ndjson(), fs })) back.push(row);
    const sorted = (all: readonly unknown[]): string[] => all.map((row) => JSON.stringify(row)).sort();
    expect(sorted(back)).toEqual(sorted(rows));
  });

  it('values that differ only in case do not overwrite each other where case does not count', async () => {
    const fs = new LossyFiles();
    const sink = fileSink({ path: 'out', format: ndjson(), fs, partitionBy: 'v' });
    await sink.open?.(contextOf());
    await sink.commit(batchOf('append', [{ v: 'a' }, { v: 'A' }]), idOf(0));
    const names = [...fs.files().keys()].map((path) => path.toLowerCase());
    expect(new Set(names).size).toBe(names.length);
  });

  it('refuses columns named twice', () => {
    expect(() => fileSink({ path: 'out', format: ndjson(), fs: new LossyFiles(), partitionBy: ['a', 'a'] })).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_OPTION' }),
    );
  });
});
