import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchTimes } from '../../src/watermark/batchTimes';

describe('the event times of a batch', () => {
  it('are its least, its greatest and its mean time, and each batch begins anew', () => {
    const times = new BatchTimes();
    const batches = fc.array(fc.array(fc.integer({ min: -1e12, max: 1e12 }), { minLength: 1, maxLength: 8 }), { maxLength: 4 });
    fc.assert(
      fc.property(batches, (all) => {
        for (const batch of all) {
          batch.forEach((time) => times.add(time));
          const { average, ...rest } = times.take();
          expect(rest).toEqual({ min: Math.min(...batch), max: Math.max(...batch), count: batch.length });
          expect(Math.abs(average - batch.reduce((sum, time) => sum + time, 0) / batch.length)).toBeLessThanOrEqual(1);
        }
      }),
    );
    const today = 1_795_000_000_000;
    for (let i = 0; i <= 20_000; i++) times.add(today + i);
    expect(times.take().average).toBe(today + 10_000);
    expect(times.take()).toEqual({ min: Infinity, max: -Infinity, average: NaN, count: 0 });
  });
});
