import { checkOption, TidemarkError } from '../errors';
import type { Offset, Slice, Source, SourceContext, SourceReader } from './source';

/** Options of `memorySource`. */
export interface MemorySourceOptions {
  /** The names of the columns, where they are known: a query then refuses operators over others. */
  readonly columns?: readonly string[];
  /** At most so many rows in a batch; default: all there are, which the program holds already. */
  readonly maxRowsPerTrigger?: number;
  /** `uncommitted`: rows are let go once a batch with them is committed. Default `all`: the source is an array. */
  readonly retain?: 'all' | 'uncommitted';
}

/** A source that is fed by hand. */
export interface MemorySource<T> extends Source<T> {
  /** Adds rows behind the others and wakes the query; returns the number of rows added so far. */
  add(...rows: readonly T[]): number;
  /** Nothing more will be added: windows may close for good. */
  complete(): void;
  /** Number of rows added so far. */
  readonly end: number;
}

const CHUNK = 1024;

/**
 * Gives rows that are added by hand: for tests, and for small tables that live in the program. An offset is a number of
 * rows.
 *
 * It can be read again as long as the process lives; a query that finds fewer rows than its checkpoint has read fails
 * with `TIDEMARK_DATA_LOSS`.
 *
 * @param rows - the first rows
 * @param options - `columns`, `maxRowsPerTrigger`, `retain`
 * @returns a source with `add`, `complete` and `end`
 * @throws `TIDEMARK_OPTION` when a limit is no whole number above 0; `TIDEMARK_DATA_LOSS` when rows to be read are gone
 * @example
 * ```ts
 * const source = memorySource([1, 2]);
 * source.add(3, 4); // => 4
 * ```
 */
export function memorySource<T>(rows: readonly T[] = [], options: MemorySourceOptions = {}): MemorySource<T> {
  return new Memory(rows, options);
}

class Memory<T> implements MemorySource<T> {
  readonly type = 'memory';
  readonly description: Readonly<Record<string, unknown>>;
  readonly replay = 'replayable';
  completed = false;
  /** Rows from `begin` on. */
  private readonly rows: T[] = [];
  private begin = 0;
  private readonly open_ = new Set<SourceContext>();
  readonly limit: number;
  private readonly retain: 'all' | 'uncommitted';

  constructor(rows: readonly T[], { columns, maxRowsPerTrigger = Infinity, retain = 'all' }: MemorySourceOptions) {
    const valid = maxRowsPerTrigger === Infinity || Number.isInteger(maxRowsPerTrigger);
    checkOption(valid && maxRowsPerTrigger > 0, 'maxRowsPerTrigger is a whole number above 0', { maxRowsPerTrigger });
    this.limit = maxRowsPerTrigger;
    this.retain = retain;
    this.description = {
      ...(maxRowsPerTrigger === Infinity ? {} : { maxRowsPerTrigger }),
      ...(columns === undefined ? {} : { columns }),
    };
    this.add(...rows);
  }

  get end(): number {
    return this.begin + this.rows.length;
  }

  add(...rows: readonly T[]): number {
    checkOption(!this.completed, 'this memory source is complete: nothing can be added');
    for (const row of rows) this.rows.push(row);
    if (rows.length > 0) this.wake();
    return this.end;
  }

  complete(): void {
    this.completed = true;
    this.wake();
  }

  open(context: SourceContext): SourceReader<T> {
    this.open_.add(context);
    return new MemoryReader(this, () => this.open_.delete(context));
  }

  /** The rows of a slice; all of them must still be there. */
  slice(from: number, to: number): T[] {
    this.check(from);
    this.check(to);
    return this.rows.slice(from - this.begin, to - this.begin);
  }

  check(offset: number): void {
    if (offset >= this.begin && offset <= this.end) return;
    const details = { offset, first: this.begin, end: this.end };
    throw new TidemarkError('TIDEMARK_DATA_LOSS', `the memory source does not hold offset ${offset}`, details);
  }

  forget(to: number): void {
    if (this.retain === 'all' || to <= this.begin) return;
    this.rows.splice(0, to - this.begin);
    this.begin = to;
  }

  private wake(): void {
    for (const context of this.open_) context.wake();
  }
}

class MemoryReader<T> implements SourceReader<T> {
  private frozen = Infinity;

  constructor(
    private readonly source: Memory<T>,
    private readonly closed: () => void,
  ) {}

  next(from: Offset): Promise<Slice | undefined> {
    const start = numberOf(from);
    const to = Math.min(this.source.end, this.frozen, start + this.source.limit);
    if (to > start) return Promise.resolve({ from, to });
    this.source.check(start);
    return Promise.resolve(undefined);
  }

  async *read({ from, to }: Slice): AsyncIterable<readonly T[]> {
    const end = numberOf(to);
    for (let at = numberOf(from); at < end; at += CHUNK) yield this.source.slice(at, Math.min(end, at + CHUNK));
  }

  freeze(): Promise<void> {
    this.frozen = this.source.end;
    return Promise.resolve();
  }

  committed(to: Offset): Promise<void> {
    this.source.forget(numberOf(to));
    return Promise.resolve();
  }

  backlog(at: Offset): number {
    return this.source.end - numberOf(at);
  }

  ended(at: Offset): boolean {
    return this.source.completed && numberOf(at) === this.source.end;
  }

  close(): void {
    this.closed();
  }
}

function numberOf(offset: Offset): number {
  return typeof offset === 'number' ? offset : 0;
}
