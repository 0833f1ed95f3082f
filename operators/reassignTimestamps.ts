import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { operator } from '../src/operator';
import type { Traits } from '../src/traits';
import { timekeepingOf, type TimeColumn, type TimestampOptions, type TimeValue } from '../src/watermark/options';
import { Timekeeper } from '../src/watermark/timekeeper';

/**
 * Gives rows that have event time another one, without a watermark: for windows over a second time column. What the old
 * watermark says has no bearing on the new times, so nothing is late from here on, and nothing is final before the end.
 *
 * For windows that are updated or complete, sessions too (`emit: onUpdate()`; in a query output mode `update` or
 * `complete`); their state grows without bound. Append mode is refused: nothing would ever be final. For a new watermark in
 * a plain pipe there is `reassignWatermark`.
 *
 * ```
 * in         -(aA)--(bB)--(E|)     swallows A and B
 * out        -a-----b-----(E|)     stamped with the new column
 * ```
 *
 * @param column - the column with the new event time, or a function of the row
 * @param options - `unit`, `maxFutureSkew`
 * @returns the rows stamped with the new event time; rows without a readable one are rejected as `invalid`
 *
 * Cost: O(1) per row, no state.
 * @example
 * ```ts
 * const out: number[] = [];
 * of({ t: 1, u: 50 }, { t: 2, u: 7 }).pipe(
 *   withWatermark('t', 0), reassignTimestamps('u'),
 *   aggregate({ window: session(10), select: { n: agg.count() } }), rows(),
 * ).subscribe((row) => out.push(row.window.start));
 * out; // => [7, 50]
 * ```
 */
export function reassignTimestamps<T>(
  column: TimeColumn<T> | ((row: T) => TimeValue),
  options: TimestampOptions = {},
): OperatorFunction<Element<T>, Element<T>> {
  const keeping = timekeepingOf<T>(column as string | ((row: T) => unknown), undefined, options);
  return operator<T, T, 'event', 'event'>({
    type: 'reassignTimestamps',
    options,
    accepts: ['event'],
    description: { column: typeof column === 'string' ? column : 'function' },
    traits: ([input]) => ({
      kind: 'event',
      ties: 'instant',
      watermark: false,
      windowColumns: (input as Traits).windowColumns,
      ...(typeof column === 'string' ? { timeColumn: column } : {}),
      allowedLatenessMs: 0,
      onError: options.onError ?? (input as Traits).onError,
    }),
    create: (context) => {
      const keeper = new Timekeeper(keeping, context);
      // The end of the stream below is no end of time: only a final watermark from upstream is.
      keeper.onEnd = () => {};
      return keeper;
    },
  });
}
