import { Ascending } from '../state/ascending';

/**
 * Things by time, soonest first, and for one time in the order in which they were added. Adding at the end, where nearly
 * everything belongs, and taking from the front are O(1); elsewhere O(log n) and a memmove.
 */
export class Agenda<V> {
  size = 0;
  private readonly byTime = new Map<number, Set<V>>();
  private readonly times = new Ascending();

  add(time: number, value: V): void {
    let there = this.byTime.get(time);
    if (there === undefined) {
      this.byTime.set(time, (there = new Set()));
      this.times.add(time);
    }
    if (there.has(value)) return;
    there.add(value);
    this.size++;
  }

  remove(time: number, value: V): void {
    const there = this.byTime.get(time);
    if (there?.delete(value) !== true) return;
    this.size--;
    if (there.size > 0) return;
    this.byTime.delete(time);
    this.times.remove(time);
  }

  /** The soonest time; Infinity when there is nothing. */
  get first(): number {
    return this.times.first;
  }

  /** Takes out everything that is due. `isDue` is false for all times from some time on. */
  take(isDue: (time: number) => boolean): V[] {
    const due: V[] = [];
    while (this.times.size > 0 && isDue(this.first)) {
      const time = this.times.takeFirst();
      for (const value of this.byTime.get(time)!) due.push(value);
      this.byTime.delete(time);
    }
    this.size -= due.length;
    return due;
  }

  *values(): Iterable<V> {
    for (const time of this.times) yield* this.byTime.get(time)!;
  }

  clear(): void {
    this.byTime.clear();
    this.times.clear();
    this.size = 0;
  }
}
