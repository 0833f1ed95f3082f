/**
 * Things by time, soonest first, and for one time in the order in which they were added. Adding at the end, where nearly
 * everything belongs, and taking from the front are O(1); elsewhere O(log n) and a memmove.
 */
export class Agenda<V> {
  size = 0;
  private readonly byTime = new Map<number, Set<V>>();
  private readonly times: number[] = []; // ascending, from `head` on
  private head = 0;

  add(time: number, value: V): void {
    let there = this.byTime.get(time);
    if (there === undefined) {
      this.byTime.set(time, (there = new Set()));
      this.times.splice(this.place(time), 0, time);
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
    this.times.splice(this.place(time), 1);
  }

  /** The soonest time; Infinity when there is nothing. */
  get first(): number {
    return this.times[this.head] ?? Infinity;
  }

  /** Takes out everything that is due. `isDue` is false for all times from some time on. */
  take(isDue: (time: number) => boolean): V[] {
    const due: V[] = [];
    while (this.head < this.times.length && isDue(this.first)) {
      const time = this.times[this.head++]!;
      for (const value of this.byTime.get(time)!) due.push(value);
      this.byTime.delete(time);
    }
    this.size -= due.length;
    this.compact();
    return due;
  }

  /** Gives memory back now and then, so that taking stays O(1). */
  private compact(): void {
    if (this.head <= 64 || this.head * 2 <= this.times.length) return;
    this.times.splice(0, this.head);
    this.head = 0;
  }

  *values(): Iterable<V> {
    for (let i = this.head; i < this.times.length; i++) yield* this.byTime.get(this.times[i]!)!;
  }

  clear(): void {
    this.byTime.clear();
    this.times.length = this.head = this.size = 0;
  }

  /** Where a time stands, or would stand. */
  private place(time: number): number {
    let from = this.head;
    let to = this.times.length;
    if (to === from || this.times[to - 1]! < time) return to;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.times[middle]! < time) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
