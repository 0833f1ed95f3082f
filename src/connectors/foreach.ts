import type { BatchSink } from './sink';

/** What `foreach` calls: Spark's ForeachWriter. Promises are awaited. */
export interface RowWriter<R> {
  /** Before a batch's rows. `false` skips them: the way not to write twice what `(partition, epoch)` has written before. */
  open?(partition: number, epoch: number): boolean | void | Promise<boolean | void>;
  /** Each row, in order, one at a time. */
  process(row: R): void | Promise<void>;
  /** After the rows, or the failure; also after a skip. Not called when `open` threw. */
  close?(error?: unknown): void | Promise<void>;
}

/** Options of `foreach`. */
export interface ForeachOptions {
  /** Writing a batch twice has one effect: `open` skips it, or rows are put by key. Default false. */
  readonly idempotent?: boolean;
}

/**
 * A sink that hands each row to a function: Spark's `foreach`. There is one partition, number 0; the epoch is the batch's id.
 * Batches without rows open and close, too.
 *
 * At-least-once: after a crash a batch comes again with the same epoch, so `open` can skip it; say `idempotent: true` then.
 * A failure of `process` goes to `close` and then fails the batch.
 *
 * @param writer - `open(partition, epoch)`, `process(row)`, `close(error)`, or just a function of the row
 * @example
 * ```ts
 * const seen: string[] = [];
 * const sink = foreach<number>({ open: (_, epoch) => epoch > 0, process: (n) => void seen.push(`row ${n}`), close: () => void seen.push('closed') });
 * const commit = (batchId: number) =>
 *   sink.commit({ mode: 'append', rows: [1, 2] }, { queryId: 'q', batchId, attemptId: 'a', epoch: 1, replayed: false, time: 0 });
 * await commit(0); // skipped
 * await commit(1);
 * seen; // => ['closed', 'row 1', 'row 2', 'closed']
 * ```
 */
export function foreach<R>(
  writer: RowWriter<R> | ((row: R) => void | Promise<void>),
  options: ForeachOptions = {},
): BatchSink<R> {
  const { idempotent = false } = options;
  const calls: RowWriter<R> = typeof writer === 'function' ? { process: writer } : writer;
  return {
    type: 'foreach',
    description: { idempotent },
    modes: ['append', 'update', 'complete'],
    delivery: idempotent ? 'idempotent' : 'at-least-once',
    async commit({ rows }, { batchId }) {
      const wanted = (await calls.open?.(0, batchId)) !== false;
      try {
        if (wanted) for (const row of rows) await calls.process(row);
      } catch (cause) {
        await closeAfter(calls, cause);
        throw cause;
      }
      await calls.close?.();
    },
  };
}

/** The first failure is the one that counts. */
async function closeAfter(calls: RowWriter<never>, cause: unknown): Promise<void> {
  try {
    await calls.close?.(cause);
  } catch {
    // `cause` is thrown
  }
}
