import type { Rejection, RejectionReason, Sink } from '../element';
import { isTidemarkError, messageOf, StateTouched, userFunctionError } from '../errors';
import { DEFAULT_TRAITS, isSystemClock, type Graph, type LiveStage, type Run, type SchedulerLike } from '../rx';
import { cell, type StateTables } from '../state/table';
import type { ErrorPolicy, Traits } from '../traits';
import type { Outlet } from './outlet';
import { outletFor } from './outlets';
import type { OperatorSpec, Processor } from './processor';

/** What became of the rows: in = forwarded + absorbed + held + filtered + rejected. Outputs are counted apart. */
export interface Tally {
  readonly in: number;
  readonly forwarded: number;
  readonly absorbed: number;
  readonly held: number;
  readonly filtered: number;
  readonly rejected: Readonly<Partial<Record<RejectionReason, number>>>;
  readonly outputs: number;
  readonly partlyLate: number;
}

/** The adapter: one connection of one operator. A sink towards upstream, a processor inside, counters around. */
export class Stage<I, O> implements LiveStage, Sink<I> {
  readonly id: string;
  readonly processor: Processor<I, O>;
  /** The watermark in force: rejections name it. */
  emit = -Infinity;
  drop = -Infinity;
  /** What came in: the same, unless the operator makes its own. */
  private inEmit = -Infinity;
  private inDrop = -Infinity;
  protected readonly graph: Graph;
  protected readonly down: Sink<O>;
  protected readonly outlet: Outlet<O>;
  private readonly policy: ErrorPolicy;
  protected readonly scheduler: SchedulerLike;
  /** Type and description: what the state of this operator was written by. */
  readonly type: string;
  readonly description: Readonly<Record<string, unknown>>;
  readonly stateful: boolean;
  protected received = 0;
  protected stopped = false;
  /** What it said of itself before its state went. */
  private last: Readonly<Record<string, unknown>> | undefined;

  constructor(spec: OperatorSpec<I, O>, id: string, inputs: readonly Traits[], down: Sink<O>, graph: Graph) {
    this.id = id = graph.idFor(id);
    this.type = spec.type;
    this.description = spec.description ?? {};
    this.stateful = spec.stateful ?? false;
    this.down = down;
    this.graph = graph;
    const [traits = DEFAULT_TRAITS] = inputs;
    this.policy = spec.options?.onError ?? traits.onError;
    this.scheduler = spec.options?.scheduler ?? graph.shared.scheduler;
    const Place = outletFor(spec.type);
    this.outlet = new Place<O>(this, down, graph, this.scheduler);
    this.processor = spec.create({
      id,
      inputs,
      traits,
      scheduler: this.scheduler,
      ...(graph.isPaced ? { run: graph.shared.run as Run } : {}),
      outputMode: graph.outputMode,
      isSystemClock: () => isSystemClock(this.scheduler),
      lostAtEnd: () => (graph.shared.countsLate ? graph.shared.lateAtEnd : undefined),
      idleAdvance: (ms) => (graph.shared.idleAdvanceMs = ms),
    });
    graph.shared.stages.push(this);
    if (this.processor.onStart !== undefined) graph.onStart(() => this.processor.onStart?.(this.outlet));
    if (this.processor.onClose !== undefined) graph.lifetime.add(() => this.processor.onClose?.());
  }

  // The hot path, written out: one call less a row.
  event(time: number, row: I): void {
    if (this.stopped) return;
    this.received++;
    try {
      this.processor.onEvent(time, row, this.outlet, 0);
    } catch (cause) {
      this.failed(cause, time, row);
    }
  }

  protected take(time: number, row: I, input: number): void {
    if (this.stopped) return;
    this.received++;
    try {
      this.processor.onEvent(time, row, this.outlet, input);
    } catch (cause) {
      this.failed(cause, time, row);
    }
  }

  /** Watermarks only rise: the adapter absorbs a regressing one. */
  watermark(emit: number, drop: number): void {
    if (this.stopped) return;
    if (!(emit > this.inEmit)) emit = this.inEmit;
    if (!(drop > this.inDrop)) drop = this.inDrop;
    // In a run the same watermark still marks the end of a batch's rows.
    if (emit === this.inEmit && drop === this.inDrop && !this.graph.isPaced) return;
    this.inEmit = emit;
    this.inDrop = drop;
    if (!this.processor.ownsWatermark) {
      this.emit = emit;
      this.drop = drop;
    }
    if (this.processor.onWatermark !== undefined) {
      try {
        this.processor.onWatermark(emit, drop, this.outlet);
      } catch (cause) {
        return this.failed(cause, emit, undefined);
      }
    }
    if (!this.processor.ownsWatermark && !this.stopped) this.pass(emit, drop);
  }

  private pass(emit: number, drop: number): void {
    const { processor } = this;
    const spoken = processor.speaksAt === 'drop' ? drop : emit;
    if (processor.propagate === undefined) return this.down.watermark(spoken, drop);
    const outEmit = processor.propagate(spoken);
    const outDrop = processor.propagate(drop);
    if (outEmit !== undefined && outDrop !== undefined) this.down.watermark(this.floor(outEmit), this.floor(outDrop));
    // What has no watermark ends its batches all the same.
    else if (this.graph.isRun) this.down.watermark(-Infinity, -Infinity);
  }

  /** In a query the watermark of an operator is never below 0, as the query's is not. */
  private floor(w: number): number {
    return this.graph.isRun && w < 0 && w > -Infinity ? 0 : w;
  }

  /** The watermark that would go on if `w` came in; `undefined`: none. Pure: asked before an empty batch is run. */
  propagated(w: number): number | undefined {
    const out = this.processor.propagate === undefined ? w : this.processor.propagate(w);
    return out === undefined ? undefined : this.floor(out);
  }

  /** The drop watermark that came last: what state was evicted with. */
  get evictedWith(): number {
    return this.inDrop;
  }

  /** Would an empty batch with watermark `w` do anything here? */
  wantsBatch(w: number, now: number): boolean {
    if (this.processor.wantsBatch !== undefined) return this.processor.wantsBatch(w, now);
    return this.stateful && w > this.inDrop;
  }

  idle(isIdle: boolean): void {
    if (this.stopped) return;
    this.processor.onIdle?.(isIdle, this.outlet);
    if (!this.processor.ownsWatermark) this.down.idle(isIdle);
  }

  barrier(batchId: number): void {
    if (this.stopped) return;
    try {
      this.processor.onBarrier?.(batchId, this.outlet);
    } catch (cause) {
      return this.failed(cause, this.emit, undefined);
    }
    this.down.barrier(batchId);
  }

  reject(rejection: Rejection): void {
    if (!this.stopped) this.down.reject(rejection);
  }

  end(): void {
    if (this.stopped) return;
    try {
      this.processor.onEnd?.(this.outlet);
    } catch (cause) {
      return this.failed(cause, this.emit, undefined);
    }
    if (this.stopped) return;
    this.stopped = true;
    this.down.end();
  }

  error(cause: unknown): void {
    if (this.stopped) return;
    this.stopped = true;
    this.down.error(cause);
  }

  /** Processing time that the processor asked for. */
  tick(): void {
    if (this.stopped) return;
    try {
      this.processor.onTick?.(this.scheduler.now(), this.outlet);
    } catch (cause) {
      this.failed(cause, this.emit, undefined);
    }
  }

  protected failed(cause: unknown, time: number, row: unknown): void {
    if (this.stopped) return;
    // Once a user's add, merge or result has thrown, the state may be half changed: the row cannot just be left out.
    const touched = cause instanceof StateTouched;
    const isOurs = isTidemarkError(cause) && cause.code === 'TIDEMARK_PROTOCOL';
    if (this.policy === 'reject' && row !== undefined && !touched && !isOurs) {
      const message = messageOf(cause);
      return this.outlet.reject('failed', time, row, { message, cause });
    }
    this.error(userFunctionError(touched ? cause.cause : cause, { operator: this.id, time, row }));
  }

  get tally(): Tally {
    const { outlet } = this;
    return {
      in: this.received,
      forwarded: outlet.forwarded,
      absorbed: outlet.absorbed,
      held: this.processor.held?.() ?? 0,
      filtered: outlet.filtered,
      rejected: { ...outlet.rejected },
      outputs: outlet.outputs,
      partlyLate: outlet.partly,
    };
  }

  /** All that must survive: the operator's tables and the adapter's own. */
  stateTables(): StateTables {
    const watermarks = cell(
      1,
      () => [this.emit, this.drop, this.inEmit, this.inDrop],
      (value) => ([this.emit, this.drop, this.inEmit, this.inDrop] = value as [number, number, number, number]),
    );
    return { ...this.processor.tables, 'tidemark:watermarks': watermarks };
  }

  /** The tables have been loaded one by one: the operator asks again for the ticks that were open. */
  restored(): void {
    this.processor.onRestore?.(this.outlet);
  }

  /** Rows of state, in Spark's terms. */
  get stateSize(): number {
    const { processor } = this;
    if (processor.stateSize !== undefined) return processor.stateSize();
    const tables = Object.values(processor.tables ?? {}).filter(({ isScalar }) => isScalar !== true);
    return tables.reduce((sum, table) => sum + table.size(), 0);
  }

  /** Not while rows wait in it: it was cut off, and what there is of its state may be much. */
  letGo(): boolean {
    const { processor } = this;
    if (Number(processor.held?.()) > 0) return false;
    if (this.stateSize === 0) return true;
    this.last = this.report();
    for (const table of Object.values(processor.tables ?? {})) if (table.isScalar !== true) table.load([]);
    return this.stateSize === 0;
  }

  /** Live figures for `explain`. */
  report(): Readonly<Record<string, unknown>> {
    if (this.last !== undefined) return this.last;
    const state: Record<string, number> = {};
    for (const [name, table] of Object.entries(this.processor.tables ?? {})) state[name] = table.size();
    return { watermark: this.emit, drop: this.drop, counters: this.tally, state, ...this.processor.report?.() };
  }
}
