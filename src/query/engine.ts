import type { CheckpointLocation } from '../checkpoint/backend';
import type { Checkpoint, WholeState } from '../checkpoint/checkpoint';
import type { CommitRecord, Json, PlannedSlice, PlanRecord, SinkOutcome } from '../checkpoint/records';
import type { CommitId } from '../connectors/sink';
import type { BadRecord, Journal } from '../connectors/source';
import { after, type SchedulerLike } from '../rx';
import { GraphRun, type BatchResult, type Feed, type Failure } from './graphRun';
import { deltasOf, loadState, schemasOf, wholeOf } from './deltas';
import { tooManyFailures, tooMuchState } from './limits';
import type { Pipeline } from './pipeline';
import { Timings } from './progress';
import { leftOutOf, planWithout } from './poison';
import { recover } from './recovery';
import type { Settings } from './settings';
import { Sinks } from './sinks';
import { Sources } from './sources';
import { Watermarks } from './watermarks';

/** What a finished batch has to say. */
export interface FinishedBatch {
  readonly plan: PlanRecord;
  readonly attempt: string;
  /** Absent when recovery adopted what an earlier attempt had staged. */
  readonly result?: BatchResult;
  readonly outcomes: Readonly<Record<string, SinkOutcome>>;
  readonly nextWatermark: number;
  readonly run?: GraphRun;
}

/** Injected surroundings. */
export interface Surroundings {
  readonly scheduler: SchedulerLike;
  newId(): string;
  newSeed(): number;
  wake(): void;
  /** A batch has its plan: its rows are on their way. */
  planned(): void;
  openCheckpoint(location: CheckpointLocation): Promise<Checkpoint>;
  /** A source's log in the checkpoint; undefined where nothing is durable. */
  openJournal(queryId: string, source: string): Promise<Journal | undefined>;
}

/**
 * The protocol of a query: plan durable, run, stage durable, sinks commit, commit record. Knows nothing of triggers: it is
 * asked for one batch at a time. Source: `ARCHITECTURE.md`, exactly-once.
 */
export class Engine {
  checkpoint!: Checkpoint;
  readonly sources: Sources;
  readonly sinks: Sinks;
  readonly timings: Timings;
  watermarks!: Watermarks;
  /** W(n-1) and W(n) of the batch that comes next. */
  late = 0;
  watermark = 0;
  /** The id of the batch that comes next. */
  nextBatch = 0;
  private run: GraphRun | undefined;
  /** Planned, and not committed. */
  pending: PlanRecord | undefined;
  /** Rows that each operator of the live pipeline held when its state was loaded: they came in before it counted. */
  private restored: ReadonlyMap<string, number> = new Map();
  /** The live pipeline has ended a batch, and no row or timer has come into it since. */
  private holdsCommit = false;
  private lastTime = 0;
  private ran = false;

  constructor(
    readonly pipeline: Pipeline,
    readonly settings: Settings,
    readonly around: Surroundings,
  ) {
    this.sources = new Sources(pipeline.sources);
    this.sinks = new Sinks(pipeline, settings.onSinkFailure);
    this.timings = new Timings(() => around.scheduler.now());
  }

  /** Opens everything and finishes what an earlier run has begun: the batch it rolled forward, if there was one. */
  async open(): Promise<FinishedBatch | undefined> {
    const now = (): number => this.around.scheduler.now();
    this.checkpoint = await this.around.openCheckpoint(this.settings.checkpoint);
    const { queryId, epoch, last, lastPlan } = this.checkpoint;
    await this.sinks.open({ queryId, epoch, now, committed: last?.batch ?? -1 });
    await this.sinks.verify(last, lastPlan?.batch ?? -1);
    const policy = lastPlan?.watermarkPolicy ?? this.settings.watermarkPolicy;
    this.watermarks = new Watermarks(policy);
    const adopted = await recover(this.checkpoint, this.sinks);
    this.pending = adopted === undefined ? this.checkpoint.pending : undefined;
    this.resume();
    await this.sources.open(
      now,
      () => this.around.wake(),
      (id) => this.around.openJournal(queryId, id),
    );
    if (adopted !== undefined) this.ran = true;
    return adopted;
  }

  private resume(): void {
    const { last, lastPlan } = this.checkpoint;
    this.sources.resume(lastPlan, this.pending !== undefined, last);
    this.nextBatch = this.pending?.batch ?? (last?.batch ?? -1) + 1;
    this.late = lastPlan?.watermark ?? 0;
    this.watermark = Math.max(lastPlan?.watermark ?? 0, last?.nextWatermark ?? 0);
    this.lastTime = lastPlan?.time ?? 0;
    if (this.pending !== undefined) {
      this.late = this.pending.late;
      this.watermark = this.pending.watermark;
    }
  }

  /** The batch that an earlier run has planned and not finished. */
  async repeatPending(): Promise<FinishedBatch | undefined> {
    const { pending } = this;
    return pending === undefined ? undefined : this.execute(pending);
  }

  get hasPending(): boolean {
    return this.pending !== undefined;
  }

  /** One batch with what the sources have; undefined when they have nothing. */
  async runData(): Promise<FinishedBatch | undefined> {
    const slices = await this.timings.measure('latestOffset', () => this.sources.next());
    if (slices.size === 0) return undefined;
    return this.planned(this.sources.planned(slices), this.plannedWatermark());
  }

  /** From here on the sources have what they have now. */
  async freezeSources(): Promise<void> {
    await this.sources.freeze();
  }

  /** ms until processing time has something to do without a new row; Infinity: nothing is due. */
  nextTimerIn(): number {
    const now = this.around.scheduler.now();
    const timer = this.run === undefined ? Infinity : this.run.nextTimer();
    return Math.max(0, Math.min(timer - now, this.watermarks.lookAgainIn(now), this.sources.pollEveryMs));
  }

  /**
   * One batch without rows, if the operators want it; or the last of all, when the sources have ended.
   * @param draining - asked again at once after each batch: processing time alone is then no reason, unless a timer is due
   */
  async runEmpty(draining: boolean): Promise<FinishedBatch | undefined> {
    if (this.sources.ended && this.watermark !== Infinity) return this.planned(this.sources.planned(new Map()), Infinity);
    if (!this.settings.noDataBatches || !this.ran) return undefined;
    const watermark = this.plannedWatermark();
    const run = await this.graph();
    const now = this.around.scheduler.now();
    if (draining && watermark <= this.late && run.nextTimer() > now) return undefined;
    if (!run.wantsBatch(watermark, now)) return undefined;
    return this.planned(this.sources.planned(new Map()), watermark);
  }

  /** All sources have ended and the batch that says so is committed. */
  get isOver(): boolean {
    return this.late === Infinity;
  }

  /** Idle inputs are left out, or go on with the clock, as of now: the plan keeps the decision. */
  private plannedWatermark(): number {
    return this.watermarks.next(this.watermark, this.around.scheduler.now());
  }

  async planned(sources: PlanRecord['sources'], watermark: number): Promise<FinishedBatch> {
    return this.execute(await this.write(sources, watermark));
  }

  async write(sources: PlanRecord['sources'], watermark: number): Promise<PlanRecord> {
    const plan: PlanRecord = {
      batch: this.nextBatch,
      epoch: this.checkpoint.epoch,
      time: Math.max(this.around.scheduler.now(), this.lastTime),
      late: this.late,
      watermark,
      watermarkPolicy: this.watermarks.policy,
      sources,
      seed: this.around.newSeed(),
    };
    this.holdsCommit = false;
    await this.timings.measure('walCommit', () => this.checkpoint.plan(plan));
    this.pending = plan;
    return plan;
  }

  /** Runs a plan until it is committed. A row that cannot be taken is written into the plan, and the plan runs again. */
  async execute(plan: PlanRecord): Promise<FinishedBatch> {
    this.around.planned();
    for (;;) {
      const attempt = this.around.newId();
      const run = await this.graph(plan);
      const result = await this.timings.measure('addBatch', () => this.through(run, plan));
      if (result !== undefined) return this.finish(plan, attempt, run, result);
      this.dropGraph();
      plan = await this.without(plan, run.failure as Failure);
    }
  }

  private async through(run: GraphRun, plan: PlanRecord): Promise<BatchResult | undefined> {
    const { batch: id, time, late, watermark } = plan;
    const leftOut = leftOutOf(plan);
    const feeds = Object.entries(plan.sources).map(([source, slice]) => this.feedOf(run, plan, source, slice));
    return this.within(run, id, run.take({ id, time, late, watermark, ...(leftOut && { leftOut }) }, feeds));
  }

  feedOf(run: GraphRun, plan: PlanRecord, source: string, slice: PlannedSlice): Feed {
    const chunks = this.sources.read(source, slice, (record) => run.reject(source, record.row, record.reason, where(record)));
    const excluded = new Map<number, string>();
    for (const [name, row, message] of plan.excluded ?? []) if (name === source) excluded.set(row, message);
    return { source, chunks, excluded };
  }

  /** A batch that takes too long has lost its end, or waits for something that never comes. */
  async within<T>(run: GraphRun, batchId: number, work: Promise<T>): Promise<T> {
    const { batchTimeoutMs } = this.settings;
    const timer = after(this.around.scheduler, batchTimeoutMs, () =>
      run.lost(batchId, `it took longer than ${batchTimeoutMs} ms`),
    );
    try {
      return await work;
    } finally {
      timer.unsubscribe();
    }
  }

  commitId({ batch: batchId, time }: PlanRecord, attemptId: string): CommitId {
    const { queryId, epoch } = this.checkpoint;
    return { queryId, batchId, attemptId, epoch, replayed: false, time };
  }

  /** Stage, sinks, commit. */
  async finish(
    plan: PlanRecord,
    attempt: string,
    run: GraphRun,
    result: BatchResult,
    to?: Readonly<Record<string, Json>>,
  ): Promise<FinishedBatch> {
    this.checkLimits(plan, run, result);
    for (const [operator, proposal] of result.proposals) this.watermarks.take(operator, proposal, plan.time);
    const { batch } = plan;
    const nextWatermark = this.watermarks.next(plan.watermark, plan.time);
    const counters = countersOf(run, this.restored);
    const batches = this.sinks.batches(result);
    const outputs = this.sinks.stageOutputs ? { outputs: this.sinks.staged(batches) } : {};
    const ends = to === undefined ? {} : { to };
    const delta = deltasOf(run.stages());
    await this.timings.measure('stage', () =>
      this.checkpoint.stage({ batch, attempt, delta, nextWatermark, counters, ...outputs, ...ends }),
    );
    const { epoch } = this.checkpoint;
    const id = this.commitId(plan, attempt);
    const outcomes = await this.timings.measure('sinkCommit', () => this.sinks.commit(batches, id));
    const record: CommitRecord = { batch, attempt, epoch, nextWatermark, sinks: outcomes, counters, ...ends };
    await this.timings.measure('commitOffsets', () => this.checkpoint.commit(record));
    const read = to === undefined ? plan : { ...plan, sources: withEnds(plan, to) };
    await this.committed(read, nextWatermark);
    return { plan: read, attempt, result, outcomes, nextWatermark, run };
  }

  private async committed(plan: PlanRecord, nextWatermark: number): Promise<void> {
    this.pending = undefined;
    this.holdsCommit = this.run !== undefined;
    this.ran = true;
    this.nextBatch = plan.batch + 1;
    this.late = plan.watermark;
    this.watermark = nextWatermark;
    this.lastTime = plan.time;
    await this.sources.committed(plan.sources);
    await this.checkpoint.maintain(this.committedState());
  }

  private checkLimits(plan: PlanRecord, run: GraphRun, result: BatchResult): void {
    const cause = tooManyFailures(this.settings, plan, result) ?? tooMuchState(this.settings, plan, run.stages());
    if (cause === undefined) return;
    this.dropGraph();
    throw cause;
  }

  /** The same plan without what a user's function could not take: one row, or the rows of one key. */
  async without(plan: PlanRecord, failure: Failure): Promise<PlanRecord> {
    const amended = this.settings.onError === 'reject' ? planWithout(plan, failure) : undefined;
    if (amended === undefined) throw failure.cause;
    await this.checkpoint.amend(amended);
    this.pending = amended;
    return amended;
  }

  /** The live pipeline, with the state of the last commit. */
  async graph(plan?: PlanRecord): Promise<GraphRun> {
    if (this.run !== undefined) return this.run;
    const late = plan?.late ?? this.late;
    const before = { id: this.nextBatch - 1, time: this.lastTime, late, watermark: late };
    const live = this.settings.trigger.kind === 'continuous' ? this.around.scheduler : undefined;
    const run = new GraphRun(this.pipeline, before, live);
    loadState(run.stages(), await this.checkpoint.readState());
    this.restored = new Map([...run.stages()].map(([id, { tally }]) => [id, tally.held]));
    run.start();
    this.watermarks.expect(run.timekeepers(), this.around.scheduler.now());
    this.run = run;
    return run;
  }

  dropGraph(): void {
    this.holdsCommit = false;
    this.run?.close();
    this.run = undefined;
  }

  /** What the state of each operator is made for: wired as it will run, and taken down again. */
  schemas(): ReturnType<typeof schemasOf> {
    const run = new GraphRun(this.pipeline, { id: -1, time: 0, late: 0, watermark: 0 });
    const schemas = schemasOf(run.stages());
    run.close();
    return schemas;
  }

  /** Where it stands, for whoever must find out why it failed. */
  offsets(): { readonly start: Json; readonly end: Json } {
    const start = Object.fromEntries(this.sources.positions) as Json;
    return { start, end: (this.pending?.sources ?? null) as Json };
  }

  /** The live pipeline, if there is one: for progress and `explain`. */
  get live(): GraphRun | undefined {
    return this.run;
  }

  /** Closes sources, sinks and the checkpoint, whatever one of them says; what they said comes back. */
  async close(): Promise<unknown[]> {
    const failures = [...(await this.sources.close()), ...(await this.sinks.close())];
    try {
      await (this.checkpoint as Checkpoint | undefined)?.close(this.committedState());
    } catch (cause) {
      failures.push(cause);
    }
    this.dropGraph();
    return failures;
  }

  /** What the live pipeline holds, while that is what is committed: in a continuous query it moves on between epochs. */
  private committedState(): WholeState | undefined {
    const { run, holdsCommit } = this;
    if (run === undefined || run.continuous || !holdsCommit) return undefined;
    return () => wholeOf(run.stages());
  }
}

function withEnds(plan: PlanRecord, to: Readonly<Record<string, Json>>): Record<string, PlannedSlice> {
  return Object.fromEntries(Object.entries(plan.sources).map(([id, slice]) => [id, { ...slice, to: to[id] ?? slice.from }]));
}

function where({ message, position }: BadRecord): string {
  return position === undefined ? message : `${message} (${position})`;
}

/** What became of the rows since the pipeline began to run; with `restored`, the rows it began with, they add up. */
function countersOf(run: GraphRun, restored: ReadonlyMap<string, number>): Record<string, Json> {
  const counters: Record<string, Json> = {};
  for (const [id, { tally }] of run.stages()) counters[id] = { ...tally, restored: restored.get(id) ?? 0 } as unknown as Json;
  return counters;
}
