import { from } from 'rxjs';
import type { Metric } from '../data';
import { agg, aggregate, rows, tumbling, withWatermark } from '../library';
import type { TotalRow } from '../rows';

/** Tumbling windows, count and sum by key. */
export function w1Pipeline(
  events: readonly Metric[],
  size: number,
  delay: number,
  every: number,
  onRow: (row: TotalRow) => void,
): void {
  from(events)
    .pipe(
      withWatermark('t', delay, { emitEvery: { rows: every } }),
      aggregate({ key: 'k', window: tumbling(size), select: { n: agg.count(), total: agg.sum('v') } }),
      rows(),
    )
    .subscribe(onRow);
}
