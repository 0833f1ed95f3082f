import { checkOption } from '../../errors';
import type { Format } from '../../formats/format';
import type { SchemaMode } from '../../schema/rowReader';
import { isSchema } from '../../schema/schema';
import type { StandardSchema } from '../../schema/standard';
import { parsePositive, type Duration } from '../../time/duration';

/** Options of `fileSource`. */
export interface FileSourceOptions<T, M extends SchemaMode = 'strict'> {
  /** A folder whose files are read, or one file. */
  readonly path: string;
  readonly format: Format;
  /** Made by `schema({ … })`, zod, valibot, …; `'unchecked'`: rows are taken as the format gives them. */
  readonly schema: StandardSchema<T> | 'unchecked';
  /** What becomes of rows that do not fit the schema: rejected as `invalid` (strict, default), or bad fields null. */
  readonly mode?: M;
  /** At most so many files in a batch; default 1,000. */
  readonly maxFilesPerTrigger?: number;
  /** At most so many bytes in a batch, but at least one file; default: no limit. */
  readonly maxBytesPerTrigger?: number;
  /** Newest files first; default false. */
  readonly latestFirst?: boolean;
  /** Files of the same name in different folders are the same file; default false. */
  readonly fileNameOnly?: boolean;
  /** Looks into folders of the folder too; default false. */
  readonly recursive?: boolean;
  /** Which files are read, by path below the folder. Hidden and temporary names never are. */
  readonly accept?: (name: string) => boolean;
  /**
   * A file is read when its size and time were the same in so many listings after the first, or were last changed 10
   * seconds ago. Default 1. 0 only where files appear whole, by a rename.
   */
  readonly settle?: number;
  /** `path` is one file that grows: what is appended is read, up to the last line end. Default false. */
  readonly tail?: boolean;
  /** What is there at the start is all there will be: windows may close for good. Default false. */
  readonly endOfData?: boolean;
  /** What happens when a planned file is not what it was any more: the query fails (default), or goes on without it. */
  readonly onChanged?: 'fail' | 'skip';
  /** How often a query that waits looks for files; default 1 second. */
  readonly pollEvery?: Duration;
}

/** The options, checked, with their defaults. */
export interface FileSettings {
  readonly path: string;
  readonly format: Format;
  readonly schema: StandardSchema | undefined;
  readonly mode: SchemaMode;
  readonly maxFiles: number;
  readonly maxBytes: number;
  readonly latestFirst: boolean;
  readonly fileNameOnly: boolean;
  readonly recursive: boolean;
  readonly accept: (name: string) => boolean;
  readonly settle: number;
  readonly tail: boolean;
  readonly endOfData: boolean;
  readonly skipChanged: boolean;
  readonly pollEveryMs: number;
  /** Names of columns, for formats that do not say them. */
  readonly columns: readonly string[] | undefined;
}

export function fileSettings<T>(options: FileSourceOptions<T, SchemaMode>): FileSettings {
  const { path, format, schema, mode = 'strict', maxFilesPerTrigger = 1000, maxBytesPerTrigger = Infinity, settle = 1 } = options;
  checkOption(typeof path === 'string' && path !== '', 'fileSource needs a path');
  checkOption(typeof format?.decoder === 'function', 'fileSource needs a format: ndjson(), csv()');
  checkOption(
    schema !== undefined && schema !== null,
    `fileSource needs a schema: schema({ … }); 'unchecked' takes rows as they are`,
  );
  checkLimit('maxFilesPerTrigger', maxFilesPerTrigger);
  checkLimit('maxBytesPerTrigger', maxBytesPerTrigger);
  checkOption(Number.isInteger(settle) && settle >= 0, 'settle is a number of listings', { settle });
  const { onChanged = 'fail' } = options;
  checkOption(onChanged === 'fail' || onChanged === 'skip', `onChanged is 'fail' or 'skip'`, { onChanged });
  return {
    path,
    format,
    schema: schema === 'unchecked' ? undefined : schema,
    mode,
    maxFiles: maxFilesPerTrigger,
    maxBytes: maxBytesPerTrigger,
    latestFirst: options.latestFirst ?? false,
    fileNameOnly: options.fileNameOnly ?? false,
    recursive: options.recursive ?? false,
    accept: options.accept ?? (() => true),
    settle,
    tail: options.tail ?? false,
    endOfData: options.endOfData ?? false,
    skipChanged: onChanged === 'skip',
    pollEveryMs: parsePositive(options.pollEvery ?? 1000, 'pollEvery'),
    columns: schema !== 'unchecked' && isSchema(schema) ? schema.columns : undefined,
  };
}

function checkLimit(name: string, value: number): void {
  checkOption(value === Infinity || (Number.isInteger(value) && value > 0), `${name} is a whole number above 0`, {
    [name]: value,
  });
}

/** For progress and `explain()`. */
export function describeFiles(settings: FileSettings): Readonly<Record<string, unknown>> {
  const { path, format, mode, maxFiles, maxBytes, latestFirst, settle, tail, endOfData } = settings;
  const isUnlimited = maxFiles === Infinity && maxBytes === Infinity && !tail;
  const limits = { maxFilesPerTrigger: maxFiles, ...(maxBytes === Infinity ? {} : { maxBytesPerTrigger: maxBytes }) };
  return {
    path,
    format: format.name,
    mode,
    ...limits,
    latestFirst,
    settle,
    tail,
    endOfData,
    ...(isUnlimited && { limited: false }),
  };
}
