import type { Observable, OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { streamOf, type OperatorSpec } from '../src/operator';
import { FusedStream, originOf, rowSource } from '../src/rx';
import type { RowOf } from '../src/streams';
import type { Traits } from '../src/traits';
import { timekeepingOf, type TimeColumn, type TimestampOptions, type TimeValue } from '../src/watermark/options';
import { Timekeeper } from '../src/watermark/timekeeper';

/**
 * Gives rows their event time, but no watermark: nothing is ever late, and nothing is ever final before the end.
 *
 * For windows that are updated (`emit: onUpdate()`) or complete at the end; their state grows without bound, because
 * nothing says when a window is over. Rows without a readable time are rejected as `invalid`.
 *
 * ```
 * rows       -a---b---|        a: t=10  b: t=5
 * out        -a---b---(E|)     E = +Infinity
 * ```
 *
 * @param column - the column with the event time, or a function of the row; as for `withWatermark`
 * @param options - `unit`, `maxFutureSkew`
 * @returns the rows stamped with their event time; the watermark +Infinity when the source completes
 * @throws `TIDEMARK_WATERMARK_REDEFINED` when the stream has event time already
 *
 * Cost: O(1) per row, no state.
 * @example
 * ```ts
 * const seen: string[] = [];
 * of({ t: 10 }, { t: 5 }).pipe(withTimestamps('t'), signals()).subscribe((s) => seen.push(s.kind));
 * seen.join(' '); // => 'event event watermark'
 * ```
 */
export function withTimestamps<In>(
  column: TimeColumn<RowOf<In>> | ((row: RowOf<In>) => TimeValue),
  options: TimestampOptions = {},
): OperatorFunction<In, Element<RowOf<In>>> {
  type T = RowOf<In>;
  const keeping = timekeepingOf<T>(column as string | ((row: T) => unknown), undefined, options);
  const spec: OperatorSpec<T, T> = {
    type: 'withTimestamps',
    options,
    accepts: ['untimed'],
    description: { column: typeof column === 'string' ? column : 'function' },
    traits: ([input]) => ({
      kind: 'event',
      ties: 'instant',
      watermark: false,
      windowColumns: [],
      ...(typeof column === 'string' ? { timeColumn: column } : {}),
      allowedLatenessMs: 0,
      onError: options.onError ?? (input as Traits).onError,
    }),
    create: (context) => new Timekeeper(keeping, context),
  };
  return (rows: Observable<unknown>) =>
    new FusedStream(streamOf(spec, rows, originOf(rows) === undefined ? rowSource(rows) : undefined));
}
