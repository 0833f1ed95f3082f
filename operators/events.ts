import type { Observable } from 'rxjs';
import { FusedStream, rowSource } from '../src/rx';

/**
 * An Observable of rows as an untimed stream: tidemark operators that need no event time may come before
 * `withWatermark`, and `pipe` is typed for more operators than RxJS's nine.
 *
 * @param source - rows
 * @returns rows without event time and watermark
 * @example
 * ```ts
 * const out: number[] = [];
 * events(of({ t: 1 }, { t: -1 })).pipe(filterRows((row) => row.t > 0), withWatermark('t', 0), rows()).subscribe((row) => out.push(row.t));
 * out; // => [1]
 * ```
 */
export function events<T>(source: Observable<T>): FusedStream<T, 'untimed'> {
  return new FusedStream<T, 'untimed'>(rowSource(source));
}
