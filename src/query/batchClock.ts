import type { SchedulerAction, SchedulerLike, Subscription } from 'rxjs';
import { emptySubscription } from '../rx/subscription';

interface Due {
  readonly at: number;
  readonly work: () => void;
}

/**
 * Processing time as the operators of a query see it: it stands still during a batch, and moves to the time in the plan
 * when one begins. So a replay runs the same timers.
 */
export class BatchClock implements SchedulerLike {
  private time = 0;
  private due: Due[] = [];

  now(): number {
    return this.time;
  }

  schedule<S>(work: (this: SchedulerAction<S>, state?: S) => void, delayMs = 0, state?: S): Subscription {
    const subscription = emptySubscription();
    const action = { schedule: (next?: S, wait = 0) => this.schedule(work, wait, next) } as unknown as SchedulerAction<S>;
    const due: Due = { at: this.time + delayMs, work: () => work.call(action, state as S) };
    this.due.push(due);
    subscription.add(() => (this.due = this.due.filter((other) => other !== due)));
    return subscription;
  }

  /**
   * The time of a batch: timers that are due run first, in time order; those they set wait for the next batch. A clock
   * that jumps back stands still.
   */
  moveTo(time: number): void {
    this.time = Math.max(this.time, time);
    const ready = this.due.filter(({ at }) => at <= this.time).sort((a, b) => a.at - b.at);
    this.due = this.due.filter(({ at }) => at > this.time);
    for (const { work } of ready) work();
  }

  /** When the next timer is due; Infinity when there is none. */
  nextDue(): number {
    return this.due.reduce((first, { at }) => Math.min(first, at), Infinity);
  }
}
