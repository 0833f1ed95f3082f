import { checkOption } from '../errors';
import { CsvDecoder } from './csvDecoder';
import { CsvEncoder } from './csvEncoder';
import { MAX_LINE_BYTES, type Format } from './format';

/** Options of `csv`. */
export interface CsvOptions {
  /**
   * Reading: `true` (default): the first record has the names; `false`: there are none, the schema's columns in order;
   * a list: the names. Writing: is a line with the names written?
   */
  readonly header?: boolean | readonly string[];
  /** One character; default `,`. */
  readonly delimiter?: string;
  /** The text of a null, besides an empty cell without quotes; default: none. Written for null too. */
  readonly nullValue?: string;
  /** Longer records are bad, and reading goes on behind their first line; default 16 MiB. */
  readonly maxLineBytes?: number;
  /** Writing: the columns, in order; default: those of the first row. */
  readonly columns?: readonly string[];
  /** Writing: text that a spreadsheet would take for a formula gets a `'` in front; default true. */
  readonly formulaSafe?: boolean;
  /** Reading: takes away the `'` that `formulaSafe` put there; default false. */
  readonly formulaSafeInput?: boolean;
}

/** The options with their defaults. */
export type CsvDialect = Required<Omit<CsvOptions, 'columns' | 'nullValue'>> & Pick<CsvOptions, 'columns' | 'nullValue'>;

/**
 * The format of comma-separated values, RFC 4180.
 *
 * Reading: cells are text, an empty cell without quotes is null; a schema turns them into numbers, booleans and times
 * (blanks around fractions and times are left out, and `""` is null where no text is due, as in Spark). Columns go by the
 * names of the header, letter by letter, not by their place as in Spark; columns of the schema that it lacks are null and
 * counted (`missingColumns`). Lines end with LF or CRLF; names with a lone CR in them are a bad record. A quote inside a
 * cell that does not begin with one is an ordinary character. A record with text behind a closing quote, with an opening
 * quote that nothing closes, too long, or (in strict mode) with more or fewer cells than the header is a bad record; in
 * permissive mode cells are filled up with null or left out, counted.
 *
 * Writing: null is an empty cell, the empty text `""`; Dates are ISO text, objects JSON. Text beginning with `=`, `+`,
 * `-`, `@`, tab or CR, or with `'` and one of these, gets a `'` in front (`formulaSafe`); numbers are written as numbers.
 * Where a record is one null it is `""`, too: an empty line is none.
 *
 * Spark reads this with `multiLine` and `escape` set to `"`, and takes `""` for null; with that `escape` it also writes what
 * is read here (by default it puts a backslash in front of a quote, which is a bad record here).
 *
 * Cost: O(1) per character; memory: one record and one piece. Source: RFC 4180; OWASP, CSV injection.
 * @param options - `header`, `delimiter`, `nullValue`, `maxLineBytes`, `columns`, `formulaSafe`, `formulaSafeInput`
 * @returns a format for `fileSource` and `fileSink`
 * @throws `TIDEMARK_OPTION` for an option out of range; `TIDEMARK_FORMAT` when a row has a column that the head lacks
 * @example
 * ```ts
 * csv().encoder().encode([{ name: 'a, "b"', n: -5 }, { name: '=1+1', n: null }]); // => 'name,n\r\n"a, ""b""",-5\r\n\'=1+1,\r\n'
 * ```
 */
export function csv(options: CsvOptions = {}): Format {
  const dialect: CsvDialect = {
    header: true,
    delimiter: ',',
    maxLineBytes: MAX_LINE_BYTES,
    formulaSafe: true,
    formulaSafeInput: false,
    ...options,
  };
  const { delimiter, maxLineBytes } = dialect;
  checkOption(delimiter.length === 1 && !/["\r\n]/.test(delimiter), 'delimiter is one character, no quote or line end', {
    delimiter,
  });
  checkOption(Number.isInteger(maxLineBytes) && maxLineBytes > 0, 'maxLineBytes is a whole number above 0', { maxLineBytes });
  return {
    name: 'csv',
    extension: '.csv',
    isText: true,
    hasHead: dialect.header === true,
    description: { ...options },
    decoder: (context) => new CsvDecoder(dialect, context),
    encoder: () => new CsvEncoder(dialect),
  };
}
