import { seeded } from '../../src/testing';

/** A seeded source of choices. */
export interface Random {
  (): number;
  int(min: number, max: number): number;
  chance(share: number): boolean;
  pick<V>(values: readonly V[]): V;
}

export function randomOf(seed: number): Random {
  const next = seeded(seed);
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return Object.assign(() => next(), {
    int,
    chance: (share: number) => next() < share,
    pick: <V>(values: readonly V[]): V => values[int(0, values.length - 1)] as V,
  });
}

/**
 * Runs a property for many seeds. `TIDEMARK_SEED=n` replays one, `TIDEMARK_RUNS=n` runs so many; what fails names its seed.
 */
export function forSeeds(runs: number, property: (random: Random, seed: number) => void): void {
  const { TIDEMARK_SEED: only, TIDEMARK_RUNS: more } = process.env;
  const first = only === undefined ? 1 : Number(only);
  const count = only === undefined ? Number(more ?? runs) : 1;
  for (let seed = first; seed < first + count; seed++) {
    try {
      property(randomOf(seed), seed);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`seed ${seed} (replay with TIDEMARK_SEED=${seed}): ${message}`, { cause });
    }
  }
}

export function shuffled<V>(values: readonly V[], random: Random): V[] {
  const copy = [...values];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random.int(0, i);
    [copy[i], copy[j]] = [copy[j] as V, copy[i] as V];
  }
  return copy;
}
