import fc from 'fast-check';
import { ndjson } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { badOf, decode, rowsOf, utf8 } from './decode';

const option = expect.objectContaining({ code: 'TIDEMARK_OPTION' });
const bytesOf = (...parts: (string | number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...utf8(part)] : part)));

describe('reading ndjson', () => {
  it('gives a row a line, with its number; LF, CRLF, no last line end, blank lines, byte order mark', () => {
    const { heard, counts } = decode(ndjson(), '\uFEFF{"a":1}\r\n\n  \n[2]\n"\uFEFFx"');
    expect(heard).toEqual([
      { row: { a: 1 }, line: 1 },
      { row: [2], line: 4 },
      { row: '\uFEFFx', line: 5 },
    ]);
    expect(counts).toMatchObject({ blankLines: 2, replacedCharacters: 0 });
  });

  it('[L10] hands on what is no JSON as a bad record, and goes on behind it', () => {
    const { heard } = decode(ndjson(), '{"a":1}\n{"a":\nnull\n\u0000\n{"a":2}x\n{"a":3}');
    expect(heard.map((one) => ('row' in one ? one.row : one.bad))).toEqual([
      { a: 1 },
      '{"a":',
      null,
      '\u0000',
      '{"a":2}x',
      { a: 3 },
    ]);
    expect(heard[1]).toMatchObject({ line: 2, message: expect.stringMatching(/JSON|Unexpected/) as string });
  });

  it('counts characters that stand for bytes that are no UTF-8, not those that were there', () => {
    const bytes = bytesOf('"a', [0xff], 'b', [0xc3], '"\n"', '\uFFFD', '"\n"', [0xf0, 0x9f, 0x98], '"\n"😀"');
    const { heard, counts } = decode(ndjson(), bytes);
    expect(heard.map((one) => ('row' in one ? one.row : one))).toEqual(['a\uFFFDb\uFFFD', '\uFFFD', '\uFFFD', '😀']);
    expect(counts.replacedCharacters).toBe(3);
  });

  it('never holds a giant line: the first 1 KiB, its number, and on at the next newline', () => {
    const format = ndjson({ maxLineBytes: 2000 });
    const long = 'é'.repeat(1001); // 2002 bytes
    const exact = `"${'x'.repeat(1998)}"`;
    for (const cuts of [[], [1], [700, 1400, 2100], [2003, 2004]]) {
      expect(badOf(format, `${long}\n${exact}\n${exact}x\n1`, cuts)).toEqual([
        { bad: 'é'.repeat(512), line: 1 },
        { bad: exact.slice(0, 1024), line: 3 },
      ]);
      expect(rowsOf(format, `${long}\n${exact}\n${exact}x\n1`, cuts)).toEqual([JSON.parse(exact), 1]);
    }
    let heard = '';
    const decoder = ndjson({ maxLineBytes: 100_000 }).decoder({ mode: 'strict' });
    const out = { row: () => {}, bad: (raw: string, message: string) => void (heard = `${raw.length} ${message}`) };
    const piece = new Uint8Array(1 << 20).fill(0x61);
    for (let i = 0; i < 200; i++) decoder.push(piece, out);
    decoder.end(out);
    expect(heard).toBe(`1024 the line has ${200 << 20} bytes, too many`);
  });

  it('refuses what is nested too deep, at any depth, without falling over', () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const mixed = (depth: number): string => `${'{"[[":['.repeat(depth / 2)}1${']}'.repeat(depth / 2)}`;
    expect(rowsOf(ndjson(), `${nested(64)}\n${mixed(64)}`)).toHaveLength(2);
    for (const depth of [65, 66, 1000, 5000, 100_000, 1_000_000]) {
      const { heard } = decode(ndjson(), `${nested(depth)}\n${mixed(depth + 1 - (depth % 2) + 1)}`);
      expect(heard).toHaveLength(2);
      for (const one of heard) expect(one).toMatchObject({ message: 'the JSON is nested deeper than 64' });
    }
    expect(rowsOf(ndjson({ maxDepth: 2 }), '[[]]\n[[[]]]\n{"a":{"b":{}}}\n{"a":"[[[[["}')).toEqual([[[]], { a: '[[[[[' }]);
    const longText = JSON.stringify({ a: `\\"[${'[{"'.repeat(30_000)}` });
    expect(rowsOf(ndjson(), longText)).toEqual([JSON.parse(longText)]);
  });

  it('reads whole numbers beyond 2^53 as told', () => {
    const text =
      '{"id":9007199254740993,"s":"9007199254740993","f":1234567890123456.5,"e":12345678901234567e2,"l":[-9007199254740995]}';
    expect(rowsOf(ndjson(), text)).toEqual([JSON.parse(text)]);
    const rest = { s: '9007199254740993', f: 1234567890123456.5, e: 12345678901234567e2 };
    expect(rowsOf(ndjson({ bigIntegers: 'bigint' }), text)).toEqual([
      { id: 9007199254740993n, ...rest, l: [-9007199254740995n] },
    ]);
    expect(rowsOf(ndjson({ bigIntegers: 'string' }), text)).toEqual([
      { id: '9007199254740993', ...rest, l: ['-9007199254740995'] },
    ]);
    expect(badOf(ndjson({ bigIntegers: 'reject' }), text)).toHaveLength(1);
    expect(rowsOf(ndjson({ bigIntegers: 'reject' }), '9007199254740991\n"99999999999999999999"')).toEqual([
      9007199254740991,
      '9'.repeat(20),
    ]);
  });

  it('takes names of Object.prototype for ordinary names', () => {
    const text = '{"__proto__":{"polluted":1},"constructor":2,"toString":9007199254740993}';
    const [row] = rowsOf(ndjson({ bigIntegers: 'bigint' }), text) as [object];
    expect(Object.keys(row)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
  });

  it('of equal names the last counts', () => {
    expect(rowsOf(ndjson(), '{"a":1,"a":2}')).toEqual([{ a: 2 }]);
  });

  it('gives the same however the bytes are cut', () => {
    const part = fc.oneof(
      fc.json().map((text) => [...utf8(text)]),
      fc.constantFrom([0x0a], [0x0d, 0x0a], [0xef, 0xbb, 0xbf], [0xff], [0xe2, 0x82], [0], [0x22], [0x7b], [0x20]),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => [...bytes]),
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 20 }),
        fc.array(fc.nat(400), { maxLength: 8 }),
        fc.integer({ min: 1, max: 60 }),
        (parts, cuts, max) => {
          const bytes = Uint8Array.from(parts.flat());
          const places = cuts.map((cut) => Math.min(cut, bytes.length));
          const format = ndjson({ maxLineBytes: max });
          expect(decode(format, bytes, places)).toEqual(decode(format, bytes));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('refuses limits that make no sense', () => {
    expect(() => ndjson({ maxLineBytes: 0 })).toThrow(option);
    expect(() => ndjson({ maxDepth: 0.5 })).toThrow(option);
    expect(() => ndjson({ bigIntegers: 'big' as 'bigint' })).toThrow(option);
  });
});

describe('writing ndjson', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (rows) => {
        const text = ndjson().encoder().encode(rows);
        expect(rowsOf(ndjson(), text)).toEqual(JSON.parse(JSON.stringify(rows)));
        expect(text.split('\n')).toHaveLength(rows.length + 1);
      }),
    );
  });

  it('writes Maps and Sets with what is in them', () => {
    const encode = (row: unknown): string => ndjson().encoder().encode([row]);
    const row = {
      m: new Map<unknown, unknown>([
        ['a', new Set([1, 2n])],
        [1, {}],
      ]),
      s: new Set(),
      o: {},
      t: '{}',
    };
    expect(encode(row)).toBe('{"m":{"1":{},"a":[1,"2"]},"s":[],"o":{},"t":"{}"}\n');
    expect(encode(new Map([['__proto__', 1]]))).toBe('{"__proto__":1}\n');
    for (const keys of [[{}], [new Date(0)], [1, '1']])
      expect(() => encode(new Map<unknown, number>(keys.map((key) => [key, 1])))).toThrow(
        expect.objectContaining({ code: 'TIDEMARK_FORMAT' }),
      );
  });

  it('writes bigints as their digits, and refuses what is no JSON', () => {
    const encode = (row: unknown): string => ndjson().encoder().encode([row]);
    expect(encode({ a: [2n ** 64n] })).toBe('{"a":["18446744073709551616"]}\n');
    expect(encode('a\nb\u2028\ud800')).toBe('"a\\nb\u2028\\ud800"\n');
    const circle: unknown[] = [];
    circle.push(circle);
    for (const row of [undefined, () => 1, circle]) {
      expect(() => encode(row)).toThrow(expect.objectContaining({ code: 'TIDEMARK_FORMAT' }));
    }
  });
});
