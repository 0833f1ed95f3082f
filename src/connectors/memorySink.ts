import type { Observable } from 'rxjs';
import { checkOption, TidemarkError } from '../errors';
import type { KeySpec } from '../key';
import { Pulse } from '../rx';
import type { BatchSink, CommitId, OutputBatch, SinkContext } from './sink';
import { RowTable, type Undo } from './rowTable';

/** Options of `memorySink`. */
export interface MemorySinkOptions<R> {
  /** What `table(name)` finds it by. */
  readonly name?: string;
  /** Update mode: which rows are about the same thing. Default: the key of the ChangeStream (window, then key columns). */
  readonly key?: KeySpec<R>;
  /** How many batches `batches` shows, and how many a restart can take back; default 100. */
  readonly retainBatches?: number;
}

/** A batch as a memory sink took it. */
export interface MemoryBatch<R> extends OutputBatch<R> {
  readonly batchId: number;
}

/** A result table in memory. */
export interface MemorySink<R> extends BatchSink<R> {
  readonly name: string | undefined;
  open(context: SinkContext): void;
  commit(batch: OutputBatch<R>, id: CommitId): void;
  /** The rows as they stand; the same array until the next batch. */
  rows(): readonly R[];
  /** The rows as they stand, then anew after each batch. Never completes. */
  readonly rows$: Observable<readonly R[]>;
  /** The newest batches, oldest first. */
  readonly batches: readonly MemoryBatch<R>[];
  /** Forgets the rows; batches that were taken stay known. */
  clear(): void;
  /** @throws `TIDEMARK_UNSUPPORTED` always: tidemark has no SQL; the message says what does */
  sql(query: string): never;
}

/**
 * A sink that keeps its rows in memory, to be looked at: Spark's memory sink. Append adds rows; update keeps the newest row
 * of each key and drops it by `delete`; complete replaces the table.
 *
 * A batch it already has is ignored. It is volatile: gone with the process, and a restart in the same process takes back
 * what is not committed. A query other than the one before begins with an empty table. In update mode without a
 * ChangeStream and without `key` rows are added, as in Spark.
 *
 * @param options - its name, or `name`, `key`, `retainBatches`
 * @returns a sink with `rows()`, `rows$`, `batches`, `clear()`
 * @throws `TIDEMARK_OPTION` at call; `sql` always throws `TIDEMARK_UNSUPPORTED`
 *
 * Cost: O(rows of the batch) a commit; a snapshot after a change is O(rows). It holds every row of append mode: bounded only
 * by what the query says.
 * @example
 * ```ts
 * const sink = memorySink<{ id: string; n: number }>({ name: 'counts', key: 'id' });
 * const commit = (batchId: number, rows: { id: string; n: number }[]) =>
 *   sink.commit({ mode: 'update', rows }, { queryId: 'q', batchId, attemptId: 'a', epoch: 1, replayed: false, time: 0 });
 * commit(0, [{ id: 'x', n: 1 }, { id: 'y', n: 1 }]);
 * commit(1, [{ id: 'x', n: 2 }]);
 * commit(1, [{ id: 'x', n: 9 }]); // known already
 * sink.rows().map(({ id, n }) => id + n); // => ['x2', 'y1']
 * ```
 */
export function memorySink<R>(options: string | MemorySinkOptions<R> = {}): MemorySink<R> {
  const { name, key, retainBatches = 100 } = typeof options === 'string' ? { name: options } : options;
  checkOption(Number.isInteger(retainBatches) && retainBatches > 0, 'retainBatches is a whole number above 0', { retainBatches });
  const sink = new Memory<R>(name, key, retainBatches);
  if (name !== undefined) named.set(name, sink);
  return sink;
}

const named = new Map<string, unknown>();

/**
 * The memory sink of this name; of several, the one made last.
 *
 * @throws `TIDEMARK_OPTION` if there is none
 * @example
 * ```ts
 * const sink = memorySink<{ n: number }>('my_table');
 * table('my_table') === sink; // => true
 * ```
 */
export function table<R = Readonly<Record<string, unknown>>>(name: string): MemorySink<R> {
  const found = named.get(name);
  checkOption(found !== undefined, `no memory sink has the name '${name}'`, { name, known: [...named.keys()] });
  return found as MemorySink<R>;
}

class Memory<R> implements MemorySink<R> {
  readonly type = 'memory';
  readonly modes = ['append', 'update', 'complete'] as const;
  readonly delivery = 'volatile';
  readonly description: Readonly<Record<string, unknown>>;
  readonly rows$: Observable<readonly R[]>;
  private readonly table: RowTable<R>;
  private readonly changed = new Pulse();
  private queryId: string | undefined;
  private newest = -1;
  private taken: { readonly batch: MemoryBatch<R>; readonly undo: Undo }[] = [];

  constructor(
    readonly name: string | undefined,
    key: KeySpec<R> | undefined,
    private readonly retainBatches: number,
  ) {
    this.table = new RowTable<R>(key);
    this.description = { name: name ?? null };
    this.rows$ = this.changed.watch(() => this.rows());
  }

  open({ queryId, committed }: SinkContext): void {
    if (this.queryId !== undefined && this.queryId !== queryId) this.reset();
    this.queryId = queryId;
    if (committed === undefined || committed >= this.newest) return;
    for (let last = this.taken.at(-1); last !== undefined && last.batch.batchId > committed; last = this.taken.at(-1)) {
      last.undo();
      this.taken.pop();
    }
    this.newest = committed;
    this.changed.beat();
  }

  commit(batch: OutputBatch<R>, { batchId }: CommitId): void {
    if (batchId <= this.newest) return;
    const undo = this.table.apply(batch);
    this.newest = batchId;
    this.taken.push({ batch: { ...batch, batchId }, undo });
    if (this.taken.length > this.retainBatches) this.taken.shift();
    this.changed.beat();
  }

  rows(): readonly R[] {
    return this.table.rows();
  }

  get batches(): readonly MemoryBatch<R>[] {
    return this.taken.map(({ batch }) => batch);
  }

  clear(): void {
    this.table.clear();
    this.taken = [];
    this.changed.beat();
  }

  sql(query: string): never {
    throw new TidemarkError(
      'TIDEMARK_UNSUPPORTED',
      'tidemark has no SQL: read rows(), or copy them into PGlite or DuckDB and ask there',
      { query },
    );
  }

  private reset(): void {
    this.newest = -1;
    this.clear();
  }
}
