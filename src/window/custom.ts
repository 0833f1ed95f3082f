import type { Window } from '../element';
import { TidemarkError } from '../errors';
import type { Assigner } from './assigner';
import { PerWindowStore } from './perWindowStore';

/**
 * Windows by the user's own rule: any function from a row and its time to windows.
 *
 * @param assign - gives the windows of a row, in any order; none puts the row in no window
 * @param description - plain data for `explain()`
 * @throws `TIDEMARK_OPTION` a row: a window whose start is not before its end, or is no number
 *
 * Cost: one accumulator update for every window of the row.
 * @example
 * ```ts
 * const byMonth = customWindows<{ t: number }>((time) => {
 *   const d = new Date(time);
 *   return [{ start: Date.UTC(d.getUTCFullYear(), d.getUTCMonth()), end: Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + 1) }];
 * });
 * byMonth.assign(0, { t: 0 }); // => [{ start: 0, end: 2678400000 }]
 * ```
 */
export function customWindows<T = unknown>(
  assign: (time: number, row: T) => readonly Window[],
  description: Readonly<Record<string, unknown>> = {},
): Assigner<T> {
  const assigner: Assigner<T> = {
    kind: 'custom',
    assign: (time, row) =>
      assign(time, row)
        .map(checked)
        .sort((a, b) => a.end - b.end),
    store: (parts) => new PerWindowStore(assigner, parts),
    describe: () => ({ window: 'custom', ...description }),
  };
  return assigner;
}

function checked(window: Window): Window {
  if (window.start < window.end) return window;
  throw new TidemarkError('TIDEMARK_OPTION', 'a window must start before it ends', { window });
}

/**
 * Windows that rows carry in a column: from `assignWindows`, or the `window` of a result row.
 *
 * @param column - the column; a row where it is null is in no window
 * @example
 * ```ts
 * assigned<{ w: Window }>('w').assign(3, { w: { start: 0, end: 10 } }); // => [{ start: 0, end: 10 }]
 * ```
 */
export function assigned<T>(
  column: { [K in keyof T & string]-?: T[K] extends Window | null | undefined ? K : never }[keyof T & string],
): Assigner<T> {
  const assigner: Assigner<T> = {
    kind: 'assigned',
    assign(_time, row) {
      const window = row[column as keyof T] as Window | null | undefined;
      return window === null || window === undefined ? [] : [window];
    },
    store: (parts) => new PerWindowStore(assigner, parts),
    describe: () => ({ window: 'assigned', column }),
  };
  return assigner;
}
