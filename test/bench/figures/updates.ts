import { from } from 'rxjs';
import { metrics, W2, WATERMARK_EVERY, type Metric, type Shape } from '../data';
import { aggregate, rows, sliding, withWatermark } from '../library';
import { withClock } from '../naive';
import { rounded, type Result } from '../report';

/** Windows whose accumulator updates are to be counted. */
export interface Counted {
  readonly shape: Shape;
  readonly sizeMs: number;
  readonly slideMs: number;
}

/**
 * How often an accumulator is updated for one row that is not late. No clock: with shared slices it is 1, whatever the
 * overlap; without them it is the overlap.
 */
export function updatesPerEvent({ shape, sizeMs, slideMs }: Counted): number {
  const events = metrics(shape);
  let updates = 0;
  const counting = {
    name: 'counting',
    version: 1,
    commutative: true,
    create: () => ({ n: 0 }),
    add: (acc: { n: number }, _row: Metric) => {
      updates++;
      acc.n++;
    },
    merge: (into: { n: number }, other: { n: number }) => {
      into.n += other.n;
    },
    result: (acc: { n: number }) => acc.n,
    encode: (acc: { n: number }) => acc.n,
    decode: (data: unknown) => ({ n: data as number }),
  };
  from(events)
    .pipe(
      withWatermark('t', shape.delayMs, { emitEvery: { rows: WATERMARK_EVERY } }),
      aggregate({ key: 'k', window: sliding(sizeMs, slideMs), select: { n: counting } }),
      rows(),
    )
    .subscribe();
  return updates / inTime(events, shape.delayMs, sizeMs, slideMs);
}

function inTime(events: readonly Metric[], delay: number, size: number, slide: number): number {
  let count = 0;
  const onEvent = ({ t }: Metric, w: number): void => {
    if (t - (t % slide) + size > w) count++;
  };
  withClock(events, delay, WATERMARK_EVERY, onEvent, () => undefined);
  return count;
}

export function updates(): Result[] {
  const value = rounded(updatesPerEvent(W2[720]), 4);
  return [{ workload: 'updates', value, unit: 'updates/event', target: 1, good: 1, details: { overlap: 720 } }];
}
