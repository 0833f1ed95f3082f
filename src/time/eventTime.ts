import { MAX_TIME } from '../element';

/** What a number (or bigint) in the event-time column counts. */
export type TimeUnit = 'ms' | 'seconds';

/** The day; then perhaps the time of day, with a fraction of any length; then perhaps a zone. */
const ISO = /^(\d{4}|[+-]\d{6})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:(Z)|([+-])(\d\d)(?::?(\d\d))?)?)?$/i;

/**
 * Reads an event time as whole epoch milliseconds.
 *
 * Numbers and bigints count `unit` since 1970 and are floored to whole ms, also before 1970. Dates and text are instants
 * of their own, whatever `unit` says. Text is ISO-8601: a day (`'2026-03-01'`), or a day and a time with `T` or a space,
 * a fraction of any length, and `Z` or `+hh`, `+hhmm`, `+hh:mm`. Text without a zone is UTC, on every machine (`Date.parse`
 * takes it as local time). All else is no time: days that do not exist, leap seconds, numbers as text, invalid Dates,
 * null, and instants that a Date cannot hold (beyond 8.64e15 ms).
 *
 * @param value anything
 * @param unit what numbers and bigints count
 * @returns whole ms since 1970-01-01T00:00Z, or NaN when the value is no time; never throws
 * @example
 * readEventTime('2026-03-01 12:00:00', 'ms') // => 1772366400000
 * readEventTime(1.001, 'seconds') // => 1001
 * readEventTime('2026-02-30', 'ms') // => NaN
 */
export function readEventTime(value: unknown, unit: TimeUnit): number {
  if (typeof value === 'number') return inRange(unit === 'ms' ? Math.floor(value) : fromSeconds(value));
  if (typeof value === 'string') return fromText(value);
  if (typeof value === 'bigint') return inRange(Number(unit === 'ms' ? value : value * 1000n));
  return value instanceof Date ? value.getTime() : NaN;
}

/**
 * Writes a time, or a watermark, for people.
 *
 * @param ms epoch ms, or an infinite watermark
 * @returns ISO text in UTC; `'never'` for -Infinity, `'end of stream'` for Infinity, `'no time'` for what is no instant
 * @example
 * formatTime(0) // => '1970-01-01T00:00:00.000Z'
 * formatTime(-Infinity) // => 'never'
 */
export function formatTime(ms: number): string {
  if (ms === -Infinity) return 'never';
  if (ms === Infinity) return 'end of stream';
  return Math.abs(ms) <= MAX_TIME ? new Date(ms).toISOString() : 'no time';
}

/** NaN fails both comparisons and stays NaN. Adding 0 turns -0 into 0. */
function inRange(ms: number): number {
  return ms >= -MAX_TIME && ms <= MAX_TIME ? ms + 0 : NaN;
}

/** Floors, but takes what is a whole ms up to the precision of the double as that ms: 1.001 * 1000 is 1000.9999999999999. */
function fromSeconds(seconds: number): number {
  const ms = seconds * 1000;
  const nearest = Math.round(ms);
  return Math.abs(ms - nearest) <= Math.abs(ms) * Number.EPSILON ? nearest : Math.floor(ms);
}

function fromText(text: string): number {
  const match = ISO.exec(text);
  if (match === null) return NaN;
  const hour = part(match, 4);
  const minute = part(match, 5);
  const second = part(match, 6);
  const zone = part(match, 10) * 60 + part(match, 11);
  if (hour > 23 || minute > 59 || second > 59 || zone >= 24 * 60 || part(match, 11) > 59) return NaN;
  const minutes = hour * 60 + minute + (match[9] === '-' ? zone : -zone);
  return inRange(midnight(part(match, 1), part(match, 2), part(match, 3)) + (minutes * 60 + second) * 1000 + millis(match[7]));
}

function part(match: RegExpExecArray, group: number): number {
  const digits = match[group];
  return digits === undefined ? 0 : +digits;
}

/** Cut off after three digits: a fraction is counted upwards from its second, so that is floor, also before 1970. */
function millis(fraction: string | undefined): number {
  return fraction === undefined ? 0 : +`${fraction}00`.slice(0, 3);
}

/**
 * Start of a day of the Gregorian calendar, NaN when there is no such day. Not Date.UTC: it moves the years 0 to 99 into
 * the 20th century. The year is counted from March, so that a leap day is its last. Source: H. Hinnant, days_from_civil.
 */
function midnight(year: number, month: number, day: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const length = month === 2 ? (isLeap ? 29 : 28) : 30 + ((month + (month >> 3)) & 1);
  if (month < 1 || month > 12 || day < 1 || day > length) return NaN;
  const y = month > 2 ? year : year - 1;
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return (y * 365 + leapDays + dayOfYear - 719_468) * 86_400_000;
}
