import type { RejectionDetail, RejectionReason, Sink } from '../element';
import { after, TASK, type Graph, type SchedulerLike } from '../rx';
import type { Out } from './processor';

/** What the platform's timers can count; beyond it they would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The open request for processing time. */
interface Tick {
  readonly time: number;
  readonly timer: ReturnType<typeof after>;
}

/** What the outlet needs of its stage. */
export interface Owner {
  readonly id: string;
  emit: number;
  drop: number;
  tick(): void;
}

/** The processor's side of the adapter: counts, and calls the next operator directly. */
export abstract class Outlet<O> implements Out<O> {
  forwarded = 0;
  outputs = 0;
  absorbed = 0;
  filtered = 0;
  partly = 0;
  readonly rejected: Partial<Record<RejectionReason, number>> = {};
  private tick: Tick | undefined;

  constructor(
    private readonly stage: Owner,
    protected readonly down: Sink<O>,
    private readonly graph: Graph,
    private readonly scheduler: SchedulerLike,
  ) {}

  get closed(): boolean {
    return this.graph.closed;
  }

  abstract forward(time: number, row: O): void;
  abstract event(time: number, row: O): void;

  reject(reason: RejectionReason, time: number, row: unknown, detail?: RejectionDetail): void {
    if (reason === 'late' && (detail?.behindMs ?? Infinity) < this.graph.shared.idleAdvanceMs) reason = 'idleAdvance';
    this.rejected[reason] = (this.rejected[reason] ?? 0) + 1;
    const rejection = { reason, time, row, operator: this.stage.id, watermark: this.stage.drop };
    this.down.reject(detail === undefined ? rejection : { ...rejection, detail });
  }

  filter(): void {
    this.filtered++;
  }

  absorb(rows: number): void {
    this.absorbed += rows;
  }

  partlyLate(): void {
    this.partly++;
  }

  watermark(emit: number, drop: number): void {
    this.stage.emit = emit;
    this.stage.drop = drop;
    this.down.watermark(emit, drop);
  }

  idle(isIdle: boolean): void {
    this.down.idle(isIdle);
  }

  now(): number {
    return this.scheduler.now();
  }

  tickIn(delayMs: number): void {
    if (this.tick === undefined) this.tickAt(this.scheduler.now() + delayMs);
  }

  tickAt(time: number): void {
    if (this.tick !== undefined && this.tick.time <= time) return;
    const { lifetime, shared } = this.graph;
    this.tick?.timer.unsubscribe();
    const work = (): void => {
      if (this.tick !== tick) return; // another one took its place while it was queued
      this.tick = undefined;
      if (!lifetime.closed) this.stage.tick();
    };
    const delayMs = Math.min(Math.max(0, time - this.scheduler.now()), MAX_DELAY_MS);
    const timer = after(this.scheduler, delayMs, () => {
      lifetime.remove(timer); // a graph lives long: it must not collect a teardown a tick
      shared.trampoline.enter(TASK, work);
    });
    const tick = { time, timer };
    this.tick = tick;
    lifetime.add(timer);
  }
}
