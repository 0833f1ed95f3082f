import type { EventTimes } from '../rx';

/** Gathers the event times of a batch. */
export class BatchTimes {
  private min = Infinity;
  private max = -Infinity;
  private first = 0;
  /** Distances from the first: whole numbers that stay exact. */
  private sum = 0;
  private count = 0;

  add(time: number): void {
    if (this.count++ === 0) this.first = time;
    if (time < this.min) this.min = time;
    if (time > this.max) this.max = time;
    this.sum += time - this.first;
  }

  /** What was gathered since the last call. */
  take(): EventTimes {
    const { min, max, count } = this;
    const average = count === 0 ? NaN : this.first + Math.floor(this.sum / count);
    this.min = Infinity;
    this.max = -Infinity;
    this.sum = 0;
    this.count = 0;
    return { min, max, average, count };
  }
}
