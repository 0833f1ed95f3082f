import { checkOption } from '../errors';

/** Parts of an instant on the wall clock of a zone; months from 1, hours from 0. */
export interface ZonedParts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
}

/**
 * Gives the function from epoch ms to the parts of that instant in a time zone.
 *
 * @param zone - an IANA name; `UTC` is by far the fastest
 * @throws `TIDEMARK_OPTION` at call: no such zone
 */
export function zonedParts(zone: string): (time: number) => ZonedParts {
  if (zone === 'UTC') return utcParts;
  const format = formatOf(zone);
  return (time) => {
    const found: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(time)) found[type] = Number(value);
    return found as unknown as ZonedParts;
  };
}

function utcParts(time: number): ZonedParts {
  const date = new Date(time);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), hour: date.getUTCHours() };
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  try {
    const numbers = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric' } as const;
    return new Intl.DateTimeFormat('en-US-u-ca-iso8601', { timeZone, hourCycle: 'h23', ...numbers });
  } catch {
    checkOption(false, `no time zone has the name '${timeZone}'`, { timeZone });
  }
}
