import { Ascending } from './ascending';
import { orderOf } from './orderOf';

/** Something with a time, and a number by which those of one time are in order. */
export interface Dated {
  readonly time: number;
  readonly seq: number;
}

interface Page<V> {
  items: V[];
  /** Sorted pages are read from here on; what lies before has been taken. */
  next: number;
  sorted: boolean;
}

function before(a: Dated, b: Dated): number {
  return a.time - b.time || a.seq - b.seq;
}

/**
 * Things by time, added in the order of `seq` and taken out from the oldest on in (time, seq) order: O(1) to add, a watermark
 * only looks at what it passes, and a page is sorted when the watermark reaches it.
 *
 * Source: calendar queues (Brown 1988) with a sorted list of the pages in use.
 */
export class Calendar<V extends Dated> {
  private readonly pages = new Map<number, Page<V>>();
  private readonly order = new Ascending(); // numbers of the pages in use
  private last: Page<V> | undefined; // the one last added to
  private lastNumber = NaN;

  constructor(private readonly stepMs: number) {}

  add(item: V): void {
    const number = Math.floor(item.time / this.stepMs);
    const page = number === this.lastNumber && this.last !== undefined ? this.last : this.open(number);
    if (page.sorted) insert(page, item);
    else page.items.push(item);
  }

  private open(number: number): Page<V> {
    let page = this.pages.get(number);
    if (page === undefined) {
      this.pages.set(number, (page = { items: [], next: 0, sorted: false }));
      this.order.add(number);
    }
    this.last = page;
    this.lastNumber = number;
    return page;
  }

  /** Something with `time <= bound` is there. */
  isDue(bound: number): boolean {
    const [item] = this.peek();
    return item !== undefined && item.time <= bound;
  }

  private peek(): readonly V[] {
    if (this.order.size === 0) return [];
    const page = this.pages.get(this.order.first)!;
    sort(page);
    return page.items.slice(page.next, page.next + 1);
  }

  /** Takes out what has `time <= bound`. */
  take(bound: number): V[] {
    let due: V[] = [];
    const { order } = this;
    while (order.size > 0) {
      const number = order.first;
      if (number * this.stepMs > bound) break;
      const page = this.pages.get(number)!;
      sort(page);
      const isPast = (number + 1) * this.stepMs - 1 <= bound;
      const end = isPast ? page.items.length : this.split(page, bound);
      const taken = page.next === 0 && isPast ? page.items : page.items.slice(page.next, end);
      if (due.length === 0) due = taken;
      else for (const item of taken) due.push(item); // a copy for every page would be quadratic
      page.next = end;
      if (end < page.items.length) break;
      this.close(number);
    }
    return due;
  }

  private split(page: Page<V>, bound: number): number {
    let end = page.next;
    while (end < page.items.length && page.items[end]!.time <= bound) end++;
    return end;
  }

  private close(number: number): void {
    this.pages.delete(number);
    this.order.takeFirst();
    if (number === this.lastNumber) this.last = undefined;
  }

  clear(): void {
    this.pages.clear();
    this.order.clear();
    this.last = undefined;
  }
}

function sort<V extends Dated>(page: Page<V>): void {
  if (page.sorted) return;
  page.sorted = true;
  const { items } = page;
  const times = new Float64Array(items.length);
  for (let i = 0; i < items.length; i++) times[i] = items[i]!.time;
  // Things are added in the order of their numbers, so that those of one time are in order.
  const order = orderOf(times);
  page.items = new Array<V>(items.length);
  for (let i = 0; i < items.length; i++) page.items[i] = items[order[i]!]!;
}

/** Into a sorted page: nearly always near the end. */
function insert<V extends Dated>(page: Page<V>, item: V): void {
  const { items, next } = page;
  let low = next;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (before(items[middle]!, item) <= 0) low = middle + 1;
    else high = middle;
  }
  items.splice(low, 0, item);
}
