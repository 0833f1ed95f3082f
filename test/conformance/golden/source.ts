import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { orderNullsLast } from '../query/compare';
import { Columns, type Row } from '../query/columns';
import type { Table } from '../query/operators';
import {
  either,
  flag,
  isRecord,
  list,
  listOf,
  malformed,
  maybe,
  object,
  oneOf,
  preview,
  someOf,
  text,
  type Shape,
  type Shaped,
} from '../shape';
import { CONVERSIONS, type ColumnType } from './types';

const NPM = 'npm:';

const column: Shape<readonly [name: string, type: ColumnType, source: string]> = (value, at) => {
  const [name, type, source, ...more] = list(value, at);
  if (more.length > 0) malformed(at, '[name, type, source] expected');
  const known = oneOf('long', 'double', 'string', 'boolean', 'timestamp', 'datetime')(type, at);
  return [text(name, at), known, source === undefined ? text(name, at) : text(source, at)];
};

const oneOrMore = either<string, readonly string[]>(text, someOf(text), (value) => !Array.isArray(value));

/** A source of a golden case: a file, or inline rows. */
export const sourceShape = object({
  file: maybe(oneOrMore),
  base: maybe(text),
  format: maybe(oneOf('csv', 'ndjson', 'json')),
  gzip: maybe(flag),
  rowsAt: maybe(text),
  columns: someOf(column),
  time: maybe(text),
  fileColumn: maybe(text),
  rowNumber: maybe(text),
  sortBy: maybe(oneOrMore),
  arrival: maybe(text),
  rows: maybe(listOf(list)),
});
export type SourceSpec = Shaped<typeof sourceShape>;

type Reader = (content: string, spec: SourceSpec, at: string) => readonly unknown[];

const READERS: Readonly<Record<NonNullable<SourceSpec['format']>, Reader>> = {
  csv: (content) => csvRows(content),
  ndjson: (content) => content.split('\n').flatMap((line): unknown[] => (line.trim() === '' ? [] : [JSON.parse(line)])),
  json: (content, { rowsAt }, at) => list(rowsAt === undefined ? JSON.parse(content) : pathOf(JSON.parse(content), rowsAt), at),
};

export function csvRows(content: string): readonly Readonly<Record<string, string>>[] {
  return parse(content, { columns: true, bom: true, skip_empty_lines: true });
}

function pathOf(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((part, name) => (isRecord(part) ? part[name] : undefined), value);
}

export function columnNames({ columns, fileColumn, rowNumber }: SourceSpec): readonly string[] {
  return [...columns.map(([name]) => name), ...[fileColumn, rowNumber].filter((name) => name !== undefined)];
}

/** Loads the rows of a source: all of them, in the order of arrival. */
export function load(spec: SourceSpec, root: string, at: string): Table {
  const columns = new Columns(columnNames(spec));
  const { rows, file, sortBy = [] } = spec;
  if ((rows === undefined) === (file === undefined)) malformed(at, 'file or rows expected');
  const loaded =
    rows === undefined
      ? filesOf(spec).flatMap((name) => fileRows(spec, name, root, at))
      : rows.map((row) => inlineRow(row, spec, at));
  const by = typeof sortBy === 'string' ? [sortBy] : sortBy;
  columns.check(...by, ...(spec.arrival === undefined ? [] : [spec.arrival]));
  return { columns: columns.names, rows: by.length === 0 ? loaded : sorted(loaded, by) };
}

function filesOf({ file = [] }: SourceSpec): readonly string[] {
  return typeof file === 'string' ? [file] : file;
}

function sorted(rows: readonly Row[], by: readonly string[]): readonly Row[] {
  const compare = (a: Row, b: Row): number => by.reduce((found, name) => found || orderNullsLast(a[name], b[name], 'asc'), 0);
  return [...rows].sort(compare);
}

function inlineRow(values: readonly unknown[], { columns }: SourceSpec, at: string): Row {
  if (values.length !== columns.length) malformed(at, `a row of ${columns.length} values expected, not ${preview(values)}`);
  return Object.fromEntries(columns.map(([name, type], i) => [name, CONVERSIONS[type](values[i], `${at}, ${name}`)]));
}

function fileRows(spec: SourceSpec, name: string, root: string, at: string): readonly Row[] {
  const { format, columns, fileColumn, rowNumber } = spec;
  if (format === undefined) malformed(at, `field 'format' is missing`);
  const raw = rawRows(spec, format as 'csv', name, root, at);
  const isCsv = format === 'csv';
  return raw.map((given, i) => {
    const row: Record<string, unknown> = {};
    for (const [target, type, source] of columns) {
      const value = isCsv ? csvCell(given, source, at) : pathOf(given, source);
      row[target] = CONVERSIONS[type](value, `${at}, ${name}, row ${i}, ${source}`);
    }
    if (fileColumn !== undefined) row[fileColumn] = name;
    if (rowNumber !== undefined) row[rowNumber] = i;
    return row;
  });
}

/** The last files that were read: the cases of a suite read the same ones again and again. */
const CACHE = new Map<string, readonly unknown[]>();
const CACHED = 16;

function rawRows(
  spec: SourceSpec,
  format: NonNullable<SourceSpec['format']>,
  name: string,
  root: string,
  at: string,
): readonly unknown[] {
  const path = fileAt(spec.base === undefined ? name : `${spec.base}/${name}`, root, at);
  const identity = JSON.stringify([path, format, spec.gzip, spec.rowsAt]);
  const rows = CACHE.get(identity) ?? READERS[format](contentOf(path, spec.gzip), spec, at);
  CACHE.delete(identity);
  CACHE.set(identity, rows);
  if (CACHE.size > CACHED) CACHE.delete(CACHE.keys().next().value as string);
  return rows;
}

function csvCell(row: unknown, source: string, at: string): unknown {
  const cells = row as Readonly<Record<string, string>>;
  return Object.hasOwn(cells, source) ? cells[source] : malformed(at, `the file has no column '${source}'`);
}

function contentOf(path: string, gzip = false): string {
  const bytes = readFileSync(path);
  return (gzip ? gunzipSync(bytes) : bytes).toString('utf8');
}

/** A file of the data root, or of an installed npm package. */
export function fileAt(name: string, root: string, at: string): string {
  const path = name.startsWith(NPM) ? packageFile(name.slice(NPM.length), at) : resolve(root, name);
  return existsSync(path) && statSync(path).isFile() ? path : malformed(at, `there is no file '${name}'`);
}

function packageFile(name: string, at: string): string {
  const [, wanted, path] = /^((?:@[^/]+\/)?[^/]+)\/(.+)$/.exec(name) ?? [];
  if (wanted === undefined || path === undefined) return malformed(at, `no file of a package: '${name}'`);
  const folder = packageFolder(wanted) ?? malformed(at, `the package '${wanted}' is not installed`);
  return join(folder, path);
}

/** The folder of an installed package, whatever it exports: from here and from the working directory upwards. */
function packageFolder(name: string): string | undefined {
  for (const from of [dirname(fileURLToPath(import.meta.url)), process.cwd()]) {
    const parts = from.split(sep);
    for (let depth = parts.length; depth > 0; depth--) {
      const folder = join(parts.slice(0, depth).join(sep) || sep, 'node_modules', name);
      if (existsSync(join(folder, 'package.json'))) return folder;
    }
  }
  return undefined;
}

/** `npm:PACKAGE@VERSION`: is exactly that installed? */
export function isInstalled(needs: string, at: string): boolean {
  const [, name, version] = /^npm:((?:@[^/@]+\/)?[^/@]+)@([^@]+)$/.exec(needs) ?? [];
  if (name === undefined || version === undefined) return malformed(at, `npm:PACKAGE@VERSION expected, not '${needs}'`);
  const folder = packageFolder(name);
  if (folder === undefined) return false;
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly version?: string }).version === version;
}
