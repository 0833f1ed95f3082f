import type { Aggregate } from '../aggregate/aggregate';
import { avg, count, countIf, sum } from '../aggregate/figures';
import { percentileApprox } from '../aggregate/percentileApprox';
import { readValue, type ColumnOrSelector } from '../aggregate/value';
import { readEventTime } from '../time/eventTime';

/** Options of `qualityMetrics`: where the figures are found. What is not given is not measured. */
export interface QualityOptions<T> {
  /** Bytes of a record; where a row has none, the length of its JSON. Default: always that. */
  readonly size?: ColumnOrSelector<T, number>;
  /** How long a record took to process, ms. */
  readonly latency?: ColumnOrSelector<T, number>;
  /** Truthy (and no empty text) for a record with an error. */
  readonly error?: ColumnOrSelector<T, unknown>;
  /** Truthy for a duplicate: a column, or for `outcomes()` `(one) => one.kind === 'rejected' && one.reason === 'duplicate'`. */
  readonly duplicate?: ColumnOrSelector<T, unknown>;
  /** Columns whose nulls are counted. */
  readonly nulls?: readonly (keyof T & string)[];
  /** Event time, for the freshness; needs `now`. */
  readonly time?: ColumnOrSelector<T, number | string | Date>;
  /** Processing time, epoch ms: asked once a record. */
  readonly now?: () => number;
}

/** Figures of one window. Rates are shares of the records, null without any; times are ms. */
export interface QualityMetrics {
  readonly records_per_second: number | null;
  readonly bytes_per_second: number | null;
  readonly processing_latency: number | null;
  readonly processing_latency_p50: number | null;
  readonly processing_latency_p95: number | null;
  readonly processing_latency_p99: number | null;
  readonly error_rate: number | null;
  readonly duplicate_rate: number | null;
  /** By column. */
  readonly null_rate: Readonly<Record<string, number | null>>;
  /** Average age of the records when they came; negative for times in the future. */
  readonly data_freshness: number | null;
  /** Records whose event time lay in the future. */
  readonly future_records: number;
}

type QualityAggregate<T, R> = Aggregate<T, never, R>;

/** What `qualityMetrics` makes. */
export interface Quality<T> {
  /** For `aggregate({ window, select })`. */
  readonly select: Readonly<Record<string, QualityAggregate<T, unknown>>>;
  /** For `mapRows` behind it: result row to figures. Rates a second are divided by the length of the row's own window. */
  readonly row: (result: object) => QualityMetrics & { readonly window?: { readonly start: number; readonly end: number } };
}

/**
 * Throughput and data quality of a stream, for each window: records and bytes a second, latency (mean, p50, p95, p99), shares
 * of errors, duplicates and nulls, and how old the data is.
 *
 * `aggregate({ window: tumbling('1 minute'), select: quality.select }), mapRows(quality.row)`.
 *
 * @param options - `size`, `latency`, `error`, `duplicate`, `nulls`, `time` with `now`
 * @returns `{ select, row }`; without a window the figures per second are null
 *
 * Cost: that of the aggregates: one pass, O(1) a row, and a quantile summary where `latency` is given.
 * @example
 * ```ts
 * const quality = qualityMetrics<{ t: number; ok: boolean }>({ error: (row) => !row.ok });
 * const out: (number | null)[] = [];
 * of({ t: 1, ok: true }, { t: 2, ok: false }).pipe(
 *   withWatermark('t', 0), aggregate({ window: tumbling('2 seconds'), select: quality.select }), mapRows(quality.row), rows(),
 * ).subscribe((m) => out.push(m.records_per_second, m.error_rate));
 * out; // => [1, 0.5]
 * ```
 */
export function qualityMetrics<T>(options: QualityOptions<T>): Quality<T> {
  const { size, latency, error, duplicate, nulls = [], time, now } = options;
  const select: Record<string, unknown> = { _records: count<T>(), _bytes: sum<T>(sizeReader(size)) };
  if (latency !== undefined) {
    select._latency = avg<T>(latency as (row: T) => number | null); // a column of T, which is not known here
    select._tails = percentileApprox<T, readonly number[]>(latency, [0.5, 0.95, 0.99]);
  }
  if (error !== undefined) select._errors = countIf<T>(holds(error));
  if (duplicate !== undefined) select._duplicates = countIf<T>(holds(duplicate));
  for (const column of nulls) select[`_null_${column}`] = countIf<T>((row) => row[column] === null || row[column] === undefined);
  if (time !== undefined && now !== undefined) {
    const age = ageReader(time, now);
    select._age = avg<T>(age);
    select._future = countIf<T>((row) => (age(row) ?? 0) < 0);
  }
  return { select: select as Quality<T>['select'], row: (result) => metricsOf(result as Totals, nulls) };
}

/** The columns of `select`, as they come out of a window. */
interface Totals {
  readonly window?: { readonly start: number; readonly end: number };
  readonly _records: number;
  readonly _bytes: number | null;
  readonly _latency?: number | null;
  readonly _tails?: readonly number[] | null;
  readonly _errors?: number;
  readonly _duplicates?: number;
  readonly _age?: number | null;
  readonly _future?: number;
  readonly [nulls: `_null_${string}`]: number;
}

function metricsOf(totals: Totals, nulls: readonly string[]): ReturnType<Quality<never>['row']> {
  const { window, _records: records, _tails: tails } = totals;
  const seconds = window === undefined ? NaN : (window.end - window.start) / 1000;
  const perSecond = (n: number): number | null => (Number.isFinite(seconds) && seconds > 0 ? n / seconds : null);
  const share = (n: number | undefined): number | null => (n === undefined || records === 0 ? null : n / records);
  return {
    ...(window !== undefined && { window }),
    records_per_second: perSecond(records),
    bytes_per_second: perSecond(totals._bytes ?? 0),
    processing_latency: totals._latency ?? null,
    processing_latency_p50: tails?.[0] ?? null,
    processing_latency_p95: tails?.[1] ?? null,
    processing_latency_p99: tails?.[2] ?? null,
    error_rate: share(totals._errors),
    duplicate_rate: share(totals._duplicates),
    null_rate: Object.fromEntries(nulls.map((column) => [column, share(totals[`_null_${column}`])])),
    data_freshness: totals._age ?? null,
    future_records: totals._future ?? 0,
  };
}

function holds<T>(source: ColumnOrSelector<T, unknown>): (row: T) => boolean {
  const read = readValue<T>(source);
  return (row) => Boolean(read(row));
}

function sizeReader<T>(size: ColumnOrSelector<T, number> | undefined): (row: T) => number {
  const read = size === undefined ? () => undefined : readValue<T, number>(size);
  const encoder = new TextEncoder();
  return (row) => read(row) ?? encoder.encode(JSON.stringify(row, bigintsAsText) ?? '').length;
}

function bigintsAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function ageReader<T>(time: NonNullable<QualityOptions<T>['time']>, now: () => number): (row: T) => number | null {
  const read = readValue<T, number | string | Date>(time);
  return (row) => {
    const at = readEventTime(read(row), 'ms');
    return Number.isNaN(at) ? null : now() - at;
  };
}
