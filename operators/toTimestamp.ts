import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { operator, type OperatorOptions } from '../src/operator';
import { columnOf, withValue, type WithColumn } from '../src/schema/columns';
import { readEventTime, type TimeUnit } from '../src/time/eventTime';
import { timePattern } from '../src/time/pattern';
import { overwriting } from '../src/traits';

/** Options of `toTimestamp`. */
export interface ToTimestampOptions<A extends string> extends OperatorOptions {
  /** Pattern of the text: `yyyy MM dd HH mm ss SSS` and other characters as they are; default: ISO-8601. */
  readonly format?: string;
  /** What numbers count; default `'ms'`. */
  readonly unit?: TimeUnit;
  /** Where the time goes; default: in the place of the text. */
  readonly as?: A;
}

/**
 * Turns text into whole epoch milliseconds, UTC: Spark's `to_timestamp`. Fused.
 *
 * Text that is no time gives null and is counted (`unreadable` in `explain()`); null gives null. Days that do not exist
 * (`2026-02-30`) are no time. Text without a zone is UTC, on every machine.
 *
 * ```
 * in         -(aA)-(bB)-(E|)     a: { at: '1970-01-01T00:00:01Z' }   b: { at: 'soon' }
 * out        -(xA)-(yB)-(E|)     x: { at: 1000 }                     y: { at: null }
 * ```
 *
 * @param column - the column with the text, number or Date
 * @param options - `format` (or the pattern itself), `unit`, `as`, `onError`
 * @returns rows with the time in the column, and the old event times
 * @throws `TIDEMARK_OPTION` when the pattern has letters that mean nothing, at call
 *
 * Cost: O(1) per row, no state.
 * @example
 * ```ts
 * const out: unknown[] = [];
 * of({ t: 1, at: '01.03.2026 12:00' }, { t: 2, at: 'soon' }).pipe(withWatermark('t', 0), toTimestamp('at', 'dd.MM.yyyy HH:mm'), rows()).subscribe((row) => out.push(row.at));
 * out; // => [1772366400000, null]
 * ```
 */
export function toTimestamp<T, const C extends keyof T & string, K extends 'event' | 'untimed', const A extends string = C>(
  column: C,
  options: ToTimestampOptions<A> | string = {},
): OperatorFunction<Element<T, K>, Element<WithColumn<T, A, number | null>, K>> {
  const given: ToTimestampOptions<A> = typeof options === 'string' ? { format: options } : options;
  const { format, unit = 'ms', as = column } = given;
  const read = format === undefined ? (value: unknown) => readEventTime(value, unit) : timePattern(format);
  return operator<T, WithColumn<T, A, number | null>, K, K>({
    type: 'toTimestamp',
    options: given,
    accepts: ['event', 'untimed'],
    description: { column, as, ...(format === undefined ? {} : { format }) },
    // In its own place it is the same time, in another form.
    traits: ([input]) => (as === (column as string) ? input! : overwriting([as], input!)),
    create: () => {
      let unreadable = 0;
      return {
        onEvent(time, row, out) {
          const value = columnOf(row, column);
          const at = value === null ? NaN : read(value);
          if (value !== null && Number.isNaN(at)) unreadable++;
          out.forward(time, withValue(row, as, Number.isNaN(at) ? null : at) as WithColumn<T, A, number | null>);
        },
        report: () => ({ unreadable }),
      };
    },
  });
}
