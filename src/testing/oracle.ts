import type { Select } from '../aggregate/aggregate';
import type { Signal, Window } from '../element';
import { readerOf, type KeySpec } from '../key';
import { encodeKey } from '../keyCodec';
import type { Assigner } from '../window/assigner';

/** What the oracle computes: an `aggregate` with `onClose`. */
export interface OracleQuery<T> {
  readonly key?: KeySpec<T>;
  readonly window: Assigner<T>;
  readonly select: Select<T>;
}

/** What an `aggregate` with `onClose` must have said of a sequence of signals. */
export interface OracleAnswer {
  /** `{ window, …key columns, …select }` of every window that the last watermark has closed, in order of closing. */
  readonly rows: readonly Record<string, unknown>[];
  /** Times of the rows that are late, in order. */
  readonly late: readonly number[];
  readonly noWindow: number;
}

interface Bag<T> {
  readonly keyText: string;
  readonly values: readonly unknown[];
  window: Window;
  rows: [arrival: number, row: T][];
}

/**
 * Computes windows by brute force: keeps every row of every window and folds them when the window closes. Slow and
 * plain, to check the fast ones against.
 *
 * @example
 * ```ts
 * const signals = [
 *   { kind: 'event', time: 1, row: { k: 'a' } },
 *   { kind: 'watermark', time: 10 },
 *   { kind: 'event', time: 3, row: { k: 'a' } },
 * ];
 * const { rows, late } = batchOracle(signals, { key: 'k', window: tumbling(10), select: { n: agg.count() } });
 * rows; // => [{ window: { start: 0, end: 10 }, k: 'a', n: 1 }]
 * late; // => [3]
 * ```
 */
export function batchOracle<T>(signals: readonly Signal<T>[], query: OracleQuery<T>): OracleAnswer {
  const reader = readerOf<T>(query.key);
  const open: Bag<T>[] = [];
  const answer = { rows: [] as Record<string, unknown>[], late: [] as number[], noWindow: 0 };
  let drop = -Infinity;
  let arrival = 0;
  for (const signal of signals) {
    if (signal.kind === 'watermark') {
      drop = Math.max(drop, signal.drop ?? signal.time);
      close();
    }
    if (signal.kind === 'event') take(signal.time, signal.row);
  }
  return answer;

  function take(time: number, row: T): void {
    const windows = query.window.assign(time, row);
    const alive = windows.filter((window) => window.end > drop);
    if (windows.length === 0) answer.noWindow++;
    else if (alive.length === 0) answer.late.push(time);
    for (const window of alive) place(window, row);
    if (alive.length > 0) arrival++;
  }

  function place(window: Window, row: T): void {
    const key = reader.read(row);
    const parts = Array.isArray(key) ? (key as readonly unknown[]).slice() : reader.columns.length === 0 ? [] : [key];
    const values = reader.columns.map((_c, i) => parts[i]);
    const keyText = encodeKey(values).join();
    const merges = (bag: Bag<T>): boolean =>
      bag.keyText === keyText &&
      (query.window.kind === 'session'
        ? bag.window.start <= window.end && window.start <= bag.window.end
        : bag.window.start === window.start && bag.window.end === window.end);
    const met = open.filter(merges);
    const bag: Bag<T> = { keyText, values, window: { start: window.start, end: window.end }, rows: [[arrival, row]] };
    for (const other of met) {
      bag.window = { start: Math.min(bag.window.start, other.window.start), end: Math.max(bag.window.end, other.window.end) };
      bag.rows.push(...other.rows);
      open.splice(open.indexOf(other), 1);
    }
    open.push(bag);
  }

  function close(): void {
    const due = open.filter((bag) => bag.window.end <= drop).sort((a, b) => a.window.end - b.window.end);
    for (const bag of due) {
      open.splice(open.indexOf(bag), 1);
      bag.rows.sort(([a], [b]) => a - b);
      const row: Record<string, unknown> = { window: bag.window };
      reader.columns.forEach((name, i) => (row[name] = bag.values[i]));
      for (const [name, aggregate] of Object.entries(query.select)) {
        const acc: unknown = aggregate.create();
        for (const [at, each] of bag.rows) aggregate.add(acc, each, at);
        row[name] = aggregate.result(acc);
      }
      answer.rows.push(row);
    }
  }
}
