import type { Rejection } from '../../element';
import { messageOf } from '../../errors';
import { formatTime } from '../../time/eventTime';
import { digestOf } from '../fileSink/paths';
import { fromSafeJson, toSafeJson } from './safeJson';

/** A record that could not be used, as it lies in the dead-letter queue: one line of JSON. */
export interface DeadLetter {
  /** The row, as `toSafeJson` writes it; cut ones are `{ "$cut": "<the beginning of its JSON>" }`. */
  readonly original_record: unknown;
  readonly error_message: string;
  /** When it was put here, ISO 8601. */
  readonly timestamp: string;
  readonly retry_count: number;
  /** Why the row was not used: `late`, `failed`, …; `diverted`: its sink could not take it. */
  readonly reason?: string;
  /** Id of the operator that rejected it. */
  readonly operator?: string;
  /** Event time and the watermark that judged it, ISO 8601; null where there was none. */
  readonly event_time?: string | null;
  readonly watermark?: string | null;
  /** The windows a late row missed, by how much, the delay that would have kept it. */
  readonly detail?: unknown;
  /** Equal for failures of one place in the code. */
  readonly stack_hash?: string;
  readonly batch?: number;
  /** Where the source found it: `part-3.ndjson:17`. */
  readonly position?: string;
}

/** A row as JSON of at most so many characters. */
export function recordOf(row: unknown, maxLength: number): unknown {
  const safe = toSafeJson(row);
  const text = JSON.stringify(safe);
  return text.length <= maxLength ? safe : { $cut: text.slice(0, maxLength) };
}

/** The row of a record. Undefined: it was cut, and cannot be had again. */
export function rowOf({ original_record: record }: DeadLetter): { readonly row: unknown } | undefined {
  const isCut = typeof record === 'object' && record !== null && '$cut' in record;
  return isCut ? undefined : { row: fromSafeJson(record) };
}

/** What the output `rejected` has for the queue. */
export async function letterOf(rejected: unknown, batch: number, now: number, maxLength: number): Promise<DeadLetter> {
  const timestamp = new Date(now).toISOString();
  if (!isRejection(rejected)) {
    const original_record = recordOf(rejected, maxLength);
    return { original_record, error_message: 'its sink could not take it', timestamp, retry_count: 0, reason: 'diverted', batch };
  }
  const { reason, time, row, operator, watermark, detail: { message, cause, position, ...detail } = {} } = rejected;
  return {
    original_record: recordOf(row, maxLength),
    error_message: message ?? (cause === undefined ? reason : messageOf(cause)),
    timestamp,
    retry_count: 0,
    reason,
    operator,
    event_time: isoOf(time),
    watermark: isoOf(watermark),
    ...(Object.keys(detail).length > 0 && { detail }),
    ...(cause instanceof Error && { stack_hash: await stackHash(cause) }),
    batch,
    ...(position !== undefined && { position }),
  };
}

function isRejection(row: unknown): row is Rejection {
  return typeof row === 'object' && row !== null && 'reason' in row && 'operator' in row && 'row' in row && 'watermark' in row;
}

function isoOf(time: unknown): string | null {
  return typeof time === 'number' && Math.abs(time) <= 8.64e15 ? formatTime(time) : null;
}

/** Names of functions and their places, without folders: the same on every machine. */
async function stackHash({ name, stack = '' }: Error): Promise<string> {
  const frames = stack.split('\n').filter((line) => /^\s*at |@/.test(line));
  const places = frames.map((line) => line.trim().replace(/\(?[^\s(@]*[/\\]/, ''));
  return (await digestOf(new TextEncoder().encode([name, ...places].join('\n')))).slice(0, 16);
}
