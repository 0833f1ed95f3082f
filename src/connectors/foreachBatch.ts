import { checkOption, TidemarkError } from '../errors';
import type { BatchSink, CommitId, OutputBatch, Receipt, SinkContext } from './sink';

/** A batch as a function sees it: its rows, in order. Can be walked with `for of` as often as one likes. */
export interface RowBatch<R> extends OutputBatch<R>, Iterable<R> {
  isEmpty(): boolean;
  count(): number;
}

/** Which batch it is, and the way to write its receipt along with its rows. */
export interface BatchId extends CommitId {
  /** With `withReceipts`: writes the receipt now, for example in the transaction `into` that writes the rows. */
  record(into?: unknown): Promise<void>;
}

/** Options of `foreachBatch`. */
export interface ForeachBatchOptions {
  /** Running a batch twice has one effect (rows are put by key). Default false. */
  readonly idempotent?: boolean;
  /** Tells whether a batch is there already: whole, and written in one piece with what this reads. */
  readonly lookup?: (batchId: number, context: SinkContext) => Promise<Receipt | undefined>;
  /** Receipts kept in a store. */
  readonly receipts?: Receipts;
}

/** Receipts as `foreachBatch` uses them. */
export interface Receipts {
  readonly transactional: boolean;
  read(context: SinkContext, batchId: number): Promise<Receipt | undefined>;
  write(context: SinkContext, batchId: number, receipt: Receipt, into?: unknown): Promise<void>;
}

/**
 * A sink that hands each batch to a function and waits for it: Spark's `foreachBatch`. Batches without rows call it, too:
 * `if (batch.isEmpty()) return`. What it throws fails the batch, and the same batch comes again with the same `batchId`.
 *
 * **Guarantee.** At-least-once by itself: after a crash the function may see a batch again (`replayed: true`), with the same
 * rows. `idempotent: true` says that this does no harm. `lookup` makes it transactional if the function writes its rows and
 * what `lookup` reads in one piece; `withReceipts(store)` keeps receipts in any store.
 *
 * @param write - gets the batch and `{ queryId, batchId, attemptId, epoch, replayed, time, record }`; awaited
 * @param options - `idempotent`, `lookup`, or `withReceipts(store)`
 * @throws `TIDEMARK_OPTION` at call: `lookup` and receipts together
 * @example
 * ```ts
 * const log: string[] = [];
 * const sink = foreachBatch<{ amount: number }>((batch, { batchId }) => {
 *   if (batch.isEmpty()) return;
 *   log.push(`batch ${batchId}: ${batch.count()} rows, first ${batch.rows[0]?.amount}`);
 * });
 * await sink.commit({ mode: 'append', rows: [{ amount: 7 }] }, { queryId: 'q', batchId: 3, attemptId: 'a', epoch: 1, replayed: false, time: 0 });
 * log; // => ['batch 3: 1 rows, first 7']
 * ```
 */
export function foreachBatch<R>(
  write: (batch: RowBatch<R>, id: BatchId) => unknown,
  options: ForeachBatchOptions = {},
): BatchSink<R> {
  const { idempotent = false, lookup, receipts } = options;
  checkOption(lookup === undefined || receipts === undefined, 'give lookup or receipts, not both');
  const ask = lookup ?? (receipts && ((batchId: number, context: SinkContext) => receipts.read(context, batchId)));
  const exact = lookup !== undefined || receipts?.transactional === true;
  let context: SinkContext | undefined;
  const opened = (): SinkContext => {
    checkOption(context !== undefined, 'a sink is opened before it is asked');
    return context;
  };
  return {
    type: 'foreachBatch',
    description: { idempotent, receipts: receipts !== undefined, lookup: lookup !== undefined },
    modes: ['append', 'update', 'complete'],
    delivery: exact ? 'transactional' : idempotent ? 'idempotent' : 'at-least-once',
    open: (given) => {
      context = given;
    },
    async commit(batch, id) {
      const receipt = { attemptId: id.attemptId, rows: batch.rows.length };
      const held = receipts && (await receipts.read(opened(), id.batchId));
      if (held !== undefined) return held;
      let recorded = false;
      const record = async (into?: unknown): Promise<void> => {
        if (!recorded) await receipts?.write(opened(), id.batchId, receipt, into);
        recorded = true;
      };
      await write(new Batch(batch), { ...id, record });
      if (receipts?.transactional === true && !recorded) throw notRecorded(id);
      await record();
      return receipt;
    },
    ...(ask !== undefined && { lookup: async (batchId) => ask(batchId, opened()) }),
  };
}

function notRecorded({ batchId }: CommitId): TidemarkError {
  return new TidemarkError('TIDEMARK_OPTION', 'with transactional receipts the function calls id.record(transaction)', {
    batchId,
  });
}

class Batch<R> implements RowBatch<R> {
  readonly rows: OutputBatch<R>['rows'];
  readonly mode: OutputBatch<R>['mode'];
  readonly changes?: NonNullable<OutputBatch<R>['changes']>;

  constructor({ rows, mode, changes }: OutputBatch<R>) {
    this.rows = rows;
    this.mode = mode;
    if (changes !== undefined) this.changes = changes;
  }

  isEmpty(): boolean {
    return this.rows.length === 0 && (this.changes?.length ?? 0) === 0;
  }

  count(): number {
    return this.rows.length;
  }

  [Symbol.iterator](): Iterator<R> {
    return this.rows[Symbol.iterator]();
  }
}

/** A place for receipts: a table, a folder, a Map. Keys are `<query>/<output>/<batch>`. */
export interface ReceiptStore {
  get(key: string): Promise<Receipt | undefined> | Receipt | undefined;
  /** @param into - what the function gave to `record`: a transaction, say */
  put(key: string, receipt: Receipt, into?: unknown): Promise<unknown> | unknown;
}

/**
 * For `foreachBatch`: keeps a receipt of each batch in a store, so that a batch that is there is not written again.
 *
 * The receipt is written when the function is done; a crash between the two repeats the batch. With `transactional: true`
 * the function calls `id.record(transaction)` itself, in the transaction that writes its rows, and the sink is exactly-once.
 *
 * @param store - `get(key)`, `put(key, receipt, transaction?)`; a `Map` will not do, it forgets with the process
 * @param options - `transactional`, default false
 * @example
 * ```ts
 * const kept = new Map<string, unknown>(); // in a database
 * const store = { get: (key: string) => kept.get(key), put: (key: string, receipt: unknown) => void kept.set(key, receipt) };
 * const written: unknown[] = [];
 * const sink = foreachBatch((batch) => void written.push(...batch.rows), withReceipts(store));
 * await sink.open?.({ queryId: 'q', sinkId: 'out', epoch: 1, mode: 'append', now: () => 0 });
 * const id = { queryId: 'q', batchId: 0, attemptId: 'a', epoch: 1, replayed: false, time: 0 };
 * await sink.commit({ mode: 'append', rows: [7] }, id);
 * await sink.commit({ mode: 'append', rows: [7] }, { ...id, replayed: true });
 * written; // => [7]
 * ```
 */
export function withReceipts(
  store: ReceiptStore,
  options: { readonly transactional?: boolean } = {},
): { readonly receipts: Receipts } {
  const keyOf = ({ queryId, sinkId }: SinkContext, batchId: number): string => `${queryId}/${sinkId}/${batchId}`;
  return {
    receipts: {
      transactional: options.transactional ?? false,
      read: async (context, batchId) => store.get(keyOf(context, batchId)),
      write: async (context, batchId, receipt, into) => {
        await store.put(keyOf(context, batchId), receipt, into);
      },
    },
  };
}
