import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import type { KeySpec } from '../src/key';
import { groupsOperator } from '../src/keyed/groups';
import type { GroupState, TimeoutMode } from '../src/keyed/groupState';
import type { KeyValue } from '../src/keyed/keys';
import { operator, type OperatorOptions } from '../src/operator';

/** Options of `mapGroupsWithState`. */
export interface MapGroupsOptions<T, K, S, O, M> extends OperatorOptions {
  /** Whose state: a column, columns, a function, or named ones. */
  readonly key: K;
  /** Which time timeouts go by; default `none`. */
  readonly timeout?: M;
  /** Called for a key; what it gives is passed on, also from the call of a timeout. */
  readonly update: (key: KeyValue<T, K>, rows: readonly T[], state: GroupState<S>) => O;
}

/**
 * One state a key, and one timeout, in the user's hands; exactly one result a call. In all else it is
 * `flatMapGroupsWithState`, whose page tells when `update` is called, what state is, and what is refused: in a pipe a call a
 * row, in a query a call a key and batch; late rows are rejected only with `timeout: 'eventTime'`; null is a key and no state.
 *
 * ```
 * rows       -a-b-c---|     k: a 1   b 2   c 1     state: count
 * out        -1-1-2---|
 * ```
 *
 * @param options - `key`, `timeout`, `update`, `id`, `onError`
 * @returns what `update` gives, as an untimed stream: no watermark passes
 * @throws see `flatMapGroupsWithState`
 *
 * Cost: O(1) a call, amortised, beside what `update` does. State: one entry a key, until it is removed.
 *
 * State: tables `meta`, `state`, `timeouts`; version 1 each. Source: Spark's mapGroupsWithState.
 * @example
 * ```ts
 * const out: unknown[] = [];
 * events(of({ k: 'a' }, { k: 'b' }, { k: 'a' })).pipe(
 *   mapGroupsWithState({
 *     key: 'k',
 *     update: (key, rows, state: GroupState<number>) => {
 *       state.update((state.getOption() ?? 0) + rows.length);
 *       return [key, state.get()];
 *     },
 *   }),
 *   rows(),
 * ).subscribe((row) => out.push(row));
 * out; // => [['a', 1], ['b', 1], ['a', 2]]
 * ```
 */
export function mapGroupsWithState<
  T,
  const K extends KeySpec<T>,
  S,
  O,
  M extends TimeoutMode = 'none',
  KI extends 'event' | 'untimed' = 'event',
>(
  options: MapGroupsOptions<T, K, S, O, M>,
): OperatorFunction<Element<T, M extends 'eventTime' ? 'event' : KI>, Element<O, 'untimed'>> {
  const { key, timeout = 'none', update } = options;
  return operator(
    groupsOperator<T, S, O>({
      type: 'mapGroupsWithState',
      options,
      key,
      timeout,
      update: (k, rows, state) => [update(k, rows, state)],
    }),
  );
}
