import { TidemarkError } from '../errors';
import type { NumericStat } from './aggregate';
import type { Moments } from './moments';
import { addCompensated, mergeCompensated } from './neumaier';

/**
 * One accumulator for all numeric figures over the same value: a select of count, sum, avg, min, max and stddev over one
 * column reads the column once and keeps one object a key and window. Fields that nobody asked for are not there.
 */
export interface Numeric {
  /** Rows seen, nulls included. */
  rows: number;
  /** Values seen. */
  n: number;
  sum: number;
  comp: number;
  min: unknown;
  max: unknown;
  /** The first value; `mean` is relative to it. */
  origin: number;
  mean: number;
  m2: number;
}

/** Which fields the figures need. */
export interface NumericParts {
  readonly sum: boolean;
  /** Both are kept where one is asked for; `min`, `max`: which of them. */
  readonly extrema: boolean;
  readonly min: boolean;
  readonly max: boolean;
  /** Brought by the figures that need them, so that a pipe without these does not carry the code. */
  readonly moments: Moments | undefined;
}

// Written out: an object literal keeps all its fields inside the object, one that grows does not.
const SHAPES: readonly (() => Partial<Numeric>)[] = [
  () => ({ rows: 0, n: 0 }),
  () => ({ rows: 0, n: 0, sum: 0, comp: 0 }),
  () => ({ rows: 0, n: 0, min: undefined, max: undefined }),
  () => ({ rows: 0, n: 0, sum: 0, comp: 0, min: undefined, max: undefined }),
  () => ({ rows: 0, n: 0, origin: 0, mean: 0, m2: 0 }),
  () => ({ rows: 0, n: 0, sum: 0, comp: 0, origin: 0, mean: 0, m2: 0 }),
  () => ({ rows: 0, n: 0, min: undefined, max: undefined, origin: 0, mean: 0, m2: 0 }),
  () => ({ rows: 0, n: 0, sum: 0, comp: 0, min: undefined, max: undefined, origin: 0, mean: 0, m2: 0 }),
];

/** Parts that a set of figures needs. */
export function partsOf(stats: readonly NumericStat[], moments: Moments | undefined): NumericParts {
  const has = (...wanted: NumericStat[]): boolean => wanted.some((stat) => stats.includes(stat));
  return {
    sum: has('sum', 'avg'),
    extrema: has('min', 'max'),
    min: has('min'),
    max: has('max'),
    moments,
  };
}

/** The constructor of an accumulator with these parts. */
export function numericShape(parts: NumericParts): () => Numeric {
  return SHAPES[(parts.sum ? 1 : 0) + (parts.extrema ? 2 : 0) + (parts.moments ? 4 : 0)] as () => Numeric;
}

/** NaN is greater than every number, as in Spark; dates and text compare by their own order. */
function above(a: unknown, b: unknown): boolean {
  if (a !== a) return b === b;
  return (a as number) > (b as number);
}

/** The function that adds one value (null and undefined count as rows only). Cost: O(1). */
export function numericAdd(parts: NumericParts): (acc: Numeric, value: unknown) => void {
  const { sum, extrema } = parts;
  const addMoment = parts.moments?.add;
  return (acc, value) => {
    acc.rows++;
    if (value === null || value === undefined) return;
    acc.n++;
    if (sum) addCompensated(acc, value as number);
    if (extrema) addExtrema(acc, value);
    if (addMoment !== undefined) addMoment(acc, value as number);
  };
}

function addExtrema(acc: Numeric, value: unknown): void {
  if (acc.n === 1) {
    acc.min = value;
    acc.max = value;
  } else if (above(value, acc.max)) acc.max = value;
  else if (above(acc.min, value)) acc.min = value;
}

/** The function that merges a later accumulator into an earlier one. */
export function numericMerge(parts: NumericParts): (into: Numeric, from: Numeric) => void {
  const { sum, extrema } = parts;
  const mergeMoments = parts.moments?.merge;
  return (into, from) => {
    into.rows += from.rows;
    if (from.n === 0) return;
    if (sum) mergeCompensated(into, from);
    if (extrema) mergeExtrema(into, from);
    if (mergeMoments !== undefined) mergeMoments(into, from);
    into.n += from.n;
  };
}

/** Sums of whole numbers up to here stay exact, however many panes a window has. */
const WHOLE = 2 ** 40;

/** Taking out of an accumulator what was merged into it: exact for counts, whole sums, and extrema that others hold. */
export function numericExact({ sum, min, max }: NumericParts): {
  isWhole(acc: Numeric): boolean;
  leave(into: Numeric, from: Numeric): boolean;
} {
  return {
    isWhole: (acc) => !sum || (acc.comp === 0 && Math.floor(acc.sum) === acc.sum && acc.sum <= WHOLE && acc.sum >= -WHOLE),
    leave(into, from) {
      into.rows -= from.rows;
      if (from.n === 0) return true;
      into.n -= from.n;
      if (sum) into.sum -= from.sum;
      return (!max || above(into.max, from.max)) && (!min || above(from.min, into.min));
    },
  };
}

function mergeExtrema(into: Numeric, from: Numeric): void {
  if (into.n === 0) {
    into.min = from.min;
    into.max = from.max;
    return;
  }
  if (above(from.max, into.max)) into.max = from.max;
  if (above(into.min, from.min)) into.min = from.min;
}

/** Sums and moments take numbers only: anything else is an error of the row, before any state is touched. */
export function checkNumber(value: unknown, name: string): void {
  if (typeof value === 'number' || value === null || value === undefined) return;
  throw new TidemarkError('TIDEMARK_OPTION', `agg.${name} takes numbers, and got ${typeof value}`, { value });
}
