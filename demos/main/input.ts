import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { csv, ndjson, type Format, type RecordSink } from 'tidemark';
import { bytesOf } from './bytes';
import { DemoFailure, reasonOf } from './failure';
import { inArrivalOrder, type Feature } from './earthquakes';

/** A row of the user's file: its fields, or what is wrong with the line. */
export type RawRow =
  | { readonly line: number; readonly fields: Readonly<Record<string, unknown>>; readonly problem?: undefined }
  | { readonly line: number; readonly fields?: undefined; readonly problem: string; readonly text: string };

export type FormatName = 'ndjson' | 'csv';

/** What reads a file needs to know. */
export interface InputOptions {
  readonly path: string;
  readonly format?: FormatName | undefined;
  /** Told the columns of the first row (CSV: of the header) before that row is given out; may throw. */
  readonly onColumns: (columns: readonly string[]) => void;
}

/** Reads a file row by row, never all of it; bad lines come as rows with a `problem`. */
export async function* readRows({ path, format, onColumns }: InputOptions): AsyncGenerator<RawRow> {
  const kind = format ?? formatOf(path);
  try {
    yield* kind === 'csv' ? csvRows(path, onColumns) : ndjsonRows(path, onColumns);
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

function formatOf(path: string): FormatName {
  const name = basename(path).replace(/\.gz$/i, '');
  if (/\.csv$/i.test(name)) return 'csv';
  if (/\.(ndjson|jsonl|json)$/i.test(name)) return 'ndjson';
  throw new DemoFailure(`the name ${basename(path)} does not say what is in it; add --format ndjson or --format csv`);
}

function plain(cause: unknown): string {
  const code = (cause as { code?: string }).code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES') return 'permission denied';
  return reasonOf(cause);
}

/** What a decoder has said and nobody has taken yet. */
class Heard implements RecordSink {
  private rows: RawRow[] = [];

  constructor(
    private readonly take: (value: unknown, line: number) => RawRow | undefined,
    private readonly failed: (problem: string) => void = () => {},
  ) {}

  row(value: unknown, line: number): void {
    const row = this.take(value, line);
    if (row !== undefined) this.rows.push(row);
  }

  bad(text: string, problem: string, line: number): void {
    this.failed(problem);
    this.rows.push({ line, text, problem: `the line cannot be read: ${problem}` });
  }

  splice(): readonly RawRow[] {
    const { rows } = this;
    this.rows = [];
    return rows;
  }
}

async function* decoded(path: string, format: Format, heard: Heard): AsyncGenerator<RawRow> {
  const decoder = format.decoder({ mode: 'strict' });
  for await (const bytes of bytesOf(path)) {
    decoder.push(bytes, heard);
    yield* heard.splice();
  }
  decoder.end(heard);
  yield* heard.splice();
}

type OnColumns = InputOptions['onColumns'];

function ndjsonRows(path: string, onColumns: OnColumns): AsyncGenerator<RawRow> {
  let isFirst = true;
  const heard = new Heard((value, line) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return { line, text: cut(JSON.stringify(value)), problem: 'the line is JSON, but no object' };
    }
    if (isFirst) onColumns(Object.keys(value));
    isFirst = false;
    return { line, fields: value as Record<string, unknown> };
  });
  return decoded(path, ndjson(), heard);
}

function cut(text: string): string {
  return text.length > 1000 ? `${text.slice(0, 1000)}…` : text;
}

/** The first record is the header: without it nobody knows what the others are. */
function csvRows(path: string, onColumns: OnColumns): AsyncGenerator<RawRow> {
  let header: readonly string[] | undefined;
  const heard = new Heard(
    (value, line) => {
      const cells = Object.values(value as Record<string, string | null>);
      if (header !== undefined) return { line, fields: Object.fromEntries(header.map((name, i) => [name, cells[i]])) };
      onColumns((header = cells.map((cell) => cell ?? '')));
      return undefined;
    },
    (problem) => {
      if (header === undefined) throw new DemoFailure(`the header of ${path} cannot be read: ${problem}`);
    },
  );
  return decoded(path, csv({ header: false }), heard);
}
