import { Subject, type Subscription } from 'rxjs';
import type { Delivery, Metric } from '../data';
import { agg, aggregate, dropDuplicates, rows, tumbling, withWatermark } from '../library';
import { heapOf } from '../measure';
import { rounded, type Result } from '../report';

const KEYS = 10_000;
const WINDOWS = 60;
const HELD = KEYS * WINDOWS;
const START = 1_699_999_200_000;
const HOUR = 3_600_000;

/** What the state of operators weighs: the rows themselves are made on the way and not kept. */
export function heap(): Result[] {
  const perGroup = rounded(bytesPerGroup(), 0);
  const perId = rounded(bytesPerId(), 0);
  return [
    { workload: 'heap', value: perGroup, unit: 'bytes/(key, window)', target: 180, good: 130, details: { held: HELD } },
    { workload: 'heap-dedup', value: perId, unit: 'bytes/id', target: 120, good: 90, details: { held: HELD } },
  ];
}

/** {count, sum, max} of many keys and windows; W stands before all of them. The keys' texts belong to the caller. */
function bytesPerGroup(): number {
  const keys = Array.from({ length: KEYS }, (_, i) => `key${i}`);
  const { bytes, made } = heapOf(() => {
    const input = new Subject<Metric>();
    const open = input
      .pipe(
        withWatermark('t', HOUR),
        aggregate({ key: 'k', window: tumbling(1000), select: { n: agg.count(), total: agg.sum('v'), top: agg.max('v') } }),
        rows(),
      )
      .subscribe();
    for (let w = 0; w < WINDOWS; w++) {
      for (let i = 0; i < KEYS; i++) input.next({ t: START + w * 1000, k: keys[i]!, v: i });
    }
    return { input, open };
  });
  return freed(bytes, made.open);
}

/** Ids within the delay. Their texts are kept outside, as they would be by the rows of a real source. */
function bytesPerId(): number {
  const ids = Array.from({ length: HELD }, (_, i) => `id-${i}`);
  const { bytes, made } = heapOf(() => {
    const input = new Subject<Delivery>();
    const open = input.pipe(withWatermark('t', HOUR), dropDuplicates(['id', 't']), rows()).subscribe();
    for (let i = 0; i < HELD; i++) input.next({ id: ids[i]!, t: START + i, k: 'k', v: 1 });
    return { input, open };
  });
  return freed(bytes, made.open);
}

function freed(bytes: number, open: Subscription): number {
  open.unsubscribe();
  return bytes / HELD;
}
