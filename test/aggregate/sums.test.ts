import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as agg from '../../src/aggregate/index';
import { addCompensated, compensatedResult, mergeCompensated } from '../../src/aggregate/neumaier';
import { fold, resultOf, seeded, shuffled, slicedFold, valued } from './fold';

type V = { v: number | null };

/** The sum as a rational number over 2^1074, rounded once: what exactSum has to be, by other means. */
function oracle(values: readonly number[]): number {
  let units = 0n;
  for (const value of values) {
    const bits = BigInt.asUintN(64, new BigInt64Array(new Float64Array([value]).buffer)[0]!);
    const exponent = (bits >> 52n) & 0x7ffn;
    const mantissa = (bits & ((1n << 52n) - 1n)) | (exponent === 0n ? 0n : 1n << 52n);
    const size = mantissa << (exponent === 0n ? 0n : exponent - 1n);
    units += bits >> 63n === 1n ? -size : size;
  }
  const size = units < 0n ? -units : units;
  const length = size.toString(2).length;
  const drop = BigInt(Math.max(0, length - 53));
  let mantissa = size >> drop;
  const rest = size - (mantissa << drop);
  const half = drop === 0n ? 1n : 1n << (drop - 1n);
  if (rest > half || (rest === half && drop > 0n && mantissa % 2n === 1n)) mantissa++;
  // Both factors are exact unless the result is beyond the doubles.
  const magnitude =
    drop > 1074n ? Number(mantissa) * 2 ** Number(drop - 1074n) : (Number(mantissa) * 2 ** (Number(drop) - 537)) / 2 ** 537;
  return units < 0n ? -magnitude : magnitude;
}

describe('addCompensated', () => {
  const sum = (values: readonly number[]): number => {
    const acc = { sum: 0, comp: 0 };
    for (const x of values) addCompensated(acc, x);
    return compensatedResult(acc);
  };

  it('keeps what plain addition loses', () => {
    expect(sum([1e100, 1, -1e100])).toBe(1);
    expect(sum([1, 1e100, 1, -1e100])).toBe(2);
    expect(sum(Array.from({ length: 10 }, () => 0.1))).toBe(1);
  });

  it('leaves infinities and NaN as they are', () => {
    expect(sum([1, Infinity, 2])).toBe(Infinity);
    expect(sum([Infinity, Infinity])).toBe(Infinity);
    expect(sum([-Infinity, 1e308])).toBe(-Infinity);
    expect(sum([1e308, 1e308])).toBe(Infinity);
    expect(sum([Infinity, -Infinity])).toBeNaN();
    expect(sum([1, NaN, 2])).toBeNaN();
  });

  it('merges without losing the compensation', () => {
    const [a, b] = [
      { sum: 0, comp: 0 },
      { sum: 0, comp: 0 },
    ];
    [1e100, 1].forEach((x) => addCompensated(a, x));
    [1, -1e100].forEach((x) => addCompensated(b, x));
    mergeCompensated(a, b);
    expect(compensatedResult(a)).toBe(2);
    const infinite = { sum: Infinity, comp: 0 };
    mergeCompensated(a, infinite);
    expect(compensatedResult(a)).toBe(Infinity);
  });
});

describe('agg.exactSum', () => {
  const total = agg.exactSum<V>('v');

  it('of nothing left is 0, not -0, however large what was added', () => {
    for (const values of [[], [0, -0], [1e308, 1e308, -1e308, -1e308], [-0.1, 0.1]]) {
      expect(resultOf(total, valued(values))).toBe(values.length === 0 ? null : 0);
    }
  });

  it('takes infinities along in a merge', () => {
    for (const [left, right, sum] of [
      [[1], [Infinity], Infinity],
      [[-Infinity], [2], -Infinity],
      [[Infinity], [-Infinity], NaN],
    ] as const) {
      const into = fold(total, valued(left));
      total.merge!(into, fold(total, valued(right)));
      expect(total.result(into)).toBe(sum);
    }
  });
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
  const wide = fc.array(
    fc.oneof(finite, fc.integer().map(Number), fc.constantFrom(1e308, -1e308, 2 ** 970, -(2 ** 970), 5e-324, 0.1, 2 ** 53, 1)),
    { maxLength: 30 },
  );

  it('[D34] is the true sum, rounded once', () => {
    fc.assert(
      fc.property(wide, (values) => {
        expect(resultOf(total, valued(values))).toBe(values.length === 0 ? null : oracle(values) + 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('[D34] has the same bits for every permutation and merge tree', () => {
    const random = seeded(1);
    const values = Array.from({ length: 500 }, () => (random() - 0.5) * 10 ** Math.floor(random() * 40 - 20));
    const expected = oracle(values);
    for (let round = 0; round < 50; round++) {
      const rows = valued(shuffled(values, random));
      expect(resultOf(total, rows)).toBe(expected);
      expect(total.result(slicedFold(total, rows, () => Math.floor(random() * 7), 7))).toBe(expected);
    }
  });

  it('looks below a tie before it rounds to even', () => {
    expect(resultOf(total, valued([1, 2 ** -53]))).toBe(1);
    expect(resultOf(total, valued([1, 2 ** -53, 5e-324]))).toBe(1 + 2 ** -52);
    expect(resultOf(total, valued([1 + 2 ** -52, 2 ** -53, -5e-324]))).toBe(1 + 2 ** -52);
  });

  it('does not overflow on the way', () => {
    expect(resultOf(total, valued([1e308, 1e308, -1e308]))).toBe(1e308);
    expect(resultOf(total, valued([1e308, 1e308, -1e308, -1e308, 5e-324]))).toBe(5e-324);
    expect(resultOf(total, valued([1e308, 1e308]))).toBe(Infinity);
    expect(resultOf(total, valued([Number.MAX_VALUE, 2 ** 969]))).toBe(Number.MAX_VALUE);
    expect(resultOf(total, valued([Number.MAX_VALUE, 2 ** 970]))).toBe(Infinity);
  });

  it('gives null for nothing, 0 for zeros, and passes NaN and infinities on', () => {
    expect(resultOf(total, valued([null]))).toBeNull();
    expect(resultOf(total, valued([-0, -0]))).toBe(0);
    expect(resultOf(total, valued([Infinity, 1]))).toBe(Infinity);
    expect(resultOf(total, valued([Infinity, -Infinity]))).toBeNaN();
    expect(resultOf(total, valued([NaN, 1]))).toBeNaN();
  });

  it('refuses what is no number before it touches the state', () => {
    const acc = fold(total, valued([1]));
    expect(() => total.add(acc, { v: '2' as never }, 2)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
    expect(total.result(acc)).toBe(1);
  });
});

describe('agg.sumBigInt', () => {
  const rows = valued([2n ** 63n - 1n, 1n, null, -1]);

  it('[D34] is exact beyond 2^53', () => {
    expect(resultOf(agg.sumBigInt<{ v: bigint | number | null }>('v'), valued([9007199254740993n, 9007199254740991, null]))).toBe(
      18014398509481984n,
    );
  });

  it('[D34] judges the total, not the sums on the way', () => {
    expect(resultOf(agg.sumBigInt<{ v: bigint | number | null }>('v'), rows)).toBe(2n ** 63n - 1n);
  });

  it('[D34] refuses or wraps a total beyond 64 bits', () => {
    const over = valued([2n ** 63n - 1n, 1n]);
    expect(() => resultOf(agg.sumBigInt<{ v: bigint }>('v'), over)).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_OVERFLOW' }),
    );
    expect(resultOf(agg.sumBigInt<{ v: bigint }>('v', { overflow: 'wrap' }), over)).toBe(-(2n ** 63n));
    expect(resultOf(agg.sumBigInt<{ v: bigint }>('v'), valued([-(2n ** 63n)]))).toBe(-(2n ** 63n));
  });

  it('refuses numbers that are not whole or not safe, and other policies', () => {
    for (const v of [0.5, 2 ** 53, NaN, Infinity]) {
      expect(() => resultOf(agg.sumBigInt<V>('v'), [{ v }])).toThrow(expect.objectContaining({ code: 'TIDEMARK_OVERFLOW' }));
    }
    expect(() => agg.sumBigInt<V>('v', { overflow: 'saturate' as never })).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_OPTION' }),
    );
  });
});

describe('agg.sumDistinct', () => {
  it('takes each value once', () => {
    expect(resultOf(agg.sumDistinct<V>('v'), valued([5, 5, 2, null, 0, -0]))).toBe(7);
    expect(resultOf(agg.sumDistinct<V>('v'), valued([NaN, NaN, 1]))).toBeNaN();
    expect(resultOf(agg.sumDistinct<V>('v'), [])).toBeNull();
  });

  it('does not depend on the order', () => {
    const values = [1e100, 1, -1e100, 0.1, 0.2];
    const random = seeded(2);
    for (let i = 0; i < 20; i++) expect(resultOf(agg.sumDistinct<V>('v'), valued(shuffled(values, random)))).toBe(oracle(values));
  });
});
