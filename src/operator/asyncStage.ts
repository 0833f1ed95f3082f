import type { Rejection, Sink } from '../element';
import { messageOf, TidemarkError, userFunctionError } from '../errors';
import { after, TASK, type Graph, type LiveStage, type SchedulerLike } from '../rx';
import { emptySubscription } from '../rx/subscription';
import type { ErrorPolicy } from '../traits';
import type { Outlet } from './outlet';
import { outletFor } from './outlets';
import type { Tally } from './stage';

/** What an asynchronous operator does with a row. */
export interface AsyncWork<I, O> {
  readonly run: (row: I, signal: AbortSignal) => PromiseLike<O> | O;
  readonly concurrency: number;
  readonly ordered: boolean;
  readonly timeoutMs: number;
  readonly policy: ErrorPolicy;
  readonly scheduler: SchedulerLike;
}

/** A row on its way. */
interface RowSlot<I, O> {
  readonly kind: 'row';
  readonly time: number;
  readonly row: I;
  /** How many control signals came before it. */
  readonly section: number;
  state: 'waiting' | 'running' | 'done' | 'gone';
  result?: { value: O };
}

/** A row, or a control signal that waits for the rows before it. */
type Slot<I, O> = RowSlot<I, O> | { readonly kind: 'control'; readonly pass: () => void };

/**
 * The one stage that works asynchronously: control signals are held until every row before them is done, and rows never
 * overtake one. With `ordered` rows do not overtake each other either.
 */
export class AsyncStage<I, O> implements Sink<I>, LiveStage {
  emit = -Infinity;
  drop = -Infinity;
  private readonly queue: Slot<I, O>[] = [];
  /** Slots before it are gone; slots before `next` have been started. */
  private head = 0;
  private next = 0;
  /** Control signals that came, and those that have been passed on. */
  private controls = 0;
  private passed = 0;
  private running = 0;
  private held = 0;
  private received = 0;
  private stopped = false;
  private readonly outlet: Outlet<O>;

  constructor(
    readonly id: string,
    private readonly work: AsyncWork<I, O>,
    private readonly down: Sink<O>,
    private readonly graph: Graph,
  ) {
    const Place = outletFor('mapAsync');
    this.outlet = new Place<O>(this, down, graph, work.scheduler);
    graph.shared.stages.push(this);
  }

  event(time: number, row: I): void {
    if (this.stopped) return;
    this.received++;
    this.held++;
    this.queue.push({ kind: 'row', time, row, section: this.controls, state: 'waiting' });
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
    this.controls++;
    this.queue.push({ kind: 'control', pass });
    this.advance();
  }

  /** Starts rows while there is room. */
  private fill(): void {
    while (this.next < this.queue.length && this.running < this.work.concurrency) {
      const slot = this.queue[this.next++]!;
      if (slot.kind === 'row') this.start(slot);
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
    if (!this.work.ordered && slot.section === this.passed) this.give(slot);
    this.advance();
    this.fill();
  }

  private failed(slot: RowSlot<I, O>, cause: unknown): void {
    this.held--;
    if (this.work.policy === 'reject') {
      const message = messageOf(cause);
      return this.outlet.reject('failed', slot.time, slot.row, { message, cause });
    }
    this.error(userFunctionError(cause, { operator: this.id, time: slot.time, row: slot.row }));
  }

  /** Hands on what stands at the head and may go. */
  private advance(): void {
    while (this.head < this.queue.length && !this.stopped) {
      const slot = this.queue[this.head]!;
      if (slot.kind === 'row' && (slot.state === 'waiting' || slot.state === 'running')) break;
      this.head++;
      if (slot.kind === 'row') this.give(slot);
      else this.pass(slot.pass);
    }
    this.compact();
  }

  /** What is done is handed on once; a row that failed has no result. */
  private give(slot: RowSlot<I, O>): void {
    if (slot.state !== 'done') return;
    slot.state = 'gone';
    if (slot.result === undefined) return;
    this.held--;
    this.outlet.forward(slot.time, slot.result.value);
  }

  /** Rows up to the next control signal may overtake each other from now on, if order does not matter. */
  private pass(pass: () => void): void {
    this.passed++;
    pass();
    if (this.work.ordered) return;
    for (let i = this.head; i < this.queue.length && !this.stopped; i++) {
      const slot = this.queue[i]!;
      if (slot.kind === 'control') return;
      this.give(slot);
    }
  }

  /** Gives memory back now and then, so that handing on stays O(1). */
  private compact(): void {
    if (this.head <= 64 || this.head * 2 <= this.queue.length) return;
    this.queue.splice(0, this.head);
    this.next = Math.max(0, this.next - this.head);
    this.head = 0;
  }

  tick(): void {}

  get tally(): Tally {
    const { outlet, held } = this;
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

  letGo(): boolean {
    return this.held === 0;
  }

  report(): Readonly<Record<string, unknown>> {
    return { watermark: this.emit, drop: this.drop, counters: this.tally, state: {}, running: this.running };
  }
}
