import type { CheckpointReader } from '../checkpoint/reader';
import { encodeValue } from '../checkpoint/valueCodec';
import type { StateEntry } from '../state/table';
import { formatTime } from '../time/eventTime';

/** Rows with columns under one another. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}

const time = (ms: number): string => (Number.isFinite(ms) ? formatTime(ms) : String(ms));

/** What is in a checkpoint, for people. */
export async function inspection(reader: CheckpointReader, batch: number | undefined): Promise<string> {
  const { name, queryId, pending } = reader;
  const entries = reader.checkpoints();
  const commits = entries.map(({ commit, files, bytes }) => [
    String(commit.batch),
    commit.attempt,
    String(commit.epoch),
    time(commit.nextWatermark),
    Object.entries(commit.sinks)
      .map(([sink, { outcome, rows }]) => `${sink} ${outcome} ${rows}`)
      .join(', '),
    `${files.length} files, ${bytes} bytes`,
  ]);
  const tables = (await reader.stateTables(batch)).map(({ operator, type, table, version, entries: count, bytes }) => [
    operator,
    type,
    `${table} v${version}`,
    `${count} entries`,
    `${bytes} bytes`,
  ]);
  return [
    `query ${name ?? '(no name)'}  ${queryId}`,
    '',
    ...aligned([['batch', 'attempt', 'epoch', 'next watermark', 'sinks', 'state'], ...commits]),
    ...(pending === undefined
      ? []
      : ['', `batch ${pending.batch} is planned at ${time(pending.time)}: ${JSON.stringify(pending.sources)}`]),
    '',
    `state as of batch ${batch ?? entries.at(-1)?.commit.batch ?? 'none'}`,
    ...aligned(tables),
  ].join('\n');
}

/** Control characters could move the cursor or ring the bell. */
const printable = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** One entry a line: key, value. */
export function shownEntries(entries: readonly StateEntry[]): string {
  const text = (value: unknown): string => printable(encodeValue(value).slice(1));
  return entries.map(([key, value]) => `${text(key)}\t${text(value)}`).join('\n');
}
