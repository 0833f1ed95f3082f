/** What file sinks need of a format; `ndjson()` and `csv()` have it. */
export interface FileFormat {
  readonly name: string;
  /** With its dot: `.ndjson`. */
  readonly extension: string;
  /** A new one for each file. */
  encoder(): { encode(rows: readonly unknown[]): string };
  decoder(context: { readonly mode: 'strict' }): {
    push(bytes: Uint8Array, out: RecordSink): void;
    end(out: RecordSink): void;
  };
}

interface RecordSink {
  row(value: unknown, line: number): void;
  bad(raw: string, message: string, line: number): void;
}

/** The bytes of a file. */
export function encodeRows(format: FileFormat, rows: readonly unknown[]): Uint8Array {
  return new TextEncoder().encode(format.encoder().encode(rows));
}

/** The rows of a file. What cannot be read goes to `bad`. */
export function decodeRows(
  format: FileFormat,
  bytes: Uint8Array,
  bad: (raw: string, message: string, line: number) => void,
): unknown[] {
  const rows: unknown[] = [];
  const out: RecordSink = { row: (value) => void rows.push(value), bad };
  const decoder = format.decoder({ mode: 'strict' });
  decoder.push(bytes, out);
  decoder.end(out);
  return rows;
}
