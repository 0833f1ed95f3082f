import { createKeyMap, keyFrom, keyValues, type KeyMap, type KeyOf } from '../key';
import { Ascending } from './ascending';
import { Recorder } from './recorder';
import type { StateEntry, StateTable } from './table';

/**
 * Keys with the time at which each is forgotten. Expiry is in buckets: O(1) a key, and a watermark only looks at the buckets
 * it has passed whole.
 */
export class ExpiringKeys {
  private readonly times: KeyMap<number>;
  private readonly recorder: Recorder;
  private readonly buckets = new Map<number, KeyOf[]>();
  private readonly order = new Ascending(); // bucket numbers in use
  private bucket: KeyOf[] | undefined; // the one last added to
  private bucketNumber = NaN;
  private low = -Infinity;

  constructor(
    private readonly columns: number,
    private readonly stepMs: number,
  ) {
    this.times = createKeyMap(columns);
    this.recorder = new Recorder(columns);
  }

  /** The time of a key; `undefined` when it is not there. */
  get(key: KeyOf): number | undefined {
    return this.times.get(key);
  }

  /** Gives a key a time, in place of the one it had. */
  set(key: KeyOf, time: number): void {
    this.times.set(key, time);
    this.recorder.written(key);
    const number = Math.floor(time / this.stepMs);
    if (number !== this.bucketNumber || this.bucket === undefined) this.open(number);
    this.bucket!.push(typeof key === 'object' && key !== null ? key.slice() : key);
  }

  private open(number: number): void {
    let bucket = this.buckets.get(number);
    if (bucket === undefined) {
      this.buckets.set(number, (bucket = []));
      this.order.add(number);
    }
    this.bucket = bucket;
    this.bucketNumber = number;
  }

  /** Forgets what has `time <= low`, as far as whole buckets are concerned; the rest of it does not count any more. */
  expire(low: number): void {
    this.low = low;
    const { order } = this;
    while (order.size > 0 && (order.first + 1) * this.stepMs - 1 <= low) {
      const number = order.takeFirst();
      const keys = this.buckets.get(number)!;
      this.buckets.delete(number);
      if (number === this.bucketNumber) this.bucket = undefined;
      for (const key of keys) this.forget(key, low);
    }
  }

  private forget(key: KeyOf, low: number): void {
    const time = this.times.get(key);
    if (time === undefined || time > low) return;
    this.times.delete(key);
    this.recorder.gone(key);
  }

  /** How many keys there are whose time is not past. */
  get size(): number {
    const stale = createKeyMap<true>(this.columns);
    const { size, first } = this.order;
    if (size > 0 && first * this.stepMs <= this.low) {
      for (const key of this.buckets.get(first)!) if (this.times.get(key)! <= this.low) stale.set(key, true);
    }
    return this.times.size - stale.size;
  }

  get table(): StateTable {
    return {
      version: 1,
      size: () => this.size,
      entries: () => this.entries(),
      load: (entries) => {
        this.times.clear();
        this.buckets.clear();
        this.order.clear();
        this.bucket = undefined;
        for (const [values, time] of entries) this.set(keyFrom(values), time as number);
        this.recorder.begin();
      },
      changes: () =>
        this.recorder.take(
          () => this.entries(),
          (key) => [keyValues(key, this.columns), this.times.get(key)!],
        ),
    };
  }

  /** Also what is past in the last bucket: it is removed with the others. */
  private *entries(): Iterable<StateEntry> {
    for (const [key, time] of this.times.entries()) yield [keyValues(key, this.columns), time];
  }
}
