import type { CsvDialect } from './csv';
import { SHOWN, type DecodeContext, type Decoder, type RecordSink } from './format';
import { LineSplitter, type LineConsumer } from './lines';

type Cells = readonly (string | null)[];

/** A record with quotes: its cells (`undefined`: it is no CSV), and where the next begins. */
interface Quoted {
  readonly cells: Cells | undefined;
  readonly next: number;
}

const QUOTE = '"';
/** A file whose lines end with CR alone is one record: its names. */
const LONE_CR = /\r(?!\n|$)/;

/**
 * Records of CSV from whole lines. A record without quotes is one line, split; one with quotes may go on over several.
 * What has not ended yet is kept as text and tried again when it has doubled: a hostile file costs no more than twice.
 */
export class CsvDecoder implements Decoder, LineConsumer {
  private readonly splitter: LineSplitter;
  private names: readonly string[] | undefined;
  private pending = '';
  private tryAt = 0;
  /** Lines in front of what is parsed next. */
  private line = 0;
  private blank = 0;
  private ragged = 0;
  private missing = 0;
  private out!: RecordSink;

  constructor(
    private readonly dialect: CsvDialect,
    private readonly context: DecodeContext,
  ) {
    this.splitter = new LineSplitter(dialect.maxLineBytes, this);
    if (dialect.header === false) this.names = context.columns;
    else if (dialect.header !== true) this.names = dialect.header;
  }

  push(bytes: Uint8Array, out: RecordSink): void {
    this.out = out;
    this.splitter.push(bytes);
  }

  end(out: RecordSink): void {
    this.out = out;
    this.splitter.end();
    this.flush();
  }

  get counts(): Readonly<Record<string, number>> {
    return {
      blankLines: this.blank,
      replacedCharacters: this.splitter.replaced,
      raggedRecords: this.ragged,
      missingColumns: this.missing,
    };
  }

  lines(text: string): void {
    if (this.pending !== '') {
      this.pending += text;
      if (this.pending.length < this.tryAt) return;
      text = this.pending;
    }
    const done = this.parse(text, false);
    this.pending = text.slice(done);
    this.tryAt = Math.min(2 * this.pending.length, this.dialect.maxLineBytes + 1);
  }

  giant(head: string, bytes: number): void {
    this.flush();
    this.line++;
    this.out.bad(head, `the line has ${bytes} bytes, too many`, this.line);
  }

  private flush(): void {
    const text = this.pending;
    this.pending = '';
    this.parse(text, true);
  }

  /** Takes records from the text; returns where the first that has not ended begins. */
  private parse(text: string, isAll: boolean): number {
    const { maxLineBytes, delimiter } = this.dialect;
    let quote = text.indexOf(QUOTE);
    for (let at = 0; at < text.length;) {
      if (quote >= 0 && quote < at) quote = text.indexOf(QUOTE, at);
      const end = lineEnd(text, at);
      if (quote < 0 || quote >= end) {
        this.plain(text.slice(at, end), delimiter);
        at = end + 1;
        continue;
      }
      const record = readRecord(text, at, delimiter, this.dialect.nullValue);
      if (record === undefined && !isAll && text.length - at <= maxLineBytes) return at;
      if (record === undefined || record.next - at > maxLineBytes) {
        this.line++;
        this.out.bad(shown(text, at, end), 'a quoted cell has no end, or the record is too long', this.line);
        at = end + 1;
        continue;
      }
      this.line++;
      if (record.cells === undefined) this.out.bad(shown(text, at, record.next), 'text behind a closing quote', this.line);
      else this.record(record.cells, text, at, record.next);
      this.line += newlines(text, at, record.next) - 1;
      at = record.next;
    }
    return text.length;
  }

  /** A line without quotes. */
  private plain(line: string, delimiter: string): void {
    this.line++;
    if (line.endsWith('\r')) line = line.slice(0, -1);
    if (line === '') {
      this.blank++;
      return;
    }
    const cells: (string | null)[] = line.split(delimiter);
    const { nullValue } = this.dialect;
    for (let i = 0; i < cells.length; i++) if (cells[i] === '' || cells[i] === nullValue) cells[i] = null;
    this.record(cells, line, 0, line.length);
  }

  private record(cells: Cells, text: string, from: number, to: number): void {
    if (this.names === undefined) return this.head(cells, shown(text, from, to));
    if (cells.length !== this.names.length) {
      this.ragged++;
      const message = `the record has ${cells.length} cells, and there are ${this.names.length} columns`;
      if (this.context.mode === 'strict') return this.out.bad(shown(text, from, to), message, this.line);
    }
    this.out.row(this.rowOf(cells, this.names), this.line);
  }

  private head(cells: Cells, raw: string): void {
    const names = cells.map((cell, at) => cell ?? `_c${at}`);
    if (this.dialect.header === true) this.names = names;
    else this.names = cells.map((_, at) => `_c${at}`);
    const double = names.find((name, at) => names.indexOf(name) < at);
    if (this.dialect.header !== true) this.out.row(this.rowOf(cells, this.names), this.line);
    else if (double !== undefined) this.out.bad(raw, `the column '${double}' occurs twice; the last one counts`, this.line);
    else if (LONE_CR.test(raw)) this.out.bad(raw, 'the names have a CR in them: lines end with LF or CRLF', this.line);
    if (this.dialect.header === true) this.missing += this.context.columns?.filter((name) => !names.includes(name)).length ?? 0;
  }

  private rowOf(cells: Cells, names: readonly string[]): Record<string, string | null> {
    const row: Record<string, string | null> = {};
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      let cell = cells[i] ?? null;
      if (this.dialect.formulaSafeInput && cell !== null && /^'+[=+\-@\t\r\n]/.test(cell)) cell = cell.slice(1);
      if (name === '__proto__')
        Object.defineProperty(row, name, { value: cell, enumerable: true, writable: true, configurable: true });
      else row[name] = cell;
    }
    return row;
  }
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

function shown(text: string, from: number, to: number): string {
  return text.slice(from, Math.min(to, from + SHOWN));
}

function newlines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count++;
  return count === 0 || text[to - 1] !== '\n' ? count + 1 : count;
}

/** A record with quotes in it; `undefined` when a quoted cell does not end. */
function readRecord(text: string, at: number, delimiter: string, nullValue: string | undefined): Quoted | undefined {
  const cells: (string | null)[] = [];
  for (;;) {
    let end: number;
    if (text[at] === QUOTE) {
      const close = closingQuote(text, at);
      if (close < 0) return undefined;
      cells.push(text.slice(at + 1, close).replaceAll('""', QUOTE));
      end = close + 1;
      if (text[end] === '\r' && (end + 1 === text.length || text[end + 1] === '\n')) end++;
      if (end < text.length && text[end] !== delimiter && text[end] !== '\n') {
        return { cells: undefined, next: lineEnd(text, end) + 1 };
      }
    } else {
      end = cellEnd(text, at, delimiter);
      const isLast = text[end] !== delimiter;
      const cell = text.slice(at, isLast && text[end - 1] === '\r' && end > at ? end - 1 : end);
      cells.push(cell === '' || cell === nullValue ? null : cell);
    }
    if (text[end] !== delimiter) return { cells, next: Math.min(end + 1, text.length) };
    at = end + 1;
  }
}

function cellEnd(text: string, at: number, delimiter: string): number {
  while (at < text.length && text[at] !== delimiter && text[at] !== '\n') at++;
  return at;
}

/** Index of the quote that closes the cell which opens at `at`; two quotes are one inside it. */
function closingQuote(text: string, at: number): number {
  for (at = text.indexOf(QUOTE, at + 1); at >= 0 && text[at + 1] === QUOTE; at = text.indexOf(QUOTE, at + 2));
  return at;
}
