/**
 * Every error tidemark raises, by its stable code. Tests and callers match on the code, never on the message.
 *
 * - `TIDEMARK_OPTION`: an argument is out of range or of the wrong type (thrown where the operator is called)
 * - `TIDEMARK_DURATION`: a duration cannot be read, or has months or years in it
 * - `TIDEMARK_KEY_TYPE`: a value that has no identity (function, symbol) was used as a key
 * - `TIDEMARK_NAME_CLASH`: two result columns would have the same name
 * - `TIDEMARK_UNTIMED`: an operator that needs event time stands on a stream without it
 * - `TIDEMARK_CHANGE_STREAM`: an append-only operator stands on a ChangeStream
 * - `TIDEMARK_WATERMARK_REDEFINED`: a second `withWatermark` on one stream
 * - `TIDEMARK_DEDUP_UNBOUNDED`: dropDuplicates over columns without the event time, and no remedy chosen
 * - `TIDEMARK_FOREIGN_MERGE`: elements of two edges met, or some were lost or repeated, in a foreign RxJS operator
 * - `TIDEMARK_CONTEXT_LOST`: a stream inside a run lost the run's context in a foreign RxJS operator
 * - `TIDEMARK_FOREIGN_ELEMENT`: something that is no tidemark element arrived where one was expected
 * - `TIDEMARK_PER_ROW`: an operator inside `perRow` was not synchronous and stateless
 * - `TIDEMARK_USER_FUNCTION`: a user's function threw; `details` has `operator`, `time` and `row`, `cause` the original
 * - `TIDEMARK_TIMEOUT`: asynchronous work in `mapAsync` took longer than its timeout
 * - `TIDEMARK_STATE`: a snapshot does not fit the operator it is restored into
 * - `TIDEMARK_DUPLICATE_ID`: two stateful operators of one pipeline have the same id
 * - `TIDEMARK_OVERFLOW`: a bounded buffer is full, or an integer result cannot be represented
 * - `TIDEMARK_DATA_LOSS`: a source no longer holds what the query has to read
 * - `TIDEMARK_SOURCE_CHANGED`: what was planned to be read is not what is there now: a file was rewritten or cut short
 * - `TIDEMARK_SOURCE`: a source cannot be reached, or gave something that is no data
 * - `TIDEMARK_UNSUPPORTED`: something tidemark leaves to others; the message says to whom
 * - `TIDEMARK_FORMAT`: a row cannot be written in the format of a sink
 * - `TIDEMARK_PROTOCOL`: tidemark broke its own rules; please report it
 */
export type TidemarkErrorCode =
  | 'TIDEMARK_OPTION'
  | 'TIDEMARK_DURATION'
  | 'TIDEMARK_KEY_TYPE'
  | 'TIDEMARK_NAME_CLASH'
  | 'TIDEMARK_UNTIMED'
  | 'TIDEMARK_CHANGE_STREAM'
  | 'TIDEMARK_WATERMARK_REDEFINED'
  | 'TIDEMARK_DEDUP_UNBOUNDED'
  | 'TIDEMARK_FOREIGN_MERGE'
  | 'TIDEMARK_CONTEXT_LOST'
  | 'TIDEMARK_FOREIGN_ELEMENT'
  | 'TIDEMARK_PER_ROW'
  | 'TIDEMARK_USER_FUNCTION'
  | 'TIDEMARK_TIMEOUT'
  | 'TIDEMARK_STATE'
  | 'TIDEMARK_DUPLICATE_ID'
  | 'TIDEMARK_OVERFLOW'
  | 'TIDEMARK_DATA_LOSS'
  | 'TIDEMARK_SOURCE_CHANGED'
  | 'TIDEMARK_SOURCE'
  | 'TIDEMARK_UNSUPPORTED'
  | 'TIDEMARK_FORMAT'
  | 'TIDEMARK_PROTOCOL';

/** An error with a stable `code` and, in `details`, the values it speaks of. */
export class TidemarkError extends Error {
  override readonly name = 'TidemarkError';
  readonly code: TidemarkErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: TidemarkErrorCode, message: string, details: Record<string, unknown> = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** True for an error of this library, also of another copy of it (ESM beside CJS). */
export function isTidemarkError(cause: unknown): cause is TidemarkError {
  return cause instanceof Error && String((cause as Partial<TidemarkError>).code).startsWith('TIDEMARK_');
}

/** What a user's function threw after state may have been touched (internal). */
export class StateTouched extends Error {
  constructor(override readonly cause: unknown) {
    super('state may have been touched');
  }
}

/** Throws `TIDEMARK_OPTION` unless the condition holds. */
export function checkOption(condition: boolean, message: string, details: Record<string, unknown> = {}): asserts condition {
  if (!condition) throw new TidemarkError('TIDEMARK_OPTION', message, details);
}
