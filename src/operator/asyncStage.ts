import type { Rejection, Sink } from '../element';
import { messageOf, TidemarkError, userFunctionError } from '../errors';
import { after, TASK, type Graph, type LiveStage, type SchedulerLike } from '../rx';
import { emptySubscription } from '../rx/subscription';
import type { ErrorPolicy } from '../traits';
import { Outlet } from './outlet';
import type { StageSnapshot, Tally } from './stage';

/** What an asynchronous operator does with a row. */
export interface AsyncWork<I, O> {
  readonly run: (row: I, signal: AbortSignal) => PromiseLike<O> | O;
  readonly concurrency: number;
  readonly ordered: boolean;
  readonly timeoutMs: number;
  readonly policy: ErrorPolicy;
  readonly scheduler: SchedulerLike;
}

/** A row on its way, or a control signal that waits for the rows before it. */
type Slot<I, O> =
  | { readonly kind: 'row'; readonly time: number; readonly row: I; state: 'waiting' | 'running' | 'done'; result?: { value: O } }
  | { readonly kind: 'control'; readonly pass: () => void };

type RowSlot<I, O> = Extract<Slot<I, O>, { kind: 'row' }>;

/**
 * The one stage that works asynchronously: control signals are held until every row before them is done, and rows never
 * overtake one. With `ordered` rows do not overtake each other either.
 */
export class AsyncStage<I, O> implements Sink<I>, LiveStage {
  emit = -Infinity;
  drop = -Infinity;
  private readonly queue: Slot<I, O>[] = [];
  private running = 0;
  private received = 0;
  private stopped = false;
  private readonly outlet: Outlet<O>;

  constructor(
    readonly id: string,
    private readonly work: AsyncWork<I, O>,
    private readonly down: Sink<O>,
    private readonly graph: Graph,
  ) {
    this.outlet = new Outlet<O>(this, down, graph, work.scheduler);
    graph.shared.stages.push(this);
  }

  event(time: number, row: I): void {
    if (this.stopped) return;
    this.received++;
    this.queue.push({ kind: 'row', time, row, state: 'waiting' });
    this.fill();
  }

  watermark(emit: number, drop: number): void {
    this.control(() => {
      this.emit = emit;
      this.drop = drop;
      this.down.watermark(emit, drop);
    });
  }
  reject(rejection: Rejection): void {
    this.control(() => this.down.reject(rejection));
  }
  idle(isIdle: boolean): void {
    this.control(() => this.down.idle(isIdle));
  }
  barrier(batchId: number): void {
    this.control(() => this.down.barrier(batchId));
  }
  end(): void {
    this.control(() => {
      this.stopped = true;
      this.down.end();
    });
  }
  error(cause: unknown): void {
    if (this.stopped) return;
    this.stopped = true;
    this.down.error(cause);
  }

  private control(pass: () => void): void {
    if (this.stopped) return;
    this.queue.push({ kind: 'control', pass });
    this.release();
  }

  /** Starts rows while there is room. */
  private fill(): void {
    for (const slot of this.queue) {
      if (this.running >= this.work.concurrency) return;
      if (slot.kind === 'row' && slot.state === 'waiting') this.start(slot);
    }
  }

  private start(slot: RowSlot<I, O>): void {
    slot.state = 'running';
    this.running++;
    const abort = new AbortController();
    const { lifetime } = this.graph;
    const leave = emptySubscription(); // what is to be done if the stream is left meanwhile
    leave.add(() => abort.abort());
    lifetime.add(leave);
    const { timeoutMs, scheduler } = this.work;
    const timer = timeoutMs === Infinity ? undefined : after(scheduler, timeoutMs, () => late());
    leave.add(timer);
    // One answer a row: what comes after the timeout is not looked at.
    const settle = (answer: () => void): void => {
      timer?.unsubscribe();
      lifetime.remove(leave);
      if (slot.state !== 'running') return;
      this.graph.shared.trampoline.enter(TASK, () => this.settled(slot, answer));
    };
    const late = (): void => {
      abort.abort();
      settle(() =>
        this.failed(
          slot,
          new TidemarkError('TIDEMARK_TIMEOUT', `'${this.id}' took longer than ${timeoutMs} ms`, { row: slot.row }),
        ),
      );
    };
    void Promise.resolve()
      .then(() => this.work.run(slot.row, abort.signal))
      .then(
        (value) => settle(() => (slot.result = { value })),
        (cause: unknown) => settle(() => this.failed(slot, cause)),
      );
  }

  private settled(slot: RowSlot<I, O>, answer: () => void): void {
    if (this.graph.closed || this.stopped) return;
    slot.state = 'done';
    this.running--;
    answer();
    if (this.stopped) return;
    this.release();
    this.fill();
  }

  private failed(slot: RowSlot<I, O>, cause: unknown): void {
    if (this.work.policy === 'reject') {
      const message = messageOf(cause);
      return this.outlet.reject('failed', slot.time, slot.row, { message, cause });
    }
    this.error(userFunctionError(cause, { operator: this.id, time: slot.time, row: slot.row }));
  }

  /** Hands on what may go: from the head, and, unordered, whatever is done before the next control signal that waits. */
  private release(): void {
    let kept = 0;
    let rowWaits = false;
    let sealed = false;
    for (const slot of this.queue) {
      const waits = sealed || (rowWaits && (slot.kind === 'control' || this.work.ordered));
      if (waits || (slot.kind === 'row' && slot.state !== 'done')) {
        this.queue[kept++] = slot;
        if (slot.kind === 'row') rowWaits = true;
        else sealed = true;
      } else if (slot.kind === 'control') slot.pass();
      else if (slot.result !== undefined) this.outlet.forward(slot.time, slot.result.value);
      if (this.stopped) return;
    }
    this.queue.length = kept;
  }

  tick(): void {}

  /** No state of its own: a barrier waits until nothing is on its way. */
  snapshot(): StageSnapshot {
    return { emit: this.emit, drop: this.drop, tables: {} };
  }

  restore(snapshot: StageSnapshot): void {
    this.emit = snapshot.emit;
    this.drop = snapshot.drop;
  }

  get tally(): Tally {
    const { outlet } = this;
    const held = this.queue.filter((slot) => slot.kind === 'row' && (slot.state !== 'done' || slot.result !== undefined)).length;
    return {
      in: this.received,
      forwarded: outlet.forwarded,
      absorbed: 0,
      held,
      filtered: 0,
      rejected: { ...outlet.rejected },
      outputs: 0,
      partlyLate: 0,
    };
  }

  report(): Readonly<Record<string, unknown>> {
    return { watermark: this.emit, drop: this.drop, counters: this.tally, state: {}, running: this.running };
  }
}
