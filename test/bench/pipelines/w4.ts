import { from } from 'rxjs';
import type { Delivery } from '../data';
import { dropDuplicates, rows, withWatermark } from '../library';

/** Rows without second deliveries. */
export function w4Pipeline(events: readonly Delivery[], delay: number, every: number, onRow: (row: Delivery) => void): void {
  from(events)
    .pipe(withWatermark('t', delay, { emitEvery: { rows: every } }), dropDuplicates(['id', 't']), rows())
    .subscribe(onRow);
}
