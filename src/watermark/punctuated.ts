import { checkOption } from '../errors';
import { stateOf } from './generator-state';
import type { WatermarkGenerator, WatermarkStrategy } from './strategy';

/**
 * What a punctuation function says about a row: the new watermark in epoch ms ("nothing at or before this instant will
 * follow"), or no statement.
 */
export type Punctuation<in T> = (row: T, time: number) => number | null | undefined;

interface PunctuatedState {
  readonly kind: 'punctuated';
  /** The highest mark so far, and the largest event time; null while there is none. */
  readonly mark: number | null;
  readonly max: number | null;
}

class PunctuatedGenerator<T> implements WatermarkGenerator<T> {
  private mark = -Infinity;
  private max = -Infinity;

  constructor(private readonly punctuation: Punctuation<T>) {}

  observe(time: number, row: T, max: number): number {
    this.max = max;
    const said = this.punctuation(row, time);
    // Number.isFinite is false for null, undefined and NaN, and for Infinity: only the source's end may flush everything.
    if (Number.isFinite(said) && (said as number) > this.mark) this.mark = said as number;
    return this.mark;
  }

  /** How far the marks are behind the largest event time; Infinity before the first of them. */
  get delayMs(): number {
    return this.mark === -Infinity ? Infinity : Math.max(0, this.max - this.mark);
  }

  encode(): PunctuatedState {
    const { mark, max } = this;
    return { kind: 'punctuated', mark: mark === -Infinity ? null : mark, max: max === -Infinity ? null : max };
  }

  decode(data: unknown): void {
    const { mark, max } = stateOf<PunctuatedState>(data, 'punctuated');
    this.mark = mark ?? -Infinity;
    this.max = max ?? -Infinity;
  }
}

/**
 * A watermark that the rows themselves carry: W is what `punctuation` returns for a row.
 *
 * null, undefined and NaN make no statement, and neither does an infinity: only the end of the source flushes open windows.
 * A mark below an earlier one is ignored. The row that carries a mark is judged by the marks before it. Until the first mark
 * there is no watermark, so nothing closes. Times are instants: `time <= W` is late.
 *
 * @param punctuation called once per accepted row with the row and its event time; returns W in epoch ms, or no statement
 * @returns a strategy for `withWatermark`
 * @throws TIDEMARK_OPTION at call: `punctuation` is no function
 * @throws TIDEMARK_USER_FUNCTION per row, by `withWatermark`: `punctuation` threw
 *
 * Cost: one call per row; state: two numbers.
 *
 * Source: Flink's punctuated generators, with the mark as Spark's W ("at or before" instead of "before or at, inclusive").
 * @example
 * const marks = punctuated((row: { complete?: number }) => row.complete).create();
 * marks.observe(10, {}, 10, false) // => -Infinity
 * marks.observe(12, { complete: 11 }, 12, false) // => 11
 * marks.observe(13, { complete: 5 }, 13, false) // => 11
 */
export function punctuated<T>(punctuation: Punctuation<T>): WatermarkStrategy<T> {
  checkOption(typeof punctuation === 'function', 'punctuated needs a function that returns a watermark');
  return {
    kind: 'punctuated',
    ties: 'instant',
    create: () => new PunctuatedGenerator(punctuation),
    describe: () => Object.freeze({ kind: 'punctuated' }),
  };
}
