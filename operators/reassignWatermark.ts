import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { operator } from '../src/operator';
import type { Duration } from '../src/time/duration';
import type { Traits } from '../src/traits';
import { strategyOf, timekeepingOf, type TimeColumn, type TimeValue, type WatermarkOptions } from '../src/watermark/options';
import type { WatermarkStrategy } from '../src/watermark/strategy';
import { Timekeeper } from '../src/watermark/timekeeper';

/**
 * Replaces event time and watermark of a stream that has them already. For plain pipes: a query has one watermark.
 *
 * Rows get the new event time; watermarks and idle marks from upstream are swallowed, except the final +Infinity. Rows
 * that the old watermark would have called late may be on time now, and the other way round. Rejections pass.
 *
 * ```
 * in         -(aA)--(bB)--(E|)     swallows A and B
 * out        -(aV)--(bT)--(E|)     V, T from the new column and delay
 * ```
 *
 * @param column - the column with the new event time, or a function of the row
 * @param delay - ms, text, or a strategy; as for `withWatermark`
 * @param options - as for `withWatermark`
 * @returns the rows stamped with the new event time
 *
 * Cost: O(1) per row.
 * @example
 * ```ts
 * const times: number[] = [];
 * of({ a: 1, b: 20 }).pipe(withWatermark('a', 0), reassignWatermark('b', 5), signals())
 *   .subscribe((s) => { if (s.kind === 'watermark') times.push(s.time); });
 * times[0]; // => 15
 * ```
 */
export function reassignWatermark<T>(
  column: TimeColumn<T> | ((row: T) => TimeValue),
  delay: Duration | WatermarkStrategy<NoInfer<T>>,
  options: WatermarkOptions = {},
): OperatorFunction<Element<T>, Element<T>> {
  const strategy = strategyOf(delay);
  const keeping = timekeepingOf<T>(column as string | ((row: T) => unknown), strategy, options);
  return operator<T, T, 'event', 'event'>({
    type: 'reassignWatermark',
    options,
    accepts: ['event'],
    description: { column: typeof column === 'string' ? column : 'function', ...strategy.describe() },
    traits: ([input]) => ({
      kind: 'event',
      ties: strategy.ties,
      watermark: true,
      windowColumns: (input as Traits).windowColumns,
      ...(typeof column === 'string' ? { timeColumn: column } : {}),
      ...(strategy.fixedDelayMs === undefined ? {} : { delayMs: strategy.fixedDelayMs }),
      allowedLatenessMs: keeping.allowedLatenessMs,
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
