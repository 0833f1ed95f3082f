import type { SchedulerAction, SchedulerLike, Subscription } from 'rxjs';
import { emptySubscription } from '../rx/subscription';

interface Due {
  readonly at: number;
  readonly order: number;
  readonly work: () => void;
}

/**
 * A scheduler whose time only moves when it is told to. Work runs in time order; `now()` is its time meanwhile.
 *
 * @example
 * ```ts
 * const clock = new ManualClock();
 * const seen: number[] = [];
 * interval(100, clock).subscribe((i) => seen.push(i));
 * clock.advance(250);
 * seen; // => [0, 1]
 * ```
 */
export class ManualClock implements SchedulerLike {
  private time: number;
  private due: Due[] = [];
  private order = 0;

  constructor(start = 0) {
    this.time = start;
  }

  now(): number {
    return this.time;
  }

  schedule<S>(work: (this: SchedulerAction<S>, state?: S) => void, delayMs = 0, state?: S): Subscription {
    const subscription = emptySubscription();
    const action = { schedule: (next?: S, wait = 0) => this.schedule(work, wait, next) } as unknown as SchedulerAction<S>;
    const run = (): void => {
      if (!subscription.closed) work.call(action, state as S);
    };
    this.due.push({ at: this.time + delayMs, order: this.order++, work: run });
    return subscription;
  }

  /** Moves the time on, running what becomes due. */
  advance(ms: number): void {
    this.advanceTo(this.time + ms);
  }

  advanceTo(time: number): void {
    for (let next = this.next(time); next !== undefined; next = this.next(time)) {
      this.due.splice(this.due.indexOf(next), 1);
      this.time = Math.max(this.time, next.at);
      next.work();
    }
    this.time = Math.max(this.time, time);
  }

  private next(time: number): Due | undefined {
    let first: Due | undefined;
    for (const due of this.due) {
      if (due.at <= time && (first === undefined || due.at < first.at || (due.at === first.at && due.order < first.order)))
        first = due;
    }
    return first;
  }
}
