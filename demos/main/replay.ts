import type { Offset, Slice, Source, SourceContext, SourceReader } from 'tidemark';

/** At most so many rows at a time. */
const CHUNK = 512;

/**
 * A source of rows that can be asked for again from the beginning. An offset is a number of rows: going on after a restart
 * reads over those that are committed. It ends where the rows end, so its windows close for good.
 *
 * @param rowsPerSecond - holds the rows back, for the eye; Infinity: as fast as they are taken
 */
export function replaySource<T>(rows: AsyncIterable<T> | Iterable<T>, rowsPerSecond = Infinity): Source<T> {
  return {
    type: 'replay',
    description: {},
    replay: 'replayable',
    open: (context) => new ReplayReader(rows, rowsPerSecond, context),
  };
}

class ReplayReader<T> implements SourceReader<T> {
  private iterator: Iterator<T> | AsyncIterator<T> | undefined;
  /** Rows from number `begin` on that have been read and may be asked for. */
  private buffer: T[] = [];
  private begin = 0;
  private isAtEnd = false;
  private pace: { readonly since: number; readonly row: number } | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly rows: AsyncIterable<T> | Iterable<T>,
    private readonly rowsPerSecond: number,
    private readonly context: SourceContext,
  ) {}

  async next(from: Offset): Promise<Slice | undefined> {
    const start = Number(from ?? 0);
    await this.fill(start, start + 1);
    if (this.isAtEnd && start >= this.end) return undefined;
    const count = Math.min(CHUNK, this.due(start));
    if (count === 0) return this.wait();
    await this.fill(start, start + count);
    return { from, to: Math.min(this.end, start + count) };
  }

  async *read({ from, to }: Slice): AsyncGenerator<readonly T[]> {
    const [start, end] = [Number(from ?? 0), Number(to)];
    for (let at = start; at < end; at += CHUNK) {
      const stop = Math.min(end, at + CHUNK);
      await this.fill(at, stop);
      if (this.end < stop) throw new Error(`the rows end after ${this.end}; there were ${stop} before`);
      yield this.buffer.slice(at - this.begin, stop - this.begin);
    }
  }

  ended(at: Offset): boolean {
    return this.isAtEnd && Number(at ?? 0) >= this.end;
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    await this.iterator?.return?.();
  }

  private get end(): number {
    return this.begin + this.buffer.length;
  }

  /** Reads until rows `start` to `stop` are there; what is before them is let go. A batch that is repeated begins anew. */
  private async fill(start: number, stop: number): Promise<void> {
    if (this.iterator === undefined || start < this.begin) await this.reopen();
    for (;;) {
      const passed = Math.min(start - this.begin, this.buffer.length);
      if (passed > 0) this.buffer.splice(0, passed);
      this.begin += passed;
      if (this.isAtEnd || this.end >= stop) return;
      for (let n = 0; n < CHUNK && this.end < stop; n++) if (!(await this.pull())) return;
    }
  }

  private async pull(): Promise<boolean> {
    const given = this.iterator!.next();
    const { done, value } = given instanceof Promise ? await given : (given as IteratorResult<T>);
    if (done === true) this.isAtEnd = true;
    else this.buffer.push(value);
    return done !== true;
  }

  private async reopen(): Promise<void> {
    await this.iterator?.return?.();
    this.iterator = Symbol.asyncIterator in this.rows ? this.rows[Symbol.asyncIterator]() : this.rows[Symbol.iterator]();
    this.buffer = [];
    this.begin = 0;
    this.isAtEnd = false;
  }

  /** How many rows may go now. */
  private due(start: number): number {
    if (this.rowsPerSecond === Infinity) return CHUNK;
    this.pace ??= { since: this.context.now(), row: start };
    const { since, row } = this.pace;
    return Math.max(0, Math.floor(((this.context.now() - since) * this.rowsPerSecond) / 1000) - (start - row));
  }

  private wait(): undefined {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.context.wake(), Math.max(10, 1000 / this.rowsPerSecond));
  }
}
