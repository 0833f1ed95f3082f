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
 * - `TIDEMARK_EVENT_TIMES`: an operator would have to judge rows by two event times
 * - `TIDEMARK_DEDUP_UNBOUNDED`: dropDuplicates over columns without the event time, and no remedy chosen
 * - `TIDEMARK_JOIN_UNBOUNDED`: a join whose rows would wait for ever, or whose unmatched rows could never be told
 * - `TIDEMARK_TABLE`: the table of a broadcast join could not be loaded
 * - `TIDEMARK_FOREIGN_MERGE`: elements of two edges met, or some were lost or repeated, in a foreign RxJS operator
 * - `TIDEMARK_CONTEXT_LOST`: a stream inside a run lost the run's context in a foreign RxJS operator
 * - `TIDEMARK_FOREIGN_ELEMENT`: something that is no tidemark element arrived where one was expected
 * - `TIDEMARK_PER_ROW`: an operator inside `perRow` was not synchronous and stateless
 * - `TIDEMARK_USER_FUNCTION`: a user's function threw; `details` has `operator`, `time` and `row`, `cause` the original
 * - `TIDEMARK_TIMEOUT`: asynchronous work in `mapAsync` took longer than its timeout
 * - `TIDEMARK_SCHEMA`: state does not fit the schema it is read with; `details` has `operator`, `key` and `column`
 * - `TIDEMARK_STATE`: a snapshot does not fit the operator it is restored into
 * - `TIDEMARK_DUPLICATE_ID`: two stateful operators of one pipeline have the same id
 * - `TIDEMARK_OVERFLOW`: a bounded buffer is full, or an integer result cannot be represented
 * - `TIDEMARK_DATA_LOSS`: a source no longer holds what the query has to read
 * - `TIDEMARK_SOURCE_CHANGED`: what was planned to be read is not what is there now: a file was rewritten or cut short
 * - `TIDEMARK_SOURCE`: a source cannot be reached, or gave something that is no data
 * - `TIDEMARK_KEYED_STATE`: a call on keyed state, timers or timeouts that is not allowed there; `details.reason` says why
 * - `TIDEMARK_OUTPUT_MODE`: the output mode does not fit the pipeline or the sink; the message says what to do
 * - `TIDEMARK_UNSUPPORTED`: something tidemark leaves to others; the message says to whom
 * - `TIDEMARK_FORMAT`: a row cannot be written in the format of a sink
 * - `TIDEMARK_STATE_VALUE`: a value in the state or in staged rows cannot be written down (function, symbol, class instance)
 * - `TIDEMARK_STATE_INCOMPATIBLE`: state was written by an operator of another type or schema, and nothing migrates it
 * - `TIDEMARK_STATE_DROPPED`: the checkpoint holds state of an operator that the query no longer has
 * - `TIDEMARK_CHECKPOINT_IN_USE`: another process, tab or query holds the checkpoint; `details.holder` says who
 * - `TIDEMARK_FENCED`: somebody else has taken the checkpoint over; this run must not write any more
 * - `TIDEMARK_CHECKPOINT_MISMATCH`: the checkpoint belongs to another query; `details.differences` says how it differs
 * - `TIDEMARK_CHECKPOINT_CORRUPT`: bytes of a checkpoint are not what was written; `details.name` names the file
 * - `TIDEMARK_CHECKPOINT_GAP`: a file of a checkpoint is missing; `details.name` names it
 * - `TIDEMARK_CHECKPOINT_LOST`: a checkpoint that was here before has vanished (the browser may evict it)
 * - `TIDEMARK_FORMAT_TOO_NEW`: a newer tidemark wrote this checkpoint; `details` has `found` and `supported`
 * - `TIDEMARK_STORAGE_FULL`: no space left; the last commit is intact
 * - `TIDEMARK_STORAGE`: storage failed; `details.errno` has the system's code
 * - `TIDEMARK_STORAGE_UNAVAILABLE`: there is no such storage here (no IndexedDB, private mode)
 * - `TIDEMARK_BACKEND_CLOSED`: a checkpoint is used after it was closed, or before it is held
 * - `TIDEMARK_BARRIER_LOST`: the end of a batch did not reach an output: an operator cut the stream short, or asynchronous work never settled
 * - `TIDEMARK_QUERY_FAILED`: a query has stopped with an error; `cause` is the error, `details` has the offsets
 * - `TIDEMARK_QUERY_ACTIVE`: a query with this name, or on this checkpoint, is active already
 * - `TIDEMARK_STOP_TIMEOUT`: a query did not stop within its `stopTimeout`
 * - `TIDEMARK_ID_REQUIRED`: a stateful operator of a query with a durable checkpoint has no `id`; the message proposes one
 * - `TIDEMARK_SINK_FAILED`: a sink could not be opened, say what it holds, or take a batch
 * - `TIDEMARK_SINK_AHEAD`: a sink holds a batch that the checkpoint does not know of
 * - `TIDEMARK_SINK_REGRESSED`: a sink lacks a batch that the checkpoint says it took: it was restored from a backup
 * - `TIDEMARK_ERROR_THRESHOLD`: more rows of a batch failed than the query accepts
 * - `TIDEMARK_STATE_LIMIT`: the state would have more rows than `maxStateRows` of the query
 * - `TIDEMARK_STALE_ATTEMPT`: an attempt that has been given up went on
 * - `TIDEMARK_INVARIANT`: what recovery found cannot have come about by the protocol
 * - `TIDEMARK_SINK_MISMATCH`: the place a sink writes to belongs to another query
 * - `TIDEMARK_SINK_CORRUPT`: what a sink has written is not there, or not what was written
 * - `TIDEMARK_PATH`: a file would lie outside its folder, or behind a symbolic link
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
  | 'TIDEMARK_EVENT_TIMES'
  | 'TIDEMARK_DEDUP_UNBOUNDED'
  | 'TIDEMARK_JOIN_UNBOUNDED'
  | 'TIDEMARK_TABLE'
  | 'TIDEMARK_FOREIGN_MERGE'
  | 'TIDEMARK_CONTEXT_LOST'
  | 'TIDEMARK_FOREIGN_ELEMENT'
  | 'TIDEMARK_PER_ROW'
  | 'TIDEMARK_USER_FUNCTION'
  | 'TIDEMARK_TIMEOUT'
  | 'TIDEMARK_SCHEMA'
  | 'TIDEMARK_STATE'
  | 'TIDEMARK_DUPLICATE_ID'
  | 'TIDEMARK_OVERFLOW'
  | 'TIDEMARK_DATA_LOSS'
  | 'TIDEMARK_SOURCE_CHANGED'
  | 'TIDEMARK_SOURCE'
  | 'TIDEMARK_KEYED_STATE'
  | 'TIDEMARK_OUTPUT_MODE'
  | 'TIDEMARK_UNSUPPORTED'
  | 'TIDEMARK_FORMAT'
  | 'TIDEMARK_STATE_VALUE'
  | 'TIDEMARK_STATE_INCOMPATIBLE'
  | 'TIDEMARK_STATE_DROPPED'
  | 'TIDEMARK_CHECKPOINT_IN_USE'
  | 'TIDEMARK_FENCED'
  | 'TIDEMARK_CHECKPOINT_MISMATCH'
  | 'TIDEMARK_CHECKPOINT_CORRUPT'
  | 'TIDEMARK_CHECKPOINT_GAP'
  | 'TIDEMARK_CHECKPOINT_LOST'
  | 'TIDEMARK_FORMAT_TOO_NEW'
  | 'TIDEMARK_STORAGE_FULL'
  | 'TIDEMARK_STORAGE'
  | 'TIDEMARK_STORAGE_UNAVAILABLE'
  | 'TIDEMARK_BACKEND_CLOSED'
  | 'TIDEMARK_BARRIER_LOST'
  | 'TIDEMARK_QUERY_FAILED'
  | 'TIDEMARK_QUERY_ACTIVE'
  | 'TIDEMARK_STOP_TIMEOUT'
  | 'TIDEMARK_ID_REQUIRED'
  | 'TIDEMARK_SINK_FAILED'
  | 'TIDEMARK_SINK_AHEAD'
  | 'TIDEMARK_SINK_REGRESSED'
  | 'TIDEMARK_ERROR_THRESHOLD'
  | 'TIDEMARK_STATE_LIMIT'
  | 'TIDEMARK_STALE_ATTEMPT'
  | 'TIDEMARK_INVARIANT'
  | 'TIDEMARK_SINK_MISMATCH'
  | 'TIDEMARK_SINK_CORRUPT'
  | 'TIDEMARK_PATH'
  | 'TIDEMARK_PROTOCOL';

/**
 * An error with a stable `code` and, in `details`, the values it speaks of.
 *
 * @example
 * ```ts
 * try {
 *   tumbling('10 parsecs' as '10 seconds');
 * } catch (error) {
 *   isTidemarkError(error) && error.code; // => 'TIDEMARK_DURATION'
 * }
 * ```
 */
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

/** What was thrown, in its own words: users may throw anything. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Names the operator and the row for which a user's function threw; an error of the library stays as it is. */
export function userFunctionError(
  cause: unknown,
  details: {
    readonly operator: string;
    readonly time: number;
    readonly row: unknown;
    readonly rows?: readonly unknown[];
    readonly key?: readonly unknown[];
  },
): TidemarkError {
  if (isTidemarkError(cause)) return cause;
  const { operator, rows, key } = details;
  const where = key === undefined ? '' : ` at the key ${shownKey(key)}, with ${rows?.length ?? 0} rows of the batch`;
  const message = `a user's function threw in '${operator}'${where}: ${messageOf(cause)}`;
  return new TidemarkError('TIDEMARK_USER_FUNCTION', message, details, { cause });
}

/** The values of a key for people, shortened. */
export function shownKey(key: readonly unknown[]): string {
  const text = key.map((value) => (typeof value === 'string' ? `'${value}'` : String(value))).join(', ');
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
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
