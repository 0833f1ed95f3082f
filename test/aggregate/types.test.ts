import { describe, expect, expectTypeOf, it } from 'vitest';
import type { ResultOf, Select } from '../../src/aggregate/aggregate';
import * as agg from '../../src/aggregate/index';
import type { Collected } from '../../src/aggregate/collect';

interface Row {
  readonly videoId: string;
  readonly viewCount: number | null;
  readonly likes?: number;
  readonly at: Date;
  readonly hot: boolean;
  readonly big: bigint;
}

/** How an operator takes a select: the type of the row comes from the stream, that of the results from the select. */
function over<T>(): <const S extends Select<T>>(select: S) => { [K in keyof S]: ResultOf<S[K]> } {
  return (select) => select as never;
}
const select = over<Row>();

describe('types of agg', () => {
  it('infers the row from where the call stands, and the result from the column', () => {
    const row = select({
      a: agg.exactSum('viewCount'),
      b: agg.exactSum((r) => r.likes, { where: (r) => r.hot }),
      c: agg.sumBigInt('big'),
      d: agg.countDistinct('videoId'),
      e: agg.first('videoId'),
      f: agg.last((r) => r.at),
      g: agg.mode('viewCount'),
      h: agg.minBy('videoId', 'viewCount'),
      i: agg.maxBy((r) => r, 'at', { where: (r) => r.hot }),
      j: agg.topK(3, {
        by: [
          ['viewCount', 'desc'],
          [(r) => r.at, 'asc'],
        ],
      }),
      k: agg.topK(3, { by: [['at', 'asc']], columns: ['videoId', 'viewCount'] }),
      l: agg.collectList('videoId'),
      m: agg.collectList('likes', { limit: 5, where: (r) => r.hot }),
      n: agg.collectSet((r) => r.at),
      o: agg.percentile('viewCount', 0.5),
      p: agg.percentileApprox('viewCount', [0.5, 0.9], { accuracy: 100 }),
      q: agg.corr('viewCount', (r) => r.likes),
      r: agg.trend('likes'),
      s: agg.velocity(agg.sum('viewCount')),
      t: agg.custom({ create: () => ({ n: 0 }), add: (acc, r) => void (acc.n += r.likes ?? 0), result: (acc) => acc.n }),
      u: agg.approxCountDistinct('videoId', { rsd: 0.1 }),
      v: agg.median('likes'),
      w: agg.sum('likes'),
      x: agg.count(),
    });
    expectTypeOf(row.a).toEqualTypeOf<number | null>();
    expectTypeOf(row.b).toEqualTypeOf<number | null>();
    expectTypeOf(row.c).toEqualTypeOf<bigint | null>();
    expectTypeOf(row.d).toEqualTypeOf<number>();
    expectTypeOf(row.e).toEqualTypeOf<string | null>();
    expectTypeOf(row.f).toEqualTypeOf<Date | null>();
    expectTypeOf(row.g).toEqualTypeOf<number | null>();
    expectTypeOf(row.h).toEqualTypeOf<string | null>();
    expectTypeOf(row.i).toEqualTypeOf<Row | null>();
    expectTypeOf(row.j).toEqualTypeOf<readonly Row[]>();
    expectTypeOf(row.k).toEqualTypeOf<readonly (readonly [string, number | null])[]>();
    expectTypeOf(row.l).toEqualTypeOf<readonly string[]>();
    expectTypeOf(row.m).toEqualTypeOf<Collected<number>>();
    expectTypeOf(row.n).toEqualTypeOf<readonly Date[]>();
    expectTypeOf(row.o).toEqualTypeOf<number | null>();
    expectTypeOf(row.p).toEqualTypeOf<readonly number[] | null>();
    expectTypeOf(row.q).toEqualTypeOf<number | null>();
    expectTypeOf(row.r).toEqualTypeOf<number>();
    expectTypeOf(row.s).toEqualTypeOf<number | null>();
    expectTypeOf(row.t).toEqualTypeOf<number>();
    expectTypeOf(row.u).toEqualTypeOf<number>();
    expectTypeOf(row.v).toEqualTypeOf<number | null>();
    expectTypeOf(row.w).toEqualTypeOf<number | null>();
    expectTypeOf(row.x).toEqualTypeOf<number>();
    expect(Object.keys(row)).toHaveLength(24);
  });

  it('refuses columns that are not there or of the wrong type', () => {
    // @ts-expect-error no such column
    select({ a: agg.exactSum('viewCuont') });
    // @ts-expect-error text is no number
    select({ a: agg.sum('videoId') });
    // @ts-expect-error a Date is no number
    select({ a: agg.percentile('at', 0.5) });
    // @ts-expect-error no such column
    select({ a: agg.first('nope') });
    // @ts-expect-error no such column
    select({ a: agg.countDistinct('nope') });
    // @ts-expect-error no such column
    select({ a: agg.minBy('videoId', 'nope') });
    // @ts-expect-error no such column
    select({ a: agg.topK(1, { by: [['nope', 'asc']] }) });
    // @ts-expect-error no such column
    select({ a: agg.topK(1, { by: [['at', 'asc']], columns: ['nope'] }) });
    // @ts-expect-error text is no number
    select({ a: agg.corr('likes', 'videoId') });
    // @ts-expect-error no such column
    select({ a: agg.trend((r) => r.nope) });
    // @ts-expect-error no such column
    select({ a: agg.sum('likes', { where: (r) => r.nope }) });
    // @ts-expect-error velocity compares numbers
    select({ a: agg.velocity(agg.first('videoId')) });
    expect(true).toBe(true);
  });
});
