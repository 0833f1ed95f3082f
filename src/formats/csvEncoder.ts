import { TidemarkError } from '../errors';
import type { CsvDialect } from './csv';
import type { RowEncoder } from './format';
import { jsonText } from './ndjson';

/** Also behind `'` that are there already, so that what is put in front can be taken away again. */
const FORMULA = /^'*[=+\-@\t\r\n]/;

/** Rows as records of RFC 4180, with CRLF. */
export class CsvEncoder implements RowEncoder {
  private columns: readonly string[] | undefined;
  private known: ReadonlySet<string> = new Set();
  private hasHead = false;
  private readonly special: RegExp;

  constructor(private readonly dialect: CsvDialect) {
    this.columns = dialect.columns ?? (Array.isArray(dialect.header) ? (dialect.header as readonly string[]) : undefined);
    this.special = new RegExp(`["\\r\\n]|^[ \\t]|[ \\t]$|${dialect.delimiter.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`);
  }

  encode(rows: readonly unknown[]): string {
    const columns = (this.columns ??= rows.length > 0 ? Object.keys(rows[0] as object) : undefined);
    if (columns === undefined) return '';
    let text = this.head(columns);
    for (const row of rows) text += this.record(row as Record<string, unknown>, columns);
    return text;
  }

  private head(columns: readonly string[]): string {
    if (this.hasHead) return '';
    this.hasHead = true;
    this.known = new Set(columns);
    return this.dialect.header === false ? '' : this.line(columns.map((name) => this.text(name)));
  }

  private record(row: Record<string, unknown>, columns: readonly string[]): string {
    for (const name of Object.keys(row)) if (!this.known.has(name)) throw unknownColumn(name, columns);
    return this.line(columns.map((name) => (Object.hasOwn(row, name) ? this.cell(row[name]) : this.cell(null))));
  }

  /** A line of nothing would be read over as blank. */
  private line(cells: readonly string[]): string {
    const line = cells.join(this.dialect.delimiter);
    return `${line === '' ? '""' : line}\r\n`;
  }

  private cell(value: unknown): string {
    if (value === null || value === undefined) return this.dialect.nullValue ?? '';
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'object') return this.text(value instanceof Date ? dateText(value) : jsonText(value));
    if (typeof value === 'function' || typeof value === 'symbol') {
      throw new TidemarkError('TIDEMARK_FORMAT', `a ${typeof value} cannot be written as a cell of CSV`);
    }
    const plain = Object.is(value, -0) ? '-0' : String(value);
    return this.special.test(plain) ? quoted(plain) : plain;
  }

  private text(value: string): string {
    const { formulaSafe, nullValue } = this.dialect;
    const safe = formulaSafe && FORMULA.test(value) ? `'${value}` : value;
    return safe === '' || safe === nullValue || this.special.test(safe) ? quoted(safe) : safe;
  }
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

/** An invalid Date has no ISO text. */
function dateText(date: Date): string {
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

function unknownColumn(name: string, columns: readonly string[]): TidemarkError {
  const message = `a row has the column '${name}', which the head of the file lacks; name all columns in csv({ columns })`;
  return new TidemarkError('TIDEMARK_FORMAT', message, { column: name, columns });
}
