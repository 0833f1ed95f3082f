import { Observable } from 'rxjs';

/** An ordinary `map` whose function is made for each subscription; a result that is the one before is not said again. */
export function mapped<T, R>(source: Observable<T>, make: () => (value: T) => R): Observable<R> {
  return new Observable<R>((subscriber) => {
    const map = make();
    let last: R | undefined;
    let begun = false;
    return source.subscribe({
      next: (value) => {
        let result: R;
        try {
          result = map(value);
        } catch (cause) {
          return subscriber.error(cause);
        }
        if (begun && result === last) return;
        [begun, last] = [true, result];
        subscriber.next(result);
      },
      error: (cause: unknown) => subscriber.error(cause),
      complete: () => subscriber.complete(),
    });
  });
}
