import { checkOption } from '../errors';
import type { OperatorOptions } from '../operator';
import type { ColumnProblem, HasEventTime } from '../streams';
import { parseNonNegative, parsePositive, type Duration, type WatermarkExpression } from '../time/duration';
import type { TimeUnit } from '../time/eventTime';
import { fixedDelay } from './fixed-delay';
import type { WatermarkStrategy } from './strategy';
import type { Timekeeping } from './timekeeper';

/** What event time can be read from. */
export type TimeValue = number | bigint | string | Date | null | undefined;

/** Columns of `T` that can hold an event time. */
export type TimeColumn<T> = { [K in keyof T & string]-?: T[K] extends TimeValue ? K : never }[keyof T & string];

/** Joined with the argument `C`: nothing where it can give an event time, else what is wrong as a sentence. */
export type CheckedTime<T, C> = unknown extends T
  ? unknown
  : T extends HasEventTime
    ? HasEventTime
    : C extends string
      ? C extends TimeColumn<T> | WatermarkExpression<TimeColumn<T>>
        ? unknown
        : ColumnProblem<TimeProblem<T, C>>
      : unknown;

type TimeProblem<T, C extends string> =
  C extends WatermarkExpression<infer Name extends string>
    ? `there is no column '${Name}' with a time`
    : C extends keyof T
      ? `column '${C}' holds no time`
      : `there is no column '${C}'`;

/** What stands behind the column: the delay; behind an expression, which has its own, options only. */
export type DelayAndOptions<T> =
  [delay: Duration | WatermarkStrategy<T>, options?: WatermarkOptions] | [options?: WatermarkOptions];

/** Options of the operators that give rows their event time. */
export interface TimestampOptions extends OperatorOptions {
  /** What a numeric event time counts; default `'ms'`. Dates and ISO text are not touched by it. */
  readonly unit?: TimeUnit;
  /**
   * Rows further than this ahead of the clock are rejected as `future` and do not move the watermark; default 1 hour
   * where the clock is the system's, none under any other clock. `false`: no guard.
   */
  readonly maxFutureSkew?: Duration | false;
}

/** Options of `withWatermark`. */
export interface WatermarkOptions extends TimestampOptions {
  /** How long a result that has been spoken may still be corrected: `drop = emit - allowedLateness`; default 0. */
  readonly allowedLateness?: Duration;
  /** After this much processing time without a row the input no longer holds others back; default: never. */
  readonly idleAfter?: Duration;
  /** While idle, the watermark goes on with the clock; rows it makes late are rejected as `idleAdvance`. Default false. */
  readonly advanceWhenIdle?: boolean;
  /** Says the watermark less often: when it has moved this far, or every so many rows. Default: at every move. */
  readonly emitEvery?: Duration | { readonly rows: number };
}

/** A delay is short for `fixedDelay(delay)`. */
export function strategyOf<T>(delay: Duration | WatermarkStrategy<T>): WatermarkStrategy<T> {
  return typeof delay === 'object' ? delay : fixedDelay(delay);
}

/** A column's name, or the user's function, as a function. */
export function timeReader<T>(column: string | ((row: T) => unknown)): (row: T) => unknown {
  if (typeof column === 'function') return column;
  return (row) => (row as Record<string, unknown> | null | undefined)?.[column];
}

/** Checks the options once, when the pipe is built. */
export function timekeepingOf<T>(
  column: string | ((row: T) => unknown),
  strategy: WatermarkStrategy<T> | undefined,
  options: WatermarkOptions,
): Timekeeping<T> {
  const { unit = 'ms', maxFutureSkew, idleAfter, advanceWhenIdle = false, emitEvery } = options;
  checkOption(unit === 'ms' || unit === 'seconds', `unit is 'ms' or 'seconds'`, { unit });
  checkOption(!advanceWhenIdle || idleAfter !== undefined, 'advanceWhenIdle needs idleAfter');
  const byRows = typeof emitEvery === 'object';
  if (byRows)
    checkOption(Number.isInteger(emitEvery.rows) && emitEvery.rows > 0, 'emitEvery.rows is a whole number above 0', {
      emitEvery,
    });
  const latenessMs = parseNonNegative(options.allowedLateness ?? 0, 'allowedLateness');
  return {
    time: timeReader(column),
    unit,
    ...(strategy === undefined ? {} : { strategy }),
    allowedLatenessMs: Math.max(latenessMs, strategy?.allowedLatenessMs ?? 0),
    ...(idleAfter === undefined ? {} : { idleAfterMs: parsePositive(idleAfter, 'idleAfter') }),
    advanceWhenIdle,
    ...skewOf(maxFutureSkew),
    emitEveryMs: byRows || emitEvery === undefined ? 0 : parseNonNegative(emitEvery, 'emitEvery'),
    emitEveryRows: byRows ? emitEvery.rows : 1,
  };
}

function skewOf(skew: Duration | false | undefined): { maxFutureSkewMs?: number } {
  if (skew === undefined) return {};
  return { maxFutureSkewMs: skew === false ? Infinity : parseNonNegative(skew, 'maxFutureSkew') };
}
