import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeKey, encodeKey, encodeKeyInto } from '../../src/keyCodec';
import { clashingValue, compareKeys, keyValue } from './keys';

const code = (name: string): unknown => expect.objectContaining({ code: name });
const hex = (values: readonly unknown[]): string =>
  Array.from(encodeKey(values), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** As C's memcmp, the shorter first. */
const memcmp = (a: Uint8Array, b: Uint8Array): number => {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
};

const tuple = fc.oneof(fc.array(clashingValue, { maxLength: 3 }), fc.array(keyValue, { maxLength: 3 }));

describe('encodeKey', () => {
  it('keeps the order of keys, and gives equal bytes exactly to equal keys', () => {
    fc.assert(
      fc.property(tuple, tuple, (a, b) => {
        expect(Math.sign(memcmp(encodeKey(a), encodeKey(b)))).toBe(Math.sign(compareKeys(a, b)));
      }),
      { numRuns: 5000 },
    );
  });

  it('keeps them for one value, where clashes are likeliest', () => {
    fc.assert(
      fc.property(clashingValue, clashingValue, (a, b) => {
        expect(Math.sign(memcmp(encodeKey([a]), encodeKey([b])))).toBe(Math.sign(compareKeys(a, b)));
      }),
      { numRuns: 5000 },
    );
  });

  it('comes back as an equal key', () => {
    fc.assert(
      fc.property(tuple, (values) => {
        const back = decodeKey(encodeKey(values));
        expect(compareKeys(back, values)).toBe(0);
        expect(hex(back)).toBe(hex(values));
      }),
      { numRuns: 2000 },
    );
  });

  it('puts common keys in place: the same bytes, or none', () => {
    const common = fc.array(fc.oneof(fc.string(), fc.double(), fc.integer(), fc.boolean(), fc.constant(null)), { maxLength: 3 });
    fc.assert(
      fc.property(fc.oneof(tuple, common), fc.nat(40), fc.nat(40), (values, at, room) => {
        const [bytes, into] = [encodeKey(values), new Uint8Array(at + room)];
        const end = encodeKeyInto(values, into, at);
        if (end < 0) return;
        expect(into.subarray(at, end)).toEqual(bytes);
        expect(into.subarray(0, at).every((byte) => byte === 0)).toBe(true);
      }),
      { numRuns: 2000 },
    );
    const plenty = new Uint8Array(100);
    expect(encodeKeyInto(['key-1', 7.5, true, null], plenty, 3)).toBe(3 + encodeKey(['key-1', 7.5, true, null]).length);
    for (const value of ['ä', '\0', 1n, new Date(0), [1], {}]) expect(encodeKeyInto([value], plenty, 0)).toBe(-1);
    expect(encodeKeyInto(['a'.repeat(200), 1], plenty, 0)).toBe(-1);
  });

  it('sorts the kinds: null, booleans, numbers, bigints, dates, text, arrays, objects', () => {
    const sorted = [
      ...[null, false, true, -Infinity, -1e300, -1, -5e-324, 0, 5e-324, 1, 1e300, Infinity, NaN],
      ...[-(2n ** 64n), -256n, -255n, -1n, 0n, 1n, 255n, 256n, 2n ** 64n, new Date(-1), new Date(0), new Date(1), new Date(NaN)],
      ...[
        '',
        '\0',
        '\0\0',
        '\x01',
        'a',
        'a\0',
        'ab',
        'b',
        'é',
        '\ud800',
        '\uffff',
        '\u{10000}',
        [],
        [null],
        [1],
        [1, 2],
        [2],
        {},
        { a: 1 },
      ],
    ];
    const shuffled = [...sorted].reverse();
    expect(shuffled.sort((a, b) => memcmp(encodeKey([a]), encodeKey([b])))).toEqual(sorted);
  });

  it.each<[unknown[], unknown[]]>([
    [[1], ['1']],
    [[1], [1n]],
    [[0], [null]],
    [[0], [false]],
    [
      ['a', 'bc'],
      ['ab', 'c'],
    ],
    [['a', ''], ['a']],
    [['', 'a'], ['a']],
    [
      ['a\0', 'b'],
      ['a', '\0b'],
    ],
    [[''], ['\0']],
    [[['a'], 'b'], [['a', 'b']]],
    [[[]], []],
    [[[[]]], [[[], []]]],
    [[new Date(0)], [0]],
    [[new Date(0)], ['1970-01-01T00:00:00.000Z']],
    [[new Date(NaN)], [NaN]],
    [['\ud800'], ['\ud801']],
    [['\ud800'], ['\ufffd']],
    [
      ['\ud83d', '\ude00'],
      ['\ud83d\ude00', ''],
    ],
    [[{ a: 1 }], [['a', 1]]],
    [[{}], [JSON.parse('{"__proto__":1}')]],
    [[{ start: 0, end: 1 }], [{ start: 1, end: 0 }]],
    [['__proto__'], [{}]],
  ])('tells apart %o and %o', (a, b) => {
    expect(hex(a)).not.toBe(hex(b));
  });

  it.each<[unknown, unknown]>([
    [undefined, null],
    [0, -0],
    [NaN, new Float64Array(new Uint8Array([1, 0, 0, 0, 0, 0, 0xf8, 0xff]).buffer)[0]],
    [new Date(5), new Date(5)],
    [
      { start: 0, end: 1 },
      { end: 1, start: 0 },
    ],
    [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [[undefined], [null]],
    [new Array(1), [null]],
  ])('takes as equal %o and %o', (a, b) => {
    expect(hex([a])).toBe(hex([b]));
  });

  it('has the same bytes in every version: changing one of these breaks every checkpoint', () => {
    expect(hex([null, false, true])).toBe('101112');
    expect(hex([1, -1, NaN])).toBe('20bff0000000000000' + '20400fffffffffffff' + '20fff8000000000000');
    expect(hex([258n, -1n, 0n])).toBe('3001000000020102' + '3000fffffffefe' + '300100000000');
    expect(hex([new Date(1)])).toBe('40bff0000000000000');
    expect(hex(['a\0é', '\ud800', '\u{1f600}'])).toBe('506100ffc3a900' + '50eda08000' + '50f09f988000');
    expect(hex([['a'], { b: 1, a: null }])).toBe('6050610000' + '70' + '50610010' + '50620020bff0000000000000' + '00');
  });

  it.each([
    () => 0,
    Symbol('s'),
    new Map(),
    new (class Point {})(),
    /x/,
    new Uint8Array(1),
    Object(1),
    [() => 0],
    { a: new Set() },
  ])('refuses %o, which has no identity', (value) => {
    expect(() => encodeKey([value])).toThrow(code('TIDEMARK_KEY_TYPE'));
  });

  it('refuses what contains itself', () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => encodeKey(loop)).toThrow(code('TIDEMARK_KEY_TYPE'));
    const ring: Record<string, unknown> = {};
    ring['ring'] = ring;
    expect(() => encodeKey([ring])).toThrow(code('TIDEMARK_KEY_TYPE'));
  });
});

describe('decodeKey', () => {
  it('gives plain values', () => {
    const values = [null, 0, 'x', new Date(NaN), [1n, ['\ud800']], JSON.parse('{"__proto__":{"a":1},"b":2}')];
    const back = decodeKey(encodeKey(values));
    expect(back).toEqual(values);
    expect(Object.getPrototypeOf(back[5])).toBe(Object.prototype);
    expect(Object.keys(back[5] as object)).toEqual(['__proto__', 'b']);
  });

  it('reads -0 as 0', () => {
    expect(decodeKey(encodeKey([-0]))).toEqual([0]);
  });

  it('refuses bytes that are cut off or are no key, and never hangs on others', () => {
    expect(() => decodeKey(new Uint8Array([0x99]))).toThrow(code('TIDEMARK_STATE'));
    const whole = encodeKey(['abc']);
    for (let length = 1; length < whole.length; length++)
      expect(() => decodeKey(whole.slice(0, length))).toThrow(code('TIDEMARK_STATE'));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodeKey(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'TIDEMARK_STATE' });
        }
      }),
    );
  });
});
