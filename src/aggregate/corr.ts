import type { ValueAggregate } from './aggregate';
import { addPair, copyMoments, correlationOf, createMoments, mergeMoments, slopeOf, type CoMoments } from './coMoments';
import { compensatedResult } from './neumaier';
import { checkedNumber } from './numbers';
import { aggregateOf, columnName, readValue, type AggregateOptions, type ColumnOrSelector } from './value';

/** An aggregate over pairs of numbers; its result is a number or null. */
export type PairAggregate<T> = ValueAggregate<T, readonly [x: number, y: number] | null | undefined, CoMoments, number | null>;

/**
 * Gives Pearson's correlation of two columns, from -1 to 1; exactly 1 or -1 for points on a line (from 1 - 2^-49 on, what
 * rounding blurs).
 *
 * Pairs with a null are skipped; fewer than two pairs, or a constant column, give null; NaN and infinite values give NaN.
 *
 * @param x - a number column, or a function of the row
 * @param y - a number column, or a function of the row
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a number or null
 * @throws TIDEMARK_OPTION per row: a value that is no number
 *
 * Cost: O(1) a row, eleven numbers of state. Source: Welford 1962, Pebay 2008, see coMoments.ts.
 *
 * @example
 * const r = agg.corr<{ x: number; y: number }>('x', 'y');
 * const acc = r.create();
 * [1, 2, 3].forEach((x, i) => r.add(acc, { x, y: 7 - 2 * x }, i));
 * r.result(acc) // => -1
 */
export function corr<T>(
  x: ColumnOrSelector<T, number>,
  y: ColumnOrSelector<T, number>,
  options?: AggregateOptions<T>,
): PairAggregate<T> {
  return pairAggregate('corr', x, y, options, (m) => (m.n < 2 || isFlat(m) ? null : correlationOf(m)));
}

/**
 * Gives the sample covariance of two columns (divided by n - 1). Pairs with a null are skipped; fewer than two pairs give
 * null; NaN and infinite values give NaN.
 *
 * @param x - a number column, or a function of the row
 * @param y - a number column, or a function of the row
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a number or null
 * @throws TIDEMARK_OPTION per row: a value that is no number
 *
 * Cost and source: as `corr`.
 *
 * @example
 * const c = agg.covarSamp<{ x: number; y: number }>('x', 'y');
 * const acc = c.create();
 * [1, 2, 3].forEach((x, i) => c.add(acc, { x, y: 2 * x }, i));
 * c.result(acc) // => 2
 */
export function covarSamp<T>(
  x: ColumnOrSelector<T, number>,
  y: ColumnOrSelector<T, number>,
  options?: AggregateOptions<T>,
): PairAggregate<T> {
  return pairAggregate('covarSamp', x, y, options, (m) => (m.n < 2 ? null : compensatedResult(m.xy) / (m.n - 1)));
}

/**
 * Gives the population covariance of two columns (divided by n). Pairs with a null are skipped; no pair gives null, one pair
 * gives 0; NaN and infinite values give NaN.
 *
 * @param x - a number column, or a function of the row
 * @param y - a number column, or a function of the row
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a number or null
 * @throws TIDEMARK_OPTION per row: a value that is no number
 *
 * Cost and source: as `corr`.
 *
 * @example
 * const c = agg.covarPop<{ x: number; y: number }>('x', 'y');
 * const acc = c.create();
 * [1, 2, 3, 4].forEach((x, i) => c.add(acc, { x, y: 2 * x }, i));
 * c.result(acc) // => 2.5
 */
export function covarPop<T>(
  x: ColumnOrSelector<T, number>,
  y: ColumnOrSelector<T, number>,
  options?: AggregateOptions<T>,
): PairAggregate<T> {
  return pairAggregate('covarPop', x, y, options, (m) => (m.n === 0 ? null : compensatedResult(m.xy) / m.n));
}

/**
 * Gives the slope of the least-squares line y = intercept + slope x. Pairs with a null are skipped; fewer than two pairs, or
 * constant x, give null; NaN and infinite values give NaN.
 *
 * @param x - a number column, or a function of the row
 * @param y - a number column, or a function of the row
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a number or null
 * @throws TIDEMARK_OPTION per row: a value that is no number
 *
 * Cost and source: as `corr`.
 *
 * @example
 * const b = agg.slope<{ x: number; y: number }>('x', 'y');
 * const acc = b.create();
 * [1, 2, 3].forEach((x, i) => b.add(acc, { x, y: 5 + 2 * x }, i));
 * b.result(acc) // => 2
 */
export function slope<T>(
  x: ColumnOrSelector<T, number>,
  y: ColumnOrSelector<T, number>,
  options?: AggregateOptions<T>,
): PairAggregate<T> {
  return pairAggregate('slope', x, y, options, (m) => (hasLine(m) ? slopeOf(m) : null));
}

/**
 * Gives the intercept of the least-squares line y = intercept + slope x. Nulls, few pairs, constant x and NaN: as `slope`.
 *
 * @param x - a number column, or a function of the row
 * @param y - a number column, or a function of the row
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a number or null
 * @throws TIDEMARK_OPTION per row: a value that is no number
 *
 * Cost and source: as `corr`.
 *
 * @example
 * const a = agg.intercept<{ x: number; y: number }>('x', 'y');
 * const acc = a.create();
 * [1, 2, 3].forEach((x, i) => a.add(acc, { x, y: 5 + 2 * x }, i));
 * a.result(acc) // => 5
 */
export function intercept<T>(
  x: ColumnOrSelector<T, number>,
  y: ColumnOrSelector<T, number>,
  options?: AggregateOptions<T>,
): PairAggregate<T> {
  return pairAggregate('intercept', x, y, options, (m) => (hasLine(m) ? interceptOf(m) : null));
}

/**
 * Gives the share of y's variance that the least-squares line explains, from 0 to 1; constant y gives 1. Nulls, few pairs,
 * constant x and NaN: as `slope`.
 *
 * @param x - a number column, or a function of the row
 * @param y - a number column, or a function of the row
 * @param options - `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a number or null
 * @throws TIDEMARK_OPTION per row: a value that is no number
 *
 * Cost and source: as `corr`.
 *
 * @example
 * const r2 = agg.r2<{ x: number; y: number }>('x', 'y');
 * const acc = r2.create();
 * [1, 2, 3].forEach((x, i) => r2.add(acc, { x, y: 5 + 2 * x }, i));
 * r2.result(acc) // => 1
 */
export function r2<T>(
  x: ColumnOrSelector<T, number>,
  y: ColumnOrSelector<T, number>,
  options?: AggregateOptions<T>,
): PairAggregate<T> {
  return pairAggregate('r2', x, y, options, (m) => (hasLine(m) ? (m.yy.sum === 0 ? 1 : correlationOf(m) ** 2) : null));
}

/** The sums of squares are exactly 0 for constant columns, also after merging, and else positive. */
function hasLine(m: CoMoments): boolean {
  return m.n >= 2 && m.xx.sum !== 0;
}

/** A column is constant, and all values are finite. */
function isFlat({ xx, yy, xy }: CoMoments): boolean {
  return (xx.sum === 0 || yy.sum === 0) && !Number.isNaN(xy.sum);
}

function interceptOf(m: CoMoments): number {
  const b = slopeOf(m);
  return m.y0 - b * m.x0 + (m.meanY - b * m.meanX);
}

function pairAggregate<T>(
  name: string,
  x: ColumnOrSelector<T, number>,
  y: ColumnOrSelector<T, number>,
  options: AggregateOptions<T> | undefined,
  result: (moments: CoMoments) => number | null,
): PairAggregate<T> {
  const readX = readValue<T, number>(x);
  const readY = readValue<T, number>(y);
  const pair = (row: T): readonly [number, number] | null => {
    const a = readX(row);
    const b = readY(row);
    return a === null || a === undefined || b === null || b === undefined ? null : [a, b];
  };
  return aggregateOf<T, readonly [number, number], CoMoments, number | null>(
    name,
    {
      prepare(values) {
        checkedNumber(values[0], name);
        checkedNumber(values[1], name);
        return values;
      },
      create: createMoments,
      add: addPair,
      merge: mergeMoments,
      result,
      encode: copyMoments,
      decode: (data) => copyMoments(data as CoMoments),
    },
    pair,
    options,
    { column: [columnName(x), columnName(y)] },
  );
}
