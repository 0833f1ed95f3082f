import { describe, expect, it } from 'vitest';
import { check, randomTrial } from './check';
import { reportOf } from './report';

const { TIDEMARK_SEED: only, TIDEMARK_RUNS: more } = process.env;
const first = Number(only ?? 1);
const seeds = Array.from({ length: only === undefined ? Number(more ?? 200) : 1 }, (_, i) => first + i);
const parts = Array.from({ length: Math.ceil(seeds.length / 50) }, (_, i) => seeds.slice(i * 50, i * 50 + 50));

describe('random plans of up to five stateful operators against plain arrays, in a pipe and in a query that is restarted', () => {
  it.each(parts.map((part) => [part[0]!, part.at(-1)!, part] as const))('seeds %i to %i', async (_from, _to, part) => {
    for (const seed of part) {
      const trial = randomTrial(seed);
      const wrong = await check(trial);
      if (wrong !== undefined) expect.fail(await reportOf(seed, trial, wrong));
    }
  });
});
