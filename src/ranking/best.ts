import { compareValues } from '../aggregate/order';
import type { Folding } from '../aggregate/plan';
import { checkOption } from '../errors';

/** A row with what it is ranked by; among equals the one that arrived first is ahead. */
export interface Ranked {
  readonly value: unknown;
  readonly row: unknown;
  readonly arrival: number;
}

/** The best rows of one group, best first. */
export interface Best {
  n: number;
  rows: Ranked[];
}

/** What `topN` ranks by. */
export interface Ranking {
  readonly value: (row: unknown) => unknown;
  readonly n: (row: unknown) => number;
  /** 1: the smallest first; -1: the greatest. */
  readonly direction: 1 | -1;
}

/** What is read of a row before any state is touched. */
export interface Candidate {
  readonly value: unknown;
  readonly row: unknown;
  readonly n: number;
}

export function candidateOf({ value, n }: Ranking, row: unknown): Candidate {
  const count = n(row);
  checkOption(Number.isInteger(count) && count >= 0, 'n must be a whole number of rows', { n: count });
  return { value: value(row), row, n: count };
}

/** Puts a row where it belongs and cuts the list; null, undefined and NaN are no rank. */
export function place(best: Best, { value, row, n }: Candidate, arrival: number, direction: 1 | -1): void {
  best.n = n;
  if (value !== null && value !== undefined && value === value) insert(best.rows, { value, row, arrival }, direction);
  if (best.rows.length > n) best.rows.length = n;
}

function insert(rows: Ranked[], one: Ranked, direction: 1 | -1): void {
  let i = rows.length;
  while (i > 0 && compare(rows[i - 1]!, one, direction) > 0) i--;
  rows.splice(i, 0, one);
}

function compare(a: Ranked, b: Ranked, direction: 1 | -1): number {
  return direction * compareValues(a.value, b.value) || a.arrival - b.arrival;
}

export function encodeBest({ n, rows }: Best): unknown {
  return [n, rows.map(({ value, row, arrival }) => [value, row, arrival])];
}

export function decodeBest(data: unknown): Best {
  const [n, rows] = data as [number, [unknown, unknown, number][]];
  return { n, rows: rows.map(([value, row, arrival]) => ({ value, row, arrival })) };
}

/** The best rows as an accumulator of windows: slices merge. */
export function bestFolding(ranking: Ranking): Folding {
  const { direction } = ranking;
  return {
    names: [],
    columns: [],
    reads: [],
    mergeable: true,
    create: (): Best => ({ n: 0, rows: [] }),
    read: (row) => candidateOf(ranking, row),
    add: (acc, value, arrival) => place(acc as Best, value as Candidate, arrival, direction),
    merge(into, from) {
      const [best, other] = [into as Best, from as Best];
      best.n = Math.max(best.n, other.n);
      for (const one of other.rows) insert(best.rows, one, direction);
      if (best.rows.length > best.n) best.rows.length = best.n;
    },
    encode: (acc) => encodeBest(acc as Best),
    decode: decodeBest,
  };
}
