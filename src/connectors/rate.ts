import { checkOption } from '../errors';
import { parseNonNegative, type Duration } from '../time/duration';
import type { Offset, Slice, Source, SourceContext, SourceReader } from './source';

/** Options of `rateSource`. */
export interface RateSourceOptions {
  /** Rows a second; default 1. */
  readonly rowsPerSecond?: number;
  /** How long it takes to reach that rate, rising evenly from nothing; default 0. */
  readonly rampUpTime?: Duration;
  /** At most so many rows in a batch: after a standstill it catches up in several; default 1,000,000. */
  readonly maxRowsPerTrigger?: number;
}

/** A row of `rateSource`. */
export interface RateRow {
  /** When it was due, epoch ms. */
  readonly timestamp: number;
  /** 0, 1, 2, … without a gap, also across restarts. */
  readonly value: number;
}

/** Where the query stands: when the source first ran, and how many rows there were since. */
interface RateOffset {
  readonly start: number;
  readonly rows: number;
}

const CHUNK = 1024;
/** What a long stop leaves to be made up for is no single batch. */
const MOST_ROWS = 1_000_000;

/**
 * Makes rows at a steady rate: `{ timestamp, value }`, for trying out queries and for load. Spark's rate source.
 *
 * Time is the query's processing time. Everything follows from when the source first ran, which is kept in the
 * checkpoint: the same rows come again after a crash, and those that were due while the query stood still come late.
 *
 * @param options - `rowsPerSecond` (default 1), `rampUpTime` (default 0), `maxRowsPerTrigger` (default 1,000,000)
 * @returns a source of `{ timestamp, value }`, which can be read again
 * @throws `TIDEMARK_OPTION` when a rate or limit is not above 0
 * @example
 * ```ts
 * rateSource({ rowsPerSecond: 100 }).description; // => { rowsPerSecond: 100, rampUpMs: 0 }
 * ```
 */
export function rateSource(options: RateSourceOptions = {}): Source<RateRow> {
  const { rowsPerSecond = 1, maxRowsPerTrigger = MOST_ROWS } = options;
  const rampUpMs = parseNonNegative(options.rampUpTime ?? 0, 'rampUpTime');
  checkOption(rowsPerSecond > 0 && Number.isFinite(rowsPerSecond), 'rowsPerSecond is above 0', { rowsPerSecond });
  checkOption(maxRowsPerTrigger >= 1, 'maxRowsPerTrigger is at least 1', { maxRowsPerTrigger });
  const perMs = rowsPerSecond / 1000;
  return {
    type: 'rate',
    description: { rowsPerSecond, rampUpMs, ...(maxRowsPerTrigger === Infinity && { limited: false }) },
    replay: 'replayable',
    pollEveryMs: Math.max(10, Math.min(1000, 1 / perMs)),
    open: (context) => new RateReader(context, perMs, rampUpMs, Math.floor(maxRowsPerTrigger)),
  };
}

class RateReader implements SourceReader<RateRow> {
  private start: number | undefined;
  private frozen = Infinity;

  constructor(
    private readonly context: SourceContext,
    private readonly perMs: number,
    private readonly rampUpMs: number,
    private readonly limit: number,
  ) {}

  next(from: Offset): Promise<Slice | undefined> {
    const now = Math.min(this.context.now(), this.frozen);
    // Until a plan holds it, the start is that of this reader.
    const { start, rows } = (from as RateOffset | null) ?? { start: (this.start ??= now), rows: 0 };
    const to = Math.min(this.rowsAfter(now - start), rows + this.limit);
    return Promise.resolve(to > rows ? { from, to: { start, rows: to } } : undefined);
  }

  async *read({ from, to }: Slice): AsyncIterable<readonly RateRow[]> {
    const { start, rows: end } = to as unknown as RateOffset;
    for (let at = (from as RateOffset | null)?.rows ?? 0; at < end; at += CHUNK) {
      const chunk: RateRow[] = [];
      for (let value = at; value < Math.min(end, at + CHUNK); value++)
        chunk.push({ timestamp: start + this.dueAfter(value), value });
      yield chunk;
    }
  }

  freeze(): Promise<void> {
    this.frozen = this.context.now();
    return Promise.resolve();
  }

  close(): void {}

  /** Rows due within so many ms. The rate rises evenly, so their number rises with the square. */
  private rowsAfter(elapsed: number): number {
    if (elapsed <= 0) return 0;
    const { perMs, rampUpMs } = this;
    return Math.floor(elapsed < rampUpMs ? (perMs * elapsed * elapsed) / (2 * rampUpMs) : perMs * (elapsed - rampUpMs / 2));
  }

  /** When the row with this number is due, in whole ms: the inverse. */
  private dueAfter(value: number): number {
    const { perMs, rampUpMs } = this;
    const isRamp = value < (perMs * rampUpMs) / 2;
    return Math.floor(isRamp ? Math.sqrt((2 * rampUpMs * value) / perMs) : value / perMs + rampUpMs / 2);
  }
}
