import { retrier, type RetryPolicy } from '../retry';
import type { BatchSink, CommitId, OutputBatch, Receipt } from './sink';

/**
 * Tries again what failed: a sink's commits, or any function.
 *
 * Waits `initialDelay * factor^n` after failure n; after the last attempt the last failure is thrown as it came. A **sink**
 * that can be asked is asked before each new try, since a commit whose answer was lost may have come through; one that
 * cannot be asked is told `replayed: true`. Closing the sink ends the waiting. A **function** becomes asynchronous; if its
 * last argument is an `AbortSignal` (as in `mapAsync`), aborting ends the waiting, and unsubscribing aborts.
 *
 * @param target - a sink or a function
 * @param policy - `attempts` (3 in all), `initialDelay` (1 second), `factor` (2), `maxDelay`, `jitter` (0), `random`,
 * `scheduler`, `retryable`, `onRetry`
 * @throws `TIDEMARK_OPTION` at call: 0 attempts, jitter without `random`
 * @example
 * ```ts
 * let calls = 0;
 * const flaky = () => { if (++calls < 3) throw new Error('busy'); return 'done'; };
 * const answer = await withRetry(flaky, { attempts: 3, initialDelay: 0 })();
 * answer; // => 'done'
 * ```
 */
export function withRetry<R>(target: BatchSink<R>, policy?: RetryPolicy): BatchSink<R>;
export function withRetry<A extends unknown[], T>(
  target: (...args: A) => T | PromiseLike<T>,
  policy?: RetryPolicy,
): (...args: A) => Promise<T>;
export function withRetry<R, A extends unknown[], T>(
  target: BatchSink<R> | ((...args: A) => T | PromiseLike<T>),
  policy: RetryPolicy = {},
): BatchSink<R> | ((...args: A) => Promise<T>) {
  const { run, description } = retrier(policy);
  if (typeof target !== 'function') return new RetryingSink(target, run, description);
  return (...args) => {
    const last = args.at(-1);
    return run(() => target(...args), last instanceof AbortSignal ? last : undefined);
  };
}

class RetryingSink<R> implements BatchSink<R> {
  readonly type: string;
  readonly description: Readonly<Record<string, unknown>>;
  readonly modes: BatchSink<R>['modes'];
  readonly delivery: BatchSink<R>['delivery'];
  readonly lookup?: NonNullable<BatchSink<R>['lookup']>;
  readonly lastBatch?: NonNullable<BatchSink<R>['lastBatch']>;
  private closing = new AbortController();

  constructor(
    private readonly sink: BatchSink<R>,
    private readonly run: ReturnType<typeof retrier>['run'],
    retry: Readonly<Record<string, number>>,
  ) {
    this.type = sink.type;
    this.description = { ...sink.description, retry };
    this.modes = sink.modes;
    this.delivery = sink.delivery;
    // Absent stays absent: it says that the sink cannot be asked.
    if (sink.lookup !== undefined) this.lookup = (batchId) => this.again(() => sink.lookup?.(batchId));
    if (sink.lastBatch !== undefined) this.lastBatch = () => this.again(() => sink.lastBatch?.());
  }

  async open(context: Parameters<NonNullable<BatchSink<R>['open']>>[0]): Promise<void> {
    this.closing = new AbortController();
    await this.again(() => this.sink.open?.(context));
  }

  commit(batch: OutputBatch<R>, id: CommitId): Promise<Receipt | void> {
    return this.again(async (attempt) => {
      if (attempt === 1) return this.sink.commit(batch, id);
      const held = await this.sink.lookup?.(id.batchId);
      return held ?? this.sink.commit(batch, { ...id, replayed: true });
    });
  }

  async close(): Promise<void> {
    this.closing.abort(new Error('the sink was closed'));
    await this.sink.close?.();
  }

  private again<V>(work: (attempt: number) => V | PromiseLike<V>): Promise<V> {
    return this.run(work, this.closing.signal);
  }
}
