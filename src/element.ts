/**
 * The protocol that adjacent tidemark operators speak: plain calls, in order, no object per event. Next to a foreign
 * RxJS operator or a subscriber the same order is materialised as opaque elements (`src/rx/edge.ts`).
 */

declare const brand: unique symbol;

/** What a stream is: timed rows, rows without event time, or changes of results. */
export type StreamKind = 'event' | 'untimed' | 'change';

/**
 * One opaque item of a stream. It has no readable field, so a raw RxJS `map` or `filter` on it does not compile, and
 * nobody drops a watermark by accident.
 */
export interface Element<T, K extends StreamKind = 'event'> {
  readonly [brand]: { readonly row: T; readonly kind: K };
}

/** Why an operator did not use a row. */
export type RejectionReason = 'late' | 'duplicate' | 'invalid' | 'future' | 'failed' | 'noWindow' | 'idleAdvance';

/** Half-open: `start <= time < end`, epoch milliseconds. */
export interface Window {
  readonly start: number;
  readonly end: number;
  /** Sessions only: a late arrival opened it although it overlaps a session of the same key that is already final. */
  readonly overlapsClosed?: true;
}

/** What is known about a rejection beyond its reason. */
export interface RejectionDetail {
  /** The windows that the row missed, all of them closed. */
  readonly windows?: readonly Window[];
  /** How far behind the watermark the row (or its last window) was, in ms. */
  readonly behindMs?: number;
  /** By how much the watermark delay would have to grow, in ms, to have kept the row: the smallest such number. */
  readonly missingDelayMs?: number;
  /** For `failed` and `invalid`: what went wrong. */
  readonly message?: string;
  readonly cause?: unknown;
  /** Where the source found it: `part-3.ndjson:17`. */
  readonly position?: string;
}

/** A row that was not used, handed on in band: nothing disappears. */
export interface Rejection<T = unknown> {
  readonly reason: RejectionReason;
  /** Event time of the row; NaN where it has none. */
  readonly time: number;
  readonly row: T;
  /** Id of the operator that rejected it. */
  readonly operator: string;
  /** The watermark that judged it (drop side); -Infinity before the first one. */
  readonly watermark: number;
  readonly detail?: RejectionDetail;
}

/** The calls of the protocol. Watermarks only rise; `end` and `error` come once and last. */
export interface Sink<T> {
  event(time: number, row: T): void;
  /** `emit`: results up to here are complete. `drop`: rows up to here are late. `drop <= emit`. */
  watermark(emit: number, drop: number): void;
  reject(rejection: Rejection): void;
  idle(isIdle: boolean): void;
  barrier(batchId: number): void;
  end(): void;
  error(cause: unknown): void;
}

/** The readable form of an element, as RxJS's `materialize` gives it for notifications. For tests and for looking in. */
export type Signal<T> =
  | { readonly kind: 'event'; readonly time: number; readonly row: T }
  | { readonly kind: 'watermark'; readonly time: number; readonly drop?: number }
  | { readonly kind: 'idle'; readonly idle: boolean }
  | { readonly kind: 'barrier'; readonly batchId: number }
  | ({ readonly kind: 'rejected' } & Rejection);

/** When a result was spoken, relative to the watermark. */
export type PaneTiming = 'early' | 'onTime' | 'late';

/** Which firing of a window (or group) a change is. */
export interface Pane {
  /** `early`: before the watermark passed the window's end; `onTime`: the first after; `late`: a correction. */
  readonly timing: PaneTiming;
  /** 0 for the first firing of this key and window. */
  readonly index: number;
  /** Nothing more will be said about this key and window. */
  readonly isLast: boolean;
  /** Estimated share of the window's rows that had arrived, 0 to 1, where it is known. */
  readonly completeness?: number;
}

/** One row of a ChangeStream. `key` identifies what is spoken about: the window's start, if any, then the key columns. */
export interface Change<R> {
  readonly op: 'upsert' | 'delete';
  readonly key: readonly unknown[];
  readonly row: R;
  readonly pane: Pane;
}

/**
 * How a stream judges a row that lies exactly on the watermark. `instant`: `time <= W` is late (rows).
 * `ordered`: `time < W` is late (window results, stamped `end - 1`, and `monotonous` streams).
 */
export type TieRule = 'instant' | 'ordered';

/** True when a row of this time is late under drop watermark `drop`. Source: Spark's rule, with tidemark's tie rule. */
export function isLate(time: number, drop: number, ties: TieRule): boolean {
  return ties === 'instant' ? time <= drop : time < drop;
}

/** How far a late row is behind, and by how much the delay was too short. */
export function latenessOf(time: number, drop: number, ties: TieRule): RejectionDetail {
  const behindMs = drop - time;
  return { behindMs, missingDelayMs: ties === 'instant' ? behindMs + 1 : behindMs };
}

/** The stamp of results that never end (the global window): the last instant a JavaScript Date can hold. */
export const MAX_TIME = 8_640_000_000_000_000;

/** Stamp of a window's result: its last instant. */
export function stampOf(end: number): number {
  return end > MAX_TIME ? MAX_TIME : end - 1;
}
