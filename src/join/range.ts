import { checkOption } from '../errors';
import type { TieRule } from '../element';
import { formatDuration, parseDuration, parseNonNegative, type Duration } from '../time/duration';

/**
 * Which rows meet, by their event times. Either `{ before, after }`: the right row's time lies in `[left - before, left +
 * after]`, both ends included, 0 where not given. Or the bounds of `right - left` themselves, each inclusive unless said
 * otherwise; a bound that is not given is none. `{ after: '24 hours' }` is `{ min: 0, max: '24 hours' }`.
 */
export type Within = Around | Between;

interface Around {
  readonly before?: Duration;
  readonly after?: Duration;
}

interface Between {
  readonly min?: Duration;
  readonly max?: Duration;
  readonly minInclusive?: boolean;
  readonly maxInclusive?: boolean;
}

/** The least and the greatest admitted `right - left`, whole ms, both included; infinite where there is no bound. */
export interface Range {
  readonly lower: number;
  readonly upper: number;
}

export const ANY_TIME: Range = { lower: -Infinity, upper: Infinity };
export const SAME_TIME: Range = { lower: 0, upper: 0 };

const AROUND = ['before', 'after'];
const BETWEEN = ['min', 'max', 'minInclusive', 'maxInclusive'];

/** Reads the option; an exclusive end is moved in by one ms. */
export function rangeOf(within: Within): Range {
  const given = Object.keys(within);
  const isAround = given.every((name) => AROUND.includes(name));
  checkOption(
    given.length > 0 && (isAround || given.every((name) => BETWEEN.includes(name))),
    'within is { before, after } or { min, max, minInclusive, maxInclusive }',
    { within },
  );
  const range = isAround ? around(within as Around) : between(within as Between);
  checkOption(range.lower <= range.upper, 'within admits no pair of times', { within });
  return range;
}

function around({ before = 0, after = 0 }: Around): Range {
  return { lower: 0 - parseNonNegative(before, 'before'), upper: parseNonNegative(after, 'after') };
}

function between({ min, max, minInclusive = true, maxInclusive = true }: Between): Range {
  return {
    lower: min === undefined ? -Infinity : parseDuration(min, 'min') + (minInclusive ? 0 : 1),
    upper: max === undefined ? Infinity : parseDuration(max, 'max') - (maxInclusive ? 0 : 1),
  };
}

/** What a join needs to know of its inputs' watermarks. */
export interface Clocked {
  readonly ties: TieRule;
  readonly watermark: boolean;
}

/**
 * How long a row waits: a left row is forgotten when `time <= W - left`, a right row when `time <= W - right`; the output's
 * watermark is `W - hold`. Infinite: never. Source: Spark's state watermarks of a stream-stream join (README 6.13b, 6.14).
 */
export interface Reach {
  readonly left: number;
  readonly right: number;
  readonly hold: number;
}

/** An inclusive bound costs 1 ms; equal times are forgotten exactly when they would be late. */
export function reachOf({ lower, upper }: Range, inputs: readonly Clocked[]): Reach {
  const [left, right] = inputs as readonly [Clocked, Clocked];
  if (lower === 0 && upper === 0) {
    const lag = inputs.some((input) => input.ties === 'ordered') ? 1 : 0;
    return left.watermark || right.watermark ? { left: lag, right: lag, hold: 0 } : { left: Infinity, right: Infinity, hold: 0 };
  }
  // A side is bounded by what the other one says of its future.
  const reach = { left: right.watermark ? upper + 1 : Infinity, right: left.watermark ? 1 - lower : Infinity };
  const isBlind = !left.watermark || !right.watermark;
  return { ...reach, hold: isBlind ? Infinity : Math.max(0, finite(reach.left), finite(reach.right)) };
}

function finite(lag: number): number {
  return lag === Infinity ? 0 : lag;
}

/** The time up to which rows that wait `lag` are forgotten at watermark `w`; at the end nothing waits. */
export function boundAt(w: number, lag: number): number {
  return w === Infinity ? Infinity : w - lag;
}

/** A range as plain data: the bounds there are. */
export function describeRange({ lower, upper }: Range): Readonly<Record<string, number>> {
  return { ...(lower === -Infinity ? {} : { minMs: lower }), ...(upper === Infinity ? {} : { maxMs: upper }) };
}

/** In words and numbers, for `explain`. */
export function describeReach(reach: Reach, delays: readonly (number | undefined)[]): Readonly<Record<string, unknown>> {
  const [left, right] = delays;
  const delayMs = left === undefined || right === undefined ? undefined : Math.max(left, right);
  return {
    left: keeping(reach.left, delayMs),
    right: keeping(reach.right, delayMs),
    watermark: reach.hold === Infinity ? 'none' : reach.hold === 0 ? 'W' : `W - ${reach.hold} ms`,
  };
}

/** A row waits until W has passed it by its lag; W itself is the delay behind the newest row. */
function keeping(lag: number, delayMs: number | undefined): Readonly<Record<string, unknown>> {
  if (lag === Infinity) return { kept: 'for ever' };
  const sign = lag < 0 ? '+' : '-';
  const kept = `while time > W ${sign} ${Math.abs(lag)} ms`;
  if (delayMs === undefined) return { kept };
  const retentionMs = Math.max(0, delayMs + lag);
  return { kept, retentionMs, retention: `delay ${formatDuration(delayMs)} + reach ${formatDuration(lag)}` };
}
