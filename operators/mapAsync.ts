import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { checkOption } from '../src/errors';
import { describe, type OperatorOptions } from '../src/operator';
import { AsyncStage } from '../src/operator/asyncStage';
import { connect, FusedStream, originOf, type StreamInfo } from '../src/rx';
import { retrier, type RetryPolicy } from '../src/retry';
import { parsePositive, type Duration } from '../src/time/duration';

/** Options of `mapAsync`. */
export interface MapAsyncOptions extends OperatorOptions {
  /** How many rows are worked on at a time; a whole number above 0; default 1. */
  readonly concurrency?: number;
  /** How long one row may take, in processing time; default: no limit. The signal is aborted then. */
  readonly timeout?: Duration;
  /** Keep the order of the rows; default true. Without it rows only wait for watermarks, not for each other. */
  readonly ordered?: boolean;
  /** Tries again what failed, before it counts as failed: 3 attempts, 1 and 2 seconds apart, and so on; default: never. */
  readonly retry?: RetryPolicy;
}

/**
 * Asynchronous work on each row, inside event time: the one way to do it. Watermarks, barriers and the end are held until
 * every row before them is done, so a slow answer never makes a row late.
 *
 * A rejected promise or a timeout follows `onError`: the stream fails with `TIDEMARK_USER_FUNCTION` (`TIDEMARK_TIMEOUT`),
 * or the row is rejected as `failed`.
 *
 * ```
 * in         -a-b-W-----|       a takes longer than b
 * ordered    ------(abW)|       not ordered: ---b--(aW)|
 * ```
 *
 * With `retry` a row is tried again after growing waits before it counts as failed; `timeout` is for all tries together.
 *
 * @param map - gives a promise of the new row; the signal is aborted at the timeout and when the stream is left
 * @param options - `concurrency`, `timeout`, `ordered`, `retry`, `onError`
 * @returns the new rows with the old times
 * @throws `TIDEMARK_OPTION` at call
 *
 * Cost: one promise a row; rows and signals that wait are held in memory, without a bound of their own.
 * @example
 * ```ts
 * const out = await lastValueFrom(of({ t: 1 }, { t: 2 }).pipe(
 *   withWatermark('t', 0), mapAsync(async (row) => row.t * 10, { concurrency: 2 }), rows(), toArray(),
 * ));
 * out; // => [10, 20]
 * ```
 */
export function mapAsync<T, R, K extends 'event' | 'untimed'>(
  map: (row: T, signal: AbortSignal) => PromiseLike<R> | R,
  options: MapAsyncOptions = {},
): OperatorFunction<Element<T, K>, Element<R, K>> {
  const { concurrency = 1, ordered = true } = options;
  checkOption(
    (Number.isInteger(concurrency) && concurrency > 0) || concurrency === Infinity,
    'concurrency is a whole number above 0',
    { concurrency },
  );
  const timeoutMs = options.timeout === undefined ? Infinity : parsePositive(options.timeout, 'timeout');
  const retry = options.retry && retrier(options.retry).description;
  const facts = {
    type: 'mapAsync',
    options,
    accepts: ['event', 'untimed'] as const,
    description: { concurrency, ordered, timeoutMs, ...(retry !== undefined && { retry }) },
  };
  return (source) => {
    const upstream = [originOf<unknown>(source)];
    const { traits, plan } = describe(facts, upstream);
    const info: StreamInfo<R> = {
      traits,
      plan,
      upstream,
      attach: (sink, graph) => {
        const { scheduler = graph.shared.scheduler, onError: policy = traits.onError } = options;
        // Checked above; here it gets the clock of the graph, unless it has its own.
        const again = options.retry && retrier({ scheduler, ...options.retry });
        const run = again === undefined ? map : (row: T, signal: AbortSignal) => again.run(() => map(row, signal), signal);
        const stage = new AsyncStage<T, R>(plan.id, { run, concurrency, ordered, timeoutMs, policy, scheduler }, sink, graph);
        info.live = stage;
        connect(source, stage, graph);
      },
    };
    return new FusedStream<R, K>(info);
  };
}
