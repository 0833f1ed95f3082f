import type { BadRecord, Journal, Offset, Slice, Source, SourceContext, SourceReader } from 'tidemark';

/** A context that counts how often it was woken. */
export function contextOf(extra: Partial<SourceContext> = {}): SourceContext & { woken: number } {
  const context = { id: 'in', woken: 0, now: () => 0, wake: () => void context.woken++, ...extra };
  return context;
}

export interface Read<T> {
  readonly rows: T[];
  readonly bad: BadRecord[];
}

export async function readSlice<T>(reader: SourceReader<T>, slice: Slice): Promise<Read<T>> {
  const read: Read<T> = { rows: [], bad: [] };
  for await (const chunk of reader.read(slice, (record) => read.bad.push(record))) read.rows.push(...chunk);
  return read;
}

/** As a query does it: plan and read until there is nothing new; offsets and plans pass through JSON. */
export async function drain<T>(
  reader: SourceReader<T>,
  from: Offset = null,
  commit = true,
): Promise<(Read<T> & { slice: Slice })[]> {
  const batches: (Read<T> & { slice: Slice })[] = [];
  for (;;) {
    const planned = await reader.next(from);
    if (planned === undefined) return batches;
    const slice = JSON.parse(JSON.stringify(planned)) as Slice;
    batches.push({ ...(await readSlice(reader, slice)), slice });
    if (commit) await reader.committed?.(slice.to);
    from = slice.to;
  }
}

export const opened = async <T>(source: Source<T>, extra: Partial<SourceContext> = {}): Promise<SourceReader<T>> =>
  source.open(contextOf(extra));

/** A journal in memory, as a checkpoint keeps it: what is appended passes through JSON. */
export class MemoryJournal implements Journal {
  readonly entries: string[] = [];
  begin = 0;

  get end(): number {
    return this.begin + this.entries.length;
  }

  append(rows: readonly unknown[]): Promise<number> {
    this.entries.push(...rows.map((row) => JSON.stringify(row)));
    return Promise.resolve(this.end);
  }

  async *read(from: number, to: number): AsyncIterable<readonly unknown[]> {
    for (let at = from; at < to; at++) yield [JSON.parse(this.entries[at - this.begin] ?? 'null')];
  }

  forget(to: number): Promise<void> {
    this.entries.splice(0, to - this.begin);
    this.begin = to;
    return Promise.resolve();
  }
}
