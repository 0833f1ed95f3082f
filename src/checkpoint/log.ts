import type { StateBackend } from './backend';
import type { Digests } from './digests';
import { corrupt, gap } from './faults';
import type { FileRef, Manifest } from './manifest';
import {
  commitName,
  COMMITS,
  IDENTITY,
  parseCommitName,
  parsePlanName,
  parseStateName,
  planId,
  planName,
  PLANS,
  STATE,
  type StateName,
} from './names';
import { decodeRecord } from './recordFile';
import type { CommitRecord, Json, PlanRecord } from './records';

/** What a checkpoint says of itself; written once. */
export interface Identity {
  readonly queryId: string;
  readonly name: string | null;
  readonly created: number;
  readonly sources: readonly string[];
  readonly sinks: readonly string[];
  /** The plan of the query that made it. */
  readonly plan: Json;
}

/** A commit record as it lies there: with what ties it to the plan, the commit before, and the state. */
export interface StoredCommit {
  readonly record: CommitRecord;
  readonly crc: string;
  readonly plan: string;
  readonly previous: string | null;
  readonly outputs: FileRef | null;
  readonly state: Manifest;
}

/** A plan as it lies there. */
export interface StoredPlan {
  readonly record: PlanRecord;
  readonly crc: string;
  readonly revision: number;
}

/** Everything but the state, read and verified. */
export interface CheckpointLog {
  readonly identity: Identity | undefined;
  /** Contiguous, rising. */
  readonly commits: readonly StoredCommit[];
  /** Revisions by batch; those before the oldest commit are left over from a removal. */
  readonly plans: ReadonlyMap<number, number>;
  readonly lastPlan: StoredPlan | undefined;
  /** The plan behind the last commit. */
  readonly pending: StoredPlan | undefined;
  readonly stateFiles: readonly StateName[];
  /** Names that are not ours. */
  readonly unknown: readonly string[];
}

/**
 * Reads and verifies identity, commits and plans.
 *
 * @throws TIDEMARK_CHECKPOINT_CORRUPT, TIDEMARK_CHECKPOINT_GAP, TIDEMARK_FORMAT_TOO_NEW
 */
export async function readLog(backend: StateBackend, digests: Digests): Promise<CheckpointLog> {
  const unknown: string[] = [];
  const names = async <T>(folder: string, parse: (name: string) => T | undefined): Promise<T[]> => {
    const parsed: T[] = [];
    for (const name of await backend.list(folder)) {
      const found = parse(name);
      if (found === undefined) unknown.push(`${folder}/${name}`);
      else parsed.push(found);
    }
    return parsed;
  };
  const stateFiles = await names(STATE, parseStateName);
  const batches = await names(COMMITS, parseCommitName);
  const plans = revisions(await names(PLANS, parsePlanName));
  const bytes = await backend.read(IDENTITY);
  if (bytes === undefined) {
    if (stateFiles.length + batches.length + plans.size > 0) throw gap(IDENTITY, 'there are files of a checkpoint without it');
    return { identity: undefined, commits: [], plans, lastPlan: undefined, pending: undefined, stateFiles, unknown };
  }
  const identity = decodeRecord(bytes, { name: IDENTITY, kind: 'identity', queryId: '', which: '' }, digests)
    .data as unknown as Identity;
  const reader = new LogReader({ backend, digests, queryId: identity.queryId });
  const commits = await reader.commits(batches);
  const last = commits[commits.length - 1];
  const { pending, lastPlan } = await reader.lastPlans(plans, commits);
  if (last === undefined && pending === undefined && stateFiles.length > 0) {
    throw gap(planName(0, 0), 'there is state, and neither plan nor commit');
  }
  return { identity, commits, plans, lastPlan, pending, stateFiles, unknown };
}

/** The sources that may have a journal: those it began with, and those of the newest plan. */
export function sourcesOf({ identity, lastPlan }: CheckpointLog): string[] {
  return [...new Set([...(identity?.sources ?? []), ...Object.keys(lastPlan?.record.sources ?? {})])];
}

/** The highest revision of each batch; all below it must be there, too. */
function revisions(found: readonly { readonly batch: number; readonly revision: number }[]): Map<number, number> {
  const highest = new Map<number, number>();
  for (const { batch, revision } of found) highest.set(batch, Math.max(revision, highest.get(batch) ?? 0));
  const names = new Set(found.map(({ batch, revision }) => planName(batch, revision)));
  for (const [batch, last] of highest) {
    for (let revision = 0; revision < last; revision++) {
      const name = planName(batch, revision);
      if (!names.has(name)) throw gap(name, 'a later revision of the plan is there');
    }
  }
  return new Map([...highest].sort(([a], [b]) => a - b));
}

/** Where the records of a query are. */
export interface LogPlace {
  readonly backend: StateBackend;
  readonly digests: Digests;
  readonly queryId: string;
}

/** Reads and verifies one revision of a plan. */
export async function readPlan(place: LogPlace, batch: number, revision: number): Promise<StoredPlan> {
  const { data, crc } = await readRecord(place, planName(batch, revision), 'plan', planId(batch, revision));
  return { record: planRecord(data), crc, revision };
}

async function readRecord(
  { backend, digests, queryId }: LogPlace,
  name: string,
  kind: 'plan' | 'commit',
  which: string,
): Promise<{ data: Json; crc: string }> {
  const bytes = await backend.read(name);
  if (bytes === undefined) throw gap(name, 'it was listed');
  return decodeRecord(bytes, { name, kind, queryId, which }, digests);
}

class LogReader {
  constructor(private readonly place: LogPlace) {}

  /** All commits: contiguous, each naming the checksum of the one before, epochs and watermarks not falling. */
  async commits(batches: readonly number[]): Promise<StoredCommit[]> {
    const commits: StoredCommit[] = [];
    for (const batch of batches) {
      const before = commits[commits.length - 1];
      const name = commitName(batch);
      if (before !== undefined && batch !== before.record.batch + 1)
        throw gap(commitName(before.record.batch + 1), 'later commits exist');
      const commit = storedCommit(await readRecord(this.place, name, 'commit', String(batch)));
      const { record } = commit;
      if (record.batch !== batch) throw corrupt(name, `it is of batch ${record.batch}`);
      const chained = before === undefined ? (batch === 0) === (commit.previous === null) : commit.previous === before.crc;
      if (!chained) throw corrupt(name, 'it does not follow the commit before it');
      if (before !== undefined && record.epoch < before.record.epoch) throw corrupt(name, 'its epoch has fallen');
      commits.push(commit);
    }
    return commits;
  }

  /** The plan of the last commit must be the one it names; at most one plan is behind it. */
  async lastPlans(
    plans: ReadonlyMap<number, number>,
    commits: readonly StoredCommit[],
  ): Promise<{ pending: StoredPlan | undefined; lastPlan: StoredPlan | undefined }> {
    const last = commits[commits.length - 1];
    for (const { record } of commits) {
      if (!plans.has(record.batch)) throw gap(planName(record.batch, 0), 'its batch is committed');
    }
    const next = last === undefined ? 0 : last.record.batch + 1;
    const newest = Math.max(-1, ...plans.keys());
    if (newest > next) throw gap(commitName(next), `there is a plan of batch ${newest}`);
    const pending = plans.has(next) ? await readPlan(this.place, next, plans.get(next)!) : undefined;
    const committed = last === undefined ? undefined : await readPlan(this.place, next - 1, plans.get(next - 1)!);
    if (last !== undefined && committed!.crc !== last.plan) throw corrupt(commitName(next - 1), 'it names another plan');
    return { pending, lastPlan: pending ?? committed };
  }
}

function storedCommit({ data, crc }: { data: Json; crc: string }): StoredCommit {
  const { plan, previous, outputs, state, nextWatermark, ...rest } = data as unknown as StoredCommit & CommitRecord;
  return { record: { ...rest, nextWatermark: fromWire(nextWatermark) } as CommitRecord, crc, plan, previous, outputs, state };
}

function planRecord(data: Json): PlanRecord {
  const plan = data as unknown as PlanRecord;
  return { ...plan, late: fromWire(plan.late), watermark: fromWire(plan.watermark) };
}

/** A plan as JSON. */
export function planJson(plan: PlanRecord): Json {
  return { ...plan, late: toWire(plan.late), watermark: toWire(plan.watermark) } as unknown as Json;
}

/** A commit as JSON. */
export function commitJson({ record, plan, previous, outputs, state }: Omit<StoredCommit, 'crc'>): Json {
  return { ...record, nextWatermark: toWire(record.nextWatermark), plan, previous, outputs, state } as unknown as Json;
}

/** JSON has no infinite numbers: they are written as text. */
export const toWire = (value: number): Json => (Number.isFinite(value) ? value : String(value));

export const fromWire = (value: unknown): number => Number(value);
