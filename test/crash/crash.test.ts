import { describe, expect, it } from 'vitest';
import { crashTest } from 'tidemark/testing';
import { BUGS, forgetSlices } from './bugs';
import { CASES } from './cases';

const seed = Number(process.env['TIDEMARK_SEED'] ?? 1);

describe('crashes at random operations', () => {
  it.each(Object.keys(CASES))('[D8] lose, repeat and change nothing: %s', async (name) => {
    const report = await crashTest(CASES[name]!, { points: 60, seed });
    expect(report).toMatchObject({ lost: 0, duplicated: 0, wrong: 0, failures: 0 });
    expect(report.points).toBeGreaterThanOrEqual(60);
  });

  it('are the same for the same seed', async () => {
    const [first, second] = [
      await crashTest(CASES['one sink']!, { points: 12, seed }),
      await crashTest(CASES['one sink']!, { points: 12, seed }),
    ];
    expect(second).toEqual(first);
  });
});

describe('the laboratory finds planted bugs', () => {
  it.each(BUGS)('$name', async ({ in: name, plant, options }) => {
    forgetSlices();
    const heal = plant();
    try {
      const report = await crashTest(CASES[name]!, { points: 150, seed, ...options }).catch((cause: Error) => cause);
      // A query that fails without any crash is found, too.
      if (report instanceof Error) return;
      expect(report.lost + report.duplicated + report.wrong + report.failures).toBeGreaterThan(0);
    } finally {
      heal();
    }
  });
});
