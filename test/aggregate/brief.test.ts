import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as agg from '../../src/aggregate/index';
import { close, resultOf, seeded, valued } from './fold';

type V = { v: number | null };

describe('numeric aggregates', () => {
  it('[D32] count(column) leaves out nulls, count() takes every row', () => {
    const rows = valued([1, null, NaN, undefined as never, 0]);
    expect(resultOf(agg.count<V>('v'), rows)).toBe(3);
    expect(resultOf(agg.count<V>(), rows)).toBe(5);
    expect(resultOf(agg.count<V>('v'), [])).toBe(0);
  });

  it('[D34] sum is compensated; nothing gives null', () => {
    expect(resultOf(agg.sum<V>('v'), valued([1e100, 1, -1e100]))).toBe(1);
    expect(resultOf(agg.sum<V>('v'), valued([Infinity, 1]))).toBe(Infinity);
    expect(resultOf(agg.sum<V>('v'), valued([null]))).toBeNull();
  });

  it('[D35] avg is the sum over the count; nothing gives null', () => {
    expect(resultOf(agg.avg<V>('v'), valued([1, null, 2]))).toBe(1.5);
    expect(resultOf(agg.avg<V>('v'), [])).toBeNull();
  });

  it('[D36] min and max skip nulls, take text and dates, and hold NaN for the greatest', () => {
    expect(resultOf(agg.min<V>('v'), valued([3, null, -1, NaN]))).toBe(-1);
    expect(resultOf(agg.max<V>('v'), valued([3, NaN, Infinity]))).toBeNaN();
    expect(resultOf(agg.min<V>('v'), valued([NaN]))).toBeNaN();
    expect(resultOf(agg.max<{ v: string }, string>('v'), valued(['b', 'c', 'a']))).toBe('c');
    expect(resultOf(agg.min<{ v: Date }, Date>('v'), valued([new Date(5), new Date(3)]))).toEqual(new Date(3));
    expect(resultOf(agg.max<V>('v'), [])).toBeNull();
  });

  it('[D37] stddev is the sample one; one value gives null', () => {
    expect(resultOf(agg.stddev<V>('v'), valued([2, 4, 4, 4, 5, 5, 7, 9]))).toBeCloseTo(2.138089935299395, 14);
    expect(resultOf(agg.stddevPop<V>('v'), valued([2, 4, 4, 4, 5, 5, 7, 9]))).toBe(2);
    expect(resultOf(agg.stddev<V>('v'), valued([7]))).toBeNull();
    expect(resultOf(agg.stddev<V>('v'), valued([3, 5]))).toBe(Math.SQRT2);
    expect(resultOf(agg.variance<V>('v'), valued([3, 5]))).toBe(2);
    expect(resultOf(agg.variance<V>('v'), valued([7]))).toBeNull();
    expect(resultOf(agg.variancePop<V>('v'), valued([3, 5]))).toBe(1);
    expect(resultOf(agg.variancePop<V>('v'), valued([7]))).toBe(0);
    expect(resultOf(agg.variancePop<V>('v'), valued([null]))).toBeNull();
    expect(resultOf(agg.stddevPop<V>('v'), valued([7]))).toBe(0);
  });

  it.each([3, 10, 1000, 100_000])(
    '[D37] stddev of %i values with an offset of 1e9 and a spread of 1e-3 is right to 1e-9',
    (n) => {
      const random = seeded(n);
      const values = Array.from({ length: n }, () => 1e9 + random() * 1e-3);
      const shifted = values.map((value) => value - values[0]!); // exact
      const mean = shifted.reduce((a, b) => a + b, 0) / n;
      const expected = Math.sqrt(shifted.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1));
      const stddev = agg.stddev<V>('v');
      expect(Math.abs(resultOf(stddev, valued(values))! / expected - 1)).toBeLessThan(1e-9);
      const into = stddev.create();
      for (let i = 0; i < 3; i++) {
        const slice = stddev.create();
        values.forEach((v, j) => j % 3 === i && stddev.add(slice, { v }, j));
        stddev.merge!(into, slice);
      }
      expect(Math.abs(stddev.result(into)! / expected - 1)).toBeLessThan(1e-9);
    },
  );
});

interface Video {
  readonly video_id: string | null;
  readonly channel_id: string | null;
  readonly view_count: number | null;
  readonly like_count: number | null;
  readonly comment_count: number | null;
  readonly engagement_score: number | null;
  readonly duration_seconds: number | null;
}

const trending = agg.countIf<Video>((row) => (row.view_count ?? 0) > 100_000);

describe('the aggregates of the brief against a recomputation', () => {
  const id = fc.option(fc.constantFrom('a', 'b', 'c', 'd'), { freq: 6 });
  const amount = fc.option(fc.oneof(fc.integer({ min: 0, max: 300_000 }), fc.constantFrom(100_000, 100_001)), { freq: 6 });
  const video: fc.Arbitrary<Video> = fc.record({
    video_id: id,
    channel_id: id,
    view_count: amount,
    like_count: amount,
    comment_count: amount,
    engagement_score: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 6 }),
    duration_seconds: amount,
  });
  const present = (rows: readonly Video[], column: keyof Video): number[] =>
    rows.map((row) => row[column]).filter((v) => v !== null) as number[];
  const total = (values: readonly number[]): number | null => (values.length === 0 ? null : values.reduce((a, b) => a + b, 0));
  const mean = (values: readonly number[]): number | null => (values.length === 0 ? null : total(values)! / values.length);
  const rank = (values: readonly number[], p: number): number | null =>
    [...values].sort((a, b) => a - b)[Math.max(1, Math.ceil((p * values.length) / 100)) - 1] ?? null;
  const pearson = (rows: readonly Video[], x: keyof Video, y: keyof Video): number | null => {
    const full = rows.filter((row) => row[x] !== null && row[y] !== null).map((row) => [Number(row[x]), Number(row[y])] as const);
    const [mx, my] = [mean(full.map(([a]) => a))!, mean(full.map(([, b]) => b))!];
    const moment = (f: (a: number, b: number) => number): number => full.reduce((sum, [a, b]) => sum + f(a, b), 0);
    const constant = (i: 0 | 1): boolean => full.every((pair) => pair[i] === full[0]![i]);
    if (full.length < 2 || constant(0) || constant(1)) return null;
    return moment((a, b) => (a - mx) * (b - my)) / Math.sqrt(moment((a) => (a - mx) ** 2) * moment((_, b) => (b - my) ** 2));
  };

  const figures: [
    string,
    { readonly of: (rows: readonly Video[]) => unknown; readonly naive: (rows: readonly Video[]) => unknown },
  ][] = [
    [
      '[D48] video_count',
      { of: (rows) => resultOf(agg.count<Video>('video_id'), rows), naive: (rows) => present(rows, 'video_id').length },
    ],
    [
      '[D49] unique_videos',
      {
        of: (rows) => resultOf(agg.countDistinct<Video>('video_id'), rows),
        naive: (rows) => new Set(present(rows, 'video_id')).size,
      },
    ],
    [
      '[D50] unique_channels',
      {
        of: (rows) => resultOf(agg.countDistinct<Video>('channel_id'), rows),
        naive: (rows) => new Set(present(rows, 'channel_id')).size,
      },
    ],
    [
      '[D51] total_views',
      { of: (rows) => resultOf(agg.sum<Video>('view_count'), rows), naive: (rows) => total(present(rows, 'view_count')) },
    ],
    [
      '[D52] avg_views',
      { of: (rows) => resultOf(agg.avg<Video>('view_count'), rows), naive: (rows) => mean(present(rows, 'view_count')) },
    ],
    [
      '[D53] max_views',
      {
        of: (rows) => resultOf(agg.max<Video>('view_count'), rows),
        naive: (rows) => (present(rows, 'view_count').length === 0 ? null : Math.max(...present(rows, 'view_count'))),
      },
    ],
    [
      '[D54] total_likes',
      { of: (rows) => resultOf(agg.sum<Video>('like_count'), rows), naive: (rows) => total(present(rows, 'like_count')) },
    ],
    [
      '[D55] total_comments',
      { of: (rows) => resultOf(agg.sum<Video>('comment_count'), rows), naive: (rows) => total(present(rows, 'comment_count')) },
    ],
    [
      '[D56] engagement_rate',
      {
        of: (rows) => resultOf(agg.avg<Video>('engagement_score'), rows),
        naive: (rows) => mean(present(rows, 'engagement_score')),
      },
    ],
    [
      '[D57] avg_duration',
      {
        of: (rows) => resultOf(agg.avg<Video>('duration_seconds'), rows),
        naive: (rows) => mean(present(rows, 'duration_seconds')),
      },
    ],
    [
      '[D58] trending_videos',
      { of: (rows) => resultOf(trending, rows), naive: (rows) => present(rows, 'view_count').filter((v) => v > 100_000).length },
    ],
    [
      '[D61] view_percentile_90/95/99',
      {
        of: (rows) => resultOf(agg.percentileApprox<Video, number[]>('view_count', [0.9, 0.95, 0.99]), rows),
        naive: (rows) =>
          present(rows, 'view_count').length === 0 ? null : [90, 95, 99].map((p) => rank(present(rows, 'view_count'), p)),
      },
    ],
    [
      '[D62] views_likes_correlation',
      {
        of: (rows) => resultOf(agg.corr<Video>('view_count', 'like_count'), rows),
        naive: (rows) => pearson(rows, 'view_count', 'like_count'),
      },
    ],
    [
      '[D63] views_comments_correlation',
      {
        of: (rows) => resultOf(agg.corr<Video>('view_count', 'comment_count'), rows),
        naive: (rows) => pearson(rows, 'view_count', 'comment_count'),
      },
    ],
  ];

  it.each(figures)('%s', (_name, { of, naive }) => {
    const property = fc.property(fc.array(video, { maxLength: 60 }), (rows) => {
      const [got, expected] = [of(rows), naive(rows)];
      if (!close(got, expected)) expect(got).toEqual(expected);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('[D58] 100000 is not trending, 100001 is, null is not', () => {
    const rows = [100_000, 100_001, null].map((view_count) => ({ view_count }) as Video);
    expect(resultOf(trending, rows)).toBe(1);
  });
});
