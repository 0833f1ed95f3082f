import { checkOption, isTidemarkError } from './errors';
import { after, defaultScheduler, type SchedulerLike } from './rx';
import { parseNonNegative, type Duration } from './time/duration';

/** How often, and after what waits, something that failed is tried again. */
export interface RetryPolicy {
  /** Tries in all, the first one too; a whole number >= 1; default 3. */
  readonly attempts?: number;
  /** The wait after the first failure; default 1 second. */
  readonly initialDelay?: Duration;
  /** What each wait is multiplied by; >= 1; default 2. */
  readonly factor?: number;
  /** No wait is longer; default: none. */
  readonly maxDelay?: Duration;
  /** The share of each wait that is left to chance, 0 to 1: with 0.5 a wait of 8 s becomes 4 to 8 s. Default 0. */
  readonly jitter?: number;
  /** Where chance comes from, 0 <= x < 1; required with `jitter`. */
  readonly random?: () => number;
  /** Where time comes from; default: the system's. */
  readonly scheduler?: SchedulerLike;
  /** Which failures are worth another try; default: all but tidemark's own (`TIDEMARK_…`), which would only come again. */
  readonly retryable?: (cause: unknown, attempt: number) => boolean;
  /** Told before each wait. */
  readonly onRetry?: (failure: { readonly cause: unknown; readonly attempt: number; readonly delayMs: number }) => void;
}

/** Does something as often as its policy says. */
export interface Retrier {
  /** The policy as plain data. */
  readonly description: Readonly<Record<string, number>>;
  /** @param work - is told which try it is, from 1 on. @param signal - ends the waiting, with its reason */
  run<T>(work: (attempt: number) => T | PromiseLike<T>, signal?: AbortSignal): Promise<T>;
}

/**
 * Makes a retrier: waits `initialDelay * factor^n`, at most `maxDelay`, after the failure number n (from 0); the last
 * failure is thrown as it came.
 *
 * @throws `TIDEMARK_OPTION`, `TIDEMARK_DURATION` at call; 0 attempts are refused
 */
export function retrier(policy: RetryPolicy = {}): Retrier {
  const { attempts = 3, factor = 2, jitter = 0, random, scheduler = defaultScheduler, onRetry } = policy;
  const { retryable = (cause: unknown) => !isTidemarkError(cause) } = policy;
  checkOption(Number.isInteger(attempts) && attempts >= 1, 'attempts is a whole number >= 1: tries in all', { attempts });
  checkOption(factor >= 1 && Number.isFinite(factor), 'factor is a number >= 1', { factor });
  checkOption(jitter >= 0 && jitter <= 1, 'jitter is a share from 0 to 1', { jitter });
  checkOption(jitter === 0 || random !== undefined, 'jitter needs random, for example Math.random', { jitter });
  const initialMs = parseNonNegative(policy.initialDelay ?? '1 second', 'initialDelay');
  const maxMs = policy.maxDelay === undefined ? Infinity : parseNonNegative(policy.maxDelay, 'maxDelay');
  const delayOf = (failures: number): number => {
    const whole = Math.min(maxMs, initialMs * factor ** failures);
    return jitter === 0 ? whole : whole * (1 - jitter * (random as () => number)());
  };
  return {
    description: { attempts, initialDelayMs: initialMs, factor, ...(maxMs !== Infinity && { maxDelayMs: maxMs }), jitter },
    async run(work, signal) {
      for (let attempt = 1; ; attempt++) {
        signal?.throwIfAborted();
        try {
          return await work(attempt);
        } catch (cause) {
          if (attempt === attempts || signal?.aborted === true || !retryable(cause, attempt)) throw cause;
          const delayMs = delayOf(attempt - 1);
          onRetry?.({ cause, attempt, delayMs });
          await wait(delayMs, scheduler, signal);
        }
      }
    },
  };
}

function wait(delayMs: number, scheduler: SchedulerLike, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      timer.unsubscribe();
      reject(signal?.reason as Error);
    };
    const timer = after(scheduler, delayMs, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}
