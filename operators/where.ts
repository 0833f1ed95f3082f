import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { operator, type OperatorOptions } from '../src/operator';
import { comparison, type Comparable, type Comparison } from '../src/schema/compare';
import { columnOf } from '../src/schema/columns';

/**
 * Keeps rows by a condition with SQL's three-valued logic: where the condition is null (unknown) the row is left out, as
 * where it is false. Rows left out are counted as filtered, those that were unknown also as `unknown` in `explain()`.
 * Watermarks pass. Fused.
 *
 * A comparison with a column is unknown when the column is null, missing or NaN, or of another type than the value:
 * `where('amount', '>', 0)` leaves out a null amount, and so does `where('amount', '<=', 0)`.
 *
 * ```
 * in         -(aA)-(bB)-(cC)-(E|)     a: { amount: 5 }   b: { amount: null }   c: { amount: -1 }
 * out        -(aA)--B----C---(E|)     where('amount', '>', 0)
 * ```
 *
 * @param column - the column, or the condition as a function of the row that gives true, false or null
 * @param comparison - `'='`, `'!='`, `'<'`, `'<='`, `'>'` or `'>='`
 * @param value - what to compare with: a number, bigint, text, boolean or Date
 * @param options - `onError`
 * @returns the kept rows, unchanged, with their times
 * @throws `TIDEMARK_OPTION` for a comparison that does not exist or a value without order, at call
 *
 * Cost: O(1) per row, no state. Source: SQL's three-valued logic, as in Spark's `filter`.
 * @example
 * ```ts
 * const out: number[] = [];
 * const input = of({ t: 1, amount: 5 }, { t: 2, amount: null }, { t: 3, amount: -1 });
 * input.pipe(withWatermark('t', 0), where('amount', '>', 0), rows()).subscribe((row) => out.push(row.t));
 * out; // => [1]
 * ```
 */
export function where<T, K extends 'event' | 'untimed'>(
  condition: (row: T) => boolean | null | undefined,
  options?: OperatorOptions,
): OperatorFunction<Element<T, K>, Element<T, K>>;
export function where<T, const C extends keyof T & string, K extends 'event' | 'untimed'>(
  column: C,
  comparison: Comparison,
  value: Comparable & NonNullable<T[C]>,
  options?: OperatorOptions,
): OperatorFunction<Element<T, K>, Element<T, K>>;
export function where<T, K extends 'event' | 'untimed'>(
  first: string | ((row: T) => boolean | null | undefined),
  second?: Comparison | OperatorOptions,
  value?: Comparable,
  last?: OperatorOptions,
): OperatorFunction<Element<T, K>, Element<T, K>> {
  const options = typeof first === 'function' ? (second as OperatorOptions | undefined) : last;
  const test = typeof first === 'function' ? first : columnTest<T>(first, second as Comparison, value as Comparable);
  return operator<T, T, K, K>({
    type: 'where',
    options,
    accepts: ['event', 'untimed'],
    description: typeof first === 'function' ? {} : { column: first, comparison: second, value },
    create: () => {
      let unknown = 0;
      return {
        onEvent(time, row, out) {
          const answer = test(row);
          if (answer === true) return out.forward(time, row);
          if (answer !== false) unknown++;
          out.filter();
        },
        report: () => ({ unknown }),
      };
    },
  });
}

function columnTest<T>(column: string, how: Comparison, value: Comparable): (row: T) => boolean | null {
  const compare = comparison(how, value);
  return (row) => compare(columnOf(row, column));
}
