import type { OperatorFunction } from 'rxjs';
import type { Element, Rejection, StreamKind } from '../src/element';
import { leave } from '../src/rx';

/**
 * Only the rejections: every row that some operator above did not use, with the reason. `outcomes()` gives rows too.
 *
 * ```
 * in         -(aA)-(xR)-b--|     R: x was rejected
 * rejected   -------R------|
 * ```
 *
 * @returns the rejections `{ reason, time, row, operator, watermark, detail }` in order
 *
 * Cost: O(1) per row.
 * @example
 * ```ts
 * const out: string[] = [];
 * of({ t: 5 }, { t: null }).pipe(withWatermark('t', 0), rejected()).subscribe((r) => out.push(r.reason));
 * out; // => ['invalid']
 * ```
 */
export function rejected<T, K extends StreamKind>(): OperatorFunction<Element<T, K>, Rejection> {
  return (source) => leave<T, Rejection>(source, (observer) => ({ reject: (rejection) => observer.next(rejection) }));
}
