import { describe, expect, it } from 'vitest';
import { IdlenessDetector } from '../../src/watermark';

describe('IdlenessDetector', () => {
  it('starts its clock at the first check', () => {
    const detector = new IdlenessDetector(10);
    expect([1000, 1010, 1011].map((now) => detector.check(now))).toEqual([false, false, true]);
  });

  it('waits from the last activity, strictly longer than the timeout', () => {
    const detector = new IdlenessDetector(10);
    detector.check(0);
    detector.activity(5);
    expect([15, 16, 500].map((now) => detector.check(now))).toEqual([false, true, true]);
    detector.activity(501);
    expect(detector.check(511)).toBe(false);
  });

  it('starts again when the clock goes back, so that a long silence is not needed', () => {
    const detector = new IdlenessDetector(10);
    detector.activity(1_000_000);
    expect([5, 15, 16].map((now) => detector.check(now))).toEqual([false, false, true]);
  });

  it.each([0, -1, NaN])('refuses a timeout of %s', (timeoutMs) => {
    expect(() => new IdlenessDetector(timeoutMs)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
  });
});
