import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as agg from '../../src/aggregate/index';
import { fold, resultOf, seeded, shuffled, valued } from './fold';

type V = { v: number | null };

const sortedNumbers = (values: readonly number[]): number[] =>
  [...values].sort((a, b) => (Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : a - b));

describe('agg.percentile', () => {
  it('interpolates between ranks (type 7), as the golden cases define it', () => {
    const naive = (values: readonly number[], p: number): number => {
      const v = sortedNumbers(values);
      const h = p * (v.length - 1);
      return v[Math.floor(h)]! + (h - Math.floor(h)) * (v[Math.ceil(h)]! - v[Math.floor(h)]!);
    };
    const property = fc.property(
      fc.array(fc.integer({ min: -99, max: 99 }), { minLength: 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, p) => {
        expect(resultOf(agg.percentile<V>('v', p), valued(values))).toBeCloseTo(naive(values, p), 10);
      },
    );
    fc.assert(property, { numRuns: 300 });
    expect(resultOf(agg.percentile<V>('v', 0.25), valued([4, 1, 3, 2]))).toBe(1.75);
    expect(resultOf(agg.median<V>('v'), valued([4, 1, 3, 2, null]))).toBe(2.5);
  });

  it('gives a list for a list, in its order', () => {
    expect(resultOf(agg.percentile<V, number[]>('v', [1, 0, 0.5]), valued([1, 2, 3]))).toEqual([3, 1, 2]);
    expect(resultOf(agg.percentile<V, number[]>('v', [1, 0, 0.5]), [])).toBeNull();
  });

  it('puts NaN last and survives infinities', () => {
    expect(resultOf(agg.percentile<V, number[]>('v', [0, 0.5, 1]), valued([NaN, 1, -1]))).toEqual([-1, 1, NaN]);
    expect(resultOf(agg.percentile<V>('v', 0.25), valued([-Infinity, 5]))).toBe(-Infinity);
    expect(resultOf(agg.percentile<V>('v', 0.5), valued([Infinity, Infinity]))).toBe(Infinity);
    expect(resultOf(agg.percentile<V>('v', 0.5), valued([-1.5e308, 1.5e308]))).toBe(0);
  });

  it('is null for nothing and refuses other fractions and values', () => {
    expect(resultOf(agg.percentile<V>('v', 0.5), valued([null]))).toBeNull();
    for (const p of [-0.1, 1.1, NaN, [], [0.5, 2], '0.5', undefined]) {
      for (const make of [agg.percentile, agg.percentileDisc, agg.percentileApprox]) {
        expect(() => make<V, number>('v', p as number)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
      }
    }
    expect(() => resultOf(agg.median<V>('v'), [{ v: 'x' as never }])).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_OPTION' }),
    );
  });
});

describe('agg.percentileDisc', () => {
  it('gives the smallest value whose rank reaches p n', () => {
    const property = fc.property(
      fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1 }),
      fc.integer({ min: 0, max: 100 }),
      (values, percent) => {
        const v = sortedNumbers(values);
        const rank = Math.max(1, Math.ceil((percent * v.length) / 100));
        expect(resultOf(agg.percentileDisc<V>('v', percent / 100), valued(values))).toBe(v[rank - 1]);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  it('reads a fraction as the decimal that was written', () => {
    const hundred = valued(Array.from({ length: 100 }, (_, i) => i + 1));
    for (let percent = 1; percent <= 100; percent++) {
      expect(resultOf(agg.percentileDisc<V>('v', percent / 100), hundred)).toBe(percent);
      expect(resultOf(agg.percentileApprox<V>('v', percent / 100), hundred)).toBe(percent);
    }
  });
});

/** By how much the rank of `value` misses `rank`; infinite when it is no value of the column. */
function rankError(sorted: Float64Array, value: number, rank: number): number {
  const below = (until: (x: number) => boolean): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (until(sorted[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  const first = below((x) => x >= value) + 1;
  const last = below((x) => x > value);
  return last < first ? Infinity : Math.max(0, first - rank, rank - last);
}

const fractions = [0, 0.0001, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1];

const orders: Record<string, (i: number, n: number) => number> = {
  sorted: (i) => i,
  reversed: (i, n) => n - i,
  zigzag: (i, n) => (i % 2 === 0 ? i : n - i),
  'outwards from the middle': (i, n) => (i % 2 === 0 ? n + i : n - i),
  'small blocks': (i) => (i % 1000) * 1e6 + i,
  'few values': (i) => Math.imul(i, 2654435761) % 7,
  shuffled: (i) => Math.imul(i + 1, 2654435761) + i / 1e8,
};

describe('agg.percentileApprox', () => {
  it('[D38] equals percentileDisc while it is exact', () => {
    const random = seeded(3);
    for (const n of [1, 2, 10, 4095]) {
      const rows = valued(Array.from({ length: n }, () => Math.floor(random() * 1000)));
      const low = agg.percentileApprox<V, number[]>('v', fractions, { accuracy: 1 });
      expect(resultOf(low, rows)).toEqual(resultOf(agg.percentileDisc<V, number[]>('v', fractions), rows));
    }
  });

  it.each(Object.entries(orders))('[D38] [D61] %s: every rank is within n / accuracy, and the value occurs', (_name, order) => {
    for (const [n, accuracy] of [
      [300_000, 10_000],
      [100_000, 1000],
      [60_000, 50],
    ] as const) {
      const approx = agg.percentileApprox<V, number[]>('v', fractions, { accuracy });
      const acc = approx.create();
      const all = new Float64Array(n);
      for (let i = 0; i < n; i++) approx.addValue(acc, (all[i] = order(i, n)), i);
      all.sort();
      approx.result(acc)!.forEach((value, i) => {
        expect(rankError(all, value, Math.max(1, Math.ceil(fractions[i]! * n)))).toBeLessThanOrEqual(n / accuracy);
      });
      expect(acc.levels.reduce((size, level) => size + level.n, 0)).toBeLessThan(n / 3);
    }
  });

  it.each(Object.entries(orders))('[D38] %s: the bound holds after a tree, a chain and uneven merges', (_name, order) => {
    const n = 200_000;
    const accuracy = 5000;
    const all = Float64Array.from({ length: n }, (_, i) => order(i, n));
    const sorted = all.slice().sort();
    const approx = agg.percentileApprox<V, number[]>('v', fractions, { accuracy });
    const slice = (k: number, slices: number, interleaved: boolean): ReturnType<typeof approx.create> => {
      const acc = approx.create();
      for (let i = 0; i < n; i++)
        if ((interleaved ? i % slices : Math.floor((i * slices) / n)) === k) approx.addValue(acc, all[i]!, i);
      return acc;
    };
    const check = (acc: ReturnType<typeof approx.create>): void => {
      expect(acc.n).toBe(n);
      expect(Math.max(acc.over, acc.under)).toBeLessThanOrEqual(n / accuracy);
      approx.result(acc)!.forEach((value, i) => {
        expect(rankError(sorted, value, Math.max(1, Math.ceil(fractions[i]! * n)))).toBeLessThanOrEqual(n / accuracy);
      });
    };
    let tree = Array.from({ length: 16 }, (_, k) => slice(k, 16, false));
    for (; tree.length > 1; tree = tree.filter((_, i) => i % 2 === 0))
      tree.forEach((acc, i) => i % 2 === 1 && approx.merge!(tree[i - 1]!, acc));
    check(tree[0]!);
    const chain = approx.create();
    for (let k = 0; k < 12; k++) approx.merge!(chain, slice(k, 12, true));
    check(chain);
    const half = slice(0, 2, false);
    const restored = approx.decode(approx.encode(half));
    approx.merge!(restored, slice(1, 2, false));
    check(restored);
  });

  it('[D38] a full list of values is halved as soon as its errors allow, and what goes is stood for', () => {
    const approx = agg.percentileApprox<V>('v', 0.5, { accuracy: 4096 });
    const sizes = [4095, 4096, 4097].map((n) => {
      const { levels } = fold(approx, valued(Array.from({ length: n }, (_, i) => i)));
      expect(levels.reduce((seen, level, h) => seen + level.n * 2 ** h, 0)).toBe(n);
      return levels.reduce((size, level) => size + level.n, 0);
    });
    expect(sizes).toEqual([4095, 2048, 2049]);
  });

  it('[D38] however many small ones are merged, it stays small', () => {
    const approx = agg.percentileApprox<V>('v', 0.5, { accuracy: 50 });
    const part = fold(approx, valued(Array.from({ length: 4000 }, (_, i) => i)));
    const into = approx.create();
    for (let k = 0; k < 50; k++) approx.merge!(into, part);
    expect(into.levels.reduce((size, level) => size + level.n, 0)).toBeLessThan(20_000);
  });

  it('[D38] a rank is missed to the side and by as much as is said', () => {
    const n = 5000;
    const ps = Array.from({ length: n }, (_, i) => (i + 1) / n);
    const approx = agg.percentileApprox<V, number[]>('v', ps, { accuracy: 50 });
    const acc = fold(approx, valued(Array.from({ length: n }, (_, i) => (i * 7919) % n)));
    expect([acc.over, acc.under]).toEqual([1, 0]);
    const missed = approx.result(acc)!.map((value, i) => i - value); // a value's true rank is one more than itself
    expect([Math.min(...missed), Math.max(...missed)]).toEqual([0, 1]);
  });

  it('[D38] what is merged brings its errors with it', () => {
    const approx = agg.percentileApprox<V>('v', 0.5, { accuracy: 50 });
    const [low, high] = [0, 1].map((k) => fold(approx, valued(Array.from({ length: 60_000 }, (_, i) => 2 * i + k)))) as [
      ReturnType<typeof approx.create>,
      ReturnType<typeof approx.create>,
    ];
    const into = approx.create();
    approx.merge!(into, low);
    expect(Math.min(into.over, into.under)).toBeGreaterThan(0);
    expect([into.over, into.under]).toEqual([low.over, low.under]);
    approx.merge!(into, high);
    expect(into.over).toBeGreaterThanOrEqual(low.over + high.over);
    expect(into.under).toBeGreaterThanOrEqual(low.under + high.under);
  });

  it('[D38] small slices that fit together stay exact', () => {
    const random = seeded(4);
    const values = shuffled(
      Array.from({ length: 9000 }, (_, i) => i),
      random,
    );
    const approx = agg.percentileApprox<V, number[]>('v', fractions);
    const into = approx.create();
    for (let k = 0; k < 90; k++) approx.merge!(into, fold(approx, valued(values.slice(k * 100, k * 100 + 100))));
    expect(approx.result(into)).toEqual(resultOf(agg.percentileDisc<V, number[]>('v', fractions), valued(values)));
  });

  it('[D38] gives a list for a list, in its order, also when it is no longer exact', () => {
    const rows = valued(Array.from({ length: 60_000 }, (_, i) => (i * 7919) % 60_000));
    const inOrder = resultOf(agg.percentileApprox<V, number[]>('v', [0.1, 0.5, 0.9, 1], { accuracy: 50 }), rows)!;
    const mixed = resultOf(agg.percentileApprox<V, number[]>('v', [0.9, 0.1, 1, 0.5, 0.1], { accuracy: 50 }), rows)!;
    const [low, middle, high, top] = inOrder as [number, number, number, number];
    expect(mixed).toEqual([high, low, top, middle, low]);
  });

  it('[D38] has the minimum and the maximum exactly, NaN being the greatest', () => {
    const approx = agg.percentileApprox<V, number[]>('v', [0, 1], { accuracy: 1 });
    const values = Array.from({ length: 50_000 }, (_, i) => Math.imul(i, 2654435761));
    expect(resultOf(approx, valued(values))).toEqual([Math.min(...values), Math.max(...values)]);
    expect(resultOf(approx, valued([...values, NaN]))).toEqual([Math.min(...values), NaN]);
    expect(resultOf(approx, valued([NaN, NaN]))).toEqual([NaN, NaN]);
  });

  it('[D61] one sketch serves several percentiles', () => {
    const views = valued(Array.from({ length: 1000 }, (_, i) => 1000 - i));
    const approx = agg.percentileApprox<V, number[]>('v', [0.9, 0.95, 0.99]);
    expect(resultOf(approx, views)).toEqual([900, 950, 990]);
  });

  it('goes on with the same bits after a restart', () => {
    const approx = agg.percentileApprox<V, number[]>('v', fractions, { accuracy: 500 });
    const straight = approx.create();
    let restarted = approx.create();
    for (let i = 0; i < 100_000; i++) {
      const value = Math.imul(i + 1, 2654435761);
      approx.addValue(straight, value, i);
      approx.addValue(restarted, value, i);
      if (i % 7919 === 0) restarted = approx.decode(approx.encode(restarted));
    }
    expect(approx.encode(restarted)).toEqual(approx.encode(straight));
  });

  it('refuses an accuracy that is no whole number from 1 on', () => {
    for (const accuracy of [0, -5, 1.5, NaN, Infinity]) {
      expect(() => agg.percentileApprox<V>('v', 0.5, { accuracy })).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
    }
  });
});
