import { columnName, readValue, type ColumnOrSelector } from '../aggregate/value';
import { checkOption } from '../errors';

/** Options of `trend`. */
export interface TrendOptions<T> {
  /** The column with the figure, or a function of the row. */
  readonly metric: ColumnOrSelector<T, number>;
  /** The share of the mean by which a figure must differ: 0.5 is more than 50 % up or down. */
  readonly threshold: number;
  /**
   * What alerts when the mean is 0, where no share can be computed: `'any'` value but 0 (default), none (`'never'`), or
   * values whose magnitude is above this number.
   */
  readonly onZeroMean?: 'any' | 'never' | number;
}

/** A condition on the figures of one key, one after the other. */
export interface Trend<in T> {
  /** The column, or `'function'`. */
  readonly metric: unknown;
  readonly threshold: number;
  /** The magnitude above which a figure alerts when the mean is 0. */
  readonly zeroLimit: number;
  /** The figure of a row; null when there is none. */
  read(row: T): number | null;
  /** Judges a figure by the past ones of its key, and then puts it to them. `history` starts as `[]`, one a key. */
  test(history: number[], value: number | null): boolean;
}

/** Past figures that are kept, and of these the ones that a new figure is compared with. */
const KEPT = 10;
const COMPARED = 3;

/**
 * Makes a condition that holds when a figure departs from the recent ones of its key: `abs((value - mean) / mean) >
 * threshold`, with the mean of the last three figures (of two, for the third figure). The first two figures never alert.
 * The figure is stored after the test, whatever the outcome; ten are kept.
 *
 * Figures come in the order in which the operator takes rows (of arrival; with `ordered`, of event time). A metric that is
 * null, NaN, infinite or missing does not alert and is not stored.
 *
 * @param options - `metric`: a numeric column or a function of the row; `threshold`: >= 0; `onZeroMean`: `'any'` (default),
 * `'never'` or a number >= 0
 * @returns the condition, for `alertWhen`; its `value` in an alert is the metric
 * @throws TIDEMARK_OPTION at call: a number is out of range
 *
 * Cost: O(1) a row, ten numbers a key.
 *
 * Source: the design brief's TrendAlert, which fails when the mean is 0.
 *
 * @example
 * const jump = trend<{ v: number }>({ metric: 'v', threshold: 0.5 });
 * const history: number[] = [];
 * [100, 100, 151, 100].map((v) => jump.test(history, v)) // => [false, false, true, false]
 */
export function trend<T>(options: TrendOptions<T>): Trend<T> {
  const { metric, threshold, onZeroMean = 'any' } = options;
  checkOption(threshold >= 0, 'threshold must be a number >= 0', { threshold });
  const zeroLimit = onZeroMean === 'any' ? 0 : onZeroMean === 'never' ? Infinity : onZeroMean;
  checkOption(zeroLimit >= 0, "onZeroMean is 'any', 'never' or a number >= 0", { onZeroMean });
  const value = readValue<T, number>(metric);
  return {
    metric: columnName(metric),
    threshold,
    zeroLimit,
    read: (row) => finite(value(row)),
    test(history, figure) {
      if (finite(figure) === null) return false;
      const departs = history.length >= 2 && departsFrom(meanOf(history), figure as number, threshold, zeroLimit);
      history.push(figure as number);
      if (history.length > KEPT) history.shift();
      return departs;
    },
  };
}

function departsFrom(mean: number, value: number, threshold: number, zeroLimit: number): boolean {
  return mean === 0 ? Math.abs(value) > zeroLimit : Math.abs((value - mean) / mean) > threshold;
}

function meanOf(history: readonly number[]): number {
  const recent = history.slice(-COMPARED);
  return recent.reduce((sum, value) => sum + value, 0) / recent.length;
}

function finite(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
