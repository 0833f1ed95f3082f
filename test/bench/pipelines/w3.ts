import type { Observable } from 'rxjs';
import type { Metric } from '../data';
import { agg, aggregate, rows, session, withWatermark } from '../library';
import type { TotalRow } from '../rows';

/** Sessions, count and sum by key. */
export function w3Pipeline(source: Observable<Metric>, gap: number, delay: number, every: number): Observable<TotalRow> {
  return source.pipe(
    withWatermark('t', delay, { emitEvery: { rows: every } }),
    aggregate({ key: 'k', window: session(gap), select: { n: agg.count(), total: agg.sum('v') } }),
    rows(),
  );
}
