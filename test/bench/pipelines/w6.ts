import type { Observable } from 'rxjs';
import type { Delivery } from '../data';
import { agg, aggregate, dropDuplicates, filterRows, mapRows, rows, sliding, withWatermark } from '../library';
import type { AlertPlan } from '../loops/w6';
import type { Alert } from '../rows';

/** Dedup, filter, map, sliding count and mean by key, alert above a threshold. */
export function w6Pipeline(source: Observable<Delivery>, plan: AlertPlan, delay: number, every: number): Observable<Alert> {
  const { sizeMs, slideMs, least, threshold } = plan;
  return source.pipe(
    withWatermark('t', delay, { emitEvery: { rows: every } }),
    dropDuplicates(['id', 't']),
    filterRows((row) => row.v !== null && row.v >= least),
    mapRows(({ k, v }) => ({ k, v: v ?? 0 })),
    aggregate({ key: 'k', window: sliding(sizeMs, slideMs), select: { n: agg.count(), mean: agg.avg('v') } }),
    filterRows((row) => row.mean !== null && row.mean > threshold),
    mapRows(({ window, k, n, mean }): Alert => ({ window, k, n, mean: mean ?? 0 })),
    rows(),
  );
}
