import type { Observable, OperatorFunction } from 'rxjs';
import { stampOf, type Element, type Window } from '../src/element';
import { joinKeysOf, withStart, type JoinKey } from '../src/join/keys';
import { checkType, joinSpec, type JoinDraft } from '../src/join/operatorOf';
import { SAME_TIME } from '../src/join/range';
import { resultsOf, type Joined, type JoinSelect, type JoinType } from '../src/join/result';
import type { OperatorOptions } from '../src/operator';
import { combine } from '../src/operator/combine';
import { DEFAULT_TRAITS, originOf } from '../src/rx';

type WindowColumn<T> = { [P in keyof T & string]: T[P] extends Window | null | undefined ? P : never }[keyof T & string];

/** Options of `windowJoin`. */
export interface WindowJoinOptions<L, R, J extends JoinType, O> extends OperatorOptions {
  /** The column with the window, on both sides or `{ left, right }`; default `'window'`, as `aggregate` names it. */
  readonly window?: (WindowColumn<L> & WindowColumn<R>) | { readonly left: WindowColumn<L>; readonly right: WindowColumn<R> };
  /** What else must be equal: a column of both sides, several, or `{ left, right }`. Default: nothing. */
  readonly on?: JoinKey<L, R>;
  /** Default `'inner'`. */
  readonly type?: J;
  /** Conditions on one side, part of the join. */
  readonly where?: { readonly left?: (row: L) => boolean; readonly right?: (row: R) => boolean };
  /** A condition on the pair. */
  readonly condition?: (left: L, right: R) => boolean;
  /** Makes the result of a pair; null for a side without a row. Default: the columns of both rows. Not for semi and anti joins. */
  readonly select?: JoinSelect<L, R, J, O>;
  /** Allows an inner join of streams without watermarks. Default false. */
  readonly unbounded?: boolean;
}

/**
 * Joins the rows of two streams that are in the same window: results of `aggregate`, or rows behind `assignWindows`.
 *
 * Two windows are the same when start and end are. Rows wait until their window is over, `end <= W`; a row whose window is
 * over already is rejected as late, one without a window as `noWindow`. Outer rows go out once, with nulls, when their window is over and nobody met them.
 * Results are stamped with the window's last instant, `end - 1`, so the watermark passes as it is and none is late for the
 * next operator. A row with a null in the key has no partner.
 *
 * ```
 * left       -a-------|      a: [0, 10)                    type: 'full'
 * right      --x-y----|      x: [0, 10)   y: [10, 20)
 * watermark  -----T-V-|      T = 10   V = 20
 * out        --P----Y-|      P = a+x stamped 9, Y = null+y stamped 19
 * ```
 *
 * @param other$ - the right side
 * @param options - `window`, `on`, `type`, `where`, `condition`, `select`, `unbounded`, `id`, `onError`
 * @returns the joined rows; with `leftSemi` and `leftAnti` the left rows
 * @throws as `intervalJoin`
 *
 * Cost: O(1) a row and for each row it meets. State: the rows whose windows are open. As for `intervalJoin`, version 1.
 * @example
 * ```ts
 * const counts = (times: number[]) => from(times).pipe(map((t) => ({ t })), withWatermark('t', 0),
 *   aggregate({ window: tumbling(10), select: { n: agg.count() } }));
 * const out: unknown[] = [];
 * counts([1, 2, 12]).pipe(
 *   windowJoin(counts([3]), { type: 'left', select: (views, clicks) => [views.window.start, views.n, clicks?.n ?? 0] }),
 *   rows(),
 * ).subscribe((row) => out.push(row));
 * out; // => [[0, 2, 1], [10, 1, 0]]
 * ```
 */
export function windowJoin<L, R, const J extends JoinType = 'inner', O = Joined<L, R, J>>(
  other$: Observable<Element<R>>,
  options: WindowJoinOptions<NoInfer<L>, NoInfer<R>, J, O> = {},
): OperatorFunction<Element<L>, Element<O>> {
  const draft = draftOf<L, R, J, O>(options);
  return (source) => {
    const inputs = [source, other$].map((input) => originOf<unknown>(input)?.traits ?? DEFAULT_TRAITS);
    return combine<unknown, O, 'event'>(joinSpec(draft, inputs), [source, other$]);
  };
}

function draftOf<L, R, J extends JoinType, O>(options: WindowJoinOptions<L, R, J, O>): JoinDraft<L, R, O> {
  const { type = 'inner' as J, unbounded = false, where, condition, select } = options;
  checkType(type);
  const window = options.window ?? 'window';
  const columns = typeof window === 'string' ? { left: window, right: window } : window;
  const { left, right, shared } = joinKeysOf<L, R>(options.on);
  const names = columns.left === columns.right ? [...shared, columns.left] : shared;
  return {
    operator: 'windowJoin',
    options,
    type,
    left: { key: withStart(left, columns.left), where: where?.left, timeOf: lastInstant<L>(columns.left) },
    right: { key: withStart(right, columns.right), where: where?.right, timeOf: lastInstant<R>(columns.right) },
    range: SAME_TIME,
    condition,
    time: 'left',
    results: resultsOf<L, R, O>(type, select as never, names),
    unbounded,
    byWindow: true,
    isMerged: select === undefined,
    description: { type, window: columns, on: { left: left.columns, right: right.columns } },
  };
}

/** The window's last instant; a row without a window has none. */
function lastInstant<T>(column: string): (row: T) => number {
  return (row) => {
    const window = row[column as keyof T] as Window | null | undefined;
    return window ? stampOf(window.end) : NaN;
  };
}
