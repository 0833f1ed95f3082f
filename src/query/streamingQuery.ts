import type { Observable } from 'rxjs';
import type { CheckpointLocation } from '../checkpoint/backend';
import { openCheckpoint, StoredJournal, type Checkpoint, type StateBackend } from '../checkpoint';
import { isTidemarkError, messageOf, TidemarkError } from '../errors';
import { explain, type Explanation } from '../observability/explain';
import { after, defaultScheduler, Subject, type SchedulerLike } from '../rx';
import { adviceOf, MANY_ROWS, type Advice } from './advice';
import { claimName } from './active';
import { Driver, type QueryStatus } from './driver';
import { Engine, type FinishedBatch } from './engine';
import { guaranteeOf, type Guarantee } from './guarantee';
import { newId, newSeed } from './ids';
import { checkIds, planOf, TIMEKEEPERS, withMigrations } from './planning';
import type { Pipeline } from './pipeline';
import type { QueryProgress } from './progress';
import { Reporter } from './report';
import type { QueryOptions, Settings } from './settings';

/** What `explain()` of a query says. */
export interface QueryExplanation {
  readonly outputs: Readonly<Record<string, Explanation>>;
  readonly guarantee: Guarantee;
  readonly watermark: number;
  readonly watermarkHolder?: { readonly operator: string; readonly watermark: number; readonly silentMs: number };
}

/**
 * A query: one plan, one barrier, one commit for all its outputs. Made by `streamingQuery(…).writeStream(…)`; a stopped
 * one can be started again, and goes on from its checkpoint.
 */
export class StreamingQuery {
  readonly name: string | null;
  /** Of the present or last run; null before the first. */
  private run: ActiveRun | undefined;
  private readonly progressed = new Subject<QueryProgress>();

  /** @internal */
  constructor(
    private readonly pipeline: Pipeline,
    private readonly settings: Settings,
    private readonly options: QueryOptions,
  ) {
    this.name = settings.name;
  }

  /**
   * Opens the checkpoint, finishes what an earlier run has begun, and goes on. Resolves when the query is at work.
   *
   * @throws `TIDEMARK_QUERY_ACTIVE`, `TIDEMARK_CHECKPOINT_IN_USE`, `TIDEMARK_CHECKPOINT_MISMATCH`, `TIDEMARK_ID_REQUIRED`, …
   */
  async start(): Promise<this> {
    if (this.isActive) throw new TidemarkError('TIDEMARK_QUERY_ACTIVE', 'the query is active already', { name: this.name });
    const run = new ActiveRun(this.pipeline, this.settings, this.options, this.progressed, this.run?.recent ?? []);
    this.run = run;
    await run.start();
    return this;
  }

  /** Lets the batch at work finish, then closes everything. What is open stays open: only the end of the data closes windows. */
  async stop(): Promise<void> {
    await this.run?.stop();
  }

  /** Survives restarts: it belongs to the checkpoint. Null before the first start. */
  get id(): string | null {
    return this.run?.id ?? null;
  }

  /** New at every start. Null before the first. */
  get runId(): string | null {
    return this.run?.runId ?? null;
  }

  get isActive(): boolean {
    return this.run?.isActive ?? false;
  }

  /** Why it has failed, if it has. */
  get exception(): TidemarkError | undefined {
    return this.run?.exception;
  }

  get status(): QueryStatus {
    return this.run?.status ?? { message: 'not started', isDataAvailable: false, isTriggerActive: false };
  }

  /** The newest progress record; null before the first batch. */
  get lastProgress(): QueryProgress | null {
    return this.recentProgress.at(-1) ?? null;
  }

  /** The newest records, oldest first; as many as `recentProgress` of the options. */
  get recentProgress(): readonly QueryProgress[] {
    return this.run?.recent ?? [];
  }

  /** Every progress record as it is made. Never errors; runs over restarts. */
  get progress$(): Observable<QueryProgress> {
    return this.progressed.asObservable();
  }

  /** What is promised for every row, and why not more. Known once started. */
  get guarantee(): Guarantee {
    return this.run?.guarantee ?? { level: 'at-most-once', reasons: ['the query has not been started'] };
  }

  /** Advice of the last start. */
  get advice(): readonly Advice[] {
    return this.run?.advice ?? [];
  }

  /** Resolves when everything that was there when it was called is committed, or the query has ended; rejects if it has failed. */
  async processAllAvailable(): Promise<void> {
    await this.run?.processAllAvailable();
  }

  /**
   * Resolves when the query has ended: to true, or to false after `timeoutMs` if it is still active.
   *
   * @throws `TIDEMARK_QUERY_FAILED` if the query has failed
   */
  async awaitTermination(timeoutMs?: number): Promise<boolean> {
    return (await this.run?.awaitTermination(timeoutMs)) ?? true;
  }

  /** Operators, watermarks and who holds them back, state, counters, guarantee. */
  explain(): QueryExplanation {
    const outputs = Object.fromEntries(this.pipeline.outputs.map(({ name, stream }) => [name, explain(stream)]));
    const holder = this.run?.watermarkHolder;
    return {
      outputs,
      guarantee: this.guarantee,
      watermark: this.run?.watermark ?? 0,
      ...(holder === undefined ? {} : { watermarkHolder: holder }),
    };
  }
}

/** One run of a query, from start to end. */
class ActiveRun {
  readonly runId = newId();
  id: string | null = null;
  isActive = true;
  exception: TidemarkError | undefined;
  guarantee: Guarantee | undefined;
  advice: readonly Advice[] = [];
  recent: QueryProgress[];
  private readonly scheduler: SchedulerLike;
  private readonly engine: Engine;
  private readonly driver: Driver;
  private release: (() => void) | undefined;
  private ended!: Promise<void>;

  constructor(
    private readonly pipeline: Pipeline,
    private readonly settings: Settings,
    private readonly options: QueryOptions,
    private readonly progressed: Subject<QueryProgress>,
    recent: readonly QueryProgress[],
  ) {
    this.recent = [...recent];
    this.scheduler = options.scheduler ?? defaultScheduler;
    this.engine = new Engine(pipeline, settings, {
      scheduler: this.scheduler,
      newId,
      newSeed,
      wake: () => this.driver.wake(),
      planned: () => this.driver.processing(),
      openCheckpoint: (location) => this.openCheckpoint(location),
      openJournal: async (queryId, source) => (this.durable ? StoredJournal.open(this.durable, queryId, source) : undefined),
    });
    this.driver = new Driver(this.engine, settings.trigger, this.scheduler, (batch) => this.report(batch));
  }

  private reporter: Reporter | undefined;
  /** The backend, where what it keeps outlives the process. */
  private durable: StateBackend | undefined;

  async start(): Promise<void> {
    try {
      this.release = claimName(this.settings.name);
      const adopted = await this.engine.open();
      if (adopted !== undefined) this.report(adopted);
    } catch (cause) {
      await this.end(cause);
      throw cause;
    }
    this.ended = this.work();
  }

  private async openCheckpoint(location: CheckpointLocation): Promise<Checkpoint> {
    const { settings, pipeline } = this;
    const backend = await location.open();
    this.guarantee = guaranteeOf(pipeline.sources, this.engine.sinks.all, backend.capabilities, settings.trigger);
    this.advise(adviceOf(pipeline, settings.outputMode, backend.capabilities));
    if (backend.capabilities.durability !== 'none') {
      checkIds(pipeline);
      this.durable = backend;
    }
    const checkpoint = await openCheckpoint(
      { location: location.location, open: () => Promise.resolve(backend) },
      {
        name: settings.name,
        operators: withMigrations(this.engine.schemas(), settings.migrate),
        sources: [...pipeline.sources.keys()],
        sinks: this.engine.sinks.all.map(({ name }) => name),
        plan: planOf(pipeline),
        disposable: TIMEKEEPERS,
        allowDroppedState: settings.allowDroppedState,
        minBatchesToRetain: settings.minBatchesToRetain,
        now: () => this.scheduler.now(),
        newId,
        owner: this.runId,
      },
    );
    this.id = checkpoint.queryId;
    this.reporter = new Reporter(this.engine, { id: checkpoint.queryId, runId: this.runId, name: settings.name });
    return checkpoint;
  }

  private advise(advice: readonly Advice[]): void {
    this.advice = [...this.advice, ...advice];
    // eslint-disable-next-line no-console -- advice that nobody asked to be told of must still be seen
    const tell = this.options.onAdvice ?? (({ message }: Advice) => console.warn(`tidemark: ${message}`));
    for (const one of advice) tell(one);
  }

  private async work(): Promise<void> {
    try {
      await this.driver.run();
      await this.end(undefined);
    } catch (cause) {
      await this.end(cause);
    }
  }

  private report(batch: FinishedBatch): void {
    const progress = this.reporter?.of(batch);
    if (progress === undefined) return;
    this.recent = [...this.recent, progress].slice(-this.settings.recentProgress);
    this.watchSize(progress);
    this.progressed.next(progress);
  }

  /** Complete mode writes everything every time: fine for a dashboard, dear for a long table. Said once. */
  private watchSize({ sinks }: QueryProgress): void {
    const rows = Math.max(0, ...Object.values(sinks).map(({ numOutputRows }) => numOutputRows));
    const isKnown = this.advice.some(({ code }) => code === 'complete-over-many-rows');
    if (this.settings.outputMode !== 'complete' || rows <= MANY_ROWS || isKnown) return;
    const message = `complete mode wrote ${rows} rows in one batch: with update mode only what changed is written`;
    this.advise([{ code: 'complete-over-many-rows', message }]);
  }

  /** Closes everything; the first thing that went wrong is why the query has failed. */
  private async end(cause: unknown): Promise<void> {
    const [failure = cause] = cause === undefined ? await this.engine.close() : [cause, ...(await this.engine.close())];
    if (failure !== undefined) this.exception = this.failed(failure);
    this.release?.();
    this.isActive = false;
    const message = failure === undefined ? 'stopped' : 'terminated with exception';
    this.driver.status = { ...this.driver.status, message, isTriggerActive: false };
    this.driver.release();
  }

  private failed(cause: unknown): TidemarkError {
    if (isTidemarkError(cause) && cause.code === 'TIDEMARK_QUERY_FAILED') return cause;
    const message = messageOf(cause);
    const details = { id: this.id, runId: this.runId, ...this.engine.offsets() };
    return new TidemarkError('TIDEMARK_QUERY_FAILED', `the query has failed: ${message}`, details, { cause });
  }

  async stop(): Promise<void> {
    if (!this.isActive) return;
    this.driver.stop();
    if (await this.awaitEnd(this.settings.stopTimeoutMs)) return;
    const details = { timeoutMs: this.settings.stopTimeoutMs };
    throw new TidemarkError('TIDEMARK_STOP_TIMEOUT', 'the query did not stop in time: a batch is still at work', details);
  }

  async processAllAvailable(): Promise<void> {
    if (this.isActive) await this.driver.idle();
    if (this.exception !== undefined) throw this.exception;
  }

  async awaitTermination(timeoutMs?: number): Promise<boolean> {
    const ended = await this.awaitEnd(timeoutMs);
    if (this.exception !== undefined) throw this.exception;
    return ended;
  }

  /** True when it has ended within the time. */
  private async awaitEnd(timeoutMs: number | undefined): Promise<boolean> {
    if (timeoutMs === undefined) {
      await this.ended;
      return true;
    }
    let timeOut = (): void => {};
    const waited = new Promise<void>((resolve) => (timeOut = resolve));
    const timer = after(this.scheduler, timeoutMs, timeOut);
    await Promise.race([this.ended, waited]);
    timer.unsubscribe();
    return !this.isActive;
  }

  get status(): QueryStatus {
    return this.driver.status;
  }

  get watermark(): number {
    return this.engine.watermark;
  }

  get watermarkHolder(): QueryExplanation['watermarkHolder'] {
    return this.isActive ? this.engine.watermarks.holder(this.scheduler.now()) : undefined;
  }
}
