import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import type { KeySpec } from '../src/key';
import { groupsOperator } from '../src/keyed/groups';
import type { GroupState, TimeoutMode } from '../src/keyed/groupState';
import type { KeyValue } from '../src/keyed/keys';
import { operator, type OperatorOptions } from '../src/operator';

/** Options of `flatMapGroupsWithState`. */
export interface FlatMapGroupsOptions<T, K, S, O, M> extends OperatorOptions {
  /** Whose state: a column, columns, a function, or named ones. */
  readonly key: K;
  /** Which time timeouts go by; default `none`. */
  readonly timeout?: M;
  /** Called for a key; what it gives is passed on while it gives it. */
  readonly update: (key: KeyValue<T, K>, rows: readonly T[], state: GroupState<S>) => Iterable<O>;
}

/**
 * One state a key, and one timeout, in the user's hands: `update` is called with the rows of a key and its state, and gives
 * any number of results.
 *
 * **Calls.** In a pipe once a row, `rows` being that one. In a query once a key and batch with all its rows, in order of
 * arrival, keys in order of their first row; then once for each key that has timed out, without rows and with `hasTimedOut`.
 * A timeout goes off when it lies before the watermark (`eventTime`) or the batch's time (`processingTime`), not at it; in a
 * pipe processing time comes from the scheduler and a timeout goes off when it is reached. Every call ends the key's timeout;
 * it goes on only if it is set again. Timeouts go off in time order.
 *
 * **State** is what was last given to `state.update`: a value that is changed in place must be given again, or checkpoints do
 * not see the change (`updateDraft` of `tidemark/drafts` does both). `remove()` forgets it; a timeout without state keeps the
 * key. Null and undefined are no states. A null key is a key.
 *
 * **Time.** With `timeout: 'eventTime'` late rows are rejected; without, they are rows like others. What comes out has no
 * event time: results are bound to no watermark, and none passes (as in Spark).
 *
 * ```
 * rows       -a-b-----c---|   a: k=1 t=1   b: k=1 t=4   c: k=2 t=20     state: count; timeout at t + 5
 * watermark  -----V-----W--   V = 4   W = 20
 * out        -1-2-----1-x-|   x: key 1 has timed out (9 < 20); key 2 (25) has not
 * ```
 *
 * @param options - `key`, `timeout`, `update`, `id`, `onError`
 * @returns what `update` gives, as an untimed stream
 * @throws `TIDEMARK_OPTION` at call; `TIDEMARK_UNTIMED` where the pipe is built; calls on `state` that are not allowed
 * `TIDEMARK_KEYED_STATE` with a `reason`; `TIDEMARK_OUTPUT_MODE` in a query in output mode complete. When `update` throws, state may
 * be half changed: the stream ends with `TIDEMARK_USER_FUNCTION` whatever `onError` says; a key that throws follows `onError`
 *
 * Cost: O(1) a call, amortised, beside what `update` does. State: one entry a key, until it is removed; with `none` for ever.
 *
 * State: tables `meta`, `state`, `timeouts`; version 1 each. Source: Spark's flatMapGroupsWithState.
 * @example
 * ```ts
 * const out: string[] = [];
 * of({ t: 1, k: 'a' }, { t: 4, k: 'a' }, { t: 20, k: 'b' }).pipe(
 *   withWatermark('t', 0),
 *   flatMapGroupsWithState({
 *     key: 'k',
 *     timeout: 'eventTime',
 *     update: (key, rows, state: GroupState<number>) => {
 *       if (state.hasTimedOut) return [`${key}: ${state.get()} in all`];
 *       state.update((state.getOption() ?? 0) + rows.length);
 *       state.setTimeoutTimestamp(rows[0]!.t + 5);
 *       return [];
 *     },
 *   }),
 *   rows(),
 * ).subscribe((text) => out.push(text));
 * out; // => ['a: 2 in all', 'b: 1 in all']
 * ```
 */
export function flatMapGroupsWithState<
  T,
  const K extends KeySpec<T>,
  S,
  O,
  M extends TimeoutMode = 'none',
  KI extends 'event' | 'untimed' = 'event',
>(
  options: FlatMapGroupsOptions<T, K, S, O, M>,
): OperatorFunction<Element<T, M extends 'eventTime' ? 'event' : KI>, Element<O, 'untimed'>> {
  const { key, timeout = 'none', update } = options;
  return operator(groupsOperator<T, S, O>({ type: 'flatMapGroupsWithState', options, key, timeout, update }));
}
