import type { Folding } from '../aggregate/plan';
import type { Window } from '../element';
import type { KeyReader } from '../key';
import type { WindowStore } from './store';

export type { Window };

/**
 * How the windows of an assigner share slices: disjoint spans of time such that every window is a run of whole slices.
 * One accumulator per key and slice then serves all windows, whatever the overlap.
 *
 * Source: paired windows (Krishnamurthy et al. 2006), stream slicing (Traub et al. 2019).
 */
export interface Slicing {
  /** Start of the slice that `time` falls into; NaN when the time is in no window. */
  sliceOf(time: number): number;
  sliceEnd(slice: number): number;
  /** End of the first window that holds the slice starting here. */
  firstEnd(slice: number): number;
  /** End of the last window that holds the slice starting here. */
  lastEnd(slice: number): number;
  /** The window end that follows `end`. */
  nextEnd(end: number): number;
  /** The last window end that is not after `time`. */
  endAt(time: number): number;
  /** Start of the window that ends at `end`. */
  startOf(end: number): number;
}

/** What a store is made of. */
export interface StoreParts<T> {
  readonly folding: Folding;
  readonly reader: KeyReader<T>;
}

/** Says which windows a row belongs to, and brings the state that suits them. */
export interface Assigner<in T = unknown> {
  readonly kind: 'tumbling' | 'sliding' | 'cumulative' | 'session' | 'global' | 'assigned' | 'custom';
  /** The windows of a row, ascending by end; empty when it is in none. */
  assign(time: number, row: T): readonly Window[];
  /** Present when windows share slices. */
  readonly slicing?: Slicing;
  /** What these windows need of a select that it does not have by itself (sessions: merging). */
  adapt?(folding: Folding): Folding;
  /** The state of an `aggregate` over these windows. */
  store(parts: StoreParts<T>): WindowStore<T>;
  describe(): Readonly<Record<string, unknown>>;
}
