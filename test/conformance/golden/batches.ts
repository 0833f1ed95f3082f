import type { CheckpointLocation } from 'tidemark';
import { identityOf } from '../query/compare';
import type { Columns, Row } from '../query/columns';
import { LiveQuery, type LiveSpec } from '../query/live';
import { deliver, type Arriving } from './arrival';

/** What a run in micro-batches has brought. */
export interface Brought {
  readonly columns: Columns;
  readonly rows: readonly Row[];
  /** Late rows by operator. */
  readonly late: ReadonlyMap<string, number>;
}

type Batch = readonly (readonly [stream: string, row: Row])[];

/** n rows in a row are a batch, or neighbours with an equal value of a column. */
export function batchesOf(streams: readonly Arriving[], batchBy: number | string): readonly Batch[] {
  const batches: (readonly [string, Row])[][] = [];
  let last: unknown;
  deliver(streams, (name, row) => {
    const current = batches.at(-1);
    const value = typeof batchBy === 'string' ? identityOf(row[batchBy]) : undefined;
    const goesOn = typeof batchBy === 'string' ? value === last : current !== undefined && current.length < batchBy;
    last = value;
    if (current !== undefined && goesOn) current.push([name, row]);
    else batches.push([[name, row]]);
  });
  return batches;
}

/** Each batch is one `add` and one `run`: its batches without rows run before the next one. */
export async function runBatches(
  spec: Omit<LiveSpec, 'checkpoint' | 'options'>,
  batches: readonly Batch[],
  flush: boolean,
  checkpoint: CheckpointLocation,
): Promise<Brought> {
  const live = new LiveQuery({ ...spec, checkpoint, options: {} });
  live.build();
  try {
    for (const batch of batches) {
      for (const [stream, row] of batch) live.add(stream, row);
      await live.start();
      await live.drain();
    }
    if (flush) {
      await live.start();
      live.complete();
      await live.drain();
    }
  } finally {
    await live.stop();
  }
  const late = new Map<string, number>();
  for (const { reason, operator } of live.rejected.rows()) {
    if (reason === 'late') late.set(operator, (late.get(operator) ?? 0) + 1);
  }
  const { columns } = live.plan.output;
  return { columns, rows: outputOf(live, spec, columns), late };
}

function outputOf(
  { sink }: LiveQuery,
  { outputMode, query }: Pick<LiveSpec, 'outputMode' | 'query'>,
  columns: Columns,
): readonly Row[] {
  if (outputMode === 'complete') return sink.rows();
  const rows = sink.batches.flatMap((batch) => batch.rows);
  if (outputMode === 'append') return rows;
  const last = query.filter((op) => op.op === 'aggregate').at(-1);
  const readers = (last?.keys ?? []).filter((key) => columns.has(key)).map((key) => columns.reader(key));
  return [...new Map(rows.map((row) => [identityOf(readers.map((read) => read(row) ?? null)), row])).values()];
}
