import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash53 } from '../../src/aggregate/hash';
import { addHash, createSketch } from '../../src/aggregate/hyperLogLog';
import { identified, identityOf } from '../../src/aggregate/identity';
import * as agg from '../../src/aggregate/index';
import { fold, resultOf, valued } from './fold';

type V = { v: unknown };

describe('identityOf', () => {
  it('tells apart what differs, and nothing else', () => {
    const same: [unknown, unknown][] = [
      [0, -0],
      [NaN, -NaN],
      [new Date(5), new Date(5)],
      [new Date(NaN), new Date(NaN)],
      [
        { a: 1, b: [2] },
        { b: [2], a: 1 },
      ],
    ];
    for (const [a, b] of same) expect(identityOf(a)).toBe(Number.isNaN(a) ? NaN : identityOf(b));
    const different = [
      0,
      1,
      '1',
      1n,
      true,
      'true',
      NaN,
      'NaN',
      new Date(1),
      '',
      '\0',
      '\0\0',
      '\0k',
      '\0k@',
      [1],
      ['1'],
      {},
      [],
      { a: 1 },
    ];
    expect(new Set(different.map(identityOf)).size).toBe(different.length);
  });

  it('can be turned back', () => {
    for (const value of [1, 'a', '\0', '\0k\u0010', 5n, false, new Date(7), [1, null], { a: { b: 'c' } }]) {
      expect(identified(identityOf(value))).toEqual(value);
    }
    expect(identified(identityOf(-0))).toBe(0);
  });

  it('refuses what has no identity', () => {
    for (const value of [() => 1, Symbol('s'), new Map()]) {
      expect(() => identityOf(value)).toThrow(expect.objectContaining({ code: 'TIDEMARK_KEY_TYPE' }));
    }
  });
});

describe('agg.countDistinct', () => {
  const distinct = agg.countDistinct<V>('v');

  it('[D33] is exact, and ignores nulls', () => {
    expect(resultOf(distinct, valued([1, 2, 2, null, undefined, 1]))).toBe(2);
    expect(resultOf(distinct, [])).toBe(0);
    expect(resultOf(distinct, [{} as V])).toBe(0);
  });

  it('[D33] goes by value: 0 and -0, NaN, Dates are one; 1, 1n and the text differ', () => {
    expect(resultOf(distinct, valued([0, -0, NaN, NaN, new Date(3), new Date(3), 3, 1, 1n, '1']))).toBe(7);
  });

  it('leaves nothing behind when a value is refused', () => {
    const acc = fold(distinct, valued([1]));
    expect(() => distinct.value({ v: () => 1 })).toThrow(expect.objectContaining({ code: 'TIDEMARK_KEY_TYPE' }));
    expect(() => distinct.add(acc, { v: Symbol('s') }, 2)).toThrow(expect.objectContaining({ code: 'TIDEMARK_KEY_TYPE' }));
    expect(distinct.result(acc)).toBe(1);
  });
});

describe('hash53', () => {
  it('[D33] has fixed bits: stored sketches depend on them', () => {
    const ids = [0, 1, -1.5, 1e300, NaN, Infinity, '', 'a', 'video-1', '\u{10000}', 0n, -12345678901234567890n, true, false];
    expect(ids.map(hash53)).toEqual([
      6108840542125074, 256217999363895, 1571515427300591, 7741434346068164, 6867080936207389, 430954460371873, 7646965475727646,
      1875738533907389, 8676927050382398, 4476532641094245, 8106900052370102, 3333058114486783, 7687195554040037,
      5154189760426340,
    ]);
  });

  it('tells -0 from nothing and spreads bits over the whole range', () => {
    const ones = new Array<number>(53).fill(0);
    const seen = new Set<number>();
    const n = 20_000;
    for (let i = 0; i < n; i++) {
      const hash = hash53(i);
      seen.add(hash);
      expect(Number.isSafeInteger(hash) && hash >= 0).toBe(true);
      for (let bit = 0; bit < 53; bit++) ones[bit]! += Math.floor(hash / 2 ** bit) % 2;
    }
    expect(seen.size).toBe(n);
    for (const count of ones) expect(Math.abs(count - n / 2)).toBeLessThan((4 * Math.sqrt(n)) / 2);
  });
});

describe('agg.approxCountDistinct', () => {
  it('a register counts zeros on behind the first 32 bits of a hash', () => {
    const [precision, index] = [10, 5];
    const sketch = createSketch(precision);
    for (let i = 0; i < 200; i++) addHash(sketch, (index + 1) * 2 ** (53 - precision) + i); // enough for registers
    for (const low of [2 ** 20, 3, 1]) {
      addHash(sketch, index * 2 ** (53 - precision) + low);
      expect(sketch.dense[index]).toBe(53 - precision - Math.floor(Math.log2(low)));
    }
  });

  it('[D33] [E1.3] stays within three times the declared rsd from 0 to a million values', { timeout: 60_000 }, () => {
    const kinds: ((i: number) => unknown)[] = [(i) => i, (i) => `user-${i}`, (i) => i / 7 + 0.3];
    for (const kind of kinds) {
      for (const rsd of [0.05, 0.02]) {
        const distinct = agg.approxCountDistinct<V>('v', { rsd });
        const acc = distinct.create();
        let i = 0;
        for (const n of [0, 1, 10, 64, 100, 300, 1000, 10_000, 100_000, 300_000, 1_000_000]) {
          for (; i < n; i++) distinct.add(acc, { v: kind(i) }, i);
          const bound = n <= 64 ? 0 : 3 * rsd * n;
          expect(Math.abs(distinct.result(acc) - n)).toBeLessThanOrEqual(bound);
        }
      }
    }
  });

  it('[E1.3] is 5 % by default: the errors of many sketches have that spread, and hardly any bias', () => {
    const distinct = agg.approxCountDistinct<V>('v');
    const errors = Array.from(
      { length: 60 },
      (_, s) => resultOf(distinct, valued(Array.from({ length: 3000 }, (_, i) => s * 1e6 + i))) / 3000 - 1,
    );
    expect(Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length)).toBeLessThan(0.06);
    expect(Math.abs(errors.reduce((sum, e) => sum + e, 0) / errors.length)).toBeLessThan((3 * 0.05) / Math.sqrt(60));
  });

  it('[D33] gives for a union exactly what one sketch of everything gives, sparse or dense', () => {
    const distinct = agg.approxCountDistinct<V>('v');
    const sizes = fc.constantFrom(0, 3, 40, 64, 65, 200, 3000);
    const property = fc.property(sizes, sizes, fc.nat({ max: 3000 }), (a, b, shift) => {
      const left = Array.from({ length: a }, (_, i) => i);
      const right = Array.from({ length: b }, (_, i) => i + shift);
      const into = fold(distinct, valued(left));
      distinct.merge!(into, fold(distinct, valued(right)));
      const direct = fold(distinct, valued([...right, ...left]));
      expect(distinct.result(into)).toBe(distinct.result(direct));
      expect(into.dense).toEqual(direct.dense);
      expect(into.sparse).toEqual(direct.sparse);
    });
    fc.assert(property, { numRuns: 60 });
  });

  it('[D33] goes on from a checkpoint, sparse or dense', () => {
    const distinct = agg.approxCountDistinct<V>('v', { rsd: 0.1 });
    for (const n of [40, 500, 20_000]) {
      const straight = distinct.create();
      let restarted = distinct.create();
      for (let i = 0; i < n; i++) {
        if (i % Math.ceil(n / 3) === 0) restarted = distinct.decode(JSON.parse(JSON.stringify(distinct.encode(restarted))));
        for (const acc of [straight, restarted]) distinct.add(acc, { v: i * 7 }, i);
      }
      expect(restarted).toEqual(straight);
      expect(distinct.result(restarted)).toBe(distinct.result(straight));
      expect(Math.abs(distinct.result(restarted) / n - 1)).toBeLessThanOrEqual(n <= 64 ? 0 : 0.3);
    }
  });

  it('has the identity of countDistinct', () => {
    expect(
      resultOf(agg.approxCountDistinct<V>('v'), valued([0, -0, NaN, NaN, new Date(3), new Date(3), 3, 1, 1n, '1', null])),
    ).toBe(7);
  });

  it('takes bounded memory, in the encoded form too', () => {
    const distinct = agg.approxCountDistinct<V>('v');
    const acc = fold(distinct, valued(Array.from({ length: 5000 }, (_, i) => i)));
    expect(acc.dense.length).toBe(512);
    expect(JSON.stringify(distinct.encode(acc)).length).toBeLessThan(600);
  });

  it('refuses an rsd that it cannot keep', () => {
    for (const rsd of [0, -1, 0.002, 0.5, NaN]) {
      expect(() => agg.approxCountDistinct<V>('v', { rsd })).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
    }
  });
});
