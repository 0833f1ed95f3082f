import { createList, decodeList, encodeList, push, pushAll, rankOf, sortedView, type NumberList } from './numbers';

/**
 * A summary of many numbers that answers rank queries within `n / accuracy`, for every order of arrival and every tree of
 * merges, without randomness.
 *
 * Level h holds values that stand for 2^h values each. A full level is compacted: sorted, and of each pair of neighbours one
 * goes up a level. That moves the estimated rank of any value by at most 2^h: up if the smaller one of each pair goes on, down
 * if the larger does. `over` and `under` add up these bounds, the smaller one is charged next, and no level is compacted that
 * would bring one above `n / accuracy`. So the contract holds by construction; how much memory it takes is up to `capacity`.
 *
 * Source: Munro, Paterson 1980 and Manku, Rajagopalan, Lindsay 1998 (deterministic compaction); the levels are those of KLL
 * (Karnin, Lang, Liberty 2016), whose coin is replaced by the two bounds.
 */
export interface QuantileSummary {
  /** Values seen. */
  n: number;
  /** By how much an estimated rank may be too high. */
  over: number;
  /** By how much an estimated rank may be too low. */
  under: number;
  min: number;
  max: number;
  readonly levels: NumberList[];
}

/** Below this many values nothing is ever compacted, however low the accuracy. */
const EXACT = 4096;

export function createSummary(): QuantileSummary {
  return { n: 0, over: 0, under: 0, min: NaN, max: -Infinity, levels: [createList()] };
}

/** Adds one number. Cost: O(log accuracy) on average. */
export function addToSummary(summary: QuantileSummary, x: number, accuracy: number): void {
  summary.n++;
  cover(summary, x, x);
  const first = summary.levels[0]!;
  push(first, x);
  if (first.n >= capacity(summary, accuracy)) compress(summary, accuracy);
}

/** Adds everything `from` has seen; `from` stays as it is. */
export function mergeSummaries(into: QuantileSummary, from: QuantileSummary, accuracy: number): void {
  into.n += from.n;
  into.over += from.over;
  into.under += from.under;
  cover(into, from.min, from.max);
  from.levels.forEach((level, h) => pushAll(levelOf(into, h), level));
  compress(into, accuracy);
}

/** Widens the extremes. NaN is greater than any number; an empty summary has min NaN and max -Infinity. */
function cover(summary: QuantileSummary, min: number, max: number): void {
  if (min < summary.min || Number.isNaN(summary.min)) summary.min = min;
  if (max > summary.max || Number.isNaN(max)) summary.max = max;
}

function levelOf(summary: QuantileSummary, h: number): NumberList {
  return (summary.levels[h] ??= createList());
}

/** A level of c values costs n / (2 c) in `over` and `under` as n grows, so l levels of l * accuracy / 2 stay within bounds. */
function capacity({ levels }: QuantileSummary, accuracy: number): number {
  return Math.max(EXACT, (accuracy * (levels.length + 1)) / 2);
}

function compress(summary: QuantileSummary, accuracy: number): void {
  for (let h = 0; h < summary.levels.length; h++) {
    if (summary.levels[h]!.n < capacity(summary, accuracy)) continue;
    if ((Math.min(summary.over, summary.under) + 2 ** h) * accuracy > summary.n) continue;
    const smaller = summary.over <= summary.under;
    if (smaller) summary.over += 2 ** h;
    else summary.under += 2 ** h;
    compact(summary, h, smaller ? 0 : 1);
  }
}

/** Moves one of each pair of neighbours up. An odd last value stays. */
function compact(summary: QuantileSummary, h: number, offset: 0 | 1): void {
  const level = summary.levels[h]!;
  const sorted = sortedView(level);
  const above = levelOf(summary, h + 1);
  const pairs = level.n >> 1;
  for (let i = 0; i < pairs; i++) push(above, sorted[2 * i + offset]!);
  const rest = sorted.slice(2 * pairs);
  summary.levels[h] = { data: rest, n: rest.length, sorted: rest.length }; // a new list: the old one's memory goes
}

/** The values at fractions `ps`; `n` is at least 1. Cost: O(size) once there are levels, else O(1), after sorting. */
export function quantilesOf(summary: QuantileSummary, ps: readonly number[]): number[] {
  const { n, min, max, levels } = summary;
  const views = levels.map(sortedView);
  const ranks = ps.map((p) => rankOf(p, n));
  if (views.length === 1) return ranks.map((rank) => views[0]![rank - 1]!);
  const found = walk(
    views,
    [...new Set(ranks)].sort((a, b) => a - b),
  );
  return ranks.map((rank) => (rank === 1 ? min : rank === n ? max : found.get(rank)!));
}

/** Goes through all levels in ascending order of value and notes the value at which each rank is reached. */
function walk(views: readonly Float64Array[], ranks: readonly number[]): Map<number, number> {
  const found = new Map<number, number>();
  const at = views.map(() => 0);
  let reached = 0;
  let value = NaN;
  for (const rank of ranks) {
    while (reached < rank) {
      let best = -1;
      for (let h = 0; h < views.length; h++) {
        const next = views[h]![at[h]!];
        if (next !== undefined && (best < 0 || next < value || Number.isNaN(value))) {
          best = h;
          value = next;
        }
      }
      at[best]!++;
      reached += 2 ** best;
    }
    found.set(rank, value);
  }
  return found;
}

export function encodeSummary({ n, over, under, min, max, levels }: QuantileSummary): unknown {
  return [n, over, under, min, max, levels.map(encodeList)];
}

export function decodeSummary(data: unknown): QuantileSummary {
  const [n, over, under, min, max, levels] = data as [number, number, number, number, number, unknown[]];
  return { n, over, under, min, max, levels: levels.map(decodeList) };
}
