import { createKeyMap, keyFrom, keyValues, type KeyMap, type KeyOf } from '../key';
import type { StateEntry, StateTable } from './table';

/**
 * Keys with the times at which they are forgotten. Expiry is in buckets: O(1) a key, and a watermark only looks at the
 * buckets it has passed whole. A key nearly always has one time; then the time itself is the map's value.
 */
export class ExpiringKeys {
  private readonly times: KeyMap<number | number[]>;
  private readonly buckets = new Map<number, KeyOf[]>();
  private order: number[] = []; // bucket numbers in use, descending: the next one is last
  private bucket: KeyOf[] | undefined; // the one last added to
  private bucketNumber = NaN;
  private count = 0;
  private low = -Infinity;

  constructor(
    private readonly columns: number,
    private readonly stepMs: number,
  ) {
    this.times = createKeyMap(columns);
  }

  /** The latest time of a key; `undefined` when it is not there. */
  get(key: KeyOf): number | undefined {
    const known = this.times.get(key);
    return typeof known === 'object' ? known[known.length - 1] : known;
  }

  has(key: KeyOf, time: number): boolean {
    const known = this.times.get(key);
    return known === time || (typeof known === 'object' && known.includes(time));
  }

  /** Adds a time to a key. */
  add(key: KeyOf, time: number): void {
    const known = this.times.get(key);
    if (known === undefined) this.times.set(key, time);
    else if (typeof known === 'number') this.times.set(key, [known, time]);
    else known.push(time);
    this.count++;
    this.expireAt(key, time);
  }

  /** Gives a key one time, in place of those it had. */
  replace(key: KeyOf, time: number): void {
    if (this.times.get(key) === undefined) this.count++;
    this.times.set(key, time);
    this.expireAt(key, time);
  }

  private expireAt(key: KeyOf, time: number): void {
    const number = Math.floor(time / this.stepMs);
    if (number !== this.bucketNumber || this.bucket === undefined) this.open(number);
    this.bucket!.push(typeof key === 'object' && key !== null ? key.slice() : key);
  }

  private open(number: number): void {
    let bucket = this.buckets.get(number);
    if (bucket === undefined) {
      this.buckets.set(number, (bucket = []));
      let i = this.order.length;
      while (i > 0 && this.order[i - 1]! < number) i--;
      this.order.splice(i, 0, number);
    }
    this.bucket = bucket;
    this.bucketNumber = number;
  }

  /** Forgets what has `time <= low`, as far as whole buckets are concerned; the rest of it does not count any more. */
  expire(low: number): void {
    this.low = low;
    const { order } = this;
    while (order.length > 0 && (order[order.length - 1]! + 1) * this.stepMs - 1 <= low) {
      const number = order.pop()!;
      const keys = this.buckets.get(number)!;
      this.buckets.delete(number);
      if (number === this.bucketNumber) this.bucket = undefined;
      for (const key of keys) this.forget(key, low);
    }
  }

  private forget(key: KeyOf, low: number): void {
    const known = this.times.get(key);
    if (known === undefined) return;
    const kept = typeof known === 'number' ? [] : known.filter((time) => time > low);
    if (typeof known === 'number' && known > low) return;
    this.count -= (typeof known === 'number' ? 1 : known.length) - kept.length;
    if (kept.length === 0) this.times.delete(key);
    else this.times.set(key, kept.length === 1 ? kept[0]! : kept);
  }

  /** How many (key, time) there are that are not past. */
  get size(): number {
    let stale = 0;
    const last = this.order[this.order.length - 1];
    if (last !== undefined && last * this.stepMs <= this.low) {
      for (const key of new Set(this.buckets.get(last))) {
        for (const time of this.timesOf(key)) if (time <= this.low && Math.floor(time / this.stepMs) === last) stale++;
      }
    }
    return this.count - stale;
  }

  private timesOf(key: KeyOf): readonly number[] {
    const known = this.times.get(key);
    return known === undefined ? [] : typeof known === 'number' ? [known] : known;
  }

  get table(): StateTable {
    return {
      version: 1,
      size: () => this.size,
      entries: () => this.entries(),
      load: (entries) => {
        this.times.clear();
        this.buckets.clear();
        this.order = [];
        this.bucket = undefined;
        this.count = 0;
        for (const [values, time] of entries) this.add(keyFrom(values), time as number);
      },
    };
  }

  private *entries(): Iterable<StateEntry> {
    for (const [key] of this.times.entries()) {
      for (const time of this.timesOf(key)) if (time > this.low) yield [keyValues(key, this.columns), time];
    }
  }
}
