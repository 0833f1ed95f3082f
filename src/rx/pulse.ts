import { Observable, Subject } from 'rxjs';

/** Tells that something has changed; whoever watches reads it anew. */
export class Pulse {
  private readonly beats = new Subject<void>();

  /** Something has changed. */
  beat(): void {
    this.beats.next();
  }

  /** What `read` gives now, and after each beat. Never completes. */
  watch<T>(read: () => T): Observable<T> {
    return new Observable<T>((subscriber) => {
      subscriber.next(read());
      return this.beats.subscribe(() => subscriber.next(read()));
    });
  }
}
