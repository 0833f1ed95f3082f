import { threshold, type Threshold } from '../alerts/threshold';
import type { QueryProgress } from '../query/progress';

/** Figures of one batch of a query. Rates are shares of the rows read, null without any; times are ms. */
export interface ProgressMetrics {
  readonly input_per_second: number;
  readonly records_per_second: number;
  readonly batch_latency: number;
  /** Rows that failed or were invalid. */
  readonly error_rate: number | null;
  readonly duplicate_rate: number | null;
  readonly late_rate: number | null;
  /** How old the rows were when the batch began, on average; null without event time. */
  readonly data_freshness: number | null;
  /** What waits in the sources, each in its unit (rows, files, messages); null when none of them can tell. */
  readonly backlog_size: number | null;
  /** Rows in the state of all operators. */
  readonly state_rows: number;
}

/**
 * The figures of a progress record: `query.progress$.pipe(map(progressMetrics))`.
 *
 * @param progress - one record of `progress$`
 * @example
 * ```ts
 * const source = memorySource([{ n: 1 }, { n: 2 }, { n: 3 }], { maxRowsPerTrigger: 2 });
 * const query = streamingQuery(source, (rows$) => rows$).writeStream({ sink: memorySink(), trigger: availableNow(), onAdvice: () => {} });
 * await query.start();
 * await query.awaitTermination();
 * query.recentProgress.map((progress) => progressMetrics(progress).backlog_size); // => [1, 0]
 * ```
 */
export function progressMetrics(progress: QueryProgress): ProgressMetrics {
  const { numInputRows: rows, rejected, eventTime, timestamp } = progress;
  const share = (...counts: readonly (number | undefined)[]): number | null =>
    rows === 0 ? null : counts.reduce<number>((all, n) => all + (n ?? 0), 0) / rows;
  return {
    input_per_second: progress.inputRowsPerSecond,
    records_per_second: progress.processedRowsPerSecond,
    batch_latency: progress.batchDuration,
    error_rate: share(rejected.failed, rejected.invalid),
    duplicate_rate: share(rejected.duplicate),
    late_rate: share(rejected.late),
    data_freshness: eventTime?.avg === undefined ? null : Date.parse(timestamp) - eventTime.avg,
    backlog_size: backlogOf(progress),
    state_rows: stateRows(progress),
  };
}

function backlogOf({ sources }: QueryProgress): number | null {
  const known = Object.values(sources).flatMap(({ backlog }) => backlog ?? []);
  return known.length === 0 ? null : known.reduce((all, n) => all + n, 0);
}

function stateRows({ stateOperators }: QueryProgress): number {
  return stateOperators.reduce((all, { numRowsTotal }) => all + numRowsTotal, 0);
}

/**
 * A condition that holds while a query's state has more rows than it should: a watermark that does not move, or a key that
 * never ends. `query.progress$.pipe(withWatermark('timestamp', 0), alertWhen({ when: stateSizeAlert(1e6), for: '5 minutes',
 * resolved: true }))`.
 *
 * @param maxRows - rows in the state of all operators together
 * @example
 * ```ts
 * const harness = operatorHarness(alertWhen({ when: stateSizeAlert(100) }));
 * harness.event(1, { stateOperators: [{ numRowsTotal: 60 }, { numRowsTotal: 50 }] });
 * harness.takeRows().length; // => 1
 * ```
 */
export function stateSizeAlert(maxRows: number): Threshold<QueryProgress> {
  return threshold<QueryProgress>({ metric: stateRows, threshold: maxRows, op: '>' });
}

/** As much of OpenTelemetry's `Meter` as is used: `metrics.getMeter('…')` of `@opentelemetry/api` fits. */
export interface MeterLike {
  createCounter(name: string, options?: { readonly unit?: string }): Recorder<'add'>;
  createHistogram(name: string, options?: { readonly unit?: string }): Recorder<'record'>;
  createGauge(name: string, options?: { readonly unit?: string }): Recorder<'record'>;
}

type Recorder<M extends string> = { readonly [name in M]: (value: number, attributes: Record<string, string>) => void };

/**
 * Writes progress records to an OpenTelemetry meter: `query.progress$.subscribe(meterProgress(metrics.getMeter('app')))`.
 * Counters `tidemark.rows.input` and `tidemark.rows.rejected` (by reason), histogram `tidemark.batch.duration`, gauges
 * `tidemark.state.rows` (by operator), `tidemark.source.backlog` (by source) and `tidemark.watermark`. The query is the attribute `query`.
 *
 * @param meter - a meter of `@opentelemetry/api`, or anything like it
 * @example
 * ```ts
 * const said: string[] = [];
 * const instrument = (name: string) => ({ add: (n: number) => said.push(`${name} ${n}`), record: () => {} });
 * const meter = { createCounter: instrument, createHistogram: instrument, createGauge: instrument };
 * const query = streamingQuery(observableSource(of({ t: 1 }, { t: 2 })), (rows$) => rows$).writeStream({
 *   sink: memorySink({ name: 'metered' }),
 *   checkpoint: memoryCheckpoint(),
 *   trigger: availableNow(),
 * });
 * query.progress$.subscribe(meterProgress(meter));
 * await query.start();
 * await query.awaitTermination();
 * said.includes('tidemark.rows.input 2'); // => true
 * ```
 */
export function meterProgress(meter: MeterLike): (progress: QueryProgress) => void {
  const input = meter.createCounter('tidemark.rows.input', { unit: '{row}' });
  const rejections = meter.createCounter('tidemark.rows.rejected', { unit: '{row}' });
  const duration = meter.createHistogram('tidemark.batch.duration', { unit: 'ms' });
  const state = meter.createGauge('tidemark.state.rows', { unit: '{row}' });
  const backlog = meter.createGauge('tidemark.source.backlog');
  const watermark = meter.createGauge('tidemark.watermark', { unit: 'ms' });
  return (progress) => {
    const query = progress.name ?? progress.id;
    for (const [source, { numInputRows, backlog: waiting }] of Object.entries(progress.sources)) {
      input.add(numInputRows, { query, source });
      if (waiting !== null) backlog.record(waiting, { query, source });
    }
    for (const [reason, rows] of Object.entries(progress.rejected)) rejections.add(rows, { query, reason });
    duration.record(progress.batchDuration, { query });
    for (const { operatorId: operator, numRowsTotal } of progress.stateOperators) state.record(numRowsTotal, { query, operator });
    if (progress.eventTime !== undefined) watermark.record(progress.eventTime.watermark, { query });
  };
}
