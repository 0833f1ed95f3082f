import type { Subscription } from 'rxjs';
import { after, type SchedulerLike } from '../rx';
import type { Engine, FinishedBatch } from './engine';
import { Epochs } from './epochs';
import type { Trigger } from './trigger';

/** What the query shows while it works. */
export interface QueryStatus {
  readonly message: string;
  /** What the last trigger found. */
  readonly isDataAvailable: boolean;
  readonly isTriggerActive: boolean;
}

interface Waiter {
  readonly since: number;
  readonly resolve: () => void;
}

/** Decides when the engine runs a batch. One loop, one batch at a time; between them it sleeps until something wakes it. */
export class Driver {
  status: QueryStatus = { message: 'initializing', isDataAvailable: false, isTriggerActive: false };
  private stopping = false;
  private awake = false;
  private wakeUp: (() => void) | undefined;
  private looks = 0;
  private waiters: Waiter[] = [];
  private readonly epochs: Epochs;

  constructor(
    private readonly engine: Engine,
    private readonly trigger: Trigger,
    private readonly scheduler: SchedulerLike,
    private readonly onBatch: (batch: FinishedBatch) => void,
  ) {
    this.epochs = new Epochs(engine);
  }

  /** Runs until it is stopped, or the trigger has had what it wanted. */
  async run(): Promise<void> {
    const { kind } = this.trigger;
    if (kind === 'once') await this.once();
    else if (kind === 'availableNow') await this.availableNow();
    else if (kind === 'continuous') await this.continuously(this.trigger.everyMs);
    else await this.forever();
  }

  private async once(): Promise<void> {
    await this.attempt(async () => (this.engine.hasPending ? this.engine.repeatPending() : this.engine.runData()));
  }

  private async availableNow(): Promise<void> {
    await this.engine.freezeSources();
    while (!this.stopping && (await this.look())) this.sayWaiting();
  }

  private async forever(): Promise<void> {
    while (!this.stopping && !this.engine.isOver) {
      const began = this.scheduler.now();
      const worked = await this.look();
      this.sayWaiting();
      if (this.trigger.kind === 'processingTime') await this.untilNextTick(this.trigger.everyMs, began);
      else if (!worked) await this.untilWoken();
    }
  }

  /** Rows flow; at every interval of the clock what has come is committed. */
  private async continuously(everyMs: number): Promise<void> {
    while (!this.stopping && !this.engine.isOver) {
      const due = this.nextTick(everyMs, this.scheduler.now());
      let asked: readonly Waiter[] = [];
      await this.attempt(() =>
        this.epochs.run({
          isDue: () => this.stopping || this.scheduler.now() >= due,
          // Asked when there is nothing left to read: whoever waits by now has had everything.
          isAwaited: () => (asked = this.waiters).length > 0,
          sleep: () => this.sleep(Math.max(0, Math.min(due - this.scheduler.now(), this.engine.nextTimerIn())), true),
        }),
      );
      this.settle((waiter) => asked.includes(waiter));
      this.sayWaiting();
    }
  }

  private nextTick(everyMs: number, from: number): number {
    return Math.floor(from / everyMs) * everyMs + everyMs;
  }

  /** One trigger: repeats what is unfinished, else takes what is there, else does without rows what is due. */
  private async look(): Promise<boolean> {
    const look = ++this.looks;
    const worked = await this.attempt(async () => {
      if (this.engine.hasPending) return this.engine.repeatPending();
      return (await this.engine.runData()) ?? (await this.engine.runEmpty(this.trigger.kind !== 'processingTime'));
    });
    if (!worked) this.settle((waiter) => waiter.since < look);
    return worked;
  }

  private async attempt(work: () => Promise<FinishedBatch | undefined>): Promise<boolean> {
    this.engine.timings.start();
    this.status = { message: 'getting offsets', isDataAvailable: false, isTriggerActive: true };
    const batch = await work();
    this.status = { ...this.status, isDataAvailable: batch !== undefined };
    if (batch === undefined) return false;
    this.onBatch(batch);
    return true;
  }

  /** The engine has a plan: its rows are on their way. */
  processing(): void {
    this.status = { message: 'processing new data', isDataAvailable: true, isTriggerActive: true };
  }

  private sayWaiting(): void {
    this.status = { ...this.status, message: 'waiting for next trigger', isTriggerActive: false };
  }

  /** Something may be there to do. */
  wake(): void {
    this.awake = true;
    this.wakeUp?.();
  }

  stop(): void {
    this.stopping = true;
    this.wake();
  }

  /** Resolves at the next look that finds nothing to do. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.waiters.push({ since: this.looks, resolve });
      this.wake();
    });
  }

  /** The query has ended: nobody waits any more. */
  release(): void {
    this.settle(() => true);
  }

  private settle(due: (waiter: Waiter) => boolean): void {
    const ready = this.waiters.filter(due);
    this.waiters = this.waiters.filter((waiter) => !due(waiter));
    for (const { resolve } of ready) resolve();
  }

  /** Sleeps until data, a timer, or the end. */
  private async untilWoken(): Promise<void> {
    await this.sleep(this.engine.nextTimerIn(), true);
  }

  /** The grid of the clock; a batch that took longer is followed by the next at once. */
  private async untilNextTick(everyMs: number, began: number): Promise<void> {
    const next = this.nextTick(everyMs, began);
    for (let left = next - this.scheduler.now(); left > 0 && !this.stopping; left = next - this.scheduler.now()) {
      await this.sleep(left, false);
    }
  }

  private async sleep(ms: number, untilWoken: boolean): Promise<void> {
    if (untilWoken && this.awake) {
      this.awake = false;
      return;
    }
    let timer: Subscription | undefined;
    await new Promise<void>((resolve) => {
      this.wakeUp = () => {
        if (untilWoken || this.stopping) resolve();
      };
      if (ms !== Infinity) timer = after(this.scheduler, ms, resolve);
    });
    timer?.unsubscribe();
    this.wakeUp = undefined;
    this.awake = false;
  }
}
