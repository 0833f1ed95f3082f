import { asyncScheduler, type SchedulerLike, type Subscription } from 'rxjs';

export type { SchedulerLike };

/** The scheduler that processing time comes from when none is given. RxJS's TestScheduler takes it over in `run()`. */
export const defaultScheduler: SchedulerLike = asyncScheduler;

/** Runs `work` once after `delayMs` of the scheduler's time. */
export function after(scheduler: SchedulerLike, delayMs: number, work: () => void): Subscription {
  return scheduler.schedule(work, delayMs);
}

/** True when the scheduler's clock is the system's, not virtual time. One second of difference tells them apart. */
export function isSystemClock(scheduler: SchedulerLike): boolean {
  return Math.abs(scheduler.now() - Date.now()) <= 1000;
}
