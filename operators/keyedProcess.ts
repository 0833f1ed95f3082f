import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { checkOption } from '../src/errors';
import { readerOf, type KeyOf, type KeySpec } from '../src/key';
import { refuseComplete } from '../src/keyed/groups';
import { States, type StateHandle } from '../src/keyed/handle';
import { Keyed } from '../src/keyed/keyed';
import { keyValueOf, type KeyValue } from '../src/keyed/keys';
import { Process, type KeyedFunctions } from '../src/keyed/process';
import { Scope } from '../src/keyed/scope';
import { KeyedTimers } from '../src/keyed/timers';
import { operator, type OperatorOptions, type ProcessorContext } from '../src/operator';
import type { Duration } from '../src/time/duration';
import type { Traits } from '../src/traits';

/** Options of `keyedProcess`. */
export interface KeyedProcessOptions<K> extends OperatorOptions {
  /** Whose state and timers: a column, columns, a function, or named ones. */
  readonly key: K;
  /** How long values of all states are kept after they were written, in processing time; default: for ever. */
  readonly ttl?: Duration;
}

/**
 * Row by row, with state of the key and timers of both kinds: the lowest level of keyed state.
 *
 * `onRow` is called for every row as it comes, in a query too, and for late ones as well (compare `context.time` with
 * `getCurrentWatermarkMs()`). `onTimer` is called for event timers with `time < W` before W is forwarded, and for processing
 * timers when the scheduler's time has reached them; in a query at the end of a batch whose time has passed them. Timers fire
 * in time order. State is that of `transformWithState`: declared through the handle, with a time to live where wanted.
 *
 * A result has the time of its row or event timer, but a timer's is never behind the watermark; that of a processing timer is
 * the latest event time seen; `out(row, time)` gives another. A side output is a kind of row, told apart below.
 *
 * ```
 * rows       -a---b------|    a: t=1   b: t=9      an event timer at t + 5 with each row; out: its time
 * watermark  ---V-----W---    V = 4   W = 10
 * out        ---------6--|    14 waits
 * ```
 *
 * @param create - makes the functions, once for each connection, and declares the states
 * @param options - `key`, `ttl`, `id`, `onError`
 * @returns what the functions give to `out`; the watermark passes
 * @throws `TIDEMARK_OPTION`, `TIDEMARK_DURATION`; calls on state and timers that are not allowed `TIDEMARK_KEYED_STATE` with a
 * `reason`; `TIDEMARK_OUTPUT_MODE` in a query in output mode complete. When a function throws, state may be half changed: the stream
 * ends with `TIDEMARK_USER_FUNCTION` whatever `onError` says; a key that throws follows `onError`
 *
 * Cost: O(1) amortised a call of state or timers. State: what the functions keep; a null key is a key.
 *
 * State: tables `meta`, `eventTimers`, `processingTimers`, and `state:<name>` for each state; version 1 each.
 *
 * Source: Flink's KeyedProcessFunction, with Spark's boundary (`time < W`).
 * @example
 * ```ts
 * const out: unknown[] = [];
 * of({ t: 1, k: 'a' }, { t: 9, k: 'a' }).pipe(
 *   withWatermark('t', 0),
 *   keyedProcess(
 *     () => ({
 *       onRow: (row, { time, eventTimers }) => eventTimers.register(time + 5),
 *       onTimer: ({ time }, { key }, out: Collector<unknown>) => out([key, time]),
 *     }),
 *     { key: 'k' },
 *   ),
 *   rows(),
 * ).subscribe((row) => out.push(row));
 * out; // => [['a', 6], ['a', 14]]
 * ```
 */
export function keyedProcess<T, const K extends KeySpec<T>, O>(
  create: (handle: StateHandle) => KeyedFunctions<KeyValue<T, K>, T, O>,
  options: KeyedProcessOptions<K>,
): OperatorFunction<Element<T>, Element<O>> {
  checkOption(typeof create === 'function', 'keyedProcess takes a function that makes its functions');
  const { key, ttl } = options;
  const reader = readerOf<T>(key);
  const make = (context: ProcessorContext): Keyed<T, O> => {
    refuseComplete('keyedProcess', context);
    const scope = new Scope(context);
    const columns = reader.columns.length;
    const states = new States(scope, columns, ttl);
    const timers = { eventTime: new KeyedTimers(columns), processingTime: new KeyedTimers(columns) };
    const keyOf = keyValueOf(key, reader) as (key: KeyOf) => KeyValue<T, K>;
    const plan = {
      scope,
      reader,
      logic: new Process(create(states), states, timers, scope, keyOf),
      tables: { eventTimers: timers.eventTime.table, processingTimers: timers.processingTime.table, ...states.tables },
      timers,
      rejectsLate: false,
      gathers: false,
      timed: true,
      // Asked with the drop watermark; timers go by the other one.
      wantsBatch: (w: number) => timers.processingTime.size > 0 || w > scope.watermark - context.traits.allowedLatenessMs,
    };
    return new Keyed(plan, context);
  };
  return operator<T, O, 'event', 'event'>({
    type: 'keyedProcess',
    options,
    accepts: ['event'],
    stateful: true,
    description: { key: reader.columns, ...(ttl !== undefined && { ttl }) },
    traits: ([input]) => traitsOut(input!),
    create: make,
  });
}

function traitsOut({ timeColumn: _unknown, ...input }: Traits): Traits {
  return { ...input, ties: 'ordered', windowColumns: [] };
}
