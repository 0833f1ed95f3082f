import type { OperatorFunction } from 'rxjs';
import type { Element, StreamKind } from '../src/element';
import { leave } from '../src/rx';

/**
 * Leaves event time: the rows as an ordinary Observable. Watermarks and rejections are discarded (`outcomes()` keeps the
 * rejections). On a ChangeStream the rows are the changes `{ op, key, row, pane }`.
 *
 * ```
 * in         -(aA)-(xR)-b--|     R: rejected
 * rows       -a---------b--|
 * ```
 *
 * @returns the rows, in order; completes and fails as the stream does
 *
 * Cost: O(1) per row; fused with the operator before it.
 * @example
 * ```ts
 * const out: number[] = [];
 * of({ t: 1 }, { t: 2 }).pipe(withWatermark('t', 0), rows()).subscribe((row) => out.push(row.t));
 * out; // => [1, 2]
 * ```
 */
export function rows<T, K extends StreamKind>(): OperatorFunction<Element<T, K>, T> {
  return (source) => leave<T, T>(source, (observer) => ({ event: (_time, row) => observer.next(row) }));
}
