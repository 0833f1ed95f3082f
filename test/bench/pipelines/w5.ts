import type { Observable } from 'rxjs';
import type { Delivery } from '../data';
import { intervalJoin, rows, withWatermark } from '../library';
import { pairOf } from '../loops/w5';
import type { PairRow } from '../rows';

/** Pairs of two streams, by key and time. */
export function w5Pipeline(
  left: Observable<Delivery>,
  right: Observable<Delivery>,
  after: number,
  delay: number,
  every: number,
): Observable<PairRow> {
  const timed = withWatermark<Delivery>('t', delay, { emitEvery: { rows: every } });
  return left.pipe(timed, intervalJoin(right.pipe(timed), { on: 'k', within: { after }, select: pairOf }), rows());
}
