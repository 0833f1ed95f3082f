import {
  availableNow,
  dropLastCommit,
  memorySink,
  memorySource,
  once,
  processingTime,
  streamingQuery,
  type CheckpointLocation,
  type MemorySink,
  type MemorySource,
  type QueryOptions,
  type QueryProgress,
  type Rejection,
  type StreamingQuery,
  type Trigger,
} from 'tidemark';
import { ManualClock } from 'tidemark/testing';
import type { Row } from './columns';
import { givenNode, type Stream } from './nodes';
import type { QueryOperator, Table } from './operators';
import { planOf, type Plan } from './plan';

/** What a query is made of. */
export interface LiveSpec {
  /** Columns by stream. */
  readonly streams: Readonly<Record<string, readonly string[]>>;
  readonly tables: Readonly<Record<string, Table>>;
  readonly query: readonly QueryOperator[];
  readonly outputMode: 'append' | 'update' | 'complete';
  readonly options: Pick<QueryOptions, 'noDataBatches' | 'watermarkPolicy' | 'minBatchesToRetain'>;
  readonly checkpoint: CheckpointLocation;
  /** Rejections are kept too, those of late rows by window. */
  readonly keepsRejected?: boolean;
  /** Event times without a watermark. */
  readonly neverLate?: boolean;
}

export type TriggerKind = 'default' | 'tick' | 'once' | 'availableNow';

const TRIGGERS: Readonly<Record<TriggerKind, Trigger>> = {
  default: { kind: 'default' },
  tick: processingTime(1),
  once: once(),
  availableNow: availableNow(),
};

const RETAINED = 1_000_000;

/**
 * A query of a case as a streaming query, over restarts: fed by hand, on a clock that jumps. Rows are handed over when a step
 * runs something, so that all that were added before are in one batch.
 */
export class LiveQuery {
  readonly clock = new ManualClock(0);
  readonly progress: QueryProgress[] = [];
  readonly rejected = memorySink<Rejection>({ retainBatches: RETAINED });
  sink: MemorySink<Row> = memorySink<Row>({ retainBatches: RETAINED });
  plan!: Plan;
  query!: StreamingQuery;
  private readonly sources: ReadonlyMap<string, MemorySource<Row>>;
  private readonly failed = new Set<string>();
  private readonly waiting: (readonly [stream: string, row: Row])[] = [];
  private trigger: TriggerKind = 'default';

  constructor(private made: LiveSpec) {
    const named = Object.entries(made.streams);
    this.sources = new Map(named.map(([name, columns]) => [name, memorySource<Row>([], { columns })]));
  }

  /** As of the last start. */
  get spec(): LiveSpec {
    return this.made;
  }

  /** Understands the query: what is malformed shows here. */
  understand(): void {
    this.plan = this.planned(() => {
      throw new Error('the query is not built');
    });
  }

  /** Builds the query: what the library refuses shows here. */
  build(kind: TriggerKind = 'default'): void {
    const { outputMode, options, checkpoint, keepsRejected } = this.spec;
    this.trigger = kind;
    let given: Readonly<Record<string, unknown>> = {};
    this.plan = this.planned((name) => given[name] as Stream);
    const pipeline = (streams: typeof given): Stream => {
      given = streams;
      return this.plan.output.open();
    };
    this.query = streamingQuery(Object.fromEntries(this.sources), pipeline as never).writeStream({
      ...options,
      sink: this.sink,
      ...(keepsRejected === true ? { rejected: this.rejected } : {}),
      outputMode,
      checkpoint,
      trigger: TRIGGERS[kind],
      scheduler: this.clock,
      onError: 'error',
      onAdvice: () => {},
      recentProgress: 1,
    } as never);
    this.query.progress$.subscribe((record) => this.progress.push(record));
  }

  private planned(stream: (name: string) => Stream): Plan {
    const { query, tables, outputMode: mode, streams, neverLate, keepsRejected } = this.spec;
    const nodes = Object.entries(streams).map(([name, columns]) => [name, givenNode(columns, () => stream(name))] as const);
    const late = {
      ...(neverLate === true ? ({ neverLate } as const) : {}),
      ...(keepsRejected === true ? ({ countsLate: true } as const) : {}),
    };
    return planOf(query, { mode, inQuery: true, ...late, failed: this.failed, streams: Object.fromEntries(nodes), tables });
  }

  add(stream: string, row: Row): void {
    this.waiting.push([stream, row]);
  }

  /** Nothing more will come: windows may close. */
  complete(): void {
    for (const source of this.sources.values()) source.complete();
  }

  get isStarted(): boolean {
    return this.query.isActive;
  }

  /** At work with this trigger. A query has one trigger: another one is another start. */
  async start(kind: TriggerKind = 'default'): Promise<void> {
    this.feed();
    if (this.isStarted && this.trigger === kind) return;
    await this.stop();
    if (this.trigger !== kind) this.build(kind);
    await within(this.query.start());
  }

  private feed(): void {
    for (const [stream, row] of this.waiting.splice(0)) this.sources.get(stream)!.add(row);
  }

  /** Default trigger, drained. */
  async drain(): Promise<void> {
    await within(this.query.processAllAvailable());
  }

  /** The clock moves, and one trigger looks for work. */
  async tick(ms: number): Promise<void> {
    const isReady = this.isStarted && this.trigger === 'tick';
    if (isReady) this.feed();
    else await this.stop();
    this.clock.advance(ms);
    if (!isReady) await this.start('tick');
    await this.untilIdle();
    if (this.query.exception !== undefined) throw this.query.exception;
  }

  private async untilIdle(): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    do {
      await new Promise((resolve) => setImmediate(resolve));
      if (Date.now() > deadline) throw new Error('the query hangs');
    } while (this.query.isActive && this.query.status.isTriggerActive);
  }

  /** A start of its own, until the query ends by itself. */
  async runToEnd(kind: 'once' | 'availableNow'): Promise<void> {
    await this.stop();
    this.build(kind);
    await this.start(kind);
    await within(this.query.awaitTermination());
  }

  async stop(): Promise<void> {
    if (this.isStarted) await within(this.query.stop());
  }

  /** Stops; what comes next starts again from the checkpoint. */
  async restart(changes: Partial<LiveSpec>, how: { loseLastCommit?: boolean; clearSink?: boolean }): Promise<void> {
    await this.stop();
    if (how.loseLastCommit === true) await dropLastCommit(this.spec.checkpoint);
    if (how.clearSink === true) this.sink = memorySink<Row>({ retainBatches: RETAINED });
    this.made = { ...this.spec, ...changes };
    this.understand();
  }

  /** Ids in a log of the checkpoint, rising. */
  async logged(folder: 'offsets' | 'commits'): Promise<readonly number[]> {
    const backend = await this.spec.checkpoint.open();
    const names = await backend.list(folder);
    return [...new Set(names.map((name) => Number.parseInt(name, 10)))];
  }
}

const PATIENCE_MS = 20_000;

/** A query that hangs fails its case, and not the run. */
async function within<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the query hangs')), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, patience]);
  } finally {
    clearTimeout(timer);
  }
}
