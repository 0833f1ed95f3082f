import type { OperatorFunction } from 'rxjs';
import type { Element, Rejection, StreamKind } from '../src/element';
import { leave } from '../src/rx';

/** A row that came out, or one that did not. */
export type Outcome<T> =
  { readonly kind: 'row'; readonly time: number; readonly row: T } | ({ readonly kind: 'rejected' } & Rejection);

/**
 * Rows and rejections together, in order: subscribe once, split behind it.
 *
 * ```
 * in         -(aA)-(xR)-b--|     R: x was rejected
 * outcomes   -a-----R---b--|
 * ```
 *
 * @returns `{ kind: 'row', time, row }` and `{ kind: 'rejected', reason, … }`
 *
 * Cost: one object per row.
 * @example
 * ```ts
 * const out: string[] = [];
 * of({ t: 5 }, { t: null }).pipe(withWatermark('t', 0), outcomes()).subscribe((o) => out.push(o.kind));
 * out; // => ['row', 'rejected']
 * ```
 */
export function outcomes<T, K extends StreamKind>(): OperatorFunction<Element<T, K>, Outcome<T>> {
  return (source) =>
    leave<T, Outcome<T>>(source, (observer) => ({
      event: (time, row) => observer.next({ kind: 'row', time, row }),
      reject: (rejection) => observer.next({ kind: 'rejected', ...rejection }),
    }));
}
