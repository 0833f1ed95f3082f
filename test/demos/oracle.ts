import { drawWindows, type Span } from './spans';

/** Mean and friends, written down the plain way. */
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
export const mean = (values: readonly number[]): number | null => (values.length === 0 ? null : sum(values) / values.length);

/** The value whose rank is ceil(p n). */
export function ranked(values: readonly number[], p: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(p * sorted.length)) - 1] ?? null;
}

/** Pearson's, from its definition; null where a column is constant. */
export function pearson(pairs: readonly (readonly [number, number])[]): number | null {
  const mx = mean(pairs.map(([x]) => x));
  const my = mean(pairs.map(([, y]) => y));
  if (mx === null || my === null) return null;
  const sxy = sum(pairs.map(([x, y]) => (x - mx) * (y - my)));
  const sxx = sum(pairs.map(([x]) => (x - mx) ** 2));
  const syy = sum(pairs.map(([, y]) => (y - my) ** 2));
  return sxx === 0 || syy === 0 ? null : sxy / Math.sqrt(sxx * syy);
}

/** Rows by key and window; a window is there when it has rows. */
export function grouped<T>(
  rows: readonly T[],
  time: (row: T) => number,
  key: (row: T) => unknown,
  size: number,
  slide: number,
): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    for (const { start } of drawWindows(time(row), size, slide)) {
      const id = `${start}|${String(key(row))}`;
      groups.set(id, [...(groups.get(id) ?? []), row]);
    }
  }
  return groups;
}

/** Rows that the watermark of a fixed delay lets through: one is late when its time is at or before max - delay. */
export function onTime<T>(rows: readonly T[], time: (row: T) => number, delay: number): T[] {
  let max = -Infinity;
  return rows.filter((row) => {
    const isLate = time(row) <= max - delay;
    max = Math.max(max, time(row));
    return !isLate;
  });
}

export type { Span };
