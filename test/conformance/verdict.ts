import type { Feature } from './features';

/** What came of one case. */
export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'skipped'; readonly why: string; readonly reason: string };

export const PASSED: Verdict = { kind: 'passed' };

/** The case needs something that cannot be run here; thrown only where the contract allows a skip. */
export class Skip extends Error {
  override readonly name = 'Skip';

  /** @param why - the feature (or field) that decides; skips are listed by it */
  constructor(
    readonly why: string,
    readonly reason: string,
  ) {
    super(`${why}: ${reason}`);
  }
}

/** What came out is not what the case expects. */
export class Difference extends Error {
  override readonly name = 'Difference';
}

/** Runs a case and says what came of it: nothing that a case does ends the run. */
export async function verdictOf(run: () => void | Promise<void>): Promise<Verdict> {
  try {
    await run();
    return PASSED;
  } catch (error) {
    if (error instanceof Skip) return { kind: 'skipped', why: error.why, reason: error.reason };
    return { kind: 'failed', message: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  if (error instanceof Difference) return error.message;
  const cause = error.cause === undefined ? '' : ` (${error.cause instanceof Error ? error.cause.message : String(error.cause)})`;
  return `${error.name}: ${error.message}${cause}`;
}

/** Skips the case if the table says that the library lacks one of its features. */
export function skipIfLacking(features: readonly Feature[]): void {
  const [first] = features;
  if (first !== undefined) throw new Skip(`(${first.kind}) ${first.name}`, first.reason);
}
