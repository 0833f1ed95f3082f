import type { Aggregate, NumericStat, ValueAggregate } from './aggregate';
import { moments, type Moments } from './moments';
import { compensatedResult } from './neumaier';
import { checkNumber, numericAdd, numericMerge, numericShape, partsOf, type Numeric } from './numeric';
import { readingOf, type AggregateOptions, type ColumnCheck, type ColumnOf, type ColumnOrSelector, type ValueOf } from './value';

// One function for each figure, whichever aggregate asks for it, and each alone: a pipe carries those that it uses.
const rowsOf = (acc: Numeric): number => acc.rows;
const countOf = (acc: Numeric): number => acc.n;
const sumOf = (acc: Numeric): number | null => (acc.n === 0 ? null : compensatedResult(acc));
const avgOf = (acc: Numeric): number | null => (acc.n === 0 ? null : compensatedResult(acc) / acc.n);
const minOf = (acc: Numeric): unknown => (acc.n === 0 ? null : acc.min);
const maxOf = (acc: Numeric): unknown => (acc.n === 0 ? null : acc.max);
const varianceOf = (acc: Numeric): number | null => (acc.n < 2 ? null : acc.m2 / (acc.n - 1));
const variancePopOf = (acc: Numeric): number | null => (acc.n === 0 ? null : acc.m2 / acc.n);
const stddevOf = (acc: Numeric): number | null => (acc.n < 2 ? null : Math.sqrt(acc.m2 / (acc.n - 1)));
const stddevPopOf = (acc: Numeric): number | null => (acc.n === 0 ? null : Math.sqrt(acc.m2 / acc.n));

/** An aggregate of its own over the shared accumulator; in a select those over one column become one. */
function numericAggregate<T, R>(
  stat: NumericStat,
  result: (acc: Numeric) => R,
  source: unknown,
  options?: AggregateOptions<T>,
  moments?: Moments,
): ValueAggregate<T, unknown, Numeric, R> {
  const parts = partsOf([stat], moments);
  const reading = readingOf<T, never>(source as ColumnOrSelector<T, never>, options);
  const addValue = numericAdd(parts);
  const numbers = parts.sum || moments !== undefined;
  return {
    ...reading,
    name: stat,
    version: 1,
    numeric: stat,
    moments,
    commutative: true,
    parameters: { column: typeof source === 'function' ? 'function' : source },
    create: numericShape(parts),
    add(acc, row) {
      if (reading.where !== undefined && !reading.where(row)) return;
      const value = reading.value(row);
      if (numbers) checkNumber(value, stat);
      addValue(acc, value);
    },
    addValue,
    merge: numericMerge(parts),
    result,
    encode: (acc) => ({ ...acc }),
    decode: (data) => Object.assign(numericShape(parts)(), data),
  };
}

/**
 * Counts rows, or the values of a column that are not null.
 *
 * Without a column it is SQL's `count(*)`: every row. No rows: 0. Cost: O(1) a row, shared with the other numeric
 * aggregates over the same column.
 *
 * @param column - a column's name or a function of the row; default: count rows
 * @param options - `where`: only rows for which it is truthy
 * @example
 * ```ts
 * const count = agg.count<{ v: number | null }>('v');
 * const acc = count.create();
 * for (const v of [1, null, 3]) count.add(acc, { v }, 0);
 * count.result(acc); // => 2
 * ```
 */
export function count<T, const S extends string = ColumnOf<T, unknown>>(
  column?: (S & ColumnCheck<NoInfer<T>, S, unknown>) | ((row: T) => unknown),
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, number> {
  if (column === undefined) return countRows(options);
  return numericAggregate<T, number>('count', countOf, column, options);
}

function countRows<T>(options?: AggregateOptions<T>): Aggregate<T, Numeric, number> {
  return {
    ...numericAggregate<T, number>('rows', rowsOf, () => null, options),
    name: 'count',
    parameters: {},
  };
}

/**
 * Counts the rows for which a condition holds (is truthy); null conditions do not count. No rows: 0.
 *
 * @param where - the condition
 * @example
 * ```ts
 * const trending = agg.countIf<{ views: number }>((row) => row.views > 100_000);
 * const acc = trending.create();
 * for (const views of [100_000, 100_001]) trending.add(acc, { views }, 0);
 * trending.result(acc); // => 1
 * ```
 */
export function countIf<T>(where: (row: T) => unknown): Aggregate<T, Numeric, number> {
  return countRows({ where });
}

/**
 * Sums a column: compensated (Neumaier 1974), so that `[1e100, 1, -1e100]` gives 1. Nulls are skipped; NaN and infinities
 * as in floating point; no values: null. The same arrivals give the same bits whatever the chunking or restarts; another
 * order of arrival may change the last bits (`exactSum` does not).
 *
 * @param column - a numeric column or a function of the row
 * @param options - `where`
 * @throws `TIDEMARK_OPTION` a row: a value that is not a number
 * @example
 * ```ts
 * const figure = agg.sum<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [1e100, 1, null, -1e100]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 1
 * ```
 */
export function sum<T, const S extends string = ColumnOf<T, number>>(
  column: (S & ColumnCheck<NoInfer<T>, S, number>) | ((row: T) => number | null | undefined),
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, number | null> {
  return numericAggregate<T, number | null>('sum', sumOf, column, options);
}

/**
 * The mean of a column: the compensated sum over the count. Nulls are skipped; no values: null. See {@link sum}.
 *
 * @example
 * ```ts
 * const figure = agg.avg<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [1, null, 4]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 2.5
 * ```
 */
export function avg<T, const S extends string = ColumnOf<T, number>>(
  column: (S & ColumnCheck<NoInfer<T>, S, number>) | ((row: T) => number | null | undefined),
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, number | null> {
  return numericAggregate<T, number | null>('avg', avgOf, column, options);
}

/** What `min` and `max` can order. */
export type Orderable = number | bigint | string | Date;

/**
 * The smallest value of a column: numbers, bigints, text (by UTF-16 units) or dates. Nulls are skipped; NaN is greater
 * than every number, as in Spark, so it is the minimum only when there is nothing else; no values: null.
 *
 * @param column - a column or a function of the row
 * @param options - `where`
 * @example
 * ```ts
 * const figure = agg.min<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [3, null, 1]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 1
 * ```
 */
export function min<T, V extends Orderable = number>(
  column: ColumnOrSelector<T, V>,
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, NoInfer<V> | null>;
export function min<T, C extends ColumnOf<T, Orderable>>(
  column: C,
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, ValueOf<T, C> | null>;
export function min<T>(column: ColumnOrSelector<T, Orderable>, options?: AggregateOptions<T>): Aggregate<T, Numeric, unknown> {
  return numericAggregate<T, unknown>('min', minOf, column, options);
}

/**
 * The largest value of a column; NaN wins over every number. See {@link min}.
 *
 * @example
 * ```ts
 * const figure = agg.max<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [3, null, 1]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 3
 * ```
 */
export function max<T, V extends Orderable = number>(
  column: ColumnOrSelector<T, V>,
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, NoInfer<V> | null>;
export function max<T, C extends ColumnOf<T, Orderable>>(
  column: C,
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, ValueOf<T, C> | null>;
export function max<T>(column: ColumnOrSelector<T, Orderable>, options?: AggregateOptions<T>): Aggregate<T, Numeric, unknown> {
  return numericAggregate<T, unknown>('max', maxOf, column, options);
}

/**
 * Sample variance (n − 1). Fewer than two values: null. Welford 1962, merged by Chan, Golub, LeVeque 1979.
 *
 * @example
 * ```ts
 * const figure = agg.variance<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [1, 2, 3]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 1
 * ```
 */
export function variance<T, const S extends string = ColumnOf<T, number>>(
  column: (S & ColumnCheck<NoInfer<T>, S, number>) | ((row: T) => number | null | undefined),
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, number | null> {
  return numericAggregate<T, number | null>('variance', varianceOf, column, options, moments);
}

/**
 * Population variance (n). No values: null. See {@link variance}.
 *
 * @example
 * ```ts
 * const figure = agg.variancePop<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [1, 3]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 1
 * ```
 */
export function variancePop<T, const S extends string = ColumnOf<T, number>>(
  column: (S & ColumnCheck<NoInfer<T>, S, number>) | ((row: T) => number | null | undefined),
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, number | null> {
  return numericAggregate<T, number | null>('variancePop', variancePopOf, column, options, moments);
}

/**
 * Sample standard deviation (n − 1). Fewer than two values: null. See {@link variance}.
 *
 * @example
 * ```ts
 * const figure = agg.stddev<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [1, 2, 3]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 1
 * ```
 */
export function stddev<T, const S extends string = ColumnOf<T, number>>(
  column: (S & ColumnCheck<NoInfer<T>, S, number>) | ((row: T) => number | null | undefined),
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, number | null> {
  return numericAggregate<T, number | null>('stddev', stddevOf, column, options, moments);
}

/**
 * Population standard deviation (n). No values: null. See {@link variance}.
 *
 * @example
 * ```ts
 * const figure = agg.stddevPop<{ v: number | null }>('v');
 * const acc = figure.create();
 * for (const v of [1, 3]) figure.add(acc, { v }, 0);
 * figure.result(acc); // => 1
 * ```
 */
export function stddevPop<T, const S extends string = ColumnOf<T, number>>(
  column: (S & ColumnCheck<NoInfer<T>, S, number>) | ((row: T) => number | null | undefined),
  options?: AggregateOptions<T>,
): Aggregate<T, Numeric, number | null> {
  return numericAggregate<T, number | null>('stddevPop', stddevPopOf, column, options, moments);
}
