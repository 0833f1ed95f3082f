import { agg, aggregate, alertWhen, dropDuplicates, mapRows, readEventTime, threshold, trend, withWatermark } from 'tidemark';
import type { Assigner, Duration, EventStream, TimeUnit, TimeValue, UntimedStream, Window } from 'tidemark';
import { columnOf, frozenAt, type Flow } from './flow';
import type { VideoEvent } from './videos';

/** What the metrics are made of. */
export type VideoFigures = Omit<VideoEvent, 'event_timestamp' | 'record_size' | 'processing_time' | 'error' | 'is_duplicate'> & {
  readonly event_timestamp: TimeValue;
};

/** What differs between generated and real data. */
export interface VideoPlan<Raw> {
  /** Throws for a record that is no good. */
  readonly parse: (raw: Raw) => VideoFigures;
  readonly unit: TimeUnit;
  readonly delay: Duration;
  /** When the job was first started, epoch ms: rows an hour ahead of that are of the future, whenever it goes on. */
  readonly now: number;
  readonly window: Assigner;
}

/** More views than this, and a video counts as trending. */
export const TRENDING_ABOVE = 100_000;

/** All the metrics of the design brief in one aggregate over one kind of window. */
const metrics = {
  video_count: agg.count<VideoFigures>('video_id'),
  unique_videos: agg.countDistinct<VideoFigures>('video_id'),
  unique_channels: agg.countDistinct<VideoFigures>('channel_id'),
  total_views: agg.sum<VideoFigures>('view_count'),
  avg_views: agg.avg<VideoFigures>('view_count'),
  max_views: agg.max<VideoFigures, number>('view_count'),
  total_likes: agg.sum<VideoFigures>('like_count'),
  total_comments: agg.sum<VideoFigures>('comment_count'),
  engagement_rate: agg.avg<VideoFigures>('engagement_score'),
  avg_duration: agg.avg<VideoFigures>('duration_seconds'),
  trending_videos: agg.countIf<VideoFigures>((row) => row.view_count !== null && row.view_count > TRENDING_ABOVE),
  view_velocity: agg.velocity(agg.sum<VideoFigures>('view_count')),
  engagement_velocity: agg.velocity(agg.avg<VideoFigures>('engagement_score')),
  view_percentiles: agg.percentileApprox<VideoFigures, [number, number, number]>('view_count', [0.9, 0.95, 0.99]), // one sketch for three
  views_likes_correlation: agg.corr<VideoFigures>('view_count', 'like_count'),
  views_comments_correlation: agg.corr<VideoFigures>('view_count', 'comment_count'),
};

/** The stream of metrics per category, from clean rows with event time. */
export function videoMetrics(clean$: EventStream<VideoFigures>, window: Assigner) {
  return clean$.pipe(
    aggregate({ id: 'metrics', key: 'category_id', window, select: metrics }),
    mapRows(({ view_percentiles, ...row }) => {
      const [view_percentile_90, view_percentile_95, view_percentile_99] = view_percentiles ?? [null, null, null];
      return { ...row, view_percentile_90, view_percentile_95, view_percentile_99 };
    }),
  );
}

/** Records in, metrics and alerts out. */
export function videoFlow<Raw>(raw$: UntimedStream<Raw>, plan: VideoPlan<Raw>): Flow {
  const timed$ = raw$.pipe(
    mapRows(plan.parse, { id: 'parse', onError: 'reject' }),
    withWatermark('event_timestamp', plan.delay, {
      id: 'watermark',
      unit: plan.unit,
      maxFutureSkew: '1 hour',
      scheduler: frozenAt(plan.now),
    }),
  );
  const clean$ = timed$.pipe(dropDuplicates(['video_id', 'event_timestamp'], { id: 'dedup' }));
  const metrics$ = videoMetrics(clean$, plan.window);
  const growing = threshold<{ window: Window; view_velocity: number | null }>({ metric: 'view_velocity', threshold: 1 });
  const unusual = trend<{ window: Window; engagement_rate: number | null }>({
    metric: (row) => row.engagement_rate,
    threshold: 0.5,
  });
  return {
    timed$,
    clean$,
    timeOf: (row) => readEventTime(columnOf(row, 'event_timestamp'), plan.unit),
    keyColumn: 'category_id',
    windows: [{ name: 'metrics', assigner: plan.window, rows$: metrics$, keyColumn: 'category_id', countColumn: 'video_count' }],
    alerts: [
      metrics$.pipe(alertWhen({ id: 'views-doubled', key: 'category_id', when: growing, severity: 'info' })),
      metrics$.pipe(alertWhen({ id: 'engagement-trend', key: 'category_id', when: unusual, severity: 'warning' })),
    ],
  };
}

/** A generated or mapped record, checked. */
export function parseVideo(record: VideoEvent): VideoFigures {
  if (record.error !== null) throw new Error(`the record carries an error: ${record.error}`);
  const {
    video_id,
    channel_id,
    category_id,
    view_count,
    like_count,
    comment_count,
    engagement_score,
    duration_seconds,
    event_timestamp,
  } = record;
  return {
    video_id,
    channel_id,
    category_id,
    view_count,
    like_count,
    comment_count,
    engagement_score,
    duration_seconds,
    event_timestamp,
  };
}
