import type { OperatorFunction } from 'rxjs';
import { stampOf, type Element, type Window } from '../src/element';
import { operator, type OperatorOptions } from '../src/operator';
import { withValue } from '../src/schema/columns';
import type { Simplify } from '../src/streams';
import type { Traits } from '../src/traits';

/** Columns of `T` that hold a window. */
export type WindowColumn<T> = { [K in keyof T & string]-?: T[K] extends Window | null | undefined ? K : never }[keyof T & string];

/**
 * Adds the last instant of a window as a column and makes it the row's event time: Spark's `window_time`. What comes next
 * (a window over windows, `dropDuplicates`, a join, groups by that time) goes by the end of the window.
 *
 * The watermark stays what it was. The new time is judged as a window's end is: a row is late iff its window is over
 * (`end <= W`). On results of `aggregate` the time is that already, and only gets a name. A row whose window is null is
 * rejected as `noWindow`.
 *
 * ```
 * rows       -a-b-c-|        a: t=1  b: t=4  c: t=7     in windows of 5
 * out        -a-b-c-|        stamped 4, 4, 9
 * ```
 *
 * @param window - the column with the window (`assignWindows`, or `window` of a result)
 * @param as - name of the new column: epoch ms, `end - 1` (Spark: `end` - 1 us)
 * @param options - `id`
 * @returns the rows with the column, stamped with it
 *
 * Cost: O(1) per row, no state. Source: Spark's `window_time`.
 * @example
 * ```ts
 * const out: number[] = [];
 * of({ t: 1 }, { t: 7 }).pipe(
 *   withWatermark('t', 0), assignWindows(tumbling(5), 'w'), windowTime('w', 'end'), rows(),
 * ).subscribe((row) => out.push(row.end));
 * out; // => [4, 9]
 * ```
 */
export function windowTime<T, const As extends string>(
  window: WindowColumn<T>,
  as: As,
  options?: OperatorOptions,
): OperatorFunction<Element<T>, Element<Simplify<Omit<T, As> & Record<As, number>>>> {
  type R = Simplify<Omit<T, As> & Record<As, number>>;
  return operator<T, R, 'event', 'event'>({
    type: 'windowTime',
    options,
    accepts: ['event'],
    description: { window, as },
    traits: ([input]) => {
      const { timeColumns: _both, ...rest } = input as Traits;
      const windowColumns = rest.windowColumns.filter((column) => column !== as);
      return { ...rest, ties: 'ordered', timeColumn: as, windowColumns };
    },
    create: () => ({
      onEvent(time, row, out) {
        const found = row[window] as Window | null | undefined;
        if (found === null || found === undefined) return out.reject('noWindow', time, row);
        const last = stampOf(found.end);
        out.forward(last, withValue(row, as, last) as R);
      },
    }),
  });
}
