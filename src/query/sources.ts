import type { CommitRecord, Json, PlannedSlice, PlanRecord } from '../checkpoint/records';
import type { BadRecord, Journal, Offset, Slice, Source, SourceReader } from '../connectors/source';

/** The open sources of a query and how far each of them is committed. */
export class Sources {
  private readonly readers = new Map<string, SourceReader<unknown>>();
  readonly positions = new Map<string, Offset>();

  constructor(readonly all: ReadonlyMap<string, Source<unknown>>) {}

  /** @param journalOf - with a durable checkpoint: a log for each source that keeps one */
  async open(now: () => number, wake: () => void, journalOf: (id: string) => Promise<Journal | undefined>): Promise<void> {
    for (const [id, source] of this.all) {
      const journal = await journalOf(id);
      const context = journal === undefined ? { id, now, wake } : { id, now, wake, journal };
      this.readers.set(id, await source.open(context));
      if (!this.positions.has(id)) this.positions.set(id, null);
    }
  }

  /**
   * Where a restart goes on: behind what the newest plan has planned (a continuous one says so only when it commits), or
   * before it if that is to be repeated.
   */
  resume(plan: PlanRecord | undefined, repeat: boolean, committed: CommitRecord | undefined): void {
    for (const id of this.all.keys()) {
      const slice = plan?.sources[id];
      const to = slice?.to ?? committed?.to?.[id] ?? slice?.from;
      this.positions.set(id, slice === undefined ? null : repeat ? slice.from : (to as Offset));
    }
  }

  /** The next slice of every source that has something. */
  async next(): Promise<ReadonlyMap<string, Slice>> {
    const slices = new Map<string, Slice>();
    for (const [id, reader] of this.readers) {
      const slice = await reader.next(this.positions.get(id) as Offset);
      if (slice !== undefined) slices.set(id, slice);
    }
    return slices;
  }

  /** Every source of a plan, also those that bring nothing: so each plan says where all of them are. */
  planned(slices: ReadonlyMap<string, Slice>): Record<string, PlannedSlice> {
    const planned: Record<string, PlannedSlice> = {};
    for (const [id, position] of this.positions) {
      const slice = slices.get(id);
      planned[id] = slice === undefined ? { from: position, to: position } : plannedSlice(slice);
    }
    return planned;
  }

  read(id: string, { from, to, evidence }: PlannedSlice, bad: (record: BadRecord) => void): AsyncIterable<readonly unknown[]> {
    const reader = this.readers.get(id);
    if (reader === undefined || to === undefined || sameOffset(from, to)) return NOTHING;
    return reader.read(evidence === undefined ? { from, to } : { from, to, evidence }, bad);
  }

  /** Continuous: a slice has been read, and is not committed yet. */
  advance(id: string, { to }: Slice): void {
    this.positions.set(id, to);
  }

  /** A batch is committed: its ends are the new positions. */
  async committed(sources: Readonly<Record<string, PlannedSlice>>): Promise<void> {
    for (const [id, { from, to }] of Object.entries(sources)) {
      if (to === undefined || !this.readers.has(id)) continue;
      this.positions.set(id, to);
      if (!sameOffset(from, to)) await this.readers.get(id)?.committed?.(to);
    }
  }

  async freeze(): Promise<void> {
    for (const reader of this.readers.values()) await reader.freeze?.();
  }

  /** A query that waits for data asks again after so many ms; Infinity: never. */
  get pollEveryMs(): number {
    return Math.min(Infinity, ...[...this.all.values()].map(({ pollEveryMs }) => pollEveryMs ?? Infinity));
  }

  /** Figures that a source has to tell. */
  reportOf(id: string): Readonly<Record<string, number>> | undefined {
    return this.readers.get(id)?.report?.();
  }

  /** What waits behind what is committed; undefined where the source cannot tell. */
  backlogOf(id: string): number | undefined {
    return this.readers.get(id)?.backlog?.(this.positions.get(id) as Offset);
  }

  /** Nothing will ever come from any of them. */
  get ended(): boolean {
    if (this.readers.size === 0) return false;
    for (const [id, reader] of this.readers) if (reader.ended?.(this.positions.get(id) as Offset) !== true) return false;
    return true;
  }

  /** Closes all of them, whatever one of them says. */
  async close(): Promise<unknown[]> {
    const failures: unknown[] = [];
    for (const reader of this.readers.values()) {
      try {
        await reader.close();
      } catch (cause) {
        failures.push(cause);
      }
    }
    this.readers.clear();
    return failures;
  }
}

const NOTHING: AsyncIterable<readonly unknown[]> = {
  async *[Symbol.asyncIterator]() {},
};

function plannedSlice({ from, to, evidence }: Slice): PlannedSlice {
  return evidence === undefined ? { from, to } : { from, to, evidence };
}

function sameOffset(a: Json, b: Json): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
