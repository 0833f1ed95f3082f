import { filesOf } from './manifest';
import { commitName, planName, type StateName } from './names';
import type { StoredCommit } from './log';

/**
 * Is it time to remove? Each removal syncs three folders, so commits leave in lots of a tenth of what is kept: with fewer
 * than 20 kept, one by one.
 */
export function hasExpired(commits: readonly StoredCommit[], keep: number): boolean {
  return commits.length - 1 - keep >= Math.max(1, Math.floor(keep / 10));
}

/** What may go, in the order in which it must go. */
export interface Expired {
  readonly commits: readonly number[];
  /** State that no commit left refers to. */
  readonly state: readonly StateName[];
  /** Batches whose plans go. */
  readonly plans: readonly number[];
  /** The same as names: a group is gone before the next begins. */
  readonly groups: readonly (readonly string[])[];
}

/**
 * What is older than `keep` batches before the newest commit, and state files of finished batches that nobody refers to
 * (attempts that failed).
 *
 * @param commits - rising; at least one
 * @param plans - the highest revision of each batch
 * @param state - all state files there are
 * @param keep - batches kept besides the newest
 * @param isNeeded - state files that are needed although no commit refers to them
 */
export function expired(
  commits: readonly StoredCommit[],
  plans: ReadonlyMap<number, number>,
  state: Iterable<StateName>,
  keep: number,
  isNeeded: (name: string) => boolean,
): Expired {
  const last = commits[commits.length - 1]!.record.batch;
  const first = last - keep;
  const old = commits.filter(({ record }) => record.batch < first).map(({ record }) => record.batch);
  const kept = new Set<string>();
  for (const { record, state: manifest, outputs } of commits) {
    if (record.batch < first) continue;
    for (const name of filesOf(manifest)) kept.add(name);
    if (outputs !== null) kept.add(outputs.name);
  }
  const garbage = [...state].filter(({ name, batch }) => batch <= last && !kept.has(name) && !isNeeded(name));
  const oldPlans = [...plans.keys()].filter((batch) => batch < first);
  const planNames = oldPlans.flatMap((batch) => revisionNames(batch, plans.get(batch)!));
  const groups = [old.map(commitName), garbage.map(({ name }) => name), planNames].filter((names) => names.length > 0);
  return { commits: old, state: garbage, plans: oldPlans, groups };
}

/** Names of all revisions of a plan, the newest first: what is left after a crash is never a later one without an earlier. */
export function revisionNames(batch: number, highest: number): string[] {
  return Array.from({ length: highest + 1 }, (_, i) => planName(batch, highest - i));
}
