import { TidemarkError } from '../errors';
import type { Checkpoint, CheckpointOptions, StoredStage, WholeState } from './checkpoint';
import { commitJson, planJson, type CheckpointLog, type Identity, type StoredCommit, type StoredPlan } from './log';
import { isSnapshotDue, NO_STATE, withDelta, withSnapshot, type Manifest } from './manifest';
import { commitName, parseStateName, planId, planName, type StateName } from './names';
import type { RawState } from './rawState';
import { encodeRecord, type RecordPlace } from './recordFile';
import type { CommitRecord, PlanRecord, StageRecord, StateImage } from './records';
import { expired, hasExpired } from './retention';
import { dropCommit } from './rewind';
import { publishStage, readStages, storedStage, type Stage, type StageBase } from './stages';
import { copySnapshot, publishSnapshot } from './snapshots';
import { encodeDelta } from './stateFile';
import type { StateLoader } from './stateLoader';
import { withSuperJson } from './superJson';

/** What recovery found: the log, and the state with what the next commit has to say of it. */
export interface Recovered {
  readonly log: CheckpointLog;
  readonly state: RawState;
  readonly manifest: Manifest;
  /** The same before operators were dropped or migrated: what an earlier run has staged goes on from there. */
  readonly original: Manifest;
  /** The name of the last commit's snapshot is taken: by one the manifest has, or by one that is no good. */
  readonly hasSnapshot: boolean;
}

/** A checkpoint over any backend: formats, chains, retention. */
export class DurableCheckpoint implements Checkpoint {
  private commits!: StoredCommit[];
  private plans!: Map<number, number>;
  private stateFiles!: Map<string, StateName>;
  private pendingPlan: StoredPlan | undefined;
  private newestPlan: StoredPlan | undefined;
  /** The state as of the last commit, for the next one to refer to. */
  private manifest!: Manifest;
  private original!: Manifest;
  private hasSnapshot!: boolean;
  /** False while there may be files of attempts that failed before this start. */
  private isTidy!: boolean;
  /** As it was read at the start, until somebody takes it. */
  private state: RawState | undefined;
  private readonly stagesByAttempt = new Map<string, Stage>();
  /** Attempts staged by an earlier run. */
  private readonly adopted = new Set<string>();

  constructor(
    private readonly identity: Identity,
    readonly epoch: number,
    private readonly loader: StateLoader,
    private readonly options: CheckpointOptions,
    private readonly recover: () => Promise<Recovered>,
    recovered: Recovered,
  ) {
    this.adopt(recovered);
  }

  private adopt({ log, state, manifest, original, hasSnapshot }: Recovered): void {
    this.commits = [...log.commits];
    this.plans = new Map(log.plans);
    this.stateFiles = new Map(log.stateFiles.map((file) => [file.name, file]));
    this.pendingPlan = log.pending;
    this.newestPlan = log.lastPlan;
    this.manifest = manifest;
    this.original = original;
    this.hasSnapshot = hasSnapshot;
    this.isTidy = false;
    this.state = state;
    this.stagesByAttempt.clear();
    this.adopted.clear();
  }

  get queryId(): string {
    return this.identity.queryId;
  }

  private get lastCommit(): StoredCommit | undefined {
    return this.commits[this.commits.length - 1];
  }

  get last(): CommitRecord | undefined {
    return this.lastCommit?.record;
  }

  get pending(): PlanRecord | undefined {
    return this.pendingPlan?.record;
  }

  get lastPlan(): PlanRecord | undefined {
    return this.newestPlan?.record;
  }

  async readState(): Promise<StateImage> {
    const state = this.state ?? (await this.loader.load(this.manifest));
    this.state = undefined;
    return withSuperJson(() => new Map([...state.operators].map(([id, operator]) => [id, operator.image()])));
  }

  async stages(): Promise<readonly StoredStage[]> {
    const plan = this.pendingPlan;
    if (plan === undefined) return [];
    const found = await readStages(this.loader, plan.record.batch, this.stageBase(plan));
    for (const stage of found) {
      this.stagesByAttempt.set(stage.attempt, stage);
      this.adopted.add(stage.attempt);
    }
    return found.map((stage) => storedStage(this.loader, stage));
  }

  private stageBase({ crc }: StoredPlan): StageBase {
    return { plan: crc, previous: this.lastCommit?.crc ?? null };
  }

  async plan(record: PlanRecord): Promise<void> {
    const next = (this.last?.batch ?? -1) + 1;
    check(record.batch === next && this.pendingPlan === undefined, `batch ${record.batch} cannot be planned`, { next });
    await this.publishPlan(record, 0);
  }

  async amend(record: PlanRecord): Promise<void> {
    const plan = this.pendingPlan;
    check(plan?.record.batch === record.batch, `batch ${record.batch} has no plan to change`);
    await this.publishPlan(record, plan.revision + 1);
    this.stagesByAttempt.clear();
  }

  private async publishPlan(record: PlanRecord, revision: number): Promise<void> {
    const name = planName(record.batch, revision);
    const crc = await this.publishRecord(planJson(record), { name, kind: 'plan', which: planId(record.batch, revision) });
    this.plans.set(record.batch, revision);
    this.pendingPlan = this.newestPlan = { record, crc, revision };
  }

  private async publishRecord(data: ReturnType<typeof planJson>, place: Omit<RecordPlace, 'queryId'>): Promise<string> {
    const { bytes, crc } = encodeRecord(data, { ...place, queryId: this.queryId }, this.loader.digests);
    await this.loader.backend.publish([{ name: place.name, bytes }]);
    return crc;
  }

  async stage(record: StageRecord): Promise<void> {
    const plan = this.pendingPlan;
    check(plan?.record.batch === record.batch, `batch ${record.batch} is staged without a plan`);
    const stage = await publishStage(this.loader, record, this.stageBase(plan), this.versionOf);
    this.stagesByAttempt.set(record.attempt, stage);
    this.remember(stage.delta.name);
    if (stage.meta.outputs !== undefined) this.remember(stage.meta.outputs.name);
  }

  private readonly versionOf = (id: string): number => this.options.operators.get(id)?.version ?? 1;

  async commit(record: CommitRecord): Promise<void> {
    const plan = this.pendingPlan;
    const stage = this.stagesByAttempt.get(record.attempt);
    check(plan?.record.batch === record.batch, `batch ${record.batch} is committed without a plan`);
    check(stage !== undefined, `batch ${record.batch} is committed without the stage of attempt ${record.attempt}`);
    const isAdopted = this.adopted.has(record.attempt);
    const stored = {
      record,
      plan: plan.crc,
      previous: this.lastCommit?.crc ?? null,
      outputs: stage.meta.outputs ?? null,
      state: withDelta(isAdopted ? this.original : this.manifest, stage.delta),
    };
    const place = { name: commitName(record.batch), kind: 'commit', which: String(record.batch) } as const;
    const crc = await this.publishRecord(commitJson(stored), place);
    // What an earlier run has left is compared with this query now, as the rest was at the start.
    if (isAdopted) return this.adopt(await this.recover());
    this.commits.push({ ...stored, crc });
    this.manifest = stored.state;
    this.hasSnapshot = false;
    this.state = undefined;
    this.pendingPlan = undefined;
    this.stagesByAttempt.clear();
  }

  async maintain(state?: WholeState): Promise<void> {
    if (this.lastCommit === undefined) return;
    if (!this.hasSnapshot && isSnapshotDue(this.manifest)) await this.snapshot(this.lastCommit, state);
    if (!this.isTidy || hasExpired(this.commits, this.options.minBatchesToRetain)) await this.removeExpired();
  }

  /** Writes the state as of the last commit; the next commit will refer to it. */
  private async snapshot({ record: { batch, attempt }, crc }: StoredCommit, state?: WholeState): Promise<void> {
    const { loader } = this;
    const of = { batch, attempt, commit: crc };
    const ref =
      state === undefined
        ? await copySnapshot(loader, await loader.load(this.manifest), of)
        : await publishSnapshot(loader, of, (place, meta) =>
            withSuperJson(() => encodeDelta(state(), this.versionOf, place, loader.digests, meta)),
          );
    this.remember(ref.name);
    this.manifest = withSnapshot(this.manifest, ref);
    this.hasSnapshot = true;
  }

  private remember(name: string): void {
    this.stateFiles.set(name, parseStateName(name.slice(name.indexOf('/') + 1))!);
  }

  private async removeExpired(): Promise<void> {
    const { minBatchesToRetain } = this.options;
    const needed = new Set(this.manifest.snapshots.map(({ name }) => name));
    const old = expired(this.commits, this.plans, this.stateFiles.values(), minBatchesToRetain, (name) => needed.has(name));
    for (const names of old.groups) await this.loader.backend.remove(names);
    this.commits.splice(0, old.commits.length);
    for (const { name } of old.state) this.stateFiles.delete(name);
    for (const batch of old.plans) this.plans.delete(batch);
    this.isTidy = true;
  }

  async dropLastCommit(): Promise<void> {
    const { backend } = this.loader;
    const last = this.lastCommit;
    check(last !== undefined, 'there is no commit to take back');
    const { batch, attempt } = last.record;
    check(batch === 0 || this.commits.length > 1, `the commit before batch ${batch} is not kept any more`);
    await dropCommit(backend, { batch, attempt, plans: this.plans, stateFiles: this.stateFiles.values() });
    this.adopt(await this.recover());
  }

  async offsetIds(): Promise<readonly number[]> {
    return [...this.plans.keys()].sort((a, b) => a - b);
  }

  async commitIds(): Promise<readonly number[]> {
    return this.commits.map(({ record }) => record.batch);
  }

  async close(state?: WholeState): Promise<void> {
    try {
      const last = this.lastCommit;
      if (last !== undefined && !this.hasSnapshot && hasNews(this.manifest)) await this.snapshot(last, state);
    } catch {
      // A snapshot only makes the next start faster: whatever is wrong will be said there.
    } finally {
      await this.loader.backend.release();
    }
  }
}

/** Is there state that the newest snapshot does not have? */
function hasNews({ snapshots, deltas }: Manifest): boolean {
  const last = snapshots[snapshots.length - 1];
  return deltas.some(({ batch, entries }) => entries > 0 && (last === undefined || batch > last.batch));
}

/** Nothing before the first batch. */
export const startOf = (last: StoredCommit | undefined): Manifest => last?.state ?? NO_STATE;

function check(condition: boolean, message: string, details: Record<string, unknown> = {}): asserts condition {
  if (!condition) throw new TidemarkError('TIDEMARK_PROTOCOL', `checkpoint: ${message}`, details);
}
