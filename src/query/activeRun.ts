import type { CheckpointLocation } from '../checkpoint/backend';
import { openCheckpoint, StoredJournal, type Checkpoint, type StateBackend } from '../checkpoint';
import { isTidemarkError, messageOf, TidemarkError } from '../errors';
import { after, defaultScheduler, type SchedulerLike, type Subject } from '../rx';
import { claimName } from './active';
import { adviceOf, MANY_ROWS, type Advice } from './advice';
import { Driver, type QueryStatus } from './driver';
import { Engine, type FinishedBatch } from './engine';
import { guaranteeOf, type Guarantee } from './guarantee';
import { newId, newSeed } from './ids';
import type { Pipeline } from './pipeline';
import { checkIds, planOf, TIMEKEEPERS, withMigrations } from './planning';
import type { QueryProgress } from './progress';
import { Reporter } from './report';
import type { QueryOptions, Settings } from './settings';
import type { Watermarks } from './watermarks';

/** One run of a query, from start to end. */
export class ActiveRun {
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
  private reporter: Reporter | undefined;
  /** The backend, where what it keeps outlives the process. */
  private durable: StateBackend | undefined;
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
        operators: withMigrations(this.engine.live.schemas(), settings.migrate),
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
    return this.engine.next.watermark;
  }

  get watermarkHolder(): ReturnType<Watermarks['holder']> {
    return this.isActive ? this.engine.watermarks.holder(this.scheduler.now()) : undefined;
  }
}
