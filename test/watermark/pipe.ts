import { isLate } from '../../src/element';
import type { WatermarkGenerator, WatermarkStrategy } from '../../src/watermark';

/** `withWatermark` in small: judges the row, hands it on, then moves W, which never falls. */
export class Pipe<T = undefined> {
  watermark = -Infinity;
  max = -Infinity;
  readonly generator: WatermarkGenerator<T>;

  constructor(private readonly strategy: WatermarkStrategy<T>) {
    this.generator = strategy.create();
  }

  /** Returns whether the row was late. */
  push(time: number, row: T): boolean {
    const wasLate = isLate(time, this.watermark, this.strategy.ties);
    this.max = Math.max(this.max, time);
    this.watermark = Math.max(this.watermark, this.generator.observe(time, row, this.max, wasLate));
    return wasLate;
  }
}

/** What a checkpoint does to a generator's state. */
export const throughJson = (data: unknown): unknown => JSON.parse(JSON.stringify(data));
