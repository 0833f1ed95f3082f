import { asyncScheduler, Observable } from 'rxjs';

/** What happens in one frame of a marble string. */
export interface Frame<T> {
  readonly at: number;
  readonly say: readonly T[];
  readonly then?: 'complete' | 'error';
}

/** A cold Observable that plays frames, one ms each; inside a TestScheduler's `run` the time is virtual. */
export function timeline<T>(frames: readonly Frame<T>[]): Observable<T> {
  return new Observable<T>((subscriber) => {
    for (const frame of frames) {
      subscriber.add(
        asyncScheduler.schedule(() => {
          for (const value of frame.say) subscriber.next(value);
          if (frame.then === 'complete') subscriber.complete();
          if (frame.then === 'error') subscriber.error('error');
        }, frame.at),
      );
    }
  });
}
