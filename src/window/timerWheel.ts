/**
 * Things that are due at a time, in buckets: O(1) to add, and a watermark only looks at the buckets it passes. What moves
 * its time later is left where it is and put on when its old time comes (`timeOf` says when it is due now).
 *
 * Source: hashed timing wheels (Varghese, Lauck 1987), with a sorted list of the buckets in use.
 */
export class TimerWheel<V> {
  private readonly buckets = new Map<number, V[]>();
  private readonly order: number[] = []; // bucket numbers in use, descending: the next one is last

  constructor(
    private readonly stepMs: number,
    /** When the thing is due now; NaN when it is to be forgotten. */
    private readonly timeOf: (value: V) => number,
  ) {}

  add(value: V): void {
    this.put(this.timeOf(value), value);
  }

  private put(time: number, value: V): void {
    const bucket = Math.floor(time / this.stepMs);
    const known = this.buckets.get(bucket);
    if (known !== undefined) {
      known.push(value);
      return;
    }
    this.buckets.set(bucket, [value]);
    let i = this.order.length;
    while (i > 0 && this.order[i - 1]! < bucket) i--;
    this.order.splice(i, 0, bucket);
  }

  /** True when something may be due at `upTo`. */
  isDue(upTo: number): boolean {
    const { order } = this;
    return order.length > 0 && order[order.length - 1]! * this.stepMs <= upTo;
  }

  /** Takes out everything with `time <= upTo`, in no order. */
  take(upTo: number): V[] {
    const due: V[] = [];
    while (this.isDue(upTo)) {
      const bucket = this.order[this.order.length - 1]!;
      const values = this.buckets.get(bucket)!;
      if (this.split(bucket, values, upTo, due)) break;
    }
    return due;
  }

  /** Empties a bucket into `due` and later buckets; true when some of it stays. */
  private split(bucket: number, values: V[], upTo: number, due: V[]): boolean {
    const stay: V[] = [];
    const later: V[] = [];
    for (const value of values) {
      const time = this.timeOf(value);
      if (time !== time) continue;
      if (time <= upTo) due.push(value);
      else if (Math.floor(time / this.stepMs) === bucket) stay.push(value);
      else later.push(value);
    }
    if (stay.length > 0) this.buckets.set(bucket, stay);
    else {
      this.buckets.delete(bucket);
      this.order.pop();
    }
    for (const value of later) this.add(value);
    return stay.length > 0;
  }

  clear(): void {
    this.buckets.clear();
    this.order.length = 0;
  }
}
