import type { Observable, OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { checkOption } from '../src/errors';
import { streamOf, type OperatorSpec } from '../src/operator';
import { FusedStream, originOf, rowSource } from '../src/rx';
import type { RowOf } from '../src/streams';
import { parseWatermarkExpression, type Duration } from '../src/time/duration';
import type { Traits } from '../src/traits';
import {
  strategyOf,
  timekeepingOf,
  type CheckedTime,
  type DelayAndOptions,
  type TimeColumn,
  type TimeValue,
  type WatermarkOptions,
} from '../src/watermark/options';
import type { WatermarkStrategy } from '../src/watermark/strategy';
import { Timekeeper } from '../src/watermark/timekeeper';

/**
 * Gives rows their event time and a watermark: the beginning of every event-time pipe.
 *
 * The watermark is `W = max(event time) - delay`, or what the strategy says, and never falls. A row goes first, then the
 * watermark it causes. A row whose event time cannot be read (null, NaN, no ISO text) is rejected as `invalid`, one too
 * far ahead of the system's clock as `future`; neither moves W. When the source completes, W becomes +Infinity, which
 * releases everything that is still open.
 *
 * ```
 * rows       -a---b---c---d-|       a: t=10  b: t=30  c: t=20  d: t=50      withWatermark('t', 10)
 * out        -(aA)(bB)c---(dD)(E|)  A = 0    B = 20   (c: t=20 is late for row-level operators)   D = 40   E = +Infinity
 * ```
 *
 * @param column - the column with the event time (epoch ms, Date or ISO text without zone = UTC), a function of the row,
 * or Spark's expression `"event_timestamp - interval '10 minutes'"`
 * @param delay - how far out of order rows may come (ms or text, >= 0), or a strategy: `fixedDelay`, `monotonous`,
 * `punctuated`, `adaptive`, `quality`
 * @param options - `allowedLateness`, `idleAfter`, `advanceWhenIdle`, `maxFutureSkew`, `emitEvery`, `unit`
 * @returns the rows stamped with their event time in whole ms (fractions floored)
 * @throws `TIDEMARK_OPTION`, `TIDEMARK_DURATION` at call; `TIDEMARK_WATERMARK_REDEFINED` when the stream has event time
 * already (`reassignWatermark` replaces it)
 *
 * Cost: O(1) per row, no state but the maximum (and the strategy's own).
 *
 * Source: Spark's `withWatermark`; its boundary rules.
 * @example
 * ```ts
 * const seen: string[] = [];
 * of({ t: 10 }, { t: 30 }).pipe(withWatermark('t', 10), signals()).subscribe((s) => seen.push(s.kind));
 * seen.join(' '); // => 'event watermark event watermark watermark'
 * ```
 */
export function withWatermark<In, const C extends string = TimeColumn<RowOf<In>>>(
  column: (C & CheckedTime<RowOf<NoInfer<In>>, C>) | ((row: RowOf<In>) => TimeValue),
  ...delay: DelayAndOptions<NoInfer<RowOf<In>>>
): OperatorFunction<In, Element<RowOf<In>>>;
export function withWatermark<T>(
  column: string | ((row: T) => unknown),
  delay?: Duration | WatermarkStrategy<T> | WatermarkOptions,
  more: WatermarkOptions = {},
): OperatorFunction<never, Element<T>> {
  const expression = typeof column === 'string' ? parseWatermarkExpression(column) : undefined;
  const options = expression === undefined ? more : ((delay as WatermarkOptions | undefined) ?? {});
  const given = expression?.delayMs ?? (delay as Duration | WatermarkStrategy<T> | undefined);
  checkOption(given !== undefined, "withWatermark needs a delay: withWatermark('eventTime', '10 minutes')", { column });
  const strategy = strategyOf(given);
  const source = expression?.column ?? column;
  const keeping = timekeepingOf(source, strategy, options);
  const timeColumn = typeof source === 'string' ? source : undefined;
  const spec: OperatorSpec<T, T> = {
    type: 'withWatermark',
    options,
    accepts: ['untimed'],
    stateful: true,
    description: { column: timeColumn ?? 'function', ...strategy.describe(), allowedLatenessMs: keeping.allowedLatenessMs },
    traits: ([input]) => ({
      kind: 'event',
      ties: strategy.ties,
      watermark: true,
      windowColumns: [],
      ...(timeColumn === undefined ? {} : { timeColumn }),
      ...(strategy.fixedDelayMs === undefined ? {} : { delayMs: strategy.fixedDelayMs }),
      allowedLatenessMs: keeping.allowedLatenessMs,
      onError: options.onError ?? (input as Traits).onError,
    }),
    create: (context) => new Timekeeper(keeping, context),
  };
  return (rows: Observable<unknown>) =>
    new FusedStream(streamOf(spec, rows, originOf(rows) === undefined ? rowSource(rows) : undefined));
}
