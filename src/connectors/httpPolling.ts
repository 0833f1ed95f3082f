import { isTidemarkError, TidemarkError } from '../errors';
import { parsePositive, type Duration } from '../time/duration';
import { ListJournal } from './listJournal';
import type { Journal, Offset, Slice, Source, SourceContext, SourceReader } from './source';

/** What one request gives. */
export interface Page<T, O extends Offset> {
  readonly rows: readonly T[];
  /** Where the next request goes on. */
  readonly next: O;
  /** There is more right now: the next request need not wait. */
  readonly more?: boolean;
}

/** Options of `httpPollingSource`. */
export interface HttpPollingSourceOptions<T, O extends Offset> {
  /** Asks for what lies behind an offset; `null` at the very beginning. Your code: `fetch`, a database, a device. */
  readonly page: (offset: O | null, signal: AbortSignal) => Promise<Page<T, O>>;
  /** How often it is asked; default 10 seconds. */
  readonly every?: Duration;
  /** The same offset always gives the same page: nothing needs to be written down. Default false. */
  readonly repeatable?: boolean;
}

/** The user's offset, and how many pages there were before it. */
interface At<O> {
  readonly page: number;
  readonly cursor: O | null;
}

/**
 * Makes a source of any interface that can be asked by an offset: yours is a function from offset to rows and the next
 * offset, and the checkpoint and the replay come with it.
 *
 * A page is written to the journal in the checkpoint as a whole, with the offset behind it, before it is planned: it is
 * read exactly once, also when the interface would answer differently a second time. With `repeatable` nothing is written,
 * and after a crash the page is asked for again; if its `next` differs then, the query fails with
 * `TIDEMARK_SOURCE_CHANGED`. Without a durable checkpoint pages are gone with the process. A batch is one page, so `page`
 * is what limits it.
 *
 * @param options - `page`, `every` (default 10 seconds), `repeatable` (default false)
 * @returns a source; offsets are yours, with a number of pages
 * @throws `TIDEMARK_OPTION` at call; `TIDEMARK_SOURCE` when `page` fails, which `restart` may try again
 * @example
 * ```ts
 * const source = httpPollingSource({ page: async (offset: number | null) => ({ rows: [{ t: 1 }], next: (offset ?? 0) + 1 }), every: '1 minute' });
 * source.pollEveryMs; // => 60000
 * ```
 */
export function httpPollingSource<T, O extends Offset>(options: HttpPollingSourceOptions<T, O>): Source<T> {
  const { page, every = 10_000, repeatable = false } = options;
  const everyMs = parsePositive(every, 'every');
  return {
    type: 'httpPolling',
    description: { everyMs, repeatable },
    replay: repeatable ? 'replayable' : 'journaled',
    pollEveryMs: everyMs,
    open: (context) => new PollingReader<T, O>(page, everyMs, repeatable, context),
  };
}

class PollingReader<T, O extends Offset> implements SourceReader<T> {
  private readonly log: Journal;
  private readonly abort = new AbortController();
  private dueAt = -Infinity;
  private isFrozen = false;
  private isDone = false;
  /** Pages in memory begin with this number; a journal counts from 0. */
  private base: number | undefined;

  constructor(
    private readonly page: HttpPollingSourceOptions<T, O>['page'],
    private readonly everyMs: number,
    private readonly repeatable: boolean,
    private readonly context: SourceContext,
  ) {
    const journal = repeatable ? undefined : context.journal;
    this.log = journal ?? new ListJournal();
    this.base = journal === undefined ? undefined : 0;
  }

  async next(from: Offset): Promise<Slice | undefined> {
    const at = atOf<O>(from);
    this.base ??= at.page;
    let page = await this.held(at.page);
    if (page === undefined) {
      if (this.isDone || (!this.isFrozen && this.context.now() < this.dueAt)) return undefined;
      page = await this.ask(at.cursor);
      this.dueAt = page.more === true ? -Infinity : this.context.now() + this.everyMs;
      this.isDone = this.isFrozen && page.more !== true;
      if (page.rows.length === 0 && same(page.next, at.cursor)) return undefined;
      await this.log.append([{ rows: page.rows, next: page.next }]);
    }
    return { from, to: { page: at.page + 1, cursor: page.next } };
  }

  async *read({ from, to }: Slice): AsyncIterable<readonly T[]> {
    const [first, last] = [atOf<O>(from), atOf<O>(to)];
    this.base ??= last.page;
    const page = (await this.held(first.page)) ?? (this.repeatable ? await this.again(first, last) : undefined);
    if (page === undefined && this.context.journal !== undefined) {
      throw new TidemarkError('TIDEMARK_DATA_LOSS', 'the journal does not hold a page that was planned', { page: first.page });
    }
    if (page !== undefined && page.rows.length > 0) yield page.rows;
  }

  private async again(first: At<O>, last: At<O>): Promise<Page<T, O>> {
    const page = await this.ask(first.cursor);
    if (same(page.next, last.cursor)) return page;
    const details = { offset: first.cursor, planned: last.cursor, found: page.next };
    throw new TidemarkError('TIDEMARK_SOURCE_CHANGED', 'a page that was planned is another one now', details);
  }

  private async held(number: number): Promise<Page<T, O> | undefined> {
    const at = number - (this.base ?? 0);
    if (at < this.log.begin || at >= this.log.end) return undefined;
    for await (const pages of this.log.read(at, at + 1)) return pages[0] as Page<T, O>;
    return undefined;
  }

  private async ask(offset: O | null): Promise<Page<T, O>> {
    let page: Page<T, O>;
    try {
      page = await this.page(offset, this.abort.signal);
    } catch (cause) {
      if (isTidemarkError(cause)) throw cause;
      throw new TidemarkError('TIDEMARK_SOURCE', 'asking for a page failed', { offset }, { cause });
    }
    if (Array.isArray(page?.rows) && page.next !== undefined) return page;
    throw new TidemarkError('TIDEMARK_SOURCE', 'page gives { rows, next }', { offset });
  }

  freeze(): Promise<void> {
    this.isFrozen = true;
    return Promise.resolve();
  }

  async committed(to: Offset): Promise<void> {
    await this.log.forget(Math.max(this.log.begin, atOf<O>(to).page - (this.base ?? 0)));
  }

  close(): void {
    this.abort.abort();
  }
}

function atOf<O>(offset: Offset): At<O> {
  return offset === null ? { page: 0, cursor: null } : (offset as unknown as At<O>);
}

function same(a: Offset, b: Offset): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
