import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csv, type CsvOptions } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { badOf, decode, rowsOf, utf8 } from './decode';

const option = expect.objectContaining({ code: 'TIDEMARK_OPTION' });
const encode = (rows: unknown[], options: CsvOptions = {}): string => csv(options).encoder().encode(rows);

describe('reading csv', () => {
  it('[L10] names cells by the head; empty is null, "" is empty text; quotes hold commas, quotes and line ends', () => {
    const { heard, counts } = decode(csv(), '\uFEFFa,b,c\r\n1,,x\r\n\r\n"","q ""x"", y\r\nz",\r\n5" pipe,2,3');
    expect(heard).toEqual([
      { row: { a: '1', b: null, c: 'x' }, line: 2 },
      { row: { a: '', b: 'q "x", y\r\nz', c: null }, line: 4 },
      { row: { a: '5" pipe', b: '2', c: '3' }, line: 6 },
    ]);
    expect(counts).toEqual({ blankLines: 1, replacedCharacters: 0, raggedRecords: 0, missingColumns: 0 });
  });

  it('takes names from the head, a list, the schema, or makes them', () => {
    const columns = ['x', 'y'];
    expect(rowsOf(csv({ header: columns }), '1,2')).toEqual([{ x: '1', y: '2' }]);
    expect(rowsOf(csv({ header: false }), '1,2', [], { mode: 'strict', columns })).toEqual([{ x: '1', y: '2' }]);
    expect(rowsOf(csv({ header: false }), '1,2\n3,4')).toEqual([
      { _c0: '1', _c1: '2' },
      { _c0: '3', _c1: '4' },
    ]);
    expect(rowsOf(csv({ delimiter: '\t', nullValue: 'NA' }), 'a\t\n1\tNA\nNA\t"NA"')).toEqual([
      { a: '1', _c1: null },
      { a: null, _c1: 'NA' },
    ]);
    expect(decode(csv(), 'a,a\n1,2').heard).toEqual([
      { bad: 'a,a', message: `the column 'a' occurs twice; the last one counts`, line: 1 },
      { row: { a: '2' }, line: 2 },
    ]);
  });

  it('does not keep quiet about names that are not those of the schema, nor about lines that end with CR alone', () => {
    const columns = ['a', 'b'];
    expect(decode(csv(), 'A, b\n1,2', [], { mode: 'permissive', columns }).counts.missingColumns).toBe(2);
    expect(decode(csv(), 'b,c,a\n1,2,3', [], { mode: 'permissive', columns }).counts.missingColumns).toBe(0);
    expect(decode(csv({ header: false }), '1\n2', [], { mode: 'permissive', columns }).counts.missingColumns).toBe(0);
    expect(badOf(csv(), 'a,b\r1,2\r3,4\r')).toEqual([{ bad: 'a,b\r1,2\r3,4', line: 1 }]);
    expect(badOf(csv(), 'a\r1\r2\r')).toHaveLength(1);
    expect(badOf(csv(), '"a",b\r\n1,2\r\n')).toEqual([]);
  });

  it('records with too many or too few cells: bad when strict, filled and counted when permissive', () => {
    const text = 'a,b\n1\n1,2,3\n"1"\n4,5';
    expect(badOf(csv(), text)).toEqual([
      { bad: '1', line: 2 },
      { bad: '1,2,3', line: 3 },
      { bad: '"1"\n', line: 4 },
    ]);
    const { heard, counts } = decode(csv(), text, [], { mode: 'permissive' });
    expect(heard.map((one) => ('row' in one ? one.row : one))).toEqual([
      { a: '1', b: null },
      { a: '1', b: '2' },
      { a: '1', b: null },
      { a: '4', b: '5' },
    ]);
    expect(counts.raggedRecords).toBe(3);
  });

  it('goes on behind a record that is broken', () => {
    expect(decode(csv(), 'a,b\n"x"y,1\n2,3\n"open,4\n5,6\n').heard).toEqual([
      { bad: '"x"y,1\n', message: 'text behind a closing quote', line: 2 },
      { row: { a: '2', b: '3' }, line: 3 },
      { bad: '"open,4', message: 'a quoted cell has no end, or the record is too long', line: 4 },
      { row: { a: '5', b: '6' }, line: 5 },
    ]);
    const small = csv({ maxLineBytes: 20 });
    const long = `a,b\n"1\n${'2,3\n'.repeat(9)}4",5\n6,7\n${'x'.repeat(21)},1\n8,9`;
    expect(badOf(small, long)).toEqual([
      { bad: '"1', line: 2 },
      { bad: `${'x'.repeat(21)},1`, line: 14 },
    ]);
    expect(rowsOf(small, long).slice(-3)).toEqual([
      { a: '4"', b: '5' },
      { a: '6', b: '7' },
      { a: '8', b: '9' },
    ]);
  });

  it('a hostile file costs no more than its length', () => {
    const start = performance.now();
    const quotes = `a\n"${'""'.repeat(4_000_000)}`;
    expect(
      badOf(
        csv(),
        quotes,
        Array.from({ length: 120 }, (_, i) => i * 65_536),
      ),
    ).toHaveLength(1);
    expect(badOf(csv(), `a\n${'"\n'.repeat(200_001)}`).length).toBeGreaterThan(0);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('takes names of Object.prototype for ordinary names', () => {
    const [row] = rowsOf(csv(), '__proto__,constructor\n1,2') as [object];
    expect(Object.entries(row)).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
  });

  it('gives the same however the bytes are cut', () => {
    const part = fc.oneof(
      fc
        .constantFrom('"', '""', ',', '\n', '\r\n', 'a', 'b"c', '"x,y"', '"p\nq"', '\u00e9', '\uFEFF', '\u0000', '\r')
        .map((text) => [...utf8(text)]),
      fc.uint8Array({ maxLength: 4 }).map((bytes) => [...bytes]),
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 40 }),
        fc.array(fc.nat(120), { maxLength: 8 }),
        fc.integer({ min: 1, max: 30 }),
        (parts, cuts, max) => {
          const bytes = Uint8Array.from(parts.flat());
          const places = cuts.map((cut) => Math.min(cut, bytes.length));
          const format = csv({ maxLineBytes: max });
          for (const mode of ['strict', 'permissive'] as const) {
            expect(decode(format, bytes, places, { mode })).toEqual(decode(format, bytes, [], { mode }));
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('agrees with an independent reader', () => {
    const cell = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('', ',', '"', '\n', '\r\n', ' x ', '"a",', "'"));
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 }), (table) => {
        const text = encode(
          table.map(([a, b, c]) => ({ a, b, c })),
          { formulaSafe: false },
        );
        const rows = parse(text, { columns: true, relax_quotes: true }) as unknown[];
        expect(rowsOf(csv(), text)).toEqual(rows);
        expect(rows).toEqual(table.map(([a, b, c]) => ({ a, b, c })));
      }),
      { numRuns: 500 },
    );
  });

  it('refuses options that make no sense', () => {
    for (const delimiter of ['', ';;', '"', '\n']) expect(() => csv({ delimiter })).toThrow(option);
    expect(() => csv({ maxLineBytes: -1 })).toThrow(option);
  });
});

describe('writing csv', () => {
  it('quotes by RFC 4180, one head, null and empty text apart', () => {
    const encoder = csv().encoder();
    expect(encoder.encode([])).toBe('');
    expect(encoder.encode([{ a: 1.5, b: 'x,y', c: null }])).toBe('a,b,c\r\n1.5,"x,y",\r\n');
    expect(encoder.encode([{ c: new Date(0), a: '', b: { k: [1, 'z'] } }, { a: -0 }])).toBe(
      '"",' + '"{""k"":[1,""z""]}",1970-01-01T00:00:00.000Z\r\n-0,,\r\n',
    );
    expect(encode([{ a: null }])).toBe('a\r\n""\r\n');
    expect(encode([{ a: 1 }], { header: false })).toBe('1\r\n');
    expect(encode([{ a: 1, b: 2 }], { columns: ['b', 'a', 'z'] })).toBe('b,a,z\r\n2,1,\r\n');
    expect(encode([{ a: NaN, b: 2n ** 70n, c: true, d: ' x' }], { delimiter: ';' })).toBe(
      'a;b;c;d\r\nNaN;1180591620717411303424;true;" x"\r\n',
    );
    expect(encode([{ a: null, b: 'NA' }], { nullValue: 'NA' })).toBe('a,b\r\nNA,"NA"\r\n');
  });

  it('makes formulas harmless, and leaves numbers alone', () => {
    const texts = [
      '=1+1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\t=1',
      '\r=1',
      '\n=1',
      '=HYPERLINK("http://x","y")',
      `=cmd|'/C calc'!A0`,
      "'=1",
      "''-",
    ];
    for (const text of texts) {
      const written = encode([{ a: text, n: -5 }]);
      expect(rowsOf(csv(), written)).toEqual([{ a: `'${text}`, n: '-5' }]);
      expect(rowsOf(csv({ formulaSafeInput: true }), written)).toEqual([{ a: text, n: '-5' }]);
      expect(rowsOf(csv(), encode([{ a: text, n: 1 }], { formulaSafe: false }))).toEqual([{ a: text, n: '1' }]);
    }
    expect(encode([{ '=a': 1 }])).toBe("'=a\r\n1\r\n");
  });

  it('refuses a column that the head lacks, and what is no data', () => {
    const refused = expect.objectContaining({ code: 'TIDEMARK_FORMAT' });
    expect(() => encode([{ a: 1 }, { a: 1, b: 2 }])).toThrow(refused);
    expect(() => encode([{ a: () => 1 }])).toThrow(refused);
  });
});
