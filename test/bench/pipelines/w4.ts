import type { Observable } from 'rxjs';
import type { Delivery } from '../data';
import { dropDuplicates, rows, withWatermark } from '../library';

/** Rows without second deliveries. */
export function w4Pipeline(source: Observable<Delivery>, delay: number, every: number): Observable<Delivery> {
  return source.pipe(withWatermark('t', delay, { emitEvery: { rows: every } }), dropDuplicates(['id', 't']), rows());
}
