import type { Observable } from 'rxjs';
import type { Metric } from '../data';
import { agg, aggregate, rows, sliding, withWatermark } from '../library';
import type { StatRow } from '../rows';

/** Sliding windows, count, sum, mean and maximum by key. */
export function w2Pipeline(
  source: Observable<Metric>,
  size: number,
  slide: number,
  delay: number,
  every: number,
): Observable<StatRow> {
  return source.pipe(
    withWatermark('t', delay, { emitEvery: { rows: every } }),
    aggregate({
      key: 'k',
      window: sliding(size, slide),
      select: { n: agg.count(), total: agg.sum('v'), mean: agg.avg('v'), top: agg.max('v') },
    }),
    rows(),
  );
}
