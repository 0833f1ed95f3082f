import type { Observable } from 'rxjs';
import { TidemarkError } from '../errors';
import { explain, type Explanation } from '../observability/explain';
import { Subject } from '../rx';
import { ActiveRun } from './activeRun';
import type { Advice } from './advice';
import type { QueryStatus } from './driver';
import type { Guarantee } from './guarantee';
import type { Pipeline } from './pipeline';
import type { QueryProgress } from './progress';
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
