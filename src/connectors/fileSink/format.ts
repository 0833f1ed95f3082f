import type { Format, RecordSink } from '../../formats/format';

/** What file sinks need of a format; `ndjson()` and `csv()` have it. */
export type FileFormat = Pick<Format, 'name' | 'extension' | 'encoder' | 'decoder'>;

/** The bytes of a file. */
export function encodeRows(format: FileFormat, rows: readonly unknown[]): Uint8Array {
  return new TextEncoder().encode(format.encoder().encode(rows));
}

/** The rows of a file. What cannot be read goes to `bad`. */
export function decodeRows(format: FileFormat, bytes: Uint8Array, bad: RecordSink['bad']): unknown[] {
  const rows: unknown[] = [];
  const out: RecordSink = { row: (value) => void rows.push(value), bad };
  const decoder = format.decoder({ mode: 'strict' });
  decoder.push(bytes, out);
  decoder.end(out);
  return rows;
}
