import type { OperatorFunction } from 'rxjs';
import type { Element, Signal, StreamKind } from '../src/element';
import { leave } from '../src/rx';

/**
 * Shows everything a stream says, readable: rows, watermarks, idle marks, barriers, rejections. For tests and for
 * looking in, as RxJS's `materialize` is for notifications; `fromSignals()` is the way back.
 *
 * @returns `{ kind: 'event', time, row }`, `{ kind: 'watermark', time, drop? }` (`drop` where it differs), …
 *
 * Cost: one object per signal.
 * @example
 * ```ts
 * const out: unknown[] = [];
 * of({ t: 7 }).pipe(withWatermark('t', 2), signals()).subscribe((s) => out.push(s.kind === 'watermark' ? s.time : s.kind));
 * out; // => ['event', 5, Infinity]
 * ```
 */
export function signals<T, K extends StreamKind>(): OperatorFunction<Element<T, K>, Signal<T>> {
  return (source) =>
    leave<T, Signal<T>>(source, (observer) => ({
      event: (time, row) => observer.next({ kind: 'event', time, row }),
      watermark: (time, drop) => observer.next(drop === time ? { kind: 'watermark', time } : { kind: 'watermark', time, drop }),
      idle: (idle) => observer.next({ kind: 'idle', idle }),
      barrier: (batchId) => observer.next({ kind: 'barrier', batchId }),
      reject: (rejection) => observer.next({ kind: 'rejected', ...rejection }),
    }));
}
