import { checkOption, TidemarkError } from '../errors';

/** Singular or plural: `'1 hour'`, `'2 hours'`, and what others write: `'1 hours'`. */
type Word<W extends string> = `${number} ${W}` | `${number} ${W}s`;
/** Units from large to small: this order keeps the type of a compound at some 250 forms instead of thousands. */
type Words = ['week', 'day', 'hour', 'minute', 'second', 'millisecond'];
type One<Units> = Units extends [infer U extends string, ...infer Rest] ? Word<U> | One<Rest> : never;
type Two<Units> = Units extends [infer U extends string, ...infer Rest] ? `${Word<U>} ${One<Rest>}` | Two<Rest> : never;
type Abbreviation = 'ms' | 's' | 'sec' | 'secs' | 'min' | 'mins' | 'h' | 'hr' | 'hrs' | 'd' | 'w';
type Short = `${number}${'' | ' '}${Abbreviation}` | `${number}h${'' | ' '}${number}min` | `${number}min${'' | ' '}${number}s`;
type Clock<N extends string = `${number}`> =
  `${N}H` | `${N}M` | `${N}S` | `${N}H${N}M` | `${N}H${N}S` | `${N}M${N}S` | `${N}H${N}M${N}S`;
type Iso = `${'' | '-'}P${`${number}W` | `${number}D` | `T${Clock}` | `${number}DT${Clock}`}`;
type Spelled = One<Words> | Two<Words>;

/**
 * Duration text that the compiler checks: `'10 minutes'`, `'1 hour 30 minutes'` (one or two parts, large units first),
 * `'500ms'`, `'1h 30min'`, `'interval 10 minutes'`, ISO-8601 `'PT10M'`. Text that is only known at run time (from a file,
 * say) needs a cast, `text as Duration`, and is checked when it is read; {@link parseDuration} then takes a little more:
 * any order, any number of parts, any case.
 */
export type DurationText = Spelled | Short | Iso | `interval ${Spelled}`;

/** A span of time: whole milliseconds, or text. */
export type Duration = number | DurationText;

/**
 * `"event_timestamp - interval '10 minutes'"`: Spark's way to write a watermark, over the columns of a row. One or two
 * parts, for the sake of compile time with many columns; {@link parseWatermarkExpression} reads all of them.
 */
export type WatermarkExpression<Column extends string> =
  `${Column} - ${'interval' | 'INTERVAL'} '${One<Words> | Two<Words> | `${number} ${Abbreviation}`}'`;

/** Name, size in ms, and abbreviations of each unit, large to small. */
const UNITS: readonly (readonly [name: string, ms: number, ...abbreviations: string[]])[] = [
  ['week', 604_800_000, 'w'],
  ['day', 86_400_000, 'd'],
  ['hour', 3_600_000, 'h', 'hr'],
  ['minute', 60_000, 'min'],
  ['second', 1000, 's', 'sec'],
  ['millisecond', 1, 'ms'],
];
const CALENDAR = ['month', 'mo', 'year', 'yr', 'y'];

/**
 * Reads a duration as whole milliseconds. Negative durations are read too; whether one is allowed is the caller's affair
 * ({@link parsePositive}, {@link parseNonNegative}).
 *
 * Text is one or more parts of a number and a unit: weeks, days, hours, minutes, seconds, milliseconds, singular or plural,
 * or w, d, h, hr, min, s, sec, ms; decimals (`'1.5 hours'`), a sign per part as in Spark (`'1 hour -30 minutes'` is 30
 * minutes), any case, a leading `interval`. Or ISO-8601: `'PT10M'`, `'P1DT2H'` (26 hours), a sign in front of all of it.
 * A day is 24 hours. Source: Spark's interval strings; different on purpose: decimals in every unit, no microseconds,
 * and `m` alone is refused because it is minutes to some and months to others.
 *
 * @param value whole milliseconds, or text
 * @param name what the message calls the value; default `'duration'`
 * @returns whole milliseconds, a safe integer
 * @throws TIDEMARK_DURATION at call: unreadable, a number without unit as text, not whole milliseconds, NaN, infinite, or
 * with months or years in it, which have no fixed length
 * @example
 * parseDuration('1 hour 30 minutes') // => 5400000
 * parseDuration('PT10M') // => 600000
 * parseDuration(250) // => 250
 */
export function parseDuration(value: Duration, name = 'duration'): number {
  const ms = typeof value === 'number' ? value : typeof value === 'string' ? readText(value, name) : NaN;
  if (!Number.isSafeInteger(ms)) refuse(name, value, 'is not a whole number of milliseconds');
  return ms + 0; // -0 becomes 0
}

/**
 * Reads a duration that must be longer than nothing.
 *
 * @param value whole milliseconds > 0, or text
 * @param name what the message calls the value
 * @returns whole milliseconds > 0
 * @throws TIDEMARK_DURATION at call: see {@link parseDuration}
 * @throws TIDEMARK_OPTION at call: zero or negative
 * @example
 * parsePositive('10 minutes', 'size') // => 600000
 */
export function parsePositive(value: Duration, name: string): number {
  const ms = parseDuration(value, name);
  checkOption(ms > 0, `${name} must be longer than 0 ms, not ${String(value)}`, { name, value });
  return ms;
}

/**
 * Reads a duration that must not be negative.
 *
 * @param value whole milliseconds >= 0, or text
 * @param name what the message calls the value
 * @returns whole milliseconds >= 0
 * @throws TIDEMARK_DURATION at call: see {@link parseDuration}
 * @throws TIDEMARK_OPTION at call: negative
 * @example
 * parseNonNegative(0, 'delay') // => 0
 */
export function parseNonNegative(value: Duration, name: string): number {
  const ms = parseDuration(value, name);
  checkOption(ms >= 0, `${name} must not be negative: ${String(value)}`, { name, value });
  return ms;
}

/**
 * Writes a duration for people, largest unit first, so that {@link parseDuration} reads the same number back. Days are
 * the largest unit. Each part of a negative one has its sign, as Spark reads it.
 *
 * @param ms whole milliseconds
 * @returns text; `'0 seconds'` for 0, `'Infinity milliseconds'` for what has no end
 * @example
 * formatDuration(5_400_000) // => '1 hour 30 minutes'
 */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return `${ms} milliseconds`;
  const parts: string[] = [];
  let rest = ms;
  for (const [name, size] of UNITS.slice(1)) {
    const count = size === 1 ? rest : Math.trunc(rest / size);
    rest -= count * size;
    if (count !== 0) parts.push(`${count} ${name}${Math.abs(count) === 1 ? '' : 's'}`);
  }
  return parts.join(' ') || '0 seconds';
}

/**
 * Takes `"event_timestamp - interval '10 minutes'"` apart. Case and spaces do not matter; the column may stand in double
 * quotes or backticks; SQL's `interval '10' minute` and Spark's `interval 10 minutes` are read too.
 *
 * @param text the expression
 * @returns the column and the delay in ms; `undefined` when the text has not this shape (a plain column name, say)
 * @throws TIDEMARK_DURATION at call: it has the shape, but the duration cannot be read
 * @example
 * parseWatermarkExpression("event_timestamp - interval '10 minutes'") // => { column: 'event_timestamp', delayMs: 600000 }
 */
export function parseWatermarkExpression(text: string): { column: string; delayMs: number } | undefined {
  const shape = /^\s*(?:"([^"]+)"|`([^`]+)`|([^\s"'`]+?))\s*-\s*interval\b\s*(?:'([^']*)'(\s+[a-z]+)?|([^']+))\s*$/i;
  const match = shape.exec(text);
  if (!match) return undefined;
  const [, quoted, ticked, bare, literal, unit = '', plain] = match;
  const duration = (plain ?? `${literal}${unit}`) as DurationText;
  return { column: (quoted ?? ticked ?? bare)!, delayMs: parseDuration(duration, 'watermark delay') };
}

function readText(text: string, name: string): number {
  const iso = /^([+-]?)P([^T\s]*)(?:T(\S+))?$/i.exec(text.trim());
  if (!iso) return readParts(text.trim().replace(/^interval\s+/i, ''), text, name);
  const [, sign, date = '', time = ''] = iso;
  // The letters must come in ISO's order; then the same parts remain as in spelled text, but for the two meanings of M.
  const ordered = /^PY?M?W?D?(TH?M?S?)?$/i.test(text.replace(/[^a-z]/gi, ''));
  const parts = ordered ? `${date.replace(/m/i, 'mo')} ${time.replace(/m/i, 'min')}` : '';
  return signOf(sign) * readParts(parts, text, name);
}

/** Sums the parts. Every character belongs to a part, else the text is refused. */
function readParts(parts: string, text: string, name: string): number {
  const part = /\s*([+-]?)\s*(?=\.?\d)(\d*)\.?(\d*)\s*([a-z]+)\s*/iy;
  let sum = 0;
  do {
    const match = part.exec(parts);
    if (!match) refuse(name, text, 'cannot be read');
    const [, sign, whole = '', fraction = '', word = ''] = match;
    const size = unitSize(word.toLowerCase(), text, name);
    // Digits after the point as an integer over a power of ten: 1.005 seconds is 1005 ms, which a product of floats misses.
    sum += signOf(sign) * (Number(whole) * size + (Number(fraction) * size) / 10 ** fraction.length);
  } while (part.lastIndex < parts.length);
  return sum;
}

function signOf(sign: string | undefined): number {
  return sign === '-' ? -1 : 1;
}

function unitSize(word: string, text: string, name: string): number {
  const singular = word.replace(/(.[^s])s$/, '$1'); // but not of s and ms
  const unit = UNITS.find((words) => words.includes(singular));
  if (unit) return unit[1];
  if (!CALENDAR.includes(singular)) return refuse(name, text, `has the unknown unit '${word}'`);
  return refuse(name, text, 'has months or years, which have no fixed length: use days', { reason: 'calendar-unit' });
}

function refuse(name: string, value: unknown, why: string, details: Readonly<Record<string, unknown>> = {}): never {
  const message = `${name} '${String(value)}' ${why}. Write '10 minutes', '1 hour 30 minutes', 'PT10M' or a number of ms`;
  throw new TidemarkError('TIDEMARK_DURATION', message, { name, value, ...details });
}
