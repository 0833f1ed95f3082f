import { consoleSink, showTable, type ConsoleSinkOptions } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { batchOf, idOf } from './sinks';

function printed(batches: readonly (readonly unknown[])[], options: ConsoleSinkOptions = {}): string[] {
  const texts: string[] = [];
  const sink = consoleSink({ ...options, write: (text) => texts.push(text) });
  batches.forEach((rows, batch) => void sink.commit(batchOf('append', rows), idOf(batch)));
  return texts;
}
const body = (rows: readonly unknown[], options: ConsoleSinkOptions = {}): string[] =>
  (printed([rows], options)[0] ?? '').trimEnd().split('\n').slice(3);
const long = 'abcdefghijklmnopqrstuvwxyz';

describe('consoleSink', () => {
  it('[D16, L17] prints batch number, columns and rows as Spark does', () => {
    expect(
      printed([
        [
          { word: 'dog', count: 3 },
          { word: null, count: 12345 },
        ],
      ]),
    ).toEqual([
      [
        '-------------------------------------------',
        'Batch: 0',
        '-------------------------------------------',
        '+----+-----+',
        '|word|count|',
        '+----+-----+',
        '| dog|    3|',
        '|NULL|12345|',
        '+----+-----+',
        '',
      ].join('\n'),
    ]);
  });

  it('[D16] shows numRows rows and says that there are more', () => {
    const rows = Array.from({ length: 25 }, (_, n) => ({ n }));
    expect(body(rows).slice(-3)).toEqual(['| 19|', '+---+', 'only showing top 20 rows']);
    expect(body(rows, { numRows: 1 }).slice(3)).toEqual(['|  0|', '+---+', 'only showing top 1 row']);
    expect(body(rows.slice(0, 20)).at(-1)).toBe('+---+');
  });

  it('[D16] cuts long values to 20 characters, or to as many as asked for', () => {
    expect(body([{ v: long }])[3]).toBe('|abcdefghijklmnopq...|');
    expect(body([{ v: long }], { truncate: 5 })[3]).toBe('|ab...|');
    expect(body([{ v: long }], { truncate: 3 })[3]).toBe('|abc|');
    expect(body([{ v: long.slice(0, 20) }])[3]).toBe(`|${long.slice(0, 20)}|`);
  });

  it('[D16] never cuts the names of columns, as Spark does not: they would look alike', () => {
    expect(body([{ [`${long}1`]: long, [`${long}2`]: null }]).slice(1)).toEqual([
      `|${long}1|${long}2|`,
      `+${'-'.repeat(27)}+${'-'.repeat(27)}+`,
      `|${' '.repeat(7)}abcdefghijklmnopq...|${' '.repeat(23)}NULL|`,
      `+${'-'.repeat(27)}+${'-'.repeat(27)}+`,
    ]);
  });

  it('[L36] shows whole values on the left with truncate: false', () => {
    expect(body([{ v: long, w: 1 }], { truncate: false }).slice(1)).toEqual([
      `|v${' '.repeat(25)}|w  |`,
      `+${'-'.repeat(26)}+---+`,
      `|${long}|1  |`,
      `+${'-'.repeat(26)}+---+`,
    ]);
  });

  it('[D16] prints an empty table as Spark does, with the columns that are known', () => {
    const [first, , third] = printed([[], [{ word: 'a' }], []]);
    expect(first?.split('\n').slice(3, 7)).toEqual(['++', '||', '++', '++']);
    expect(third?.split('\n').slice(3, 7)).toEqual(['+----+', '|word|', '+----+', '+----+']);
  });

  it('takes the columns of all rows it shows', () => {
    expect(body([{ a: 1 }, { b: 2 }]).slice(1, 5)).toEqual(['|   a|   b|', '+----+----+', '|   1|NULL|', '|NULL|   2|']);
  });

  it('writes windows, dates, lists and maps so that they can be read', () => {
    const row = {
      window: { start: 0, end: 60_000 },
      at: new Date(0),
      list: [1, null],
      map: new Map([['k', 1]]),
      obj: { x: 'y' },
    };
    expect(body([row], { truncate: false })[3]).toBe(
      '|{1970-01-01T00:00:00.000Z, 1970-01-01T00:01:00.000Z}|1970-01-01T00:00:00.000Z|[1, NULL]|{k -> 1}|{y}|',
    );
  });

  it('gives wide characters two places', () => {
    expect(body([{ v: '日本' }, { v: 'abcde' }]).slice(3, 5)).toEqual(['| 日本|', '|abcde|']);
  });

  it('shows rows that are no objects', () => {
    expect(body([1, 'x']).slice(1, 5)).toEqual(['|value|', '+-----+', '|    1|', '|    x|']);
  });

  it('says when a batch may have been printed before', () => {
    const texts: string[] = [];
    void consoleSink({ write: (text) => texts.push(text) }).commit(batchOf('append', []), idOf(4, { replayed: true }));
    expect(texts[0]).toContain('Batch: 4 (replayed)');
  });

  it('lets no value and no name steer the terminal or forge a line', () => {
    const evil = ['\u001b[31mred', 'a\nBatch: 9', 'x\r\u0007', '\u009b2J', '\u202egnp.exe', '\u2028', '\ud800', '\u0000'];
    const rows = evil.map((text) => ({ [text]: text }));
    const [text = ''] = printed([rows], { truncate: false });
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]|\p{Surrogate}/u);
    expect(text.split('\n')).toHaveLength(3 + 4 + evil.length + 1);
    expect(text).toContain('\\u001b[31mred');
  });

  it('refuses options that make no sense', () => {
    for (const options of [{ numRows: -1 }, { numRows: 1.5 }, { truncate: -2 }]) {
      expect(() => consoleSink(options)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
    }
  });

  it('the table is there on its own', () => {
    expect(showTable([{ a: 1 }])).toBe('+---+\n|  a|\n+---+\n|  1|\n+---+');
  });
});
