/** What a decoder speaks to: rows and bad records, in the order of the bytes. */
export interface RecordSink {
  /** `line`: number of the line where the record begins, from 1. */
  row(value: unknown, line: number): void;
  /** A record that cannot be read. `raw` is at most its first 1 KiB. */
  bad(raw: string, message: string, line: number): void;
}

/** How rows are to be read. */
export interface DecodeContext {
  /** Where a row does not have the shape of the others: fill up with nulls, or call it bad. */
  readonly mode: 'permissive' | 'strict';
  /** Names of columns, where the bytes do not say them. */
  readonly columns?: readonly string[];
}

/** Bytes of one file, or one connection, to rows. The same rows come out however the bytes are cut into pieces. */
export interface Decoder {
  push(bytes: Uint8Array, out: RecordSink): void;
  /** No more bytes will come: what is left is the last record. */
  end(out: RecordSink): void;
  /** What was read over on the way: blank lines, replaced characters, … */
  readonly counts: Readonly<Record<string, number>>;
}

/** Rows of one file to text. */
export interface RowEncoder {
  /** A line for each row, each with its line end; what stands at the head of a file comes with the first call. */
  encode(rows: readonly unknown[]): string;
}

/** A file format. Made by `ndjson()` and `csv()`; a format of your own is an object with these members. */
export interface Format {
  readonly name: string;
  /** With its dot: `.ndjson`. */
  readonly extension: string;
  /** True when its cells are text, which a schema turns into numbers, booleans and times. */
  readonly isText: boolean;
  /** The first line of a file is no row, and needed to read the others. */
  readonly hasHead: boolean;
  /** Options as plain data. */
  readonly description: Readonly<Record<string, unknown>>;
  decoder(context: DecodeContext): Decoder;
  encoder(): RowEncoder;
}

/** So much of a record is shown when it is bad. */
export const SHOWN = 1024;

/** Lines and records longer than this are bad. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;
