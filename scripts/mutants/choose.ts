import type { Mutant } from './mutate';
import type { Verdict } from './report';

/** Where a change is, as survivors.md and the json of a run tell it: by what it says, since lines move. */
type Shape = Pick<Mutant, 'file' | 'original' | 'mutated'>;

const keyOf = ({ file, original, mutated }: Shape): string => `${file}: ${original} → ${mutated}`;

/** The mutants that survivors.md accounts for. */
export interface Survivors {
  has(mutant: Mutant): boolean;
  /** Entries that are no mutant any more: the code has gone on. */
  strays(mutants: readonly Mutant[], isMutated: (file: string) => boolean): string[];
}

/** Reads lines of the form ``- `file`: `original` → `mutated`: reason``; more backticks where the code holds some. */
export function readSurvivors(text: string): Survivors {
  const entries = [...text.matchAll(/^- `([^`]+)`: (`+) ?(.+?) ?\2 → (`+) ?(.+?) ?\4: \S/gm)];
  const shapes = new Map(
    entries.map(([, file, , original, , mutated]) => {
      const shape = { file: file!, original: original!, mutated: mutated! };
      return [keyOf(shape), shape];
    }),
  );
  return {
    has: (mutant) => shapes.has(keyOf(mutant)),
    strays(mutants, isMutated) {
      const known = new Set(mutants.map(keyOf));
      return [...shapes].filter(([key, { file }]) => isMutated(file) && !known.has(key)).map(([key]) => key);
    },
  };
}

/** The mutants that lived, or did not run, in an earlier run; of several of one shape in a file, all. */
export function chosenAgain(mutants: readonly Mutant[], json: string): Mutant[] {
  const { verdicts } = JSON.parse(json) as { verdicts: readonly (Mutant & Pick<Verdict, 'status'>)[] };
  const lived = verdicts.filter(({ status }) => status !== 'killed' && status !== 'timeout');
  const shapes = new Set(lived.map(keyOf));
  return mutants.filter((mutant) => shapes.has(keyOf(mutant)));
}

/** A random number generator with a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** In the order of the draw: what a run that is out of time has judged is a sample too. */
export function sampled(mutants: readonly Mutant[], size: number, seed: number): Mutant[] {
  const random = randomOf(seed);
  const pool = [...mutants];
  for (let i = pool.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [pool[i], pool[j]] = [pool[j] as Mutant, pool[i] as Mutant];
  }
  return pool.slice(0, size);
}
