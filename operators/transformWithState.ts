import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { checkOption } from '../src/errors';
import { keyFrom, readerOf, type KeyOf, type KeyReader, type KeySpec } from '../src/key';
import { refuseComplete } from '../src/keyed/groups';
import { States, type StateHandle } from '../src/keyed/handle';
import { Keyed } from '../src/keyed/keyed';
import { keyValueOf, type KeyValue } from '../src/keyed/keys';
import { Transform, type StatefulProcessor, type TimeMode } from '../src/keyed/processor';
import { Scope } from '../src/keyed/scope';
import { KeyedTimers } from '../src/keyed/timers';
import { operator, type OperatorOptions, type ProcessorContext } from '../src/operator';
import type { Duration } from '../src/time/duration';
import { UNTIMED, type Traits } from '../src/traits';

/** Options of `transformWithState`. */
export interface TransformWithStateOptions<T, K, M, I> extends OperatorOptions {
  /** Whose state and timers: a column, columns, a function (with its parameter's type written out), or named ones. */
  readonly key: K;
  /** Which time timers go by; default `none`: there are no timers. */
  readonly timeMode?: M;
  /** How long values of all states are kept after they were written, in processing time; default: for ever. */
  readonly ttl?: Duration;
  /** State to begin with, by key: each entry is given to `handleInitialState`, once in the life of the state. */
  readonly initialState?: Iterable<readonly [key: KeyValue<T, K>, state: I]>;
}

/** The kind of stream that comes out: with timers in processing time, or without event time coming in, an untimed one. */
type KindOut<M, KI> = M extends 'processingTime' ? 'untimed' : M extends 'eventTime' ? 'event' : KI;

/**
 * State and timers of a key in the hands of a processor of one's own: any number of values, lists and maps, each with a time
 * to live, and any number of timers.
 *
 * **Calls.** `handleInputRows` is called in a pipe once a row, in a query once a key and batch with all its rows; then
 * `handleExpiredTimer` for each timer that lies before the watermark (`eventTime`) or the batch's time (`processingTime`), not
 * at it, in time order. In a pipe processing time comes from the scheduler, and a timer fires when it is reached. Rows do not
 * cancel timers. A timer that a timer sets before the watermark fires in its turn; one that is set to a time that has fired
 * waits for the next watermark. At the end (watermark +Infinity) every timer fires, but those set then do not.
 *
 * **State** is declared once, through the handle, and speaks of the key whose call is at work; outside of a call it refuses. A
 * value that is changed in place must be written again, or checkpoints do not see it (`updateDraft` of `tidemark/drafts` does
 * both). Null and undefined are no values; a null key is a key. What has outlived its `ttl` is not there any more, and is
 * removed with the next tick or batch.
 *
 * **Time.** Late rows are rejected. A result has the time of the row (of several: of the latest), or of its timer, but never
 * one behind the watermark, unless the call gives a time: `out(row, time)`. The watermark passes; in `processingTime` mode none
 * does, and the results are untimed.
 *
 * ```
 * rows       -a-b-----c---|   a: k=1 t=1   b: k=1 t=4   c: k=2 t=20     a timer at t + 5 with the first row of a key
 * watermark  -----V-----W--   V = 4   W = 20
 * out        -------------    x: the timer of key 1 (6 < 20), stamped 6; that of key 2 (25) waits
 *            -----------x-|
 * ```
 *
 * @param create - makes the processor, once for each connection; it may declare the states right there
 * @param options - `key`, `timeMode`, `ttl`, `initialState`, `id`, `onError`
 * @returns what the processor gives to `out`
 * @throws `TIDEMARK_OPTION`, `TIDEMARK_DURATION` at call or where it is connected; `TIDEMARK_UNTIMED` where the pipe is built;
 * calls on state and timers that are not allowed `TIDEMARK_KEYED_STATE` with a `reason`; `TIDEMARK_OUTPUT_MODE` in a query in
 * output mode complete. When the processor throws, state may be half changed: the stream ends with `TIDEMARK_USER_FUNCTION`
 * whatever `onError` says; a key that throws follows `onError`
 *
 * Cost: O(1) amortised a call of state or timers (`list` and iteration: what they give). State: what the processor keeps.
 *
 * State: tables `meta`, `timers`, and `state:<name>` for each state; version 1 each. Source: Spark's transformWithState.
 * @example
 * ```ts
 * const out: string[] = [];
 * of({ t: 1, k: 'a' }, { t: 4, k: 'a' }, { t: 20, k: 'b' }).pipe(
 *   withWatermark('t', 0),
 *   transformWithState(
 *     (handle) => {
 *       const count = handle.valueState<number>('count');
 *       return {
 *         handleInputRows(key, rows, timers) {
 *           if (!count.exists()) timers.register(rows[0]!.t + 5);
 *           count.update((count.get() ?? 0) + rows.length);
 *         },
 *         handleExpiredTimer(key, time, timers, out: Collector<string>) {
 *           out(`${key}: ${count.get()} by ${time}`);
 *         },
 *       };
 *     },
 *     { key: 'k', timeMode: 'eventTime' },
 *   ),
 *   rows(),
 * ).subscribe((text) => out.push(text));
 * out; // => ['a: 2 by 6', 'b: 1 by 25']
 * ```
 */
export function transformWithState<
  T,
  const K extends KeySpec<T>,
  O,
  I = unknown,
  M extends TimeMode = 'none',
  KI extends 'event' | 'untimed' = 'event',
>(
  create: (handle: StateHandle) => StatefulProcessor<KeyValue<T, K>, T, O, I>,
  options: TransformWithStateOptions<T, K, M, I>,
): OperatorFunction<Element<T, M extends 'eventTime' ? 'event' : KI>, Element<O, KindOut<M, KI>>> {
  checkOption(typeof create === 'function', 'transformWithState takes a function that makes the processor');
  const reader = readerOf<T>(options.key);
  const timeMode: TimeMode = options.timeMode ?? 'none';
  return operator<T, O, M extends 'eventTime' ? 'event' : KI, KindOut<M, KI>>({
    type: 'transformWithState',
    options,
    accepts: timeMode === 'eventTime' ? ['event'] : ['event', 'untimed'],
    stateful: true,
    description: { key: reader.columns, timeMode, ...(options.ttl !== undefined && { ttl: options.ttl }) },
    traits: ([input]) => traitsOut(timeMode, input!),
    create: (context) => transform(create, options, reader, timeMode, context),
  });
}

function traitsOut(timeMode: TimeMode, { timeColumn: _unknown, ...input }: Traits): Traits {
  if (timeMode === 'processingTime' || input.kind === 'untimed') return { ...UNTIMED, onError: input.onError };
  return { ...input, ties: 'ordered', windowColumns: [] };
}

function transform<T, K extends KeySpec<T>, O, I>(
  create: (handle: StateHandle) => StatefulProcessor<KeyValue<T, K>, T, O, I>,
  { key, ttl, initialState }: TransformWithStateOptions<T, K, TimeMode, I>,
  reader: KeyReader<T>,
  timeMode: TimeMode,
  context: ProcessorContext,
): Keyed<T, O> {
  refuseComplete('transformWithState', context);
  const scope = new Scope(context);
  const columns = reader.columns.length;
  const states = new States(scope, columns, ttl);
  const timers = timeMode === 'none' ? undefined : new KeyedTimers(columns);
  const user = create(states);
  const keyOf = keyValueOf(key, reader) as (key: KeyOf) => KeyValue<T, K>;
  const logic = new Transform(user, states, timers, scope, keyOf, initialState && keyed(initialState, key, reader));
  const plan = {
    scope,
    reader,
    logic,
    tables: { ...(timers && { timers: timers.table }), ...states.tables },
    timers: timeMode === 'none' ? {} : { [timeMode]: timers },
    rejectsLate: context.traits.kind === 'event' && context.traits.watermark,
    gathers: context.run !== undefined,
    timed: timeMode !== 'processingTime' && context.traits.kind === 'event',
    // Asked with the drop watermark; timers go by the other one.
    wantsBatch: (w: number) => timeMode === 'processingTime' || w > scope.watermark - context.traits.allowedLatenessMs,
  };
  return new Keyed(plan, context);
}

/** The initial state under keys as they are in memory. */
function* keyed<T, K, I>(
  initial: Iterable<readonly [key: KeyValue<T, K>, state: I]>,
  spec: KeySpec<T>,
  { columns }: KeyReader<T>,
): Generator<readonly [KeyOf, I]> {
  const isPlain = typeof spec === 'string' || typeof spec === 'function';
  for (const [key, state] of initial) {
    const values = isPlain ? [key] : columns.map((name) => (key as Readonly<Record<string, unknown>>)[name]);
    yield [keyFrom(values), state];
  }
}
