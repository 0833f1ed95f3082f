import type { Checkpoint } from '../checkpoint/checkpoint';
import type { CommitRecord, Json, PlannedSlice, PlanRecord, SinkOutcome } from '../checkpoint/records';
import type { CommitId } from '../connectors/sink';
import type { BadRecord } from '../connectors/source';
import { after } from '../rx';
import { deltasOf } from './deltas';
import type { BatchResult, Failure, Feed, GraphRun } from './graphRun';
import { tooManyFailures, tooMuchState } from './limits';
import { LiveGraph } from './liveGraph';
import { NextBatch } from './nextBatch';
import type { Pipeline } from './pipeline';
import { Timings } from './progress';
import { excludedOf, leftOutOf, planWithout } from './poison';
import { recover } from './recovery';
import type { Settings } from './settings';
import { Sinks } from './sinks';
import { Sources } from './sources';
import type { Surroundings } from './surroundings';
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
  readonly next = new NextBatch();
  readonly live: LiveGraph;
  /** A batch has run in this start. */
  private ran = false;

  constructor(
    readonly pipeline: Pipeline,
    readonly settings: Settings,
    readonly around: Surroundings,
  ) {
    this.sources = new Sources(pipeline.sources);
    this.sinks = new Sinks(pipeline, settings.onSinkFailure);
    this.timings = new Timings(() => around.scheduler.now());
    this.live = new LiveGraph(pipeline, settings.trigger.kind === 'continuous' ? around.scheduler : undefined);
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
    const pending = adopted === undefined ? this.checkpoint.pending : undefined;
    this.sources.resume(this.checkpoint.lastPlan, pending !== undefined, this.checkpoint.last);
    this.next.resume(this.checkpoint, pending);
    await this.sources.open(
      now,
      () => this.around.wake(),
      (id) => this.around.openJournal(queryId, id),
    );
    if (adopted !== undefined) this.ran = true;
    return adopted;
  }

  /** The batch that an earlier run has planned and not finished. */
  async repeatPending(): Promise<FinishedBatch | undefined> {
    const { plan } = this.next;
    return plan === undefined ? undefined : this.execute(plan);
  }

  get hasPending(): boolean {
    return this.next.plan !== undefined;
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
    const timer = this.live.run?.nextTimer() ?? Infinity;
    return Math.max(0, Math.min(timer - now, this.watermarks.lookAgainIn(now), this.sources.pollEveryMs));
  }

  /**
   * One batch without rows, if the operators want it; or the last of all, when the sources have ended.
   * @param draining - asked again at once after each batch: processing time alone is then no reason, unless a timer is due
   */
  async runEmpty(draining: boolean): Promise<FinishedBatch | undefined> {
    if (this.sources.ended && this.next.watermark !== Infinity) return this.planned(this.sources.planned(new Map()), Infinity);
    if (!this.settings.noDataBatches || !this.ran) return undefined;
    const watermark = this.plannedWatermark();
    const run = await this.graph();
    const now = this.around.scheduler.now();
    if (draining && watermark <= this.next.late && run.nextTimer() > now) return undefined;
    if (!run.wantsBatch(watermark, now)) return undefined;
    return this.planned(this.sources.planned(new Map()), watermark);
  }

  /** All sources have ended and the batch that says so is committed. */
  get isOver(): boolean {
    return this.next.late === Infinity;
  }

  /** Idle inputs are left out, or go on with the clock, as of now: the plan keeps the decision. */
  private plannedWatermark(): number {
    return this.watermarks.next(this.next.watermark, this.around.scheduler.now());
  }

  async planned(sources: PlanRecord['sources'], watermark: number): Promise<FinishedBatch> {
    return this.execute(await this.write(sources, watermark));
  }

  async write(sources: PlanRecord['sources'], watermark: number): Promise<PlanRecord> {
    const plan: PlanRecord = {
      batch: this.next.id,
      epoch: this.checkpoint.epoch,
      time: this.next.timeAt(this.around.scheduler.now()),
      late: this.next.late,
      watermark,
      watermarkPolicy: this.watermarks.policy,
      sources,
      seed: this.around.newSeed(),
    };
    this.live.changes();
    await this.timings.measure('walCommit', () => this.checkpoint.plan(plan));
    this.next.plan = plan;
    return plan;
  }

  /** Runs a plan until it is committed. A row that cannot be taken is written into the plan, and the plan runs again. */
  async execute(plan: PlanRecord): Promise<FinishedBatch> {
    this.around.planned();
    for (;;) {
      const attempt = this.around.newId();
      const run = await this.graph();
      const result = await this.timings.measure('addBatch', () => this.through(run, plan));
      if (result !== undefined) return this.finish(plan, attempt, run, result);
      this.live.drop();
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
    return { source, chunks, excluded: excludedOf(plan, source) };
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
    const counters = this.live.counters();
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
    this.next.committed(plan, nextWatermark);
    this.live.committed();
    this.ran = true;
    await this.sources.committed(plan.sources);
    await this.checkpoint.maintain(this.live.committedState());
  }

  private checkLimits(plan: PlanRecord, run: GraphRun, result: BatchResult): void {
    const cause = tooManyFailures(this.settings, plan, result) ?? tooMuchState(this.settings, plan, run.stages());
    if (cause === undefined) return;
    this.live.drop();
    throw cause;
  }

  /** The same plan without what a user's function could not take: one row, or the rows of one key. */
  async without(plan: PlanRecord, failure: Failure): Promise<PlanRecord> {
    const amended = this.settings.onError === 'reject' ? planWithout(plan, failure) : undefined;
    if (amended === undefined) throw failure.cause;
    await this.checkpoint.amend(amended);
    this.next.plan = amended;
    return amended;
  }

  /** The live pipeline, with the state of the last commit. */
  async graph(): Promise<GraphRun> {
    const { run } = this.live;
    if (run !== undefined) return run;
    const opened = await this.live.open(this.next.before(), () => this.checkpoint.readState());
    this.watermarks.expect(opened.timekeepers(), this.around.scheduler.now());
    return opened;
  }

  /** Where it stands, for whoever must find out why it failed. */
  offsets(): { readonly start: Json; readonly end: Json } {
    const start = Object.fromEntries(this.sources.positions) as Json;
    return { start, end: (this.next.plan?.sources ?? null) as Json };
  }

  /** Closes sources, sinks and the checkpoint, whatever one of them says; what they said comes back. */
  async close(): Promise<unknown[]> {
    const failures = [...(await this.sources.close()), ...(await this.sinks.close())];
    try {
      await (this.checkpoint as Checkpoint | undefined)?.close(this.live.committedState());
    } catch (cause) {
      failures.push(cause);
    }
    this.live.drop();
    return failures;
  }
}

function withEnds(plan: PlanRecord, to: Readonly<Record<string, Json>>): Record<string, PlannedSlice> {
  return Object.fromEntries(Object.entries(plan.sources).map(([id, slice]) => [id, { ...slice, to: to[id] ?? slice.from }]));
}

function where({ message, position }: BadRecord): string {
  return position === undefined ? message : `${message} (${position})`;
}
