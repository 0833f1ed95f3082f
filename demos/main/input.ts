import { createReadStream, type ReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse as parseCsv } from 'csv-parse';
import { DemoFailure, reasonOf } from './failure';
import { inArrivalOrder, type Feature } from './earthquakes';

/** A row of the user's file: its fields, or what is wrong with the line. */
export type RawRow =
  | { readonly line: number; readonly fields: Readonly<Record<string, unknown>>; readonly problem?: undefined }
  | { readonly line: number; readonly fields?: undefined; readonly problem: string; readonly text: string };

export type Format = 'ndjson' | 'csv';

/** What reads a file needs to know. */
export interface InputOptions {
  readonly path: string;
  readonly format?: Format | undefined;
  /** Told the columns of the first row (CSV: of the header) before that row is given out; may throw. */
  readonly onColumns: (columns: readonly string[]) => void;
}

/** A line longer than this is no line: the file is something else, and would fill the memory. */
const LONGEST_LINE = 16_000_000;

/** Reads a file row by row, never all of it; bad lines come as rows with a `problem`. */
export async function* readRows({ path, format, onColumns }: InputOptions): AsyncGenerator<RawRow> {
  const kind = format ?? formatOf(path);
  try {
    yield* kind === 'csv' ? csvRows(open(path), onColumns) : ndjsonRows(open(path), onColumns);
  } catch (cause) {
    throw cause instanceof DemoFailure ? cause : new DemoFailure(`cannot read ${path}: ${plain(cause)}`);
  }
}

/** The earthquakes of the npm package vega-datasets in their order of arrival. Its `exports` hide the file. */
export async function readEarthquakes(): Promise<Feature[]> {
  try {
    const file = new URL('../data/earthquakes.json', import.meta.resolve('vega-datasets'));
    const { features } = JSON.parse(await readFile(file, 'utf8')) as { features: Feature[] };
    return inArrivalOrder(features);
  } catch (cause) {
    throw new DemoFailure(`cannot read the earthquakes of vega-datasets (is it installed? npm install): ${reasonOf(cause)}`);
  }
}

function formatOf(path: string): Format {
  const name = basename(path).replace(/\.gz$/, '');
  if (/\.csv$/i.test(name)) return 'csv';
  if (/\.(ndjson|jsonl|json)$/i.test(name)) return 'ndjson';
  throw new DemoFailure(`the name ${basename(path)} does not say what is in it; add --format ndjson or --format csv`);
}

function open(path: string): Readable {
  const file: ReadStream = createReadStream(path);
  // An error of the file destroys the other end of the pipeline, and so reaches whoever reads that.
  return path.endsWith('.gz') ? (pipeline(file, createGunzip(), () => {}) as Readable) : file;
}

function plain(cause: unknown): string {
  const code = (cause as { code?: string }).code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES') return 'permission denied';
  return reasonOf(cause);
}

async function* ndjsonRows(stream: Readable, onColumns: InputOptions['onColumns']): AsyncGenerator<RawRow> {
  let line = 0;
  let isFirst = true;
  for await (const text of linesOf(stream)) {
    line++;
    if (text.trim() === '') continue;
    const row = ndjsonRow(line, text);
    if (isFirst && row.fields !== undefined) {
      isFirst = false;
      onColumns(Object.keys(row.fields));
    }
    yield row;
  }
}

function ndjsonRow(line: number, text: string): RawRow {
  try {
    const fields: unknown = JSON.parse(text);
    if (typeof fields === 'object' && fields !== null && !Array.isArray(fields))
      return { line, fields: fields as Record<string, unknown> };
    return { line, text: cut(text), problem: 'the line is JSON, but no object' };
  } catch (cause) {
    return { line, text: cut(text), problem: `the line is no JSON: ${reasonOf(cause)}` };
  }
}

function cut(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** Not node:readline: that does not hand on errors of its input. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  stream.setEncoding('utf8');
  let rest = '';
  let isFirst = true;
  for await (const chunk of stream as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n');
    if (isFirst) parts[0] = parts[0]!.replace(/^\uFEFF/, '');
    isFirst = false;
    rest = parts.pop()!;
    if (rest.length > LONGEST_LINE) throw new DemoFailure('a line is longer than 16 million characters: this is no NDJSON');
    yield* parts;
  }
  if (rest !== '') yield rest;
}

/** What csv-parse gives with `info`. */
interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

async function* csvRows(stream: Readable, onColumns: InputOptions['onColumns']): AsyncGenerator<RawRow> {
  const skipped: RawRow[] = [];
  const parser = parseCsv({
    bom: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: LONGEST_LINE,
    skip_records_with_error: true,
    on_skip: (error, raw) => {
      skipped.push({
        line: Number(error?.['lines'] ?? 0),
        text: cut(String(raw ?? '')),
        problem: `the line is no CSV: ${reasonOf(error)}`,
      });
      return undefined;
    },
  });
  const records = pipeline(stream, parser, () => {}) as AsyncIterable<CsvRecord>;
  let header: readonly string[] | undefined;
  for await (const { record, info } of records) {
    yield* skipped.splice(0);
    if (header === undefined) onColumns((header = record));
    else yield csvRow(info.lines, header, record);
  }
  yield* skipped.splice(0);
}

function csvRow(line: number, header: readonly string[], record: readonly string[]): RawRow {
  if (record.length !== header.length) {
    return { line, text: cut(record.join(',')), problem: `the line has ${record.length} fields, the header ${header.length}` };
  }
  return { line, fields: Object.fromEntries(header.map((name, i) => [name, record[i]])) };
}
