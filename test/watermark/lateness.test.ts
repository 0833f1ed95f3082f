import { describe, expect, it } from 'vitest';
import { LatenessSketch } from '../../src/watermark/lateness-sketch';
import { LossWindow, wilson } from '../../src/watermark/loss-window';
import { seeded } from './traces';

/** A sketch of these latenesses that forgets nothing. */
function sketchOf(latenesses: Iterable<number>, capMs = 1e9, halfLife = 1e9): LatenessSketch {
  const sketch = new LatenessSketch(capMs, halfLife);
  for (const lateness of latenesses) sketch.add(lateness);
  return sketch;
}

describe('LatenessSketch', () => {
  it('gives a delay that no row reached, at most 1/64 above the largest lateness', () => {
    for (const lateness of [0, 1, 2, 3, 63, 64, 65, 127, 128, 1000, 4095, 4096, 123_456, 86_400_000]) {
      const delay = sketchOf([lateness]).delayFor(0);
      expect(delay).toBeGreaterThan(lateness);
      expect(delay).toBeLessThanOrEqual(Math.ceil(lateness * (1 + 1 / 64)) + 1);
    }
  });

  it('ends a bucket at its own bound, whatever was counted last', () => {
    expect(sketchOf([2 ** 33 + 1], 1e11).delayFor(0)).toBe((2 ** 33 * 65) / 64);
  });

  it('counts what is beyond the cap as one, and forgets it like the rest', () => {
    const sketch = sketchOf([5000, 9000], 1000, 4);
    const seen = (): number[] => {
      const counts: number[] = [];
      sketch.forEach((_from, _to, count) => counts.push(count));
      return counts;
    };
    expect([seen(), sketch.delayFor(0), sketch.delayFor(0.9)]).toEqual([[2], Infinity, Infinity]);
    for (let i = 0; i < 60; i++) sketch.add(0);
    expect(seen()).toHaveLength(1);
    expect(sketch.delayFor(0)).toBe(1);
  });

  it('is exact up to 128 ms, zero included', () => {
    const upTo = Array.from({ length: 129 }, (_, lateness) => lateness);
    expect(upTo.map((lateness) => sketchOf([lateness]).delayFor(0))).toEqual(
      upTo
        .slice(0, 128)
        .map((l) => l + 1)
        .concat(130),
    );
  });

  it('leaves out at most the share asked for, and hardly less (against a sorted array)', () => {
    const random = seeded(11);
    const latenesses = Array.from({ length: 20_000 }, () => Math.floor(Math.exp(12 * random())));
    const sketch = sketchOf(latenesses);
    const above = (delay: number): number => latenesses.filter((lateness) => lateness >= delay).length / latenesses.length;
    for (const share of [0.5, 0.1, 0.01, 0.001]) {
      const delay = sketch.delayFor(share);
      expect(above(delay)).toBeLessThanOrEqual(share);
      expect(above(delay / (1 + 1 / 32))).toBeGreaterThan(share);
    }
  });

  it('counts what is at the cap or beyond as one, and says so', () => {
    const sketch = sketchOf([5, 10_000, 1e15], 10_000);
    expect([sketch.delayFor(0), sketch.delayFor(0.5), sketch.delayFor(0.7)]).toEqual([Infinity, Infinity, 6]);
  });

  it('forgets by halves, and in the end altogether', () => {
    const sketch = sketchOf([1000], 1e6, 10);
    for (let i = 0; i < 29; i++) sketch.add(1);
    // 1000 ms weighs 1/8 of a row after three halvings.
    expect(sketch.delayFor(0)).toBeGreaterThan(1000);
    for (let i = 0; i < 80; i++) sketch.add(1);
    expect(sketch.delayFor(0)).toBe(2);
  });

  it('is empty at first', () => expect(sketchOf([]).delayFor(0.001)).toBe(1));

  it('saves filled buckets only', () => {
    expect(sketchOf([]).encode().counts).toEqual([]);
    expect(
      sketchOf([5, 5, 5000])
        .encode()
        .counts.map(([, count]) => count),
    ).toEqual([2, 1]);
  });

  it('comes back from a snapshot under a lower cap', () => {
    const lower = new LatenessSketch(100, 10);
    for (let i = 0; i < 9; i++) lower.add(70);
    lower.decode(sketchOf([5, 50, 5000]).encode());
    expect([lower.delayFor(0), lower.delayFor(0.4), lower.delayFor(0.7)]).toEqual([Infinity, 51, 6]);
  });
});

describe('wilson', () => {
  it('gives the published interval', () => {
    // Newcombe 1998, table I: 81 of 263 and 15 of 148, score method without continuity correction.
    const rounded = (hits: number, n: number): number[] => wilson(hits, n).map((p) => Number(p.toFixed(4)));
    expect(rounded(81, 263)).toEqual([0.2553, 0.3662]);
    expect(rounded(15, 148)).toEqual([0.0624, 0.1605]);
    expect(rounded(0, 20)).toEqual([0, 0.1611]);
    expect(rounded(1, 29)).toEqual([0.0061, 0.1718]);
  });

  it('says nothing without rows, and is exact at the ends', () => {
    expect([wilson(0, 0), wilson(0, 9)[0], wilson(9, 9)[1]]).toEqual([[0, 1], 0, 1]);
  });
});

describe('LossWindow', () => {
  it('keeps just enough tallies for its span', () => {
    const window = new LossWindow(25);
    for (let i = 1; i <= 5; i++) window.push([10, i, 0]);
    expect([window.rows, window.behind]).toEqual([30, 12]);
    const exact = new LossWindow(20);
    for (let i = 1; i <= 5; i++) exact.push([10, i, 0]);
    expect([exact.rows, exact.behind]).toEqual([20, 9]);
  });

  it('adds up small tallies, so that there are never many', () => {
    const window = new LossWindow(6400);
    for (let i = 0; i < 20_000; i++) window.push([1, 0, 1]);
    expect(window.encode().length).toBeLessThan(40);
    expect(window.rows).toBe(window.lost);
    expect(window.rows).toBeGreaterThanOrEqual(6400);
    expect(window.rows).toBeLessThan(6800);
  });
});
