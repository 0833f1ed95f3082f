import { checkOption, TidemarkError } from '../errors';
import { MAX_LINE_BYTES, SHOWN, type Decoder, type Format, type RecordSink, type RowEncoder } from './format';
import { jsonReader, type JsonOptions, type JsonReader } from './json';
import { LineSplitter, type LineConsumer } from './lines';

/** Options of `ndjson`. */
export interface NdjsonOptions extends JsonOptions {
  /** Longer lines are bad records, and reading goes on behind them; default 16 MiB. They are never held in memory. */
  readonly maxLineBytes?: number;
}

/**
 * The format of one JSON text a line.
 *
 * Reading: lines end with LF or CRLF, the last perhaps with nothing; a byte order mark and blank lines are read over;
 * bytes that are no UTF-8 become U+FFFD, counted. A line that is no JSON, too long or too deep is a bad record with its
 * first 1 KiB and its number, and the next line is read. Of equal keys the last counts. `__proto__` is a name like any other.
 *
 * Writing: as `JSON.stringify`: NaN and infinities become null (Spark writes them as text), Dates ISO text; bigints are text
 * with their digits, so that no reader rounds them (Spark reads them by a schema that says string), Maps objects and Sets
 * lists.
 *
 * Cost: little more than `JSON.parse` of the lines; memory: one line and one piece.
 * @param options - `maxLineBytes`, `maxDepth` (default 64), `bigIntegers` (default `'number'`)
 * @returns a format for `fileSource` and `fileSink`
 * @throws `TIDEMARK_OPTION` for a limit out of range; `TIDEMARK_FORMAT` when a row cannot be written as JSON, or keys of a Map
 * are no names
 * @example
 * ```ts
 * ndjson().encoder().encode([{ a: 1, at: new Date(0) }, { b: 2n }]); // => '{"a":1,"at":"1970-01-01T00:00:00.000Z"}\n{"b":"2"}\n'
 * ```
 */
export function ndjson(options: NdjsonOptions = {}): Format {
  const { maxLineBytes = MAX_LINE_BYTES } = options;
  checkOption(Number.isInteger(maxLineBytes) && maxLineBytes > 0, 'maxLineBytes is a whole number above 0', { maxLineBytes });
  const read = jsonReader(options);
  return {
    name: 'ndjson',
    extension: '.ndjson',
    isText: false,
    hasHead: false,
    description: { ...options },
    decoder: () => new NdjsonDecoder(maxLineBytes, read),
    encoder: () => ENCODER,
  };
}

class NdjsonDecoder implements Decoder, LineConsumer {
  private readonly splitter: LineSplitter;
  private line = 0;
  private blank = 0;
  private out!: RecordSink;

  constructor(
    maxLineBytes: number,
    private readonly read: JsonReader,
  ) {
    this.splitter = new LineSplitter(maxLineBytes, this);
  }

  push(bytes: Uint8Array, out: RecordSink): void {
    this.out = out;
    this.splitter.push(bytes);
  }

  end(out: RecordSink): void {
    this.out = out;
    this.splitter.end();
  }

  get counts(): Readonly<Record<string, number>> {
    return { blankLines: this.blank, replacedCharacters: this.splitter.replaced };
  }

  lines(text: string): void {
    for (let at = 0; at < text.length;) {
      let end = text.indexOf('\n', at);
      if (end < 0) end = text.length;
      this.record(text.slice(at, end));
      at = end + 1;
    }
  }

  private record(text: string): void {
    this.line++;
    let value: unknown;
    try {
      value = this.read(text);
    } catch (cause) {
      if (isBlank(text)) this.blank++;
      else this.out.bad(text.slice(0, SHOWN), (cause as Error).message, this.line);
      return;
    }
    this.out.row(value, this.line);
  }

  giant(head: string, bytes: number): void {
    this.line++;
    this.out.bad(head, `the line has ${bytes} bytes, too many`, this.line);
  }
}

/** Only what JSON calls white space: a line with a NUL in it is not blank. */
function isBlank(text: string): boolean {
  return /^[ \t\r]*$/.test(text);
}

const ENCODER: RowEncoder = {
  encode(rows) {
    let text = '';
    for (const row of rows) text += `${jsonText(row)}\n`;
    return text;
  },
};

/** One line of JSON. */
export function jsonText(row: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(row);
    if (text?.includes('{}') === true) text = stringifyAll(row); // what a Map or a Set becomes, and no data but empty objects
  } catch {
    text = stringifyAll(row);
  }
  if (text === undefined) throw new TidemarkError('TIDEMARK_FORMAT', `a row that is ${typeof row} cannot be written as JSON`);
  return text;
}

/** `JSON.stringify` refuses bigints and empties Maps and Sets; a replacer is slow, so it is only used where one may be. */
function stringifyAll(row: unknown): string | undefined {
  try {
    return JSON.stringify(row, (_name, value: unknown) => {
      if (typeof value === 'bigint') return String(value);
      if (value instanceof Set) return [...value];
      return value instanceof Map ? objectOf(value) : value;
    });
  } catch (cause) {
    throw new TidemarkError('TIDEMARK_FORMAT', 'a row cannot be written as JSON', {}, { cause });
  }
}

/** Names are text: keys that would not come back, or have the name of another, are refused. */
function objectOf(map: ReadonlyMap<unknown, unknown>): unknown {
  const named = Object.fromEntries(map);
  const isNamed = [...map.keys()].every((key) => key === null || typeof key !== 'object');
  if (!isNamed || Object.keys(named).length < map.size) throw new TypeError('keys of a Map are no names, or have one name');
  return named;
}
