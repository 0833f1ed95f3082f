import { createHash } from 'node:crypto';
import { inspect, isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64 } from '../../src/checkpoint/base64';
import { crc32 } from '../../src/checkpoint/crc32';
import { platformDigests, portableDigests } from '../../src/checkpoint/digests';
import { canonicalJson, decodeRecord, encodeRecord } from '../../src/checkpoint/recordFile';
import { sha256 } from '../../src/files/sha256';
import { withSuperJson } from '../../src/checkpoint/superJson';
import { decodeNumbers, encodeNumbersInto } from '../../src/checkpoint/numbersCodec';
import { decodeValue, encodeValue, Unencodable } from '../../src/checkpoint/valueCodec';
import { codeOf, countDelta, open, planOf, stageOf } from './script';
import { memoryCheckpoint } from '../../src/checkpoint';

const bytes = fc.uint8Array({ maxLength: 300 });

describe('checksums', () => {
  it('CRC-32 has the check value of the standard, and can be continued', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const whole = crc32(new Uint8Array([...a, ...b]));
        expect(crc32(b, crc32(a))).toBe(whole);
        expect(platformDigests.crc32(b, platformDigests.crc32(a))).toBe(whole);
      }),
    );
  });

  it('SHA-256 is that of Node, at every length around a block', () => {
    for (let length = 0; length < 200; length++) {
      const data = Uint8Array.from({ length }, (_, i) => i * 7);
      expect(sha256(data)).toBe(createHash('sha256').update(data).digest('hex'));
      expect(platformDigests.sha256(data)).toBe(portableDigests.sha256(data));
    }
  });

  it('base64 comes back', () => {
    fc.assert(
      fc.property(bytes, (data) => {
        expect(toBase64(data)).toBe(Buffer.from(data).toString('base64').replace(/=+$/, ''));
        expect(fromBase64(toBase64(data))).toEqual(data);
      }),
    );
  });
});

describe('values', () => {
  const shown = (value: unknown): string => inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null });
  const back = (value: unknown): unknown => decodeValue(encodeValue(value));

  it('plain JSON stays plain', () => {
    const value = { a: [1, 'x', null, true, { b: -1.5 }] };
    expect(encodeValue(value)).toBe(`J${JSON.stringify(value)}`);
    expect(back(value)).toEqual(value);
  });

  it.each([
    ['NaN', NaN],
    ['-0', -0],
    ['Infinity', [Infinity, -Infinity]],
    ['undefined', { a: undefined }],
    ['bigint', 12345678901234567890n],
    ['Date', new Date(5)],
    ['invalid Date', new Date(NaN)],
    ['Map', new Map<unknown, unknown>([[{ a: 1 }, new Set([1n])]])],
    ['lone surrogate', 'a\ud800b'],
    ['NUL', '\0'],
    ['array like a tag', [['n', 'NaN'], NaN]],
    ['Float64Array', new Float64Array([NaN, -0, 1.5])],
    ['BigInt64Array', new BigInt64Array([-1n])],
    ['Uint8Array', new Uint8Array([1, 2, 255])],
    ['subarray', new Uint16Array([1, 2, 3]).subarray(1)],
  ])('%s comes back as it was', (_, value) => {
    const decoded = back(value);
    expect(decoded).toStrictEqual(value);
    expect(Object.is(decoded, -0)).toBe(Object.is(value, -0));
  });

  it.each(['__proto__', 'constructor', 'prototype', 'toJSON', 'toString', 'hasOwnProperty'])(
    '%s is a name like any other',
    (name) => {
      const value = JSON.parse(`{"${name}":{"polluted":1},"b":2}`) as object;
      for (const each of [value, [value, NaN], { deep: value }]) {
        const decoded = back(each);
        expect(isDeepStrictEqual(decoded, each)).toBe(true);
        expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
      }
    },
  );

  it('objects without a prototype stay without', () => {
    const value = Object.assign(Object.create(null) as object, { a: 1 });
    expect(Object.getPrototypeOf(back(value))).toBeNull();
    expect(back(value)).toEqual(value);
  });

  it('any data comes back, to the last bit', () => {
    const any = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      maxDepth: 4,
    });
    fc.assert(
      fc.property(any, (value) => {
        expect(shown(back(value))).toBe(shown(value));
      }),
      { numRuns: 1000 },
    );
  });

  it('a RegExp, a URL, an Error goes by superjson, inside anything', async () => {
    const value = { at: new Date(NaN), list: [/a+/gi, new URL('http://example.org/x'), NaN], __error: new RangeError('no') };
    const decoded = (await withSuperJson(() => back(value))) as typeof value;
    expect(encodeValue(value)[0]).toBe('S');
    expect(decoded.list).toEqual(value.list);
    expect(decoded.at.getTime()).toBeNaN();
    expect(decoded.__error).toMatchObject({ name: 'RangeError', message: 'no' });
  });

  class Point {
    x = 1;
  }
  const loop: unknown[] = [];
  loop.push(loop);
  it.each([
    ['function', { f: () => 0 }, ['f']],
    ['symbol', [Symbol('s')], [0]],
    ['instance', { a: { b: new Point() } }, ['a', 'b']],
    ['derived Map', new (class extends Map {})(), []],
    ['symbol as a name', { [Symbol('s')]: 1 }, []],
    ['ArrayBuffer', { buffer: new ArrayBuffer(1) }, ['buffer']],
    ['inside a Map', new Map([[1, [new Point()]]]), [0, 1, 0]],
  ])('refuses a %s and says where', (_, value, path) => {
    const thrown = ((): unknown => {
      try {
        return encodeValue(value);
      } catch (cause) {
        return cause;
      }
    })();
    expect(thrown).toBeInstanceOf(Unencodable);
    expect((thrown as Unencodable).path).toEqual(path);
  });

  it('refuses holes, and what contains itself', () => {
    expect(() => encodeValue([1, , 2])).toThrow(Unencodable);
    expect(() => encodeValue(loop)).toThrow(Unencodable);
  });

  it('a checkpoint names operator, table, key and path, and publishes nothing', async () => {
    const location = memoryCheckpoint();
    const checkpoint = await open(location);
    await checkpoint.plan(planOf(0, 1));
    const before = [...location.files.keys()];
    const stage = (value: unknown) => checkpoint.stage(stageOf(0, 'a', { delta: countDelta([[['k'], value]]) }));
    await expect(stage({ deep: [() => 0] })).rejects.toMatchObject({
      code: 'TIDEMARK_STATE_VALUE',
      details: { operator: 'count', table: 'groups', key: ['k'], path: ['deep', 0] },
    });
    const outputs = [{ sink: 'out', rows: [1, { f: () => 0 }] }];
    expect(await codeOf(checkpoint.stage(stageOf(0, 'a', { outputs })))).toBe('TIDEMARK_STATE_VALUE');
    expect([...location.files.keys()]).toEqual(before);
    await stage({ url: new URL('http://example.org') }); // loads superjson on its way
  });
});

describe('numbers', () => {
  const room = new Uint8Array(300);
  const back = (value: unknown): unknown => {
    const end = encodeNumbersInto(value, room, 7);
    return end < 0 ? 'not written' : decodeNumbers(room.slice(7, end));
  };
  const number = fc.oneof(fc.double(), fc.constantFrom(NaN, -0, 0, Infinity, -Infinity, 5e-324, 2 ** 53));

  it('and plain objects of numbers come back as they were, the names in their order', () => {
    const name = fc.string({ unit: fc.constantFrom(...'ab0 "\\_\u007f'), maxLength: 3 });
    fc.assert(
      fc.property(fc.oneof(number, fc.array(fc.tuple(name, number), { maxLength: 6 }).map(Object.fromEntries)), (value) => {
        const decoded = back(value);
        expect(decoded).toStrictEqual(value);
        if (typeof value === 'object') expect(Object.keys(decoded as object)).toEqual(Object.keys(value as object));
        // No text begins like them.
        expect(decodeNumbers(new TextEncoder().encode(encodeValue(value)))).toBeUndefined();
      }),
    );
  });

  it.each([
    ['text', 'x'],
    ['null', null],
    ['a list', [1]],
    ['something beside numbers', { a: 1, b: 'x' }],
    ['undefined', { a: undefined }],
    ['a name beyond ASCII', { ä: 1 }],
    ['a name with NUL', { 'a\0': 1 }],
    ['a name that objects give a meaning to', JSON.parse('{"__proto__":1}')],
    ['a symbol as a name', { a: 1, [Symbol('s')]: 1 }],
    ['no prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    [
      'an instance',
      new (class Point {
        x = 1;
      })(),
    ],
    ['a bigint', 1n],
  ])('%s is written otherwise', (_, value) => {
    expect(back(value)).toBe('not written');
  });

  it('without room nothing is written', () => {
    const value = { count: 1, sum: 0.5 };
    const size = encodeNumbersInto(value, room, 0);
    for (let length = 0; length < size; length++) expect(encodeNumbersInto(value, new Uint8Array(length), 0)).toBe(-1);
    expect(encodeNumbersInto(value, new Uint8Array(size), 0)).toBe(size);
    for (let length = 0; length < 9; length++) expect(encodeNumbersInto(1.5, new Uint8Array(length), 0)).toBe(-1);
    expect(encodeNumbersInto(1.5, new Uint8Array(9), 0)).toBe(9);
  });

  it('a name without its end is damage', () => {
    expect(() => decodeNumbers(new TextEncoder().encode('Nabc'))).toThrow('cut off');
  });

  it('what objects before were called does not matter', () => {
    expect([back({ a: 1, b: 2 }), back({ ab: 1 }), back({ b: 1, a: 2 }), back({}), back({ a: 3 })]).toEqual([
      { a: 1, b: 2 },
      { ab: 1 },
      { b: 1, a: 2 },
      {},
      { a: 3 },
    ]);
  });
});

describe('records', () => {
  const place = { name: 'commits/7', kind: 'commit', queryId: 'q', which: '7' } as const;

  it('equal data, equal bytes', () => {
    expect(canonicalJson({ b: 1, a: [{ d: null, c: 'x' }] })).toBe('{"a":[{"c":"x","d":null}],"b":1}');
    expect(encodeRecord({ b: 1, a: 2 }, place, portableDigests)).toEqual(encodeRecord({ a: 2, b: 1 }, place, platformDigests));
  });

  it('belongs to its query, kind and batch', () => {
    const { bytes: record } = encodeRecord({ a: 1 }, place, portableDigests);
    expect(decodeRecord(record, place, portableDigests).data).toEqual({ a: 1 });
    for (const other of [{ queryId: 'p' }, { which: '8' }, { kind: 'plan' } as const]) {
      expect(() => decodeRecord(record, { ...place, ...other }, portableDigests)).toThrow(/corrupt/);
    }
  });

  it('of a later format is refused by name', () => {
    const text = new TextDecoder()
      .decode(encodeRecord({ a: 1 }, place, portableDigests).bytes)
      .replace('tidemark 2', 'tidemark 3');
    expect(() => decodeRecord(new TextEncoder().encode(text), place, portableDigests)).toThrow(
      expect.objectContaining({
        code: 'TIDEMARK_FORMAT_TOO_NEW',
        details: expect.objectContaining({ found: 3, supported: 2 }) as object,
      }),
    );
  });

  it('has no number that JSON does not know', () => {
    expect(() => canonicalJson({ a: Infinity })).toThrow(expect.objectContaining({ code: 'TIDEMARK_STATE_VALUE' }));
  });
});
