import type { OperatorFunction } from 'rxjs';
import type { Element, Window } from '../src/element';
import { operator, type OperatorOptions } from '../src/operator';
import { withValue } from '../src/schema/columns';
import type { Simplify } from '../src/streams';
import { overwriting } from '../src/traits';
import type { Assigner } from '../src/window/assigner';

/**
 * Adds the windows of each row as a column: one row for every window it is in. Stateless: nothing is late here, sessions
 * are not merged (each row has its own `[t, t + gap)`).
 *
 * `dropDuplicates` over the window column forgets by the window's end; `aggregate({ window: assigned('w') })` groups by it.
 * A row in no window is rejected as `noWindow`.
 *
 * @param assigner - `tumbling`, `sliding`, …
 * @param as - name of the new column
 * @returns `{ ...row, [as]: { start, end } }`, stamped with the row's time
 *
 * Cost: O(windows) per row, no state.
 * @example
 * ```ts
 * const out: unknown[] = [];
 * of({ t: 7 }).pipe(withWatermark('t', 0), assignWindows(sliding(10, 5), 'w'), rows()).subscribe((row) => out.push(row.w.start));
 * out; // => [0, 5]
 * ```
 */
export function assignWindows<T, const Name extends string>(
  assigner: Assigner<NoInfer<T>>,
  as: Name,
  options?: OperatorOptions,
): OperatorFunction<Element<T>, Element<Simplify<Omit<T, Name> & Record<Name, Window>>>> {
  type R = Simplify<Omit<T, Name> & Record<Name, Window>>;
  return operator<T, R, 'event', 'event'>({
    type: 'assignWindows',
    options,
    accepts: ['event'],
    description: { ...assigner.describe(), as },
    traits: ([input]) => {
      const rest = overwriting([as], input!);
      return { ...rest, windowColumns: [...rest.windowColumns, as] };
    },
    create: () => ({
      onEvent(time, row, out) {
        const windows = assigner.assign(time, row);
        if (windows.length === 0) return out.reject('noWindow', time, row);
        out.absorb(1);
        for (const window of windows) {
          if (out.closed) return;
          out.event(time, withValue(row, as, window) as unknown as R);
        }
      },
    }),
  });
}
