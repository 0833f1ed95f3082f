import type { RejectionDetail, Window } from '../element';
import type { KeyOf } from '../key';
import type { Out } from '../operator';
import type { StateTables } from '../state/table';
import type { Touched } from './touched';

/** Figures read from an accumulator, kept beside it by a store for as long as it does not change. */
export interface Memo {
  figures: unknown[] | undefined;
  isRead: boolean;
}

/** Told of a window's accumulator. The key is valid during the call. With `memo`, the same one may come again. */
export type Visit = (key: KeyOf, window: Window, acc: unknown, memo?: Memo) => void;

/** The state of an aggregate over windows: what the emit policies need, whatever the windows are. */
export interface WindowStore<T> {
  /** Adds a row to its open windows. False: the row was rejected (no window, or all of them closed). */
  add(time: number, row: T, drop: number, out: Out<unknown>): boolean;
  /** The open windows that the row last added is part of. */
  touched(drop: number, visit: (key: KeyOf, window: Window) => void): void;
  /** Sessions: windows that the row last added made disappear, by merging or by moving their start. */
  gone?(visit: (key: KeyOf, window: Window) => void): void;
  /** The accumulator of one key and window; `undefined` when there is none. */
  peek(key: KeyOf, window: Window): unknown;
  /** Begins an accumulator anew: what it held has been said. Where windows share accumulators there is none. */
  restart?(key: KeyOf, window: Window): void;
  /** Visits every window with `end <= upTo` that was not visited yet, in (end, key arrival) order; without `visit` only passes them. */
  sweep(upTo: number, drop: number, out: Out<unknown>, visit?: Visit): void;
  /** Forgets what no open window (`end > drop`) needs; a sweep with the same `drop` has come before. */
  expire(drop: number, out: Out<unknown>): void;
  /** Where no grid says when windows end: the end of a key's last open window that begins at `start` or before; else -Infinity. */
  openEnd?(key: KeyOf, start: number): number;
  /** Rows in state. */
  held(): number;
  /** Open windows over all keys. Cheap once `count` was called. */
  windows(): number;
  /** Begins to count, before the first row: of a query, whose progress says how many windows its batches touch. */
  count(): void;
  /** The windows that rows touched since the last call and that are still open; `drop` is what these rows were added with. */
  takeTouched(drop: number): Touched;
  readonly tables: StateTables;
}

/** What is said of a row whose windows, one or more, are all closed: the smallest further delay is 1 ms more than it is behind. */
export function lateDetail(windows: readonly Window[], drop: number): RejectionDetail {
  const lastEnd = windows[windows.length - 1]!.end;
  return { windows, behindMs: drop - lastEnd, missingDelayMs: drop - lastEnd + 1 };
}
