import type { OperatorFunction } from 'rxjs';
import { copyOf } from '../src/copy';
import type { Element } from '../src/element';
import { checkOption } from '../src/errors';
import { operator, type OperatorOptions } from '../src/operator';
import { columnOf } from '../src/schema/columns';
import type { Simplify } from '../src/streams';
import { calendar, type DatePart } from '../src/time/calendar';
import { readEventTime, type TimeUnit } from '../src/time/eventTime';
import { overwriting } from '../src/traits';

/** Options of `partitionByTime`. */
export interface PartitionByTimeOptions extends OperatorOptions {
  /** IANA name of the time zone whose calendar counts; default `'UTC'`. */
  readonly zone?: string;
  /** What numbers in the column count; default `'ms'`. */
  readonly unit?: TimeUnit;
}

/** A row with the parts of its time; null where it has no readable one. */
export type WithDateParts<T, P extends DatePart> = Simplify<Omit<T, P> & { [C in P]: number | null }>;

const PARTS: readonly DatePart[] = ['year', 'month', 'day', 'hour'];

/**
 * Adds the columns `year`, `month`, `day` and `hour` of a time, to partition files by (`partitionBy` of `fileSink`). Fused.
 *
 * Months and days count from 1, hours from 0 to 23, by the calendar of `zone`. A column of that name is replaced. Where
 * there is no readable time the parts are null, which makes the folder `unknown`.
 *
 * ```
 * in         -(aA)-(E|)          a: { at: '2026-03-01T12:00:00Z' }
 * out        -(bA)-(E|)          b: { at: …, year: 2026, month: 3, day: 1, hour: 12 }
 * ```
 *
 * @param column - the column with the time, as for `withWatermark`
 * @param parts - which columns; default all four
 * @param options - `zone`, `unit`, `onError`
 * @returns rows with the new columns and the old times
 * @throws `TIDEMARK_OPTION` for a part or a time zone that is not known, at call
 *
 * Cost: one copy of the row, no state.
 * @example
 * ```ts
 * const out: unknown[] = [];
 * of({ at: Date.UTC(2026, 2, 1, 23) }).pipe(withWatermark('at', 0), partitionByTime('at', ['day', 'hour'], { zone: 'Europe/Berlin' }), rows()).subscribe((row) => out.push([row.day, row.hour]));
 * out; // => [[2, 0]]
 * ```
 */
export function partitionByTime<
  T,
  const C extends keyof T & string,
  K extends 'event' | 'untimed',
  const P extends DatePart = DatePart,
>(
  column: C,
  parts: readonly P[] = PARTS as readonly P[],
  options: PartitionByTimeOptions = {},
): OperatorFunction<Element<T, K>, Element<WithDateParts<T, P>, K>> {
  const { zone = 'UTC', unit = 'ms' } = options;
  for (const part of parts) checkOption(PARTS.includes(part), `the parts of a time are ${PARTS.join(', ')}`, { part });
  const hourOf = calendar(zone);
  return operator<T, WithDateParts<T, P>, K, K>({
    type: 'partitionByTime',
    options,
    accepts: ['event', 'untimed'],
    description: { column, parts, zone },
    traits: ([input]) => overwriting(parts, input!),
    create: () => ({
      onEvent(time, row, out) {
        const at = readEventTime(columnOf(row, column), unit);
        const hour = Number.isNaN(at) ? undefined : hourOf(at);
        const copy = copyOf(row as object) as Record<string, unknown>;
        for (const part of parts) copy[part] = hour?.[part] ?? null;
        out.forward(time, copy as WithDateParts<T, P>);
      },
    }),
  });
}
