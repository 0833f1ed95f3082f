import { describe, expect, it } from 'vitest';
import { DelayLaw } from '../../src/watermark/delayLaw';
import { randomOf } from '../laws/random';

/** A row every 10 ms, each late by what `delay` says. */
function learned(rows: number, delay: (i: number) => number, law = new DelayLaw(), from = 0): { law: DelayLaw; max: number } {
  for (let i = from; i < from + rows; i++) {
    law.observe(10 * i);
    law.observe(10 * i - delay(i));
  }
  return { law, max: 10 * (from + rows - 1) };
}

/** By brute force: half of the rows are on time, the others as late as `delays`; rows are spread evenly over the span. */
function expected(delays: readonly number[], ages: readonly [number, number]): number {
  const steps = 2000;
  let share = 0;
  for (let i = 0; i < steps; i++) {
    const age = ages[0] + ((ages[1] - ages[0]) * (i + 0.5)) / steps;
    const late = delays.filter((delay) => delay <= age).length / delays.length;
    share += age < 0 ? 0 : 0.5 + late / 2;
  }
  return share / steps;
}

describe('the law of delays', () => {
  it('says nothing before 100 rows', () => {
    const { law, max } = learned(49, () => 0);
    law.observe(max);
    expect(law.share(max - 100, max)).toBeUndefined();
    law.observe(max);
    expect(law.share(max - 100, max)).toBeCloseTo(1, 10);
  });

  it('says which share of a span has arrived, as brute force has it', () => {
    const random = randomOf(7);
    const delays = Array.from({ length: 1000 }, () => Math.floor(2 + random() ** 2 * 5000));
    const { law, max } = learned(4000, (i) => delays[i % 1000]!);
    for (const [young, old] of [
      [0, 100],
      [100, 1000],
      [900, 2000],
      [2000, 8000],
      [6000, 9000],
      [-500, 500],
      [-1000, 0],
      [-900, -100],
    ] as const) {
      const share = law.share(max - old, max - young)!;
      expect(Math.abs(share - expected(delays, [young, old])), `${young} to ${old}`).toBeLessThan(0.02);
    }
  });

  it('takes what it has counted together as spread evenly: 1004 ms with 1000 to 1008', () => {
    const { law, max } = learned(500, () => 1004);
    expect(law.share(max - 1004, max - 1000)).toBeCloseTo(0.625, 10);
  });

  it('follows the stream', () => {
    const punctual = learned(500, () => 0);
    expect(punctual.law.share(punctual.max - 1000, punctual.max)).toBeCloseTo(1, 10);
    const { law, max } = learned(50_000, () => 5000, punctual.law, 500);
    expect(law.share(max - 1000, max)).toBeCloseTo(0.5, 1);
  });

  it('where no row is on time, none is expected before the least delay', () => {
    const law = new DelayLaw();
    law.observe(1_000_000);
    for (let i = 0; i < 300_000; i++) law.observe(999_000); // so many that the first one is forgotten
    expect(law.share(999_500, 1_000_000)).toBe(0);
    expect(law.share(990_000, 998_000)).toBeCloseTo(1, 10);
  });

  it('survives as plain data', () => {
    const { law, max } = learned(500, (i) => (i * 7919) % 3000);
    const again = new DelayLaw();
    again.decode(JSON.parse(JSON.stringify(law.encode())));
    for (const old of [100, 1000, 5000]) expect(again.share(max - old, max)).toBe(law.share(max - old, max));
    const next = [law, again].map((one) => (one.observe(max - 50), one.observe(max + 500), one.share(max - 800, max)));
    expect(next[0]).toBe(next[1]);
  });
});
