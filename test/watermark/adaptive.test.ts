import { describe, expect, it } from 'vitest';
import { adaptDelay, adaptive, type AdaptiveGenerator } from '../../src/watermark';
import { Pipe, throughJson } from './pipe';

const MINUTE = 60_000;

/** A generator that has been told of so many rows, the first `late` of them late. */
function told(rows: number, late: number, generator = adaptive().create()): AdaptiveGenerator {
  for (let i = 0; i < rows; i++) generator.observe(0, undefined, 0, i < late);
  return generator;
}

describe('the adaptive rule', () => {
  it('[D25] raises by one above 10 % late, not at 10 %', () => {
    expect([adaptDelay(5, 0.1), adaptDelay(5, 0.1001)]).toEqual([5, 6]);
  });

  it('[D25] stops at the maximum after 40 raises', () => {
    let current = 5;
    for (let i = 0; i < 40; i++) current = adaptDelay(current, 0.5);
    expect(current).toBe(30);
  });

  it('[D26] lowers by one below 1 % late, not at 1 %, never below base', () => {
    expect([adaptDelay(7, 0.01), adaptDelay(7, 0.009), adaptDelay(5, 0)]).toEqual([7, 6, 5]);
  });

  it('[D27] leaves 5 % late alone for 1000 updates', () => {
    let current = 7;
    for (let i = 0; i < 1000; i++) current = adaptDelay(current, 0.05);
    expect(current).toBe(7);
  });

  it('does not move on NaN, and reaches a maximum that is no whole step away', () => {
    expect([adaptDelay(6, NaN), adaptDelay(5, 1, { base: 5, max: 5.5 }), adaptDelay(5.5, 0, { max: 5.5 })]).toEqual([6, 5.5, 5]);
  });
});

describe('adaptive', () => {
  it('[D24] starts at base, 5 minutes, and its state is readable', () => {
    const generator = adaptive().create();
    expect(generator.status()).toEqual({ current: 5, delayMs: 5 * MINUTE, lateRatio: NaN });
    expect(generator.observe(10 * MINUTE, undefined, 10 * MINUTE, false)).toBe(5 * MINUTE);
  });

  it('may start without any delay', () => {
    expect(adaptive({ base: 0 }).create().observe(10, undefined, 10, false)).toBe(10);
  });

  it('[D24] consults the rule every 1000 rows, or as many as it is told', () => {
    expect(told(999, 999).status().current).toBe(5);
    expect(told(1000, 999).status()).toEqual({ current: 6, delayMs: 6 * MINUTE, lateRatio: 0.999 });
    expect(told(10, 10, adaptive({ every: 10, unit: '1 second' }).create()).delayMs).toBe(6000);
  });

  it('[D25] [D26] judges the rows since the last consultation: 100 of 1000 late leave it, 101 raise it, 9 lower it', () => {
    const generator = adaptive().create();
    const steps = [100, 101, 10, 9, 9].map((late) => told(1000, late, generator).status().current);
    expect(steps).toEqual([5, 6, 6, 5, 5]);
  });

  it('[D27] never takes W back when the delay grows', () => {
    const pipe = new Pipe(adaptive({ unit: 10, every: 10 }));
    for (let i = 0; i < 10; i++) pipe.push(1000, undefined);
    expect(pipe.watermark).toBe(950);
    for (let i = 0; i < 50; i++) pipe.push(900, undefined);
    expect(pipe.generator.delayMs).toBe(100);
    expect(pipe.watermark).toBe(950);
    pipe.push(1060, undefined);
    expect(pipe.watermark).toBe(960);
  });

  it('consults at the end of a batch when asked, and nothing happens without rows', () => {
    const generator = told(3, 3);
    generator.consult();
    generator.consult();
    expect(generator.status()).toEqual({ current: 6, delayMs: 6 * MINUTE, lateRatio: 1 });
  });

  it('moves into a range that was changed between restarts', () => {
    const snapshot = throughJson(told(1000, 1000).encode());
    const lower = adaptive({ max: 5 }).create();
    const higher = adaptive({ base: 8 }).create();
    lower.decode(snapshot);
    higher.decode(snapshot);
    expect([lower.status().current, higher.status().current]).toEqual([5, 8]);
  });

  it.each([{ base: -1 }, { base: 9, max: 8 }, { max: Infinity }, { every: 0 }, { every: 1.5 }, { unit: 0 }, { base: NaN }])(
    'refuses %o',
    (options) => {
      expect(() => adaptive(options)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
    },
  );
});
