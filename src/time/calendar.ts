import { checkOption } from '../errors';

/** Parts of a date, as a calendar on the wall shows them. */
export type DatePart = 'year' | 'month' | 'day' | 'hour';

/** A date and an hour in a time zone. */
export type CalendarHour = Readonly<Record<DatePart, number>>;

/** Offsets of time zones change on quarters of an hour. */
const QUARTER_MS = 900_000;
const KEPT = 1024;

/**
 * Reads times by the calendar of a time zone; remembers the last quarters of an hour, because asking `Intl` is slow.
 *
 * @throws `TIDEMARK_OPTION` for a zone that is not known
 */
export function calendar(zone = 'UTC'): (time: number) => CalendarHour {
  const format = formatOf(zone);
  const known = new Map<number, CalendarHour>();
  return (time) => {
    const quarter = Math.floor(time / QUARTER_MS);
    let hour = known.get(quarter);
    if (hour === undefined) {
      if (known.size === KEPT) known.clear();
      known.set(quarter, (hour = zone === 'UTC' ? utcHour(time) : zonedHour(format, time)));
    }
    return hour;
  };
}

function formatOf(zone: string): Intl.DateTimeFormat {
  try {
    const numeric = 'numeric' as const;
    return new Intl.DateTimeFormat('en-US-u-ca-iso8601-nu-latn', {
      timeZone: zone,
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      hourCycle: 'h23',
    });
  } catch {
    checkOption(false, `there is no time zone '${zone}'`, { zone });
  }
}

function utcHour(time: number): CalendarHour {
  const date = new Date(time);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), hour: date.getUTCHours() };
}

function zonedHour(format: Intl.DateTimeFormat, time: number): CalendarHour {
  const parts = { year: 0, month: 0, day: 0, hour: 0 };
  for (const { type, value } of format.formatToParts(time)) if (type in parts) parts[type as DatePart] = Number(value);
  return parts;
}
