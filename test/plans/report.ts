import { check, textOfTrial, type Trial } from './check';
import { shrink } from './shrink';

/** A failing case to read: what is wrong, and the smallest case found in which something is. */
export async function reportOf(seed: number, trial: Trial, wrong: string): Promise<string> {
  const small = await shrink(trial);
  const still = (await check(small)) ?? wrong;
  return `seed ${seed} (replay with TIDEMARK_SEED=${seed}): ${wrong}\n\nsmaller: ${still}\n${textOfTrial(small)}`;
}
