import type { Observable } from 'rxjs';
import type { Metric } from '../data';
import { agg, aggregate, rows, tumbling, withWatermark } from '../library';
import type { TotalRow } from '../rows';

/** Tumbling windows, count and sum by key. */
export function w1Pipeline(source: Observable<Metric>, size: number, delay: number, every: number): Observable<TotalRow> {
  return source.pipe(
    withWatermark('t', delay, { emitEvery: { rows: every } }),
    aggregate({ key: 'k', window: tumbling(size), select: { n: agg.count(), total: agg.sum('v') } }),
    rows(),
  );
}
