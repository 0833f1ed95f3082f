import { from } from 'rxjs';
import { rows, withPartitions, withWatermark } from 'tidemark';
import { describe, expect, it } from 'vitest';

const PARTS = ['year', 'month', 'day', 'hour'] as const;

function partsOf(times: readonly string[], zone?: string): string[] {
  const out: string[] = [];
  from(times.map((t) => ({ t })))
    .pipe(withWatermark('t', '1000 hours'), withPartitions({ time: PARTS, ...(zone !== undefined && { zone }) }), rows())
    .subscribe(({ year, month, day, hour }) => out.push([year, month, day, hour].join(' ')));
  return out;
}

describe('withPartitions', () => {
  it('[D77] adds year, month, day and hour of the event time, UTC', () => {
    expect(partsOf(['2026-01-31T23:59:59.999Z', '2026-02-01T00:00:00Z', '1969-12-31T23:00:00Z'])).toEqual([
      '2026 1 31 23',
      '2026 2 1 0',
      '1969 12 31 23',
    ]);
  });

  it('[D77] in a zone, on the days when clocks change', () => {
    // Spring forward: 02:00 does not exist. Autumn: 01:00 is there twice, and names one partition.
    expect(partsOf(['2026-03-08T06:59:00Z', '2026-03-08T07:00:00Z'], 'America/New_York')).toEqual(['2026 3 8 1', '2026 3 8 3']);
    expect(partsOf(['2026-11-01T05:30:00Z', '2026-11-01T06:30:00Z', '2026-11-01T07:00:00Z'], 'America/New_York')).toEqual([
      '2026 11 1 1',
      '2026 11 1 1',
      '2026 11 1 2',
    ]);
    expect(partsOf(['2026-01-01T00:00:00Z'], 'Asia/Kolkata')).toEqual(['2026 1 1 5']);
    expect(partsOf(['2026-01-01T05:00:00Z'], 'America/New_York')).toEqual(['2026 1 1 0']);
  });

  it('[D78] a category as text; null, missing and empty are unknown', () => {
    const out: string[] = [];
    const videos: { t: number; category?: string | null }[] = [
      { t: 1, category: 'music' },
      { t: 2, category: null },
      { t: 3 },
      { t: 4, category: '' },
    ];
    from(videos)
      .pipe(withWatermark('t', 0), withPartitions({ category: 'category' }), rows())
      .subscribe((row) => out.push(row.category_partition));
    expect(out).toEqual(['music', 'unknown', 'unknown', 'unknown']);
  });

  it('refuses an unknown zone, and to add nothing', () => {
    for (const options of [{ time: PARTS, zone: 'Mars/Base' }, {}]) {
      expect(() => withPartitions(options)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
    }
  });
});
