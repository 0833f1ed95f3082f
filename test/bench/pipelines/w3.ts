import { from } from 'rxjs';
import type { Metric } from '../data';
import { agg, aggregate, rows, session, withWatermark } from '../library';
import type { TotalRow } from '../rows';

/** Sessions, count and sum by key. */
export function w3Pipeline(
  events: readonly Metric[],
  gap: number,
  delay: number,
  every: number,
  onRow: (row: TotalRow) => void,
): void {
  from(events)
    .pipe(
      withWatermark('t', delay, { emitEvery: { rows: every } }),
      aggregate({ key: 'k', window: session(gap), select: { n: agg.count(), total: agg.sum('v') } }),
      rows(),
    )
    .subscribe(onRow);
}
