import type { Subscription } from 'rxjs';
import type { Rejection, Sink } from '../element';
import { TidemarkError } from '../errors';
import { Stage } from '../operator';
import { connect, Graph, TASK, type Batch, type Proposal, type Run, type SchedulerLike } from '../rx';
import { emptySubscription } from '../rx/subscription';
import { batchAggregates } from '../window/batchAggregates';
import { eachArriving } from './arriving';
import { BatchClock } from './batchClock';
import { Collector, type Collected, type OutputListener } from './outputs';
import type { Pipeline } from './pipeline';

/** Rows of one source in a batch. */
export interface Feed {
  readonly source: string;
  readonly chunks: AsyncIterable<readonly unknown[]>;
  /** Numbers of rows to leave out, with the reason. */
  readonly excluded: ReadonlyMap<number, string>;
}

/** What a batch has brought. */
export interface BatchResult {
  readonly outputs: ReadonlyMap<string, Collected>;
  readonly rejections: readonly Rejection[];
  /** Rows by source. */
  readonly rows: ReadonlyMap<string, number>;
  /** What every `withWatermark` proposes for the next batch. */
  readonly proposals: ReadonlyMap<string, Proposal>;
}

/** Where a batch failed: at a row of a source, or when its rows were through. */
export interface Failure {
  readonly cause: unknown;
  readonly source?: string;
  readonly row?: number;
}

/**
 * The pipeline of a query, subscribed once, taking batch after batch: rows, one watermark, one barrier. After a failure it
 * is of no more use: the next attempt gets a fresh one.
 */
export class GraphRun implements Run, OutputListener {
  batch: Batch;
  readonly continuous: boolean;
  readonly aggregates = batchAggregates;
  readonly clock = new BatchClock();
  readonly heads = new Map<string, Sink<unknown>>();
  failure: Failure | undefined;
  private readonly lifetime: Subscription = emptySubscription();
  private readonly graph: Graph;
  private readonly collectors: Collector[] = [];
  private rejections: Rejection[] = [];
  private proposals = new Map<string, Proposal>();
  private waiting = new Set<string>();
  private rows = new Map<string, number>();
  /** The row under way: of which source, and its number. */
  private source: string | undefined;
  private row = 0;
  private settle: (() => void) | undefined;

  constructor(
    private readonly pipeline: Pipeline,
    before: Batch,
    /** Given for continuous processing: processing time goes on between rows. */
    live?: SchedulerLike,
  ) {
    this.batch = before;
    this.continuous = live !== undefined;
    this.clock.moveTo(before.time);
    this.graph = Graph.open(this.lifetime, { run: this, scheduler: live ?? this.clock });
    this.graph.shared.countsLate = true;
    for (const { name, stream, mode, kind } of pipeline.outputs) {
      const collector = new Collector(name, kind, mode, this);
      this.collectors.push(collector);
      connect(stream, collector, this.graph.withMode(mode));
    }
  }

  /** Begins, after the state has been loaded. */
  start(): void {
    this.graph.start();
    for (const collector of this.collectors) collector.clear();
    this.rejections = [];
    if (this.failure !== undefined) throw this.failure.cause;
  }

  /** The operators by id. */
  stages(): ReadonlyMap<string, Stage<unknown, unknown>> {
    const stages = this.graph.shared.stages.filter((stage) => stage instanceof Stage) as Stage<unknown, unknown>[];
    return new Map(stages.map((stage) => [stage.id, stage]));
  }

  /** Those that make the watermark. */
  timekeepers(): string[] {
    const moves = (stage: Stage<unknown, unknown>): boolean => stage.type === 'withWatermark';
    return [...this.stages().values()].filter(moves).map(({ id }) => id);
  }

  propose(operator: string, proposal: Proposal): void {
    this.proposals.set(operator, proposal);
  }

  /** Takes one batch through the pipeline. Resolves to undefined if it failed: see `failure`. */
  async take(batch: Batch, feeds: readonly Feed[]): Promise<BatchResult | undefined> {
    this.begin(batch);
    for (const feed of feeds) await this.feed(feed);
    return this.end();
  }

  begin(batch: Batch): void {
    this.batch = batch;
    this.rows = new Map();
    this.enter(() => this.clock.moveTo(batch.time));
  }

  /** Closes the batch: what it has brought, or undefined if it failed. */
  async end(): Promise<BatchResult | undefined> {
    await this.bring(this.batch);
    if (this.failure !== undefined) return undefined;
    if (this.continuous) this.proposeWhatWasSaid();
    return this.takeResults();
  }

  /** What has come out since the last call. */
  takeResults(): BatchResult {
    const outputs = new Map(this.collectors.map((collector) => [collector.name, collector.take()]));
    const { rejections, proposals, rows } = this;
    this.rejections = [];
    this.proposals = new Map();
    return { outputs, rejections, rows, proposals };
  }

  /** Continuous: the watermarks have been said already; the next start must not be behind them. */
  private proposeWhatWasSaid(): void {
    const times = { min: Infinity, max: -Infinity, average: NaN, count: 0 };
    for (const id of this.timekeepers()) {
      this.propose(id, { watermark: this.stages().get(id)!.emit, times, advanceWhenIdle: false });
    }
  }

  /** Rows of one source go in, until one of them fails. Rows are numbered from the start of the batch. */
  async feed({ source, chunks, excluded }: Feed): Promise<void> {
    const head = this.heads.get(source);
    for await (const chunk of chunks) {
      if (this.failure !== undefined) return;
      let row = this.rows.get(source) ?? 0;
      this.source = source;
      this.enter(() => {
        for (const value of chunk) {
          const reason = excluded.size === 0 ? undefined : excluded.get(row);
          this.row = row++;
          if (reason === undefined) head?.event(NaN, value);
          else this.reject(source, value, 'failed', reason);
          if (this.failure !== undefined) return;
        }
      });
      this.rows.set(source, row);
      this.source = undefined;
    }
  }

  /** A row that never entered the pipeline. */
  reject(source: string, row: unknown, reason: 'failed' | 'invalid', message: string): void {
    const { late } = this.batch;
    this.rejected({ reason, time: NaN, row, operator: source, watermark: late, detail: { message } });
  }

  /** Watermark and barrier, then everything that is still under way. */
  private async bring(batch: Batch): Promise<void> {
    this.waiting = new Set(this.collectors.map(({ name }) => name));
    const end = batch.watermark === Infinity ? Infinity : -Infinity;
    this.enter(() => this.heads.forEach((head) => this.failure === undefined && head.watermark(end, end)));
    this.enter(() => this.heads.forEach((head) => this.failure === undefined && head.barrier(batch.id)));
    if (this.failure !== undefined || this.waiting.size === 0) return;
    await new Promise<void>((resolve) => (this.settle = resolve));
  }

  /** Gives up waiting: the barrier of a batch did not come out at the end of the pipe. */
  lost(batchId: number, why: string): void {
    const details = { batchId, outputs: [...this.waiting] };
    this.failed(new TidemarkError('TIDEMARK_BARRIER_LOST', `the end of batch ${batchId} did not come through: ${why}`, details));
  }

  private enter(work: () => void): void {
    this.graph.shared.trampoline.enter(TASK, work);
  }

  rejected(rejection: Rejection): void {
    if (rejection.reason === 'late') this.graph.shared.lateAtEnd++;
    this.rejections.push(rejection);
  }

  arrived(output: string, batchId: number): void {
    if (batchId !== this.batch.id) return;
    this.waiting.delete(output);
    if (this.waiting.size === 0) this.settle?.();
  }

  failed(cause: unknown): void {
    const { source, row } = this;
    this.failure ??= source === undefined ? { cause } : { cause, source, row };
    this.settle?.();
  }

  ended(output: string): void {
    this.lost(this.batch.id, `the output '${output}' ended early; an operator such as take() stands in the pipeline`);
  }

  /** Has anything come out since the last batch? */
  get hasResults(): boolean {
    return this.rejections.length > 0 || this.collectors.some(({ isEmpty }) => !isEmpty);
  }

  /** When processing time is next due in some operator. */
  nextTimer(): number {
    let first = this.clock.nextDue();
    for (const stage of this.stages().values()) first = Math.min(first, stage.processor.nextTimer?.() ?? Infinity);
    return first;
  }

  /** Would an empty batch with the watermark `w` at `now` do anything? Each operator is asked with what would reach it. */
  wantsBatch(w: number, now: number): boolean {
    if (this.nextTimer() <= now) return true;
    let wanted = false;
    eachArriving(this.pipeline.outputs, w, (stage, arriving = -Infinity) => {
      wanted ||= stage.wantsBatch(arriving, now);
    });
    return wanted;
  }

  close(): void {
    this.lifetime.unsubscribe();
  }
}
