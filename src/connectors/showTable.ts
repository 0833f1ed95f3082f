import { formatTime } from '../time/eventTime';
import { safeText } from './safeText';

/** How a table is shown. */
export interface ShowOptions {
  /** Rows shown at most; default 20. */
  readonly numRows?: number;
  /** Longest value: so many characters, `true` for 20, `false` for whole values, which then stand on the left. Default true. */
  readonly truncate?: boolean | number;
  /** Columns in their order. Default: those of the rows, in order of appearance. */
  readonly columns?: readonly string[];
}

/**
 * Rows as a table of text, as Spark's `show` prints them: values cut to 20 characters and set to the right, or whole and to
 * the left with `truncate: false`; names are never cut; null is `NULL`. Control characters are escaped, wide characters count
 * twice. Other than Spark's: numbers as JavaScript writes them, times of Dates and windows as ISO text in UTC.
 *
 * @example
 * ```ts
 * showTable([{ word: 'dog', count: 3 }, { word: null, count: 1 }]).split('\n');
 * // five lines and a ruler
 * showTable([{ word: 'dog' }]).split('\n')[3]; // => '| dog|'
 * ```
 */
export function showTable(rows: readonly unknown[], options: ShowOptions = {}): string {
  const { numRows = 20, truncate = true, columns = columnsOf(rows.slice(0, numRows)) } = options;
  const limit = truncate === true ? 20 : Number(truncate);
  const cell = (value: unknown, column: string): string => cut(safeText(textOf(value, column)), limit);
  const lines = [columns.map(safeText)];
  for (const row of rows.slice(0, numRows)) lines.push(columns.map((name) => cell(valueOf(row, name), name)));
  const widths = columns.map((_, i) => Math.max(3, ...lines.map((line) => widthOf(line[i] ?? ''))));
  const ruler = `+${widths.map((width) => '-'.repeat(width)).join('+')}+`;
  const draw = (line: readonly string[]): string =>
    `|${line.map((text, i) => padded(text, widths[i] ?? 0, limit > 0)).join('|')}|`;
  const [head, ...body] = lines.map(draw);
  const more = rows.length > numRows ? [`only showing top ${numRows} row${numRows === 1 ? '' : 's'}`] : [];
  return [ruler, head, ruler, ...body, ruler, ...more].join('\n');
}

/** The columns of rows, in order of appearance; rows that are no objects have one, `value`. */
export function columnsOf(rows: readonly unknown[]): string[] {
  const names = new Set<string>();
  for (const row of rows) for (const name of isRecord(row) ? Object.keys(row) : ['value']) names.add(name);
  return [...names];
}

function valueOf(row: unknown, column: string): unknown {
  return isRecord(row) ? row[column] : column === 'value' ? row : undefined;
}

function isRecord(row: unknown): row is Readonly<Record<string, unknown>> {
  return typeof row === 'object' && row !== null && !Array.isArray(row) && !(row instanceof Date);
}

/** Deeper values, and so circular ones, are not shown. */
const DEPTH = 8;

function textOf(value: unknown, column: string, depth = 0): string {
  if (value === null || value === undefined) return 'NULL';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (column === 'window' && isRecord(value) && typeof value.start === 'number' && typeof value.end === 'number') {
    return `{${formatTime(value.start)}, ${formatTime(value.end)}}`;
  }
  if (typeof value !== 'object') return String(value);
  if (depth === DEPTH) return '…';
  const inner = (one: unknown): string => textOf(one, '', depth + 1);
  if (Array.isArray(value)) return `[${value.map(inner).join(', ')}]`;
  if (value instanceof Map) return `{${[...value].map(([key, one]) => `${inner(key)} -> ${inner(one)}`).join(', ')}}`;
  return `{${Object.values(value).map(inner).join(', ')}}`;
}

function cut(text: string, limit: number): string {
  const chars = [...text];
  if (limit <= 0 || chars.length <= limit) return text;
  return limit < 4 ? chars.slice(0, limit).join('') : `${chars.slice(0, limit - 3).join('')}...`;
}

/** East Asian wide and full-width characters, and pictures, take two places. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += WIDE.test(char) ? 2 : 1;
  return width;
}

function padded(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return right ? space + text : text + space;
}
