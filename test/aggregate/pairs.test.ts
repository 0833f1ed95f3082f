import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Aggregate } from '../../src/aggregate/aggregate';
import * as agg from '../../src/aggregate/index';
import { close, resultOf, seeded, slicedFold } from './fold';

interface Pair {
  readonly x: number | null;
  readonly y: number | null;
}

const pairs = (xs: readonly (number | null)[], f: (x: number, i: number) => number | null): Pair[] =>
  xs.map((x, i) => ({ x, y: f(x ?? 0, i) }));
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Two passes over the pairs without a null, relative to the first. */
function twoPass(rows: readonly Pair[]): { n: number; mx: number; my: number; xx: number; yy: number; xy: number } {
  const full = rows.filter((r) => r.x !== null && r.y !== null) as { x: number; y: number }[];
  const mean = (f: (r: { x: number; y: number }) => number): number =>
    full.reduce((sum, r) => sum + (f(r) - f(full[0]!)), 0) / full.length + f(full[0]!);
  const [mx, my] = [mean((r) => r.x), mean((r) => r.y)];
  const moment = (f: (r: { x: number; y: number }) => number): number => full.reduce((sum, r) => sum + f(r), 0);
  return {
    n: full.length,
    mx,
    my,
    xx: moment((r) => (r.x - mx) ** 2),
    yy: moment((r) => (r.y - my) ** 2),
    xy: moment((r) => (r.x - mx) * (r.y - my)),
  };
}

describe('agg.corr and its kin', () => {
  const all = {
    corr: agg.corr<Pair>('x', 'y'),
    slope: agg.slope<Pair>('x', 'y'),
    intercept: agg.intercept<Pair>('x', 'y'),
    r2: agg.r2<Pair>('x', 'y'),
  };
  const samp = agg.covarSamp<Pair>('x', 'y');
  const pop = agg.covarPop<Pair>('x', 'y');

  it('two pairs are enough for a sample, one for a population', () => {
    const rows = [
      { x: 1, y: 10 },
      { x: 3, y: 14 },
    ];
    expect([resultOf(samp, rows), resultOf(pop, rows)]).toEqual([4, 2]);
    expect([resultOf(samp, rows.slice(1)), resultOf(pop, rows.slice(1))]).toEqual([null, 0]);
  });

  it.each(['x', 'y'] as const)('a value of %s that is no number is refused, whatever the other is', (column) => {
    const pair = { x: 1, y: 2, [column]: '3' } as never;
    expect(() => resultOf(samp, [pair])).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
  });

  it('[D62] [D63] equals the two-pass figures to 1e-12', () => {
    const random = seeded(5);
    for (const offset of [0, 1e6]) {
      const rows = upTo(2000).map((i) => ({
        x: i % 17 === 0 ? null : random() * 100 + offset,
        y: i % 13 === 0 ? null : random() * 50 + i / 40,
      }));
      const m = twoPass(rows);
      const r = m.xy / Math.sqrt(m.xx * m.yy);
      const tolerance = 1e-12 * Math.max(1, offset);
      expect(Math.abs(resultOf(all.corr, rows)! - r)).toBeLessThan(1e-12);
      expect(Math.abs(resultOf(all.r2, rows)! - r * r)).toBeLessThan(1e-12);
      expect(Math.abs(resultOf(all.slope, rows)! - m.xy / m.xx)).toBeLessThan(1e-12);
      expect(Math.abs(resultOf(all.intercept, rows)! - (m.my - (m.xy / m.xx) * m.mx))).toBeLessThan(tolerance);
      expect(close(resultOf(samp, rows), m.xy / (m.n - 1))).toBe(true);
      expect(close(resultOf(pop, rows), m.xy / m.n)).toBe(true);
    }
  });

  it('[D62] is exactly 1 or -1 on lines, however many points and slices', () => {
    const random = seeded(6);
    const columns = [
      upTo(2),
      upTo(3),
      upTo(1000),
      upTo(100_000),
      upTo(500).map(() => 1e9 + Math.floor(random() * 1000)),
      upTo(500).map(() => random() * 1e8),
    ];
    for (const xs of columns) {
      for (const [b, a] of [
        [2, 1],
        [3, 7],
        [-3, 5],
        [0.1, 0.3],
        [-13, 1e6],
      ] as const) {
        const rows = pairs(xs, (x) => a + b * x);
        expect(resultOf(all.corr, rows)).toBe(Math.sign(b));
        expect(all.corr.result(slicedFold(all.corr, rows, (i) => i % 5, 5))).toBe(Math.sign(b));
      }
    }
  });

  it('[D62] does not call a line what is none', () => {
    const rows = pairs(upTo(100), (x, i) => x + (i === 50 ? 1e-4 : 0));
    expect(resultOf(all.corr, rows)).toBeLessThan(1);
  });

  it.each([1, 4])('[D62] keeps a tiny spread on a large offset, in %i slices', (slices) => {
    const rows = pairs(upTo(1000), (x) => x * x).map(({ x, y }) => ({ x: 1e9 + x! / 1000, y: 1e9 - y! / 2 ** 20 }));
    const m = twoPass(rows);
    const folded = <A>(aggregate: Aggregate<Pair, A, number | null>): number =>
      aggregate.result(slicedFold(aggregate, rows, (i) => Math.floor((i * slices) / 1000), slices))!;
    expect(Math.abs(folded(all.corr) - m.xy / Math.sqrt(m.xx * m.yy))).toBeLessThan(1e-12);
    expect(Math.abs(folded(all.slope) / (m.xy / m.xx) - 1)).toBeLessThan(1e-12);
  });

  it('[D62] an infinite value or NaN beside a constant column is NaN, a constant column alone is null', () => {
    for (const bad of [Infinity, NaN]) {
      expect(
        resultOf(
          all.corr,
          [1, 2, bad].map((y) => ({ x: 3, y })),
        ),
      ).toBeNaN();
      expect(
        resultOf(
          all.corr,
          [bad, 2, 1].map((x) => ({ x, y: 3 })),
        ),
      ).toBeNaN();
      expect(resultOf(all.corr, [{ x: 3, y: bad }])).toBeNull();
    }
    expect(
      resultOf(
        all.corr,
        [1, 2, 5].map((y) => ({ x: 3, y })),
      ),
    ).toBeNull();
    expect(
      resultOf(
        all.corr,
        [1, 2, 5].map((x) => ({ x, y: 3 })),
      ),
    ).toBeNull();
  });

  it('[D62] [D63] skips pairs with a null', () => {
    const rows = [...pairs([1, null, 2, 3], (x) => 2 * x), { x: 9, y: null }, { x: null, y: null }];
    expect(resultOf(all.corr, rows)).toBe(1);
    expect(resultOf(all.slope, rows)).toBe(2);
    expect(resultOf(pop, [...rows.slice(0, 1), rows[1]!])).toBe(0);
  });

  it('[D62] gives null for fewer than two pairs and for constant columns', () => {
    const one = [{ x: 1, y: 2 }];
    const constantX = pairs([5, 5, 5], (_, i) => i);
    const constantY = pairs([1, 2, 3], () => 0.1);
    for (const aggregate of Object.values(all)) {
      expect(resultOf(aggregate, [])).toBeNull();
      expect(resultOf(aggregate, one)).toBeNull();
      expect(resultOf(aggregate, constantX)).toBeNull();
      expect(aggregate.result(slicedFold(aggregate, constantX, (i) => i, 3))).toBeNull();
    }
    expect(resultOf(all.corr, constantY)).toBeNull();
    expect(resultOf(all.r2, constantY)).toBe(1);
    expect(resultOf(all.slope, constantY)).toBe(0);
    expect(resultOf(all.intercept, constantY)).toBe(0.1);
    expect([resultOf(samp, []), resultOf(samp, one), resultOf(pop, []), resultOf(pop, one)]).toEqual([null, null, null, 0]);
  });

  it('gives NaN for NaN and infinite values', () => {
    for (const y of [NaN, Infinity, -Infinity]) {
      for (const aggregate of [...Object.values(all), samp, pop]) {
        expect(
          resultOf(aggregate, [
            { x: 1, y: 1 },
            { x: 2, y },
            { x: 3, y: 3 },
          ]),
        ).toBeNaN();
      }
    }
  });

  it('stays between -1 and 1', () => {
    const value = fc.integer({ min: -3, max: 3 });
    const property = fc.property(fc.array(fc.record({ x: value, y: value })), (rows) => {
      const r = resultOf(all.corr, rows);
      if (r !== null) expect(Math.abs(r)).toBeLessThanOrEqual(1);
    });
    fc.assert(property, { numRuns: 300 });
  });
});

describe('agg.trend', () => {
  const rise = agg.trend<{ v: number | null }>('v');
  const over = (values: readonly (number | null)[]): number =>
    resultOf(
      rise,
      values.map((v) => ({ v })),
    );

  it('[D41] is the least-squares slope over the index', () => {
    expect(over([1, 2])).toBe(1);
    expect(over([5, 3, 1])).toBe(-2);
    expect(over([1, 3, 2, 5, 4])).toBe(0.8);
    expect(over(upTo(100).map((i) => 0.1 * i))).toBeCloseTo(0.1, 14);
    expect(over([1, null, 2])).toBe(1);
  });

  it('[D41] is exact on an offset of 1e15 with steps of 0.125', () => {
    expect(over(upTo(100).map((i) => 1e15 + 0.125 * i))).toBe(0.125);
    expect(over(upTo(250).map((i) => 1e15 + 0.125 * i))).toBe(0.125);
  });

  it('[D41] stays precise on offsets where the textbook formula fails', () => {
    expect(Math.abs(over(upTo(100).map((i) => 1e9 + 0.001 * i)) / 0.001 - 1)).toBeLessThan(1e-6);
    expect(Math.abs(over(upTo(100).map((i) => 1e12 + 0.001 * i)) / 0.001 - 1)).toBeLessThan(1e-3);
  });

  it('[D42] is 0 for fewer than two values', () => {
    expect(over([])).toBe(0);
    expect(over([7])).toBe(0);
    expect(over([7, null])).toBe(0);
  });

  it('[D40] keeps the last 100 of 150 values', () => {
    const acc = rise.create();
    for (let v = 0; v < 150; v++) {
      rise.add(acc, { v }, v);
      expect(acc.values.length).toBeLessThanOrEqual(100);
    }
    expect(rise.encode(acc)).toEqual([upTo(150).slice(50), upTo(150).slice(50)]);
    expect(over([...upTo(50).map((i) => -1000 * i), ...upTo(100)])).toBe(1);
  });

  it('[D40] keeps the last by arrival when slices are merged', () => {
    const rows = upTo(300).map((v) => ({ v: v * v }));
    expect(rise.result(slicedFold(rise, rows, (i) => (i * 7) % 4, 4))).toBe(resultOf(rise, rows));
  });

  it('is NaN while a NaN is in the buffer', () => {
    const short = agg.trend<{ v: number }>('v', { limit: 2 });
    const acc = short.create();
    short.add(acc, { v: NaN }, 1);
    short.add(acc, { v: 1 }, 2);
    expect(short.result(acc)).toBeNaN();
    short.add(acc, { v: 4 }, 3);
    expect(short.result(acc)).toBe(3);
  });

  it('refuses a limit below 2', () => {
    for (const limit of [1, 0, 2.5, NaN, Infinity]) {
      expect(() => agg.trend<{ v: number }>('v', { limit })).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
    }
  });
});
