import { Subscription } from 'rxjs';
import { TidemarkError } from '../errors';
import type { Sink } from '../element';
import { defaultScheduler, type SchedulerLike } from './clock';
import { keepAWhile } from './afterglow';
import { Trampoline } from './trampoline';
import type { OutputMode, Run } from './run';
import type { StreamInfo } from './stream';

/** What can be connected: a fused stream, or a foreign edge standing for one. */
export interface Attachable<T> {
  attach(sink: Sink<T>, graph: Graph): void;
}

/** A live operator as `explain` sees it. */
export interface LiveStage {
  readonly id: string;
  report(): Readonly<Record<string, unknown>>;
  /** It has ended: its state goes, and what it says of itself stays. True when nothing is left in it. */
  letGo(): boolean;
}

/** What all parts of one connected graph share. */
interface Shared {
  readonly trampoline: Trampoline;
  /** In a run every stream object is connected once; its consumers hang on a fan-out. */
  readonly fans: Map<object, FanOut<unknown>> | undefined;
  readonly stages: LiveStage[];
  readonly owners: Map<string, object>;
  /** Rows that reached the end of the pipe rejected as late: what the quality watermark is judged by. */
  lateAtEnd: number;
  /** The end of the pipe does count them. */
  countsLate: boolean;
  /** How far `advanceWhenIdle` has moved the watermark beyond what the rows say. */
  idleAdvanceMs: number;
  /** Something in it holds rows that are in no state table. */
  holdsMore: boolean;
  /** What is to be done at the start: first the foreign edges subscribe, then the sources speak. Undefined once started. */
  starts: { readonly edges: (() => void)[]; readonly sources: (() => void)[] } | undefined;
  /** Where processing time comes from, unless an operator says otherwise. */
  readonly scheduler: SchedulerLike;
  /** The query this graph runs in, if it is one. */
  readonly run: Run | undefined;
}

/**
 * One connected graph: wired first, started afterwards, torn down with its lifetime. A subscription outside a run has a
 * graph of its own; a run has one for all its outputs.
 */
export class Graph {
  readonly lifetime: Subscription;
  readonly shared: Shared;
  /** What the output below asks of the next stateful operator above it; those further up append. */
  readonly outputMode: OutputMode;

  private constructor(lifetime: Subscription, shared: Shared, outputMode: OutputMode) {
    this.lifetime = lifetime;
    this.shared = shared;
    this.outputMode = outputMode;
  }

  /**
   * @param consumer - the graph lives as long
   * @param options - `run`: the query; everything is then connected as in one
   */
  static open(
    consumer: Subscription,
    options: { run?: Run | undefined; scheduler?: SchedulerLike; outputMode?: OutputMode } = {},
  ): Graph {
    const { run } = options;
    const shared: Shared = {
      run,
      trampoline: new Trampoline(),
      fans: run && new Map<object, FanOut<unknown>>(),
      stages: [],
      owners: new Map(),
      lateAtEnd: 0,
      countsLate: false,
      idleAdvanceMs: 0,
      holdsMore: false,
      starts: { edges: [], sources: [] },
      scheduler: options.scheduler ?? defaultScheduler,
    };
    return new Graph(lifetimeOf(consumer), shared, options.outputMode ?? 'append');
  }

  /** The same graph as the operators above a stateful one see it. */
  withMode(outputMode: OutputMode): Graph {
    return outputMode === this.outputMode ? this : new Graph(this.lifetime, this.shared, outputMode);
  }

  /** The same graph with a shorter life: what hangs on a foreign subscription ends with that, not with the consumer. */
  fork(consumer: Subscription): Graph {
    return new Graph(lifetimeOf(consumer), this.shared, this.outputMode);
  }

  get closed(): boolean {
    return this.lifetime.closed;
  }

  get isRun(): boolean {
    return this.shared.fans !== undefined;
  }

  /** In micro-batches: one watermark a batch. */
  get isPaced(): boolean {
    return this.shared.run !== undefined && this.shared.run.continuous !== true;
  }

  /** Connects `sink` to a stream: once per stream object in a run, else once per call. */
  attach<T>(key: object, source: Attachable<T>, sink: Sink<T>): void {
    const { fans } = this.shared;
    if (fans === undefined) return source.attach(sink, this);
    const known = fans.get(key) as FanOut<T> | undefined;
    if (known !== undefined) return known.add(sink);
    const fan = new FanOut<T>(sink);
    fans.set(key, fan as FanOut<unknown>);
    source.attach(fan, this);
  }

  /** Sources start only when everything is wired, so that no consumer misses the first rows. */
  onStart(start: () => void): void {
    if (this.shared.starts === undefined) start();
    else this.shared.starts.sources.push(start);
  }

  /** Foreign operators subscribe before any source speaks: what they bring along is wired then. */
  onWire(wire: () => void): void {
    if (this.shared.starts === undefined) wire();
    else this.shared.starts.edges.push(wire);
  }

  start(): void {
    const { starts } = this.shared;
    if (starts === undefined) return;
    for (let wire = starts.edges.shift(); wire !== undefined; wire = starts.edges.shift()) if (!this.closed) wire();
    this.shared.starts = undefined;
    if (!this.isRun) this.lifetime.add(() => keepAWhile(this));
    for (const start of starts.sources) if (!this.closed) start();
  }

  /** In a run an id names state: the second operator of one default id gets a number of its own. */
  idFor(id: string): string {
    if (!this.isRun) return id;
    let free = id;
    for (let n = 2; this.shared.stages.some((stage) => stage.id === free); n++) free = `${id}-${n}`;
    return free;
  }

  /** Explicit ids must be unique in a graph; the same operator connected twice (a self-union) is no clash. */
  claim(id: string, owner: object): void {
    const other = this.shared.owners.get(id);
    if (other !== undefined && other !== owner) {
      throw new TidemarkError('TIDEMARK_DUPLICATE_ID', `two operators have the id '${id}'; give each its own`, { id });
    }
    this.shared.owners.set(id, owner);
  }
}

/** Ends with the consumer and does not know it: what is kept of a graph that has ended leads to nobody. */
function lifetimeOf(consumer: Subscription): Subscription {
  const lifetime = new Subscription();
  consumer.add(lifetime);
  return lifetime;
}

/** Several consumers of one stream object inside a run: each gets every call, in the order they were attached. */
class FanOut<T> implements Sink<T> {
  private readonly sinks: Sink<T>[];

  constructor(first: Sink<T>) {
    this.sinks = [first];
  }

  add(sink: Sink<T>): void {
    this.sinks.push(sink);
  }

  event(time: number, row: T): void {
    for (const sink of this.sinks) sink.event(time, row);
  }
  watermark(emit: number, drop: number): void {
    for (const sink of this.sinks) sink.watermark(emit, drop);
  }
  /** A rejection is one fact, whatever the number of consumers: only the first hands it on, so that counts stay true. */
  reject(rejection: Parameters<Sink<T>['reject']>[0]): void {
    this.sinks[0]?.reject(rejection);
  }
  idle(isIdle: boolean): void {
    for (const sink of this.sinks) sink.idle(isIdle);
  }
  barrier(batchId: number): void {
    for (const sink of this.sinks) sink.barrier(batchId);
  }
  end(): void {
    for (const sink of this.sinks) sink.end();
  }
  error(cause: unknown): void {
    for (const sink of this.sinks) sink.error(cause);
  }
}

export type { StreamInfo };
