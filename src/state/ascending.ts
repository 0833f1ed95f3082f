/**
 * Different numbers in ascending order: O(1) to add behind all others and to take the first, which is what times do; O(log n)
 * and a move of memory anywhere else.
 */
export class Ascending {
  private readonly numbers: number[] = [];
  /** Those before it have been taken. */
  private head = 0;

  get size(): number {
    return this.numbers.length - this.head;
  }

  /** The least; Infinity when there is none. */
  get first(): number {
    return this.numbers[this.head] ?? Infinity;
  }

  /** A number that is not there yet. */
  add(number: number): void {
    const { numbers } = this;
    if (this.size === 0 || numbers[numbers.length - 1]! < number) numbers.push(number);
    else numbers.splice(this.placeOf(number), 0, number);
  }

  /** A number that is there. */
  remove(number: number): void {
    if (number === this.first) this.takeFirst();
    else this.numbers.splice(this.placeOf(number), 1);
  }

  /** Takes the least out. */
  takeFirst(): number {
    const first = this.numbers[this.head++]!;
    if (this.head > 64 && this.head * 2 > this.numbers.length) {
      this.numbers.splice(0, this.head); // now and then, so that it stays O(1)
      this.head = 0;
    }
    return first;
  }

  clear(): void {
    this.numbers.length = this.head = 0;
  }

  *[Symbol.iterator](): Iterator<number> {
    for (let i = this.head; i < this.numbers.length; i++) yield this.numbers[i]!;
  }

  /** Where a number stands, or would stand. */
  private placeOf(number: number): number {
    let from = this.head;
    let to = this.numbers.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.numbers[middle]! < number) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
