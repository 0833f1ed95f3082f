import { drawFrom, randomFrom, type Quantiles } from './random';

/** One sighting of a video in a country's list of trending videos. Times are epoch milliseconds. */
export interface VideoEvent {
  readonly video_id: string;
  readonly channel_id: string;
  readonly category_id: number;
  readonly view_count: number | null;
  readonly like_count: number | null;
  readonly comment_count: number | null;
  /** (likes + comments) / views; null without views. */
  readonly engagement_score: number | null;
  readonly duration_seconds: number | null;
  /** When the list was fetched. */
  readonly event_timestamp: number;
  /** Bytes of the record as JSON. */
  readonly record_size: number;
  /** When the record arrived. */
  readonly processing_time: number;
  /** Set when the record was damaged on its way. */
  readonly error: string | null;
  /** A second delivery of a record: what deduplication has to find. Known because the data are generated. */
  readonly is_duplicate: boolean;
}

/** What to generate. */
export interface VideoOptions {
  readonly seed?: number;
  /** Polls; one a day. */
  readonly days?: number;
  readonly countries?: number;
}

/** 2026-01-05T04:15Z, a day of the lists that were measured. */
const FIRST_POLL = Date.UTC(2026, 0, 5, 4, 15);
const DAY = 86_400_000;
const ROWS_PER_LIST = 50;
const BETWEEN_COUNTRIES = 750;

// Measured on 33,592 sightings in six countries' lists; the ends (shares 0 and 1) are rounded figures beyond p5 and p99.
const VIEWS: Quantiles = [
  [0, 2_000],
  [0.05, 21_000],
  [0.5, 290_000],
  [0.95, 4_600_000],
  [0.99, 16_000_000],
  [1, 80_000_000],
];
const LIKES: Quantiles = [
  [0, 0.0005],
  [0.05, 0.003],
  [0.5, 0.039],
  [0.95, 0.135],
  [1, 0.3],
];
const COMMENTS: Quantiles = [
  [0, 0.0001],
  [0.5, 0.0024],
  [0.95, 0.0146],
  [1, 0.05],
];
const SECONDS: Quantiles = [
  [0, 15],
  [0.05, 67],
  [0.5, 263],
  [0.75, 1_337],
  [0.95, 9_206],
  [1, 40_000],
];
const GROWTH: Quantiles = [
  [0, 0.02],
  [0.05, 0.15],
  [0.5, 1.07],
  [0.95, 6.1],
  [1, 20],
];
const SIGHTINGS: Quantiles = [
  [0, 1],
  [0.5, 1.49],
  [0.75, 3],
  [0.95, 8],
  [0.99, 14],
  [1, 31],
];
const CATEGORIES: readonly (readonly [below: number, id: number])[] = [
  [0.34, 20],
  [0.67, 10],
  [0.86, 24],
  [0.94, 1],
  [0.98, 22],
  [1, 25],
];

// Not measured: the lists come in order. The demo adds a delivery with a heavy tail, repetitions and damage.
const ARRIVAL_MS: Quantiles = [
  [0, 20],
  [0.5, 400],
  [0.95, 20_000],
  [0.995, 180_000],
  [0.997, DAY / 24],
  [1, 3 * DAY],
];
const REPEATED = 0.01;
const DAMAGED = 0.002;

interface Video {
  readonly id: string;
  readonly channel: string;
  readonly category: number;
  readonly seconds: number;
  readonly likes: number;
  readonly comments: number;
  views: number;
  left: number;
  age: number;
}

/**
 * A stream of video metrics in order of arrival: generated, with the distributions of real trending lists (see above).
 * The same seed gives the same records everywhere.
 */
export function generateVideos({ seed = 1, days = 30, countries = 6 }: VideoOptions = {}): VideoEvent[] {
  const random = randomFrom(seed);
  const events: VideoEvent[] = [];
  const lists = Array.from({ length: countries }, () => Array.from({ length: ROWS_PER_LIST }, () => newVideo(random)));
  for (let day = 0; day < days; day++) {
    // Polls begin within some twenty minutes of each other.
    const poll = FIRST_POLL + day * DAY + Math.floor(random() * 1_200_000);
    lists.forEach((list, country) => {
      for (let rank = 0; rank < ROWS_PER_LIST; rank++) {
        const video = list[rank]!;
        deliver(video, poll + country * BETWEEN_COUNTRIES + rank, random, events);
        list[rank] = nextDay(video, random);
      }
    });
  }
  return events.sort((a, b) => a.processing_time - b.processing_time);
}

function newVideo(random: () => number): Video {
  const number = Math.floor(random() * 2 ** 32);
  const kind = random();
  return {
    id: `v${number.toString(36).padStart(7, '0')}`,
    channel: `c${(number % 4_734).toString(36)}`,
    category: CATEGORIES.find(([below]) => kind < below)?.[1] ?? 25,
    seconds: Math.round(drawFrom(SECONDS, random)),
    likes: drawFrom(LIKES, random),
    comments: drawFrom(COMMENTS, random),
    views: Math.round(drawFrom(VIEWS, random) / 2),
    left: Math.floor(drawFrom(SIGHTINGS, random)),
    age: 0,
  };
}

/**
 * A video that stays listed grows: on the first day as measured, then by a part of that, the smaller the older it is.
 * Without that the views of old videos would leave the measured range.
 */
function nextDay(video: Video, random: () => number): Video {
  if (--video.left <= 0) return newVideo(random);
  video.age++;
  video.views = Math.round(video.views * (1 + drawFrom(GROWTH, random) / video.age ** 2));
  return video;
}

function deliver(video: Video, time: number, random: () => number, events: VideoEvent[]): void {
  const event = recordOf(video, time, random);
  events.push(event);
  if (random() >= REPEATED) return;
  events.push({ ...event, processing_time: event.processing_time + 1 + Math.floor(random() * 60_000), is_duplicate: true });
}

function recordOf(video: Video, time: number, random: () => number): VideoEvent {
  const { id, channel, category, seconds, views } = video;
  const likes = Math.round(views * video.likes);
  const comments = Math.round(views * video.comments);
  const record = {
    video_id: id,
    channel_id: channel,
    category_id: category,
    view_count: views,
    like_count: likes,
    comment_count: comments,
    engagement_score: views === 0 ? null : (likes + comments) / views,
    duration_seconds: seconds,
    event_timestamp: time,
  };
  const isDamaged = random() < DAMAGED;
  return {
    ...record,
    ...(isDamaged && { view_count: null }),
    record_size: JSON.stringify(record).length,
    processing_time: time + Math.round(drawFrom(ARRIVAL_MS, random)),
    error: isDamaged ? 'the view counter was unreadable' : null,
    is_duplicate: false,
  };
}
