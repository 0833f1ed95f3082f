import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import type { Duration } from '../../src/time/duration';

/** A recorded stream in its real order of arrival, and options that its README suggests. */
export interface Recording {
  readonly name: string;
  readonly file: string;
  /** Rows of the file that are not events of their own. */
  readonly leaveOut?: (row: Readonly<Record<string, string>>) => boolean;
  readonly maxDelay: Duration;
  readonly horizon: Duration;
  readonly windowMs: number;
  /** Why these options. */
  readonly why: string;
}

const HOUR = 3_600_000;

export const RECORDINGS: readonly Recording[] = [
  {
    name: 'weblog-apache-2015',
    file: 'requests.csv.gz',
    maxDelay: '2 minutes',
    horizon: '1 minute',
    windowMs: 60_000,
    why: 'at most 59 s late: both numbers cover it',
  },
  {
    name: 'flights-2015-sample',
    file: 'departed.csv.gz',
    maxDelay: '12 hours',
    horizon: '12 hours',
    windowMs: HOUR,
    why: 'p99 4.2 h, max 22 h: together they cover it',
  },
  {
    name: 'usgs-feed-replay',
    file: 'arrivals.csv.gz',
    leaveOut: (row) => row['op'] === 'delete',
    maxDelay: '1 day',
    horizon: '1 hour',
    windowMs: HOUR,
    why: 'the feed ends lateness at 24 h',
  },
  {
    name: 'git-history-rxjs',
    file: 'commits.csv.gz',
    maxDelay: '90 days',
    horizon: '365 days',
    windowMs: 24 * HOUR,
    why: 'p99 69.5 days, max 661 days: a heavy tail that no option can cover for sure',
  },
];

const pathOf = ({ name, file }: Recording): string =>
  fileURLToPath(new URL(`../../../shared/data/${name}/${file}`, import.meta.url));

/** The recordings lie beside the checkout, not in it. */
export const isPresent = (recording: Recording): boolean => existsSync(pathOf(recording));

/** Event times in whole ms, in order of arrival. */
export function timesOf(recording: Recording): Float64Array {
  const rows: Record<string, string>[] = parse(gunzipSync(readFileSync(pathOf(recording))), { columns: true });
  return Float64Array.from(
    rows.filter((row) => !recording.leaveOut?.(row)),
    (row) => Number(row['event_ms']),
  );
}
