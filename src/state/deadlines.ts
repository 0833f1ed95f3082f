import { Ascending } from './ascending';
import { orderOf } from './orderOf';

/** So many that are of no use do not matter. */
const FEW = 64;

/** The bucket at work: what a watermark has reached a part of. */
interface Head<V> {
  readonly number: number;
  /** In the order of `times`, those before `next` are done. */
  values: V[];
  /** When each was due as the bucket was opened, or as it came in. */
  times: number[];
  next: number;
}

/**
 * Things that are due at a time, in buckets: O(1) to add, and a watermark only looks at what it passes: the bucket that it
 * reaches a part of is put in order, once. What moves its time later is left where it is and put on when its old time comes
 * (`timeOf` says when it is due now). What is of no use any more leaves when its time comes; where that may be long, `forget`
 * lets it go before.
 *
 * Source: calendar queues (Brown 1988) with a sorted list of the buckets in use.
 */
export class Deadlines<V> {
  private readonly buckets = new Map<number, V[]>();
  private readonly order = new Ascending();
  private head: Head<V> | undefined;
  /** How many there are, and how many of them are known to be of no use. */
  private count = 0;
  private gone = 0;

  constructor(
    private readonly stepMs: number,
    /** When the thing is due now; NaN when it is to be forgotten. */
    private readonly timeOf: (value: V) => number,
  ) {}

  add(value: V): void {
    const time = this.timeOf(value);
    if (time === time) this.put(time, value);
  }

  /** One of them says NaN from now on. Once these are the most, all of them are let go: O(1) amortised. */
  forget(): void {
    if (++this.gone <= FEW || this.gone * 2 < this.count) return;
    const { head } = this;
    const all = head === undefined ? [] : head.values.slice(head.next);
    for (const values of this.buckets.values()) for (const value of values) all.push(value);
    this.clear();
    for (const value of all) this.add(value);
  }

  private put(time: number, value: V): void {
    this.count++;
    const bucket = Math.floor(time / this.stepMs);
    if (this.head !== undefined && bucket <= this.head.number) return insert(this.head, time, value);
    const known = this.buckets.get(bucket);
    if (known !== undefined) {
      known.push(value);
      return;
    }
    this.buckets.set(bucket, [value]);
    this.order.add(bucket);
  }

  /** True when something may be due at `upTo`. */
  isDue(upTo: number): boolean {
    const { head, order } = this;
    if (head !== undefined && head.next < head.times.length) return head.times[head.next]! <= upTo;
    return order.size > 0 && order.first * this.stepMs <= upTo;
  }

  /** Takes out everything with `time <= upTo`, in no order. */
  take(upTo: number): V[] {
    const due: V[] = [];
    while (this.isDue(upTo)) {
      if (this.head !== undefined && this.head.next < this.head.times.length) this.takeHead(this.head, upTo, due);
      else this.openNext(upTo, due);
    }
    return due;
  }

  /** The next bucket: taken as a whole if the watermark has passed it, else put in order. */
  private openNext(upTo: number, due: V[]): void {
    const number = this.order.takeFirst();
    const values = this.buckets.get(number)!;
    this.buckets.delete(number);
    this.head = undefined;
    this.count -= values.length;
    const stay: V[] = [];
    for (const value of values) {
      const time = this.timeOf(value);
      if (time !== time) continue;
      if (time <= upTo) due.push(value);
      else if (Math.floor(time / this.stepMs) === number) stay.push(value);
      else this.put(time, value);
    }
    this.count += stay.length;
    if (stay.length > 0) this.head = this.inOrder(number, stay);
  }

  private inOrder(number: number, values: readonly V[]): Head<V> {
    const times = values.map((value) => this.timeOf(value));
    const order = Array.from(orderOf(Float64Array.from(times)));
    return { number, values: order.map((i) => values[i]!), times: order.map((i) => times[i]!), next: 0 };
  }

  private takeHead(head: Head<V>, upTo: number, due: V[]): void {
    while (head.next < head.times.length && head.times[head.next]! <= upTo) {
      const value = head.values[head.next++]!;
      this.count--;
      const time = this.timeOf(value);
      if (time <= upTo) due.push(value);
      else if (time === time) this.put(time, value); // it moved; perhaps only to a later place here
    }
  }

  clear(): void {
    this.buckets.clear();
    this.order.clear();
    this.head = undefined;
    this.count = this.gone = 0;
  }
}

/** Behind those of the same time. */
function insert<V>({ values, times, next }: Head<V>, time: number, value: V): void {
  let low = next;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= time) low = middle + 1;
    else high = middle;
  }
  values.splice(low, 0, value);
  times.splice(low, 0, time);
}
