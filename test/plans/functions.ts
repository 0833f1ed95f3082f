import type { Key, PairTime, Row } from './plan';
import type { Facts } from './facts';

/** The functions that a user of these plans would write: the library and the oracle call the same ones. */

const LARGE = 100_003;

export const keep =
  (modulo: number) =>
  ({ id, v }: Row): boolean =>
    (id * 7 + Math.abs(v ?? 3)) % modulo !== 0;

export const change =
  (by: number) =>
  (row: Row): Row => ({
    ...row,
    j: (row.j + by) % 3,
    k: (row.id + by) % 5 === 0 ? null : row.k,
    v: row.v === null ? by : ((row.v * 3 + row.id) % 41) - 10,
  });

/** None to `most` rows of one. */
export const spread =
  (most: number) =>
  (row: Row): Row[] =>
    Array.from({ length: row.id % (most + 1) }, (_, i) => ({ ...row, id: (row.id * 2 + i) % LARGE }));

/** The one row of a pair; a side may be missing. */
export function pair(l: Row | null, r: Row | null): Omit<Row, 't'> {
  const { k, j } = (l ?? r) as Row;
  return { k, j, v: (l?.v ?? 0) - (r?.v ?? 0), id: ((l?.id ?? -1) * 31 + (r?.id ?? -1) * 17 + 100) % LARGE };
}

/** When a pair happened; a row without a partner has its own time. */
export function timeOfPair(time: PairTime, l: number | null, r: number | null): number {
  if (l === null || r === null) return (l ?? r)!;
  if (time === 'left' || time === 'right') return time === 'left' ? l : r;
  return time === 'latest' ? Math.max(l, r) : Math.min(l, r);
}

export function fits(l: Row, r: Row): boolean {
  return (l.id + r.id) % 3 !== 0;
}

/** Complete rows of window results. */
export function filled(row: Row & { readonly rank?: number }): Row {
  const { window, k, j, v, id, rank = 0 } = row;
  return { t: window!.end - 1, k: k ?? null, j: j ?? 0, v, id: (id * 10 + rank) % (LARGE * LARGE), window: window! };
}

/** What `topN` ranks by: rows of one rank are alike. Rows without a value have none. */
export function rankOf({ v, id, t, k, j }: Row): string | null {
  return v === null ? null : `${v} ${id} ${t ?? ''} ${k ?? ''} ${j}`;
}

/** Event time of a row, by its columns. */
export function timeOf({ time }: Pick<Facts, 'time'>, row: Row): number {
  return time === 't' ? row.t : row.window!.end - 1;
}

/** State of a key: how many rows, and sums. */
export interface Sums {
  readonly n: number;
  readonly v: number;
  readonly id: number;
}

export function plus(sums: Sums | null | undefined, { v, id }: Row): Sums {
  const { n, v: total, id: ids } = sums ?? { n: 0, v: 0, id: 0 };
  return { n: n + 1, v: total + (v ?? 0), id: (ids + id) % LARGE };
}

/** A row with what its key has come to. */
export function running(row: Row, { n, v, id }: Sums): Row {
  return { ...row, v: (v % 1000) + n, id };
}

/** A bucket of a key, when it is over. */
export function ofBucket(key: Key, value: unknown, end: number, { n, v, id }: Sums): Row {
  return { t: end, k: null, j: 0, ...({ [key]: value } as Partial<Row>), v: v + n, id };
}

export function bucketEnd(time: number, size: number): number {
  return (Math.floor(time / size) + 1) * size;
}

/** A text that is the same for the same rows. */
export function textOfRow(row: object): string {
  const { window, ...rest } = row as Row;
  const columns = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = window === undefined ? [] : [['window', [window.start, window.end]]];
  return JSON.stringify([...columns, ...shown]);
}
