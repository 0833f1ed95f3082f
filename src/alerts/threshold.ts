import { columnName, readValue, type ColumnOrSelector } from '../aggregate/value';
import { checkOption } from '../errors';

/** How a metric is compared with its threshold. */
export type Comparison = '>' | '<' | '>=' | '<=';

/** Options of `threshold`. */
export interface ThresholdOptions<T> {
  /** The column with the figure, or a function of the row. */
  readonly metric: ColumnOrSelector<T, number | bigint>;
  readonly threshold: number;
  /** Default `'>'`. */
  readonly op?: Comparison;
  /** Told once, at call, what is wrong: an operator that came from outside the type system. */
  readonly onWarning?: (message: string) => void;
}

/** A condition on a row: a function of the row, with what it is made of. */
export interface Threshold<in T> {
  (row: T): boolean;
  /** The column, or `'function'`. */
  readonly metric: unknown;
  readonly threshold: number;
  readonly op: Comparison;
  /** The figure of a row; null when there is none. */
  read(row: T): number | bigint | null;
  /** Judges a figure. */
  test(value: unknown): boolean;
  /** What is wrong with the options; empty when nothing is. */
  readonly warnings: readonly string[];
}

type Compare = (value: number | bigint, threshold: number) => boolean;

const COMPARE: Readonly<Record<Comparison, Compare>> = {
  '>': (value, threshold) => value > threshold,
  '<': (value, threshold) => value < threshold,
  '>=': (value, threshold) => value >= threshold,
  '<=': (value, threshold) => value <= threshold,
};

/**
 * Makes a condition that holds for rows whose metric lies on one side of a threshold: for `alertWhen`, `filterRows`, or to
 * be called with a row.
 *
 * A metric that is null, NaN, missing or no number never fires. An operator that is none of the four is a type error; at
 * run time the condition is false for every row, and says so once: in `warnings`, and to `onWarning`.
 *
 * @param options - `metric`: a numeric column or a function of the row; `threshold`: any number but NaN; `op`: `'>'`
 * (default), `'<'`, `'>='`, `'<='`; `onWarning`
 * @returns the condition; its `value` in an alert is the metric
 * @throws TIDEMARK_OPTION at call: the threshold is no number
 *
 * Cost: O(1) a row, no state.
 *
 * @example
 * const hot = threshold<{ temp: number | null }>({ metric: 'temp', threshold: 30, op: '>=' });
 * [29, 30, 31, null].map((temp) => hot({ temp })) // => [false, true, true, false]
 */
export function threshold<T>(options: ThresholdOptions<T>): Threshold<T> {
  const { metric, threshold: limit, op = '>', onWarning } = options;
  checkOption(typeof limit === 'number' && limit === limit, 'threshold must be a number', { threshold: limit });
  const warnings = comparisonOf(op) === undefined ? [unknownOperator(op)] : [];
  for (const warning of warnings) onWarning?.(warning);
  const value = readValue(metric);
  const read = (row: T): number | bigint | null => numeric(value(row));
  const test = (figure: unknown): boolean => compare(figure, op, limit);
  const fields = { metric: columnName(metric), threshold: limit, op, read, test, warnings };
  return Object.assign((row: T) => test(read(row)), fields);
}

/**
 * Compares a figure with a threshold: false for what is no number, and for an operator that there is not.
 *
 * @param value - the figure; anything
 * @param op - the operator
 * @param limit - what the figure is compared with
 */
export function compare(value: unknown, op: string, limit: number): boolean {
  const figure = numeric(value);
  return figure !== null && (comparisonOf(op)?.(figure, limit) ?? false);
}

/** The comparison of an operator; undefined when there is no such operator. */
export function comparisonOf(op: string): Compare | undefined {
  return Object.hasOwn(COMPARE, op) ? COMPARE[op as Comparison] : undefined;
}

/** What is said of an operator that there is not. */
export function unknownOperator(op: unknown): string {
  return `'${String(op)}' is no comparison (>, <, >=, <=): the alert never fires`;
}

function numeric(value: unknown): number | bigint | null {
  return (typeof value === 'number' && value === value) || typeof value === 'bigint' ? value : null;
}
