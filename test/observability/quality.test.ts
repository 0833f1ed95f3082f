import type { Meter } from '@opentelemetry/api';
import { from } from 'rxjs';
import {
  aggregate,
  mapRows,
  meterProgress,
  outcomes,
  progressMetrics,
  qualityMetrics,
  rows,
  stateSizeAlert,
  tumbling,
  withWatermark,
  alertWhen,
  dropDuplicates,
  type MeterLike,
  type Outcome,
  type QualityMetrics,
  type QualityOptions,
  type QueryProgress,
} from 'tidemark';
import { describe, expect, it } from 'vitest';

interface Video {
  readonly t: number;
  readonly video_id?: string | null;
  readonly record_size?: number | null;
  readonly processing_time?: number;
  readonly error?: string | null;
  readonly is_duplicate?: boolean;
  readonly title?: string | null;
}

function measured(videos: readonly Video[], options: QualityOptions<Video>, window = '1 minute' as const): QualityMetrics[] {
  const quality = qualityMetrics<Video>(options);
  const out: QualityMetrics[] = [];
  from(videos)
    .pipe(withWatermark('t', 0), aggregate({ window: tumbling(window), select: quality.select }), mapRows(quality.row), rows())
    .subscribe((metrics) => out.push(metrics));
  return out;
}

describe('qualityMetrics', () => {
  it('[D81] records per second are those of the actual window, not of a minute', () => {
    const videos = Array.from({ length: 120 }, (_, i) => ({ t: i * 500 }));
    expect(measured(videos, {})[0]?.records_per_second).toBe(2);
    const quality = qualityMetrics<Video>({});
    const out: unknown[] = [];
    from(videos)
      .pipe(
        withWatermark('t', 0),
        aggregate({ window: tumbling('10 seconds'), select: quality.select }),
        mapRows(quality.row),
        rows(),
      )
      .subscribe((metrics) => out.push(metrics.records_per_second, metrics.window));
    expect(out.slice(0, 2)).toEqual([2, { start: 0, end: 10_000 }]);
  });

  it('[D81] there is no rate without a window', () => {
    const quality = qualityMetrics<Video>({});
    expect(quality.row({ _records: 5, _bytes: 10 })).toMatchObject({ records_per_second: null, bytes_per_second: null });
  });

  it('[D82] bytes per second: the field, or the measured size where it is absent', () => {
    const [given] = measured(
      [
        { t: 0, record_size: 600 },
        { t: 1, record_size: 0 },
      ],
      { size: 'record_size' },
    );
    expect(given?.bytes_per_second).toBe(10);
    const row = { t: 0, title: 'é', record_size: null };
    const [absent] = measured([row, { t: 1, record_size: 60 }], { size: 'record_size' });
    const size = new TextEncoder().encode(JSON.stringify(row)).length;
    expect(absent?.bytes_per_second).toBeCloseTo((size + 60) / 60, 12);
    expect(measured([row], {})[0]?.bytes_per_second).toBeCloseTo(size / 60, 12);
  });

  it('[D83] processing latency: mean and tails', () => {
    const videos = Array.from({ length: 100 }, (_, i) => ({ t: i, processing_time: i + 1 }));
    expect(measured(videos, { latency: 'processing_time' })[0]).toMatchObject({
      processing_latency: 50.5,
      processing_latency_p50: 50,
      processing_latency_p95: 95,
      processing_latency_p99: 99,
    });
  });

  it('[D85] error rate: errors of all, null without rows', () => {
    const videos = [{ t: 0, error: 'x' }, { t: 1, error: null }, { t: 2 }, { t: 3, error: '' }];
    expect(measured(videos, { error: 'error' })[0]?.error_rate).toBe(0.25);
    expect(qualityMetrics<Video>({ error: 'error' }).row({ _records: 0, _bytes: null, _errors: 0 }).error_rate).toBeNull();
    expect(measured(videos, {})[0]?.error_rate).toBeNull();
  });

  it('[D86] duplicate rate: a column, or what the dedup operator rejects', () => {
    const videos = [
      { t: 0, is_duplicate: true },
      { t: 1, is_duplicate: false },
    ];
    expect(measured(videos, { duplicate: 'is_duplicate' })[0]?.duplicate_rate).toBe(0.5);
    const quality = qualityMetrics<Outcome<Video>>({
      duplicate: (one) => one.kind === 'rejected' && one.reason === 'duplicate',
    });
    const out: (number | null)[] = [];
    from([1, 1, 2, 1].map((t) => ({ t })))
      .pipe(
        withWatermark('t', '1 minute'),
        dropDuplicates(['t']),
        outcomes(),
        withWatermark(() => 0, 0),
        aggregate({ window: tumbling('1 minute'), select: quality.select }),
        mapRows(quality.row),
        rows(),
      )
      .subscribe((metrics) => out.push(metrics.duplicate_rate));
    expect(out).toEqual([0.5]);
  });

  it('[D87] null rate of any columns; a missing column is null', () => {
    const videos = [
      { t: 0, video_id: 'a', title: null },
      { t: 1, video_id: null },
      { t: 2, video_id: 'c' },
      { t: 3, video_id: 'd', title: 'x' },
    ];
    expect(measured(videos, { nulls: ['video_id', 'title'] })[0]?.null_rate).toEqual({ video_id: 0.25, title: 0.75 });
  });

  it('[D88] freshness by the injected clock; the future is negative and counted', () => {
    let now = 0;
    const clock = (): number => now;
    const videos = [{ t: 1000 }, { t: 3000 }];
    now = 4000;
    expect(measured(videos, { time: 't', now: clock })[0]).toMatchObject({ data_freshness: 2000, future_records: 0 });
    now = 1500;
    expect(measured(videos, { time: 't', now: clock })[0]).toMatchObject({ data_freshness: -500, future_records: 1 });
  });
});

const progress = (more: Partial<QueryProgress> = {}): QueryProgress => ({
  id: 'id',
  runId: 'run',
  name: 'silver',
  timestamp: '1970-01-01T00:01:00.000Z',
  batchId: 3,
  batchDuration: 250,
  durationMs: {},
  numInputRows: 100,
  inputRowsPerSecond: 10,
  processedRowsPerSecond: 400,
  eventTime: { min: 0, max: 50_000, avg: 20_000, watermark: 40_000 },
  stateOperators: [state('dedup', 70), state('hourly', 5)],
  sources: {
    videos: {
      description: 'files',
      startOffset: null,
      endOffset: 1,
      numInputRows: 100,
      inputRowsPerSecond: 10,
      processedRowsPerSecond: 400,
      backlog: 7,
      metrics: {},
    },
  },
  sinks: {},
  rejected: { late: 5, duplicate: 10, failed: 1, invalid: 1 },
  ...more,
});

function state(operatorId: string, numRowsTotal: number): QueryProgress['stateOperators'][number] {
  const watermark = { late: 0, evict: 0 };
  return {
    operatorId,
    operatorName: operatorId,
    numRowsTotal,
    numRowsUpdated: 0,
    numRowsRemoved: 0,
    numRowsDroppedByWatermark: 0,
    numDroppedDuplicateRows: 0,
    watermark,
  };
}

describe('metrics of a query', () => {
  it('[D81, D83, D85, D86, D88] are functions of its progress', () => {
    expect(progressMetrics(progress())).toEqual({
      input_per_second: 10,
      records_per_second: 400,
      batch_latency: 250,
      error_rate: 0.02,
      duplicate_rate: 0.1,
      late_rate: 0.05,
      data_freshness: 40_000,
      backlog_size: 7,
      state_rows: 75,
    });
    expect(progressMetrics(progress({ numInputRows: 0, rejected: {}, eventTime: { watermark: 0 } }))).toMatchObject({
      error_rate: null,
      duplicate_rate: null,
      data_freshness: null,
    });
  });

  it('[L87] an alert watches the size of the state', () => {
    const sizes = [10, 120, 130, 90];
    const seen: string[] = [];
    from(sizes.map((rows, i) => progress({ stateOperators: [state('a', rows)], timestamp: new Date(i * 60_000).toISOString() })))
      .pipe(withWatermark('timestamp', 0), alertWhen({ when: stateSizeAlert(100), for: '1 minute', resolved: true }), rows())
      .subscribe(({ status, time }) => seen.push(`${status} ${time / 60_000}`));
    expect(seen).toEqual(['firing 2', 'resolved 3']);
    expect(stateSizeAlert(75)(progress())).toBe(false);
    expect(stateSizeAlert(74)(progress())).toBe(true);
  });

  it('are written to an OpenTelemetry meter', () => {
    const written: unknown[] = [];
    const recorder = (name: string) => ({
      add: (value: number, attributes: object) => void written.push([name, value, attributes]),
      record: (value: number, attributes: object) => void written.push([name, value, attributes]),
    });
    const meter: MeterLike = { createCounter: recorder, createHistogram: recorder, createGauge: recorder };
    const fits: (real: Meter) => MeterLike = (real) => real;
    expect(fits).toBeTypeOf('function');
    meterProgress(meter)(progress({ rejected: { late: 5 } }));
    expect(written).toEqual([
      ['tidemark.rows.input', 100, { query: 'silver', source: 'videos' }],
      ['tidemark.source.backlog', 7, { query: 'silver', source: 'videos' }],
      ['tidemark.rows.rejected', 5, { query: 'silver', reason: 'late' }],
      ['tidemark.batch.duration', 250, { query: 'silver' }],
      ['tidemark.state.rows', 70, { query: 'silver', operator: 'dedup' }],
      ['tidemark.state.rows', 5, { query: 'silver', operator: 'hourly' }],
      ['tidemark.watermark', 40_000, { query: 'silver' }],
    ]);
  });
});
