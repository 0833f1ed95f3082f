import type { Observable, OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { checkOption } from '../src/errors';
import { joinKeysOf, type JoinKey } from '../src/join/keys';
import { checkType, joinSpec, type JoinDraft } from '../src/join/operatorOf';
import type { JoinTime } from '../src/join/plan';
import { ANY_TIME, describeRange, rangeOf, type Within } from '../src/join/range';
import { resultsOf, type Joined, type JoinSelect, type JoinType } from '../src/join/result';
import type { OperatorOptions } from '../src/operator';
import { combine } from '../src/operator/combine';
import { DEFAULT_TRAITS, originOf } from '../src/rx';

/** Options of `intervalJoin`. */
export interface IntervalJoinOptions<L, R, J extends JoinType, O> extends OperatorOptions {
  /** What must be equal: a column of both sides, several, or `{ left, right }`. At least one. */
  readonly on: JoinKey<L, R>;
  /** How far apart in event time: `{ before?, after? }` around the left row, or `{ min?, max? }` of right - left. */
  readonly within?: Within;
  /** Default `'inner'`. */
  readonly type?: J;
  /** Conditions on one side. They are part of the join: a row that fails is one without a partner. */
  readonly where?: { readonly left?: (row: L) => boolean; readonly right?: (row: R) => boolean };
  /** A condition on the pair. */
  readonly condition?: (left: L, right: R) => boolean;
  /** Makes the result of a pair; null for a side without a row. Default: the columns of both rows. Not for semi and anti joins. */
  readonly select?: JoinSelect<L, R, J, O>;
  /** Event time of a pair; default `'latest'`. A row without a partner has its own. */
  readonly time?: JoinTime;
  /**
   * Allows a join whose rows wait for ever on a side because a bound is missing; not where they are rows that may have to be
   * told of when they had no partner. Default false.
   */
  readonly unbounded?: boolean;
}

/**
 * Joins two streams: rows with equal keys whose event times are within a range of each other, whatever the order in which
 * they arrive.
 *
 * A row waits until the watermark (the smaller one of the two) proves that no partner can come. With `min <= right - left <=
 * max` in whole ms a left row leaves when `time <= W - max - 1`, a right row when `time <= W + min - 1`; an exclusive bound
 * is 1 ms less; where only equal times meet, when `time <= W`. An outer row goes out once, with nulls, when it leaves and
 * never had a partner; a semi row once, at its first partner; an anti row when it leaves. The watermark goes on later by the
 * reach of the join (the greater of the two waits), so that no result is late for the next operator. `explain` shows both
 * waits and what they keep.
 *
 * A late row (`time <= W`) is rejected. A null in the key equals nothing: such a row, and one that fails `where`, is given
 * with nulls at once, or not at all. Null columns of a missing side are those of the first row seen of it.
 *
 * ```
 * left       -a---------b----|      a: t=0  b: t=20           { after: 5 }, type: 'left'
 * right      ----x--y--------|      x: t=4  y: t=8
 * watermark  ---------U----T-|      U = 6   T = 26
 * out        ----P----------B|      P = a+x, t=4    B = b+null when W = +Infinity    y meets nobody
 * ```
 *
 * @param other$ - the right side
 * @param options - `on`, `within`, `type`, `where`, `condition`, `select`, `time`, `unbounded`, `id`, `onError`
 * @returns the joined rows; with `leftSemi` and `leftAnti` the left rows
 * @throws `TIDEMARK_JOIN_UNBOUNDED` where the pipe is built: a side would never be forgotten (no range, one end missing, no
 * watermark), and `unbounded` is not given, or it is a side whose rows are results on their own. `TIDEMARK_OPTION` at call.
 * `TIDEMARK_NAME_CLASH` at the first row: both sides have a column of one name that is no key column
 *
 * Cost: O(log n) a row for the n rows of its key that wait, and O(1) for each it meets; forgetting is O(1) a row (and O(log n)
 * for outer rows). State: rows within delay + reach of each side.
 *
 * State: tables `drop`, `columns`, `left`, `right` (`waiting`: the right rows of a batch), version 1. Source: symmetric hash
 * join (Wilschut, Apers 1991), Spark's rules for stream-stream joins.
 * @example
 * ```ts
 * const orders$ = of({ order: 1, at: 0 }, { order: 2, at: 10 }).pipe(withWatermark('at', 0));
 * const payments$ = of({ order: 1, paid: 3 }).pipe(withWatermark('paid', 0));
 * const out: unknown[] = [];
 * orders$.pipe(intervalJoin(payments$, { on: 'order', within: { after: 5 }, type: 'left' }), rows())
 *   .subscribe((row) => out.push(row));
 * out; // => [{ order: 1, at: 0, paid: 3 }, { order: 2, at: 10, paid: null }]
 * ```
 */
export function intervalJoin<
  L,
  R,
  const J extends JoinType = 'inner',
  O = Joined<L, R, J>,
  K extends 'event' | 'untimed' = 'event',
>(
  other$: Observable<Element<R, K>>,
  options: IntervalJoinOptions<NoInfer<L>, NoInfer<R>, J, O>,
): OperatorFunction<Element<L, K>, Element<O, K>> {
  const draft = draftOf<L, R, J, O>(options);
  return (source) => {
    const inputs = [source, other$].map((input) => originOf<unknown>(input)?.traits ?? DEFAULT_TRAITS);
    return combine<unknown, O, K>(joinSpec(draft, inputs), [source, other$]);
  };
}

function draftOf<L, R, J extends JoinType, O>(options: IntervalJoinOptions<L, R, J, O>): JoinDraft<L, R, O> {
  const { type = 'inner' as J, time = 'latest', unbounded = false, where, within, condition, select } = options;
  checkType(type);
  checkOption(['left', 'right', 'latest', 'earliest'].includes(time), 'time is left, right, latest or earliest', { time });
  const { left, right, shared } = joinKeysOf<L, R>(options.on);
  checkOption(left.columns.length > 0, 'a join needs a key that is equal on both sides: on', { on: options.on });
  const range = within === undefined ? ANY_TIME : rangeOf(within);
  return {
    operator: 'intervalJoin',
    options,
    type,
    left: { key: left, where: where?.left },
    right: { key: right, where: where?.right },
    range,
    condition,
    time,
    results: resultsOf<L, R, O>(type, select as never, shared),
    unbounded,
    byWindow: false,
    isMerged: select === undefined,
    description: { type, on: { left: left.columns, right: right.columns }, within: describeRange(range), time },
  };
}
