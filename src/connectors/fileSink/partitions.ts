import { checkOption, TidemarkError } from '../../errors';
import { digestOf, join } from './paths';

/** Longest name of a folder, in bytes; file systems take 255. */
const LONGEST = 200;
/** Hive's name for a folder without a value. Spark takes it for null, and cannot read a folder called `column=` at all. */
const NO_TEXT = '__HIVE_DEFAULT_PARTITION__';
const encoder = /* @__PURE__ */ new TextEncoder();

/**
 * Text as part of a path: everything but letters, digits, `_`, `-` and inner dots is percent-encoded, so that no value can
 * leave its folder, no two values share one, and every file system takes the name. Half a surrogate pair becomes `%uD800`.
 *
 * @example
 * ```ts
 * escapeSegment('../etc'); // => '%2E.%2Fetc'
 * escapeSegment('a b.c'); // => 'a%20b.c'
 * ```
 */
export function escapeSegment(text: string): string {
  return text.replace(/\p{Surrogate}|^\.|\.$|[^A-Za-z0-9_.-]/gu, (char) => {
    if (/\p{Surrogate}/u.test(char)) return `%u${char.charCodeAt(0).toString(16).toUpperCase()}`;
    return Array.from(encoder.encode(char), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  });
}

/**
 * `column=value`, escaped; what is longer than 200 bytes ends with `~` and a hash of the whole. Null and missing: `unknown`;
 * the empty text: `__HIVE_DEFAULT_PARTITION__`, as with Spark.
 */
export async function segmentOf(column: string, value: unknown): Promise<string> {
  const name = `${escapeSegment(column)}=${escapeValue(textOf(value))}`;
  if (name.length <= LONGEST) return name;
  const hash = (await digestOf(encoder.encode(name))).slice(0, 32);
  return `${name.slice(0, LONGEST - hash.length - 1).replace(/%u?[0-9A-F]{0,3}$/, '')}~${hash}`;
}

/** The text that is Hive's name must not be taken for it. */
function escapeValue(text: string): string {
  return text === '' ? NO_TEXT : text === NO_TEXT ? `%5F${text.slice(1)}` : escapeSegment(text);
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return 'unknown';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'unknown' : value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Rows by the folder they go to, relative to the sink's; in order of appearance. */
export async function partitioned<R>(rows: readonly R[], columns: readonly string[]): Promise<Map<string, R[]>> {
  if (columns.length === 0) return new Map(rows.length === 0 ? [] : [['', [...rows]]]);
  const known = new Map<string, string>(); // hashing and escaping once a value
  const byFolder = new Map<string, R[]>();
  for (const row of rows) {
    let folder = '';
    for (const column of columns) {
      const value = (row as Readonly<Record<string, unknown>>)[column];
      const id = `${column}\0${textOf(value)}`;
      let segment = known.get(id);
      if (segment === undefined) known.set(id, (segment = await segmentOf(column, value)));
      folder = join(folder, segment);
    }
    checkInside(folder);
    const group = byFolder.get(folder);
    if (group === undefined) byFolder.set(folder, [row]);
    else group.push(row);
  }
  return byFolder;
}

/** What the escaping promises, tested once more where it counts. */
function checkInside(folder: string): void {
  if (folder === '' || folder.split('/').every((name) => /^[^/\\.\0][^/\\\0]*$/.test(name))) return;
  throw new TidemarkError('TIDEMARK_PATH', 'a partition would leave the folder of its sink', { folder });
}

/** Checks `partitionBy`. */
export function checkColumns(columns: readonly string[]): void {
  checkOption(
    new Set(columns).size === columns.length && columns.every((name) => name !== ''),
    'partitionBy names columns, each once',
    {
      columns,
    },
  );
}
