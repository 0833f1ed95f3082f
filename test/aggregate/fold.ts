import type { Aggregate } from '../../src/aggregate/aggregate';

/** Feeds rows to a fresh accumulator; arrivals count from 1. */
export function fold<T, A>(aggregate: Aggregate<T, A, unknown>, rows: Iterable<T>): A {
  const acc = aggregate.create();
  let arrival = 0;
  for (const row of rows) aggregate.add(acc, row, ++arrival);
  return acc;
}

/** The result over rows that arrive in this order. */
export function resultOf<T, A, R>(aggregate: Aggregate<T, A, R>, rows: Iterable<T>): R {
  return aggregate.result(fold(aggregate, rows));
}

/** Rows of one column, `v`. */
export function valued<V>(values: Iterable<V>): { v: V }[] {
  return Array.from(values, (v) => ({ v }));
}

/** A generator of numbers in [0, 1) that gives the same ones for a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function shuffled<V>(values: readonly V[], random: () => number): V[] {
  const copy = [...values];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}

/** Splits rows, with their arrival numbers, over slices; merges the slices' accumulators in order. */
export function slicedFold<T, A>(
  aggregate: Aggregate<T, A, unknown>,
  rows: readonly T[],
  sliceOf: (i: number) => number,
  slices: number,
): A {
  const accs = Array.from({ length: slices }, () => aggregate.create());
  rows.forEach((row, i) => aggregate.add(accs[sliceOf(i)]!, row, i + 1));
  const into = aggregate.create();
  for (const acc of accs) aggregate.merge!(into, acc);
  return into;
}

/** Equal as the oracle compares: numbers within 1e-9 relative (absolute below 1), all else exactly. */
export function close(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') {
    return Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
  }
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => close(item, b[i]));
  return Object.is(a, b);
}
