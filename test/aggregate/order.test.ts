import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as agg from '../../src/aggregate/index';
import { compareText, compareValues } from '../../src/aggregate/order';
import { encodeKey } from '../../src/keyCodec';
import { fold, resultOf, slicedFold, valued } from './fold';

describe('compareValues', () => {
  const ascending = [
    false,
    true,
    -Infinity,
    -1,
    0,
    2n ** 53n,
    2n ** 53n + 1n,
    Infinity,
    NaN,
    new Date(1),
    new Date(2),
    new Date(NaN),
    '',
    'a',
    'ab',
    'b',
    '\ue000',
    '\u{10000}',
  ];

  it('puts values in the stated order', () => {
    ascending.forEach((a, i) => ascending.forEach((b, j) => expect(Math.sign(compareValues(a, b))).toBe(Math.sign(i - j))));
    expect(compareValues(0, -0)).toBe(0);
    expect(compareValues(1, 1n)).toBe(0);
    expect(compareValues({}, [])).toBe(0);
    expect(compareValues(null, undefined)).toBe(0);
    for (const value of [...ascending, {}]) expect(compareValues(value, null)).toBeLessThan(0);
  });

  it('orders text by code points, as the key codec does', () => {
    const bytes = (text: string): string => Array.from(encodeKey([text]), (b) => b.toString(16).padStart(2, '0')).join('');
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', '\0', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{1f600}'),
      maxLength: 4,
    });
    const property = fc.property(text, text, (a, b) => {
      const expected = bytes(a) < bytes(b) ? -1 : bytes(a) > bytes(b) ? 1 : 0;
      expect(Math.sign(compareText(a, b))).toBe(expected);
    });
    fc.assert(property, { numRuns: 500 });
  });
});

describe('agg.first and agg.last', () => {
  const rows = valued([null, 3, NaN, undefined]);

  it('go by arrival and skip nulls', () => {
    expect(resultOf(agg.first<{ v: unknown }, 'v'>('v'), rows)).toBe(3);
    expect(resultOf(agg.last<{ v: unknown }, 'v'>('v'), rows)).toBeNaN();
    expect(resultOf(agg.first<{ v: unknown }, 'v'>('v'), valued([null]))).toBeNull();
    expect(resultOf(agg.last<{ v: unknown }, 'v'>('v'), [])).toBeNull();
  });

  it('go by arrival, not by slice, when slices are merged', () => {
    const numbers = valued([0, 1, 2, 3]);
    const laterSliceFirst = (i: number): number => 1 - (i % 2);
    const [first, last] = [agg.first<{ v: number }, 'v'>('v'), agg.last<{ v: number }, 'v'>('v')];
    expect(first.result(slicedFold(first, numbers, laterSliceFirst, 2))).toBe(0);
    expect(last.result(slicedFold(last, numbers, laterSliceFirst, 2))).toBe(3);
  });
});

describe('agg.minBy and agg.maxBy', () => {
  type Row = { id: string | null; by: unknown };
  const low = agg.minBy<Row, 'id'>('id', 'by');
  const high = agg.maxBy<Row, 'id'>('id', 'by');
  const rows = (...values: unknown[]): Row[] => values.map((by, i) => ({ id: String(i), by }));

  it('give the value of the row with the smallest or greatest other value; ties to the first', () => {
    expect(resultOf(low, rows(3, 1, 1, null))).toBe('1');
    expect(resultOf(high, rows(3, 1, 3, null))).toBe('0');
    expect(resultOf(high, rows(3, NaN, Infinity, NaN))).toBe('1');
    expect(resultOf(low, rows('b', '\ue000', '\u{10000}', 'a'))).toBe('3');
    expect(resultOf(high, rows('b', '\u{10000}', '\ue000'))).toBe('1');
  });

  it('may give a null value, and give null for no row', () => {
    const withNull = [
      { id: null, by: 1 },
      { id: 'a', by: 2 },
    ];
    expect(resultOf(low, withNull)).toBeNull();
    expect(resultOf(high, withNull)).toBe('a');
    expect(resultOf(low, rows(null, undefined))).toBeNull();
  });

  it('can give the whole row', () => {
    const best = agg.maxBy<Row, (row: Row) => Row>((row) => row, 'by');
    expect(resultOf(best, rows(1, 9, 4))).toEqual({ id: '1', by: 9 });
  });
});

describe('agg.mode', () => {
  const mode = agg.mode<{ v: unknown }, 'v'>('v');

  it('of equally frequent objects gives the one that came first, in whatever order slices are merged', () => {
    const [early, late] = [mode.create(), mode.create()];
    mode.add(early, { v: { b: 1 } }, 0);
    mode.add(early, { v: { a: 1 } }, 1);
    mode.add(late, { v: { a: 1 } }, 2);
    mode.add(late, { v: { b: 1 } }, 3);
    for (const [into, from] of [
      [early, late],
      [late, early],
    ] as const) {
      const merged = mode.decode(mode.encode(into));
      mode.merge!(merged, from);
      expect(mode.result(merged)).toEqual({ b: 1 });
    }
  });

  it('[P1.2] breaks ties by the count, then by the smaller value', () => {
    expect(resultOf(mode, valued(['view', 'like', 'view', 'like', 'share']))).toBe('like');
    expect(resultOf(mode, valued([10, 9, 10, 9]))).toBe(9);
    expect(resultOf(mode, valued(['b', 'a', 'b']))).toBe('b');
    expect(resultOf(mode, valued(['\u{10000}', '\ue000']))).toBe('\ue000');
    expect(resultOf(mode, valued([NaN, 5, NaN, 5]))).toBe(5);
    expect(resultOf(mode, valued(['1', 1]))).toBe(1);
    expect(resultOf(mode, valued([new Date(2), new Date(1)]))).toEqual(new Date(1));
    expect(resultOf(mode, valued([{ b: 1 }, { a: 1 }]))).toEqual({ b: 1 });
  });

  it('counts equal values together and skips nulls', () => {
    expect(resultOf(mode, valued([null, null, null, 0, 1, -0]))).toBe(0);
    expect(resultOf(mode, valued([NaN, NaN, 3]))).toBeNaN();
    expect(resultOf(mode, [])).toBeNull();
  });
});

describe('agg.topK', () => {
  type Row = { id: string; views?: number | null; at: number };
  const row = (id: string, views: number | null | undefined, at = 0): Row =>
    views === undefined ? { id, at } : { id, views, at };
  const ids = (k: number, by: 'asc' | 'desc', rows: Row[]): string =>
    resultOf(agg.topK<Row, ['id']>(k, { by: [['views', by]], columns: ['id'] }), rows).join('');

  it('gives the first k in order, ties by arrival, nulls last both ways, NaN greatest', () => {
    const rows = [row('a', 1), row('b', null), row('c', 7), row('d', NaN), row('e', 7), row('f', undefined)];
    expect(ids(3, 'desc', rows)).toBe('dce');
    expect(ids(9, 'desc', rows)).toBe('dceabf');
    expect(ids(9, 'asc', rows)).toBe('acedbf');
    expect(ids(1, 'asc', rows)).toBe('a');
    expect(ids(1, 'asc', [])).toBe('');
  });

  it('orders by several columns and gives rows without `columns`, lists with them', () => {
    const rows = [row('b', 5, 1), row('a', 5, 2), row('c', 5, 2)];
    const by = [
      ['views', 'desc'],
      ['at', 'desc'],
      ['id', 'asc'],
    ] as const;
    expect(resultOf(agg.topK<Row>(2, { by }), rows)).toEqual([rows[1], rows[2]]);
    expect(resultOf(agg.topK<Row, ['at', 'id']>(2, { by, columns: ['at', 'id'] }), rows)).toEqual([
      [2, 'a'],
      [2, 'c'],
    ]);
    expect(resultOf(agg.topK<Row, ['id']>(1, { by: [[(r) => -r.at, 'asc']], columns: ['id'] }), rows)).toEqual([['a']]);
  });

  it('equals sorting everything', () => {
    const views = fc.option(fc.integer({ min: 0, max: 5 }));
    const property = fc.property(
      fc.array(fc.record({ views, at: fc.nat({ max: 2 }) })),
      fc.integer({ min: 1, max: 6 }),
      (data, k) => {
        const rows = data.map((r, i) => ({ ...r, id: String(i) }));
        const order = (a: Row, b: Row): number =>
          Number(a.views === null) - Number(b.views === null) || (b.views ?? 0) - (a.views ?? 0) || a.at - b.at;
        const top = agg.topK<Row>(k, {
          by: [
            ['views', 'desc'],
            ['at', 'asc'],
          ],
        });
        expect(resultOf(top, rows)).toEqual([...rows].sort(order).slice(0, k));
        expect(fold(top, rows).length).toBeLessThanOrEqual(k);
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  it('refuses a k below 1, an empty order and other directions', () => {
    const refused = expect.objectContaining({ code: 'TIDEMARK_OPTION' });
    for (const k of [0, -1, 1.5, NaN, Infinity]) expect(() => agg.topK<Row>(k, { by: [['id', 'asc']] })).toThrow(refused);
    expect(() => agg.topK<Row>(1, { by: [] })).toThrow(refused);
    expect(() => agg.topK<Row>(1, { by: [['id', 'up' as 'asc']] })).toThrow(refused);
  });
});

describe('agg.collectList and agg.collectSet', () => {
  type Row = { v: unknown };
  const values = valued(['b', null, 'a', 'b', NaN, 'c', NaN]);

  it('keep the order of arrival and skip nulls', () => {
    expect(resultOf(agg.collectList<Row, 'v'>('v'), values)).toEqual(['b', 'a', 'b', NaN, 'c', NaN]);
    expect(resultOf(agg.collectSet<Row, 'v'>('v'), values)).toEqual(['b', 'a', NaN, 'c']);
    expect(resultOf(agg.collectList<Row, 'v'>('v'), [])).toEqual([]);
    expect(resultOf(agg.collectSet<Row, 'v'>('v'), valued([null]))).toEqual([]);
  });

  it('say what a limit left out', () => {
    const two = { limit: 2 } as const;
    expect(resultOf(agg.collectList<Row, 'v', typeof two>('v', two), values)).toEqual({
      values: ['b', 'a'],
      seen: 6,
      complete: false,
    });
    expect(resultOf(agg.collectSet<Row, 'v', typeof two>('v', two), values)).toEqual({
      values: ['b', 'a'],
      seen: 6,
      complete: false,
    });
    expect(resultOf(agg.collectSet<Row, 'v', { limit: 4 }>('v', { limit: 4 }), values)).toEqual({
      values: ['b', 'a', NaN, 'c'],
      seen: 6,
      complete: true,
    });
    expect(resultOf(agg.collectList<Row, 'v', { limit: 6 }>('v', { limit: 6 }), values)).toMatchObject({
      seen: 6,
      complete: true,
    });
  });

  it('keep no more than the limit', () => {
    const rows = valued(Array.from({ length: 1000 }, (_, i) => i));
    expect(fold(agg.collectList<Row, 'v', { limit: 5 }>('v', { limit: 5 }), rows).values.length).toBe(5);
    expect(fold(agg.collectSet<Row, 'v', { limit: 5 }>('v', { limit: 5 }), rows).first.size).toBe(5);
  });

  it('refuse a limit that is no whole number from 1 on', () => {
    expect(fold(agg.collectList<Row, 'v', { limit: 1 }>('v', { limit: 1 }), valued([3, 4])).values).toEqual([3]);
    for (const limit of [0, -1, 1.5, NaN]) {
      for (const make of [agg.collectList, agg.collectSet]) {
        expect(() => make<Row, 'v', object>('v', { limit })).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
      }
    }
  });
});
