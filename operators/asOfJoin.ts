import type { Observable, OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { checkOption, TidemarkError } from '../src/errors';
import { AsOf, type Wait } from '../src/join/asOf';
import { joinKeysOf, type JoinKey } from '../src/join/keys';
import { resultsOf, type Joined, type JoinSelect } from '../src/join/result';
import type { OperatorOptions, OperatorSpec } from '../src/operator';
import { combine } from '../src/operator/combine';
import type { FusedStream } from '../src/rx';
import { parseNonNegative, type Duration } from '../src/time/duration';
import type { Traits } from '../src/traits';

/** Options of `asOfJoin`. */
export interface AsOfJoinOptions<L, R, J extends 'inner' | 'left', O> extends OperatorOptions {
  /** What must be equal: a column of both sides, several, or `{ left, right }`. */
  readonly on: JoinKey<L, R>;
  /** `'inner'` (default): rows with a version in force. `'left'`: all rows, with nulls where there is none. */
  readonly type?: J;
  /** A version that says there is nothing in force from its time on. Default: none does. */
  readonly deleted?: (version: R) => boolean;
  /** Makes the result; null where no version is in force. Default: the columns of both rows. */
  readonly select?: JoinSelect<L, R, J, O>;
  /**
   * `'watermark'` (default): until no version for the row's time can come. A duration: until a row so much newer has come.
   * `'nothing'`: at once, with the version that came last, whatever its time.
   */
  readonly wait?: 'watermark' | 'nothing' | Duration;
}

/**
 * Joins each row with the version of its key that was in force at the row's time: the last one with `version time <= row
 * time`; of several with one time the one that came last.
 *
 * A row waits until the watermark of both sides has passed it (`time < W`) and goes out in order of time, with its own time.
 * A version that comes late counts for the rows that still wait or come later. A late row is joined too, as long as the
 * versions of its time are known; else it is rejected as late. A null in the key equals nothing.
 *
 * ```
 * rows       -a-------b---|     a: t=5   b: t=12
 * versions   x--y---------|     x: t=0   y: t=10
 * watermark  ------V-----T|     V = 6    T = +Infinity
 * out        ------P-----Q|     P = a+x, Q = b+y
 * ```
 *
 * @param versions$ - the versions, each in force from its event time on
 * @param options - `on`, `type`, `deleted`, `wait`, `select`, `id`, `onError`
 * @returns the joined rows with their times; the watermark goes on 1 ms later where times are instants. With a duration or
 * `'nothing'` only the watermark of the rows counts
 * @throws `TIDEMARK_OPTION` at call; `TIDEMARK_JOIN_UNBOUNDED` where the pipe is built: a side without a watermark, and
 * `wait` is `'watermark'`; `TIDEMARK_NAME_CLASH` at the first row
 *
 * Cost: O(log v) a row for v versions of its key. State: the rows that wait; the versions after the watermark, and one more
 * for each key.
 *
 * State: tables `scalars`, `columns`, `versions`, `waiting`, version 1. Source: Flink's event-time temporal join; Kafka
 * Streams' stream-table join (`'nothing'`) and its grace period (a duration).
 * @example
 * ```ts
 * const orders$ = of({ at: 5, currency: 'EUR', amount: 2 }).pipe(withWatermark('at', 0));
 * const rates$ = of({ from: 0, currency: 'EUR', rate: 10 }, { from: 6, currency: 'EUR', rate: 20 }).pipe(withWatermark('from', 0));
 * const out: number[] = [];
 * orders$.pipe(asOfJoin(rates$, { on: 'currency' }), rows()).subscribe((row) => out.push(row.amount * row.rate));
 * out; // => [20]
 * ```
 */
export function asOfJoin<
  L,
  R,
  const J extends 'inner' | 'left' = 'inner',
  O = Joined<L, R, J>,
  K extends 'event' | 'untimed' = 'event',
>(
  versions$: Observable<Element<R, K>>,
  options: AsOfJoinOptions<NoInfer<L>, NoInfer<R>, J, O>,
): OperatorFunction<Element<L, K>, Element<O, K>> {
  const spec = specOf<L, R, J, O>(options);
  return (source): FusedStream<O, K> => combine<L | R, O, K>(spec, [source, versions$]);
}

function specOf<L, R, J extends 'inner' | 'left', O>(options: AsOfJoinOptions<L, R, J, O>): OperatorSpec<L | R, O> {
  const { type = 'inner' as J, select, deleted = () => false } = options;
  checkOption(type === 'inner' || type === 'left', 'type is inner or left', { type });
  const wait = waitOf(options.wait);
  const { left, right, shared } = joinKeysOf<L, R>(options.on);
  checkOption(left.columns.length > 0, 'a join needs a key that is equal on both sides: on', { on: options.on });
  const results = resultsOf<L, R, O>(type, select as never, shared);
  return {
    type: 'asOfJoin',
    options,
    accepts: wait.kind === 'nothing' ? ['event', 'untimed'] : ['event'],
    stateful: true,
    description: { type, on: { left: left.columns, right: right.columns }, wait: wait.kind === 'behind' ? wait.ms : wait.kind },
    traits: (inputs) => traitsOf(inputs, wait, select === undefined),
    create: ({ traits }) =>
      new AsOf<L, R, O>({ left, right, results, keepsAll: type === 'left', deleted, wait, isInstant: traits.ties === 'instant' }),
    ...(wait.kind === 'watermark' ? {} : { merge: { follows: [0] } }),
  };
}

function waitOf(wait: 'watermark' | 'nothing' | Duration = 'watermark'): Wait {
  if (wait === 'watermark' || wait === 'nothing') return { kind: wait };
  return { kind: 'behind', ms: parseNonNegative(wait, 'wait') };
}

/** Rows keep their times. What a select has made of their columns is not known. */
function traitsOf(inputs: readonly Traits[], wait: Wait, isMerged: boolean): Traits {
  const [left] = inputs as readonly [Traits, Traits];
  if (wait.kind === 'watermark' && !inputs.every(({ watermark }) => watermark)) {
    const remedy = 'give both sides a watermark, or wait for a duration, or for nothing';
    throw new TidemarkError('TIDEMARK_JOIN_UNBOUNDED', `asOfJoin would wait for a watermark that never comes: ${remedy}`);
  }
  const { timeColumn: _gone, ...rest } = left;
  return isMerged ? left : { ...rest, windowColumns: [] };
}
