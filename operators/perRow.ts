import type { Observable, OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { operator, type OperatorOptions } from '../src/operator';
import { RowPipe } from '../src/rx/perRow';

/**
 * Lifts stateless synchronous RxJS operators to rows: whatever comes out while a row goes in gets its event time. Control
 * signals keep their place.
 *
 * Only for operators such as `map`, `filter`, `tap`, `pluck`, `mergeMap(of…)`; one that speaks later (`delay`), completes
 * (`take`) or fails is an error `TIDEMARK_PER_ROW`. What keeps state across rows (`scan`, `distinct`) works, but its
 * state is not part of snapshots.
 *
 * @param build - what to do with an Observable of rows: `(rows$) => rows$.pipe(filter(…), map(…))`, or one RxJS operator
 * @param options - `onError`
 * @returns the rows that came out, stamped with the time of the row that went in
 *
 * Cost: that of the RxJS operators and one hop.
 * @example
 * ```ts
 * const out: number[] = [];
 * of({ t: 1 }, { t: 2 }).pipe(withWatermark('t', 0), perRow(map((row) => row.t * 2)), rows()).subscribe((v) => out.push(v));
 * out; // => [2, 4]
 * ```
 */
export function perRow<T, R, K extends 'event' | 'untimed'>(
  build: (rows: Observable<T>) => Observable<R>,
  options?: OperatorOptions,
): OperatorFunction<Element<T, K>, Element<R, K>> {
  return operator<T, R, K, K>({
    type: 'perRow',
    options,
    accepts: ['event', 'untimed'],
    create: () => {
      const pipe = new RowPipe<T, R>(build);
      return {
        onEvent(time, row, out) {
          const given = pipe.feed(row);
          if (given.length === 0) return out.filter();
          out.absorb(1);
          for (const one of given) if (!out.closed) out.event(time, one);
        },
        onEnd: () => pipe.close(),
        onClose: () => pipe.close(),
      };
    },
  });
}
