import { TidemarkError, type TidemarkErrorCode } from 'tidemark';
import { UnknownColumn } from '../query/columns';
import type { Reason } from './steps';

/** How the library refuses what the cases expect to be refused: the code, and where a code has several causes, `details.reason`. */
const REFUSALS: Readonly<Record<Reason, readonly TidemarkErrorCode[]>> = {
  'append-needs-watermark': ['TIDEMARK_OUTPUT_MODE'],
  'bad-watermark-policy': ['TIDEMARK_OPTION'],
  'dedup-within-needs-watermark': ['TIDEMARK_OPTION', 'TIDEMARK_UNTIMED'],
  'join-needs-equality': ['TIDEMARK_OPTION'],
  'limit-update-unsupported': ['TIDEMARK_OUTPUT_MODE'],
  'multiple-event-time-columns': ['TIDEMARK_EVENT_TIMES'],
  'negative-delay': ['TIDEMARK_OPTION', 'TIDEMARK_DURATION'],
  'not-a-timestamp': [],
  'session-needs-key': [],
  'session-update-unsupported': ['TIDEMARK_OUTPUT_MODE'],
  'sort-needs-complete-aggregate': ['TIDEMARK_OUTPUT_MODE'],
  'state-key-schema-changed': ['TIDEMARK_STATE_INCOMPATIBLE'],
  'stateful-fn-complete-unsupported': ['TIDEMARK_OUTPUT_MODE', 'TIDEMARK_CHANGE_STREAM'],
  'two-windows': [],
  'unknown-column': ['TIDEMARK_OPTION'],
  'user-function-failed': ['TIDEMARK_USER_FUNCTION'],
  'watermark-redefined': ['TIDEMARK_WATERMARK_REDEFINED'],
};

/** Was it refused for this reason? */
export function isRefusal(error: unknown, reason: Reason): boolean {
  if (error instanceof UnknownColumn) return reason === 'unknown-column';
  const cause = error instanceof TidemarkError && error.code === 'TIDEMARK_QUERY_FAILED' ? error.cause : error;
  if (!(cause instanceof TidemarkError) || !REFUSALS[reason].includes(cause.code)) return false;
  const said = cause.details['reason'];
  return cause.code === 'TIDEMARK_OUTPUT_MODE' ? said === reason : said === undefined || said === reason;
}
