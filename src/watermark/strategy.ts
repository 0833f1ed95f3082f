import type { TieRule } from '../element';

/**
 * A watermark strategy: how far the watermark stays behind the largest event time. Strategies are plain values; each
 * subscription gets its own generator. They read no clock and draw no random number.
 */
export interface WatermarkStrategy<in T = unknown> {
  readonly kind: string;
  /** `ordered` when a row on the watermark is on time (monotonous). */
  readonly ties: TieRule;
  /** Set when the delay never changes: `withWatermark` then computes `max - fixedDelayMs` itself. */
  readonly fixedDelayMs?: number;
  /** The lateness that the strategy asks for on behalf of the stream (the horizon of `quality`), in ms. */
  readonly allowedLatenessMs?: number;
  create(): WatermarkGenerator<T>;
  describe(): Readonly<Record<string, unknown>>;
}

/** The state of one strategy on one subscription. */
export interface WatermarkGenerator<in T = unknown> {
  /**
   * Told of every accepted row, after the row went on.
   * @param time the row's event time, whole ms
   * @param row the row
   * @param max the largest event time so far, this row included
   * @param wasLate true when the row was behind the watermark when it came (`time <= W`, or `< W` when ordered)
   * @returns the watermark that follows from it (`max - delay`, or what the strategy says); may be -Infinity; need not
   * be monotone: `withWatermark` never lets W fall
   */
  observe(time: number, row: T, max: number, wasLate: boolean): number;
  /** The delay in force, in ms. */
  readonly delayMs: number;
  /**
   * What reached the end of the pipe since the last call: rows rejected as late, or corrections that the sink could not
   * take. Called before `observe` consults its rule, when the stream can tell.
   */
  feedback?(lost: number): void;
  /** Consults the rule now, out of turn: the runner does so once a batch. */
  consult?(): void;
  /** State of the rule for `explain()` and progress records, e.g. the contract of `quality`. */
  status?(): Readonly<Record<string, unknown>>;
  /** The generator's state as plain data, and back: part of the operator's snapshot. */
  encode(): unknown;
  decode(data: unknown): void;
}
