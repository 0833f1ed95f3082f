import { Subscription } from 'rxjs';

/** A subscription that nothing hangs on yet. */
export function emptySubscription(): Subscription {
  return new Subscription();
}
