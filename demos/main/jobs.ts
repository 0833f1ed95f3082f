import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { csv, formatDuration, ndjson, sliding, tumbling, type Source } from 'tidemark';
import { fileSource } from 'tidemark/node';
import type { Arguments } from './arguments';
import { checkColumns, readingParser, VIDEO_COLUMNS, videoParser } from './columns';
import { parseEarthquake, type Feature } from './earthquakes';
import { DemoFailure } from './failure';
import { readEarthquakes, readRows, type RawRow } from './input';
import { readingFlow } from './pipeline';
import type { Job } from './job';
import { parseVideo, videoFlow } from './videoPipeline';
import { generateVideos, type VideoEvent } from './videos';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** What the command line asks for. */
export async function jobOf(options: Arguments): Promise<Job> {
  const { video, input } = options;
  if (video) return input === undefined ? videoJob(options) : videoInputJob({ ...options, input });
  return input === undefined ? earthquakeJob(await readEarthquakes(), options) : inputJob({ ...options, input });
}

/** A week of earthquakes: the network that located it is the key, its magnitude the figure. */
export function earthquakeJob(features: readonly Feature[], options: Partial<Arguments> = {}): Job<Feature> {
  const { delay = 3 * DAY, window = 6 * HOUR, alertAt = 5, trendAbove = 1 } = options;
  return {
    title: 'real earthquakes, one week of 2018, replayed in their order of arrival',
    about: [
      'Source: USGS feed "all, past week" in vega-datasets. Event time: when the earth shook; arrival: the last update of the report.',
      'Reports are heavy-tailed: half come within 4 hours, one in a hundred after 90. A delay that lost nothing would be a week, and',
      `no window would close before the end; ${formatDuration(delay)} is a compromise, and what it loses is counted below.`,
      'The figures are magnitudes; `distinct` counts the regions.',
    ],
    identity: { job: 'earthquakes', ...figuresOf(options) },
    rows: features,
    total: features.length,
    delayMs: delay,
    judgesRows: true,
    keyName: 'net',
    flow: (raw$, now) =>
      readingFlow(raw$, {
        ...{ parse: parseEarthquake, unit: 'ms', delay, now, hasId: true, alertAt, trendAbove },
        tumbling: tumbling(window),
        sliding: slidingOf(options.window ?? DAY, options.slide),
      }),
  };
}

function slidingOf(size: number, slide = Math.max(1, Math.round(size / 4))) {
  return sliding(size, slide);
}

/** The same on the user's own rows. */
function inputJob(options: Arguments & { input: string }): Job<RawRow> {
  const { time, key, value, id, unit, delay = HOUR / 6, window = HOUR, alertAt = null, trendAbove } = options;
  const columns = { time: time!, key: key!, value, id };
  const wanted = [time, key, value, id].filter((column) => column !== undefined);
  return {
    title: `${options.input}: windows of ${formatDuration(window)} per ${key}`,
    about: [
      `A row is late when it comes ${formatDuration(delay)} or more behind the newest one (--delay).`,
      id === undefined
        ? 'No --id COLUMN: repeated rows count as often as they come.'
        : `Rows with the same ${id} and ${time} count once.`,
    ],
    identity: { job: 'input', columns, unit, ...fileOf(options), ...figuresOf(options) },
    rows: rowsOf(options, wanted),
    delayMs: delay,
    judgesRows: id !== undefined,
    keyName: 'key',
    flow: (raw$, now) =>
      readingFlow(raw$, {
        ...{ parse: readingParser(columns), unit, delay, now, hasId: id !== undefined, alertAt, trendAbove },
        tumbling: tumbling(window),
        sliding: slidingOf(window, options.slide),
      }),
  };
}

/** Metrics of trending videos that do not exist. */
export function videoJob(options: Partial<Arguments> = {}): Job<VideoEvent> {
  const { seed = 1 } = options;
  const rows = generateVideos({ seed });
  const { delayMs: delay, window, ...common } = videoWindows(options);
  return {
    ...common,
    title: `metrics of trending videos per category, GENERATED (seed ${seed})`,
    about: [
      'These records are made up: 30 daily polls of six lists, with the distributions measured on 33,592 real sightings;',
      'the delays of delivery, the repetitions (1 %) and the damage (0.2 %) are added. Real data: --video --input FILE.',
    ],
    identity: { job: 'videos', seed, ...figuresOf(options) },
    rows,
    total: rows.length,
    delayMs: delay,
    flow: (raw$, now) => videoFlow(raw$, { parse: parseVideo, unit: 'ms', delay, now, window }),
  };
}

/** The same metrics of the user's records. */
function videoInputJob(options: Arguments & { input: string }): Job<RawRow> {
  const { input, unit, time = 'event_timestamp' } = options;
  const { delayMs: delay, window, ...common } = videoWindows(options);
  return {
    ...common,
    title: `${input}: metrics of trending videos per category`,
    about: [`A record is late when it comes ${formatDuration(delay)} or more behind the newest one (--delay).`],
    identity: { job: 'video input', time, unit, ...fileOf(options), ...figuresOf(options) },
    rows: rowsOf(options, [time, ...VIDEO_COLUMNS]),
    delayMs: delay,
    flow: (raw$, now) => videoFlow(raw$, { parse: videoParser(time), unit, delay, now, window }),
  };
}

/** Lists are polled once a day, so a window holds two polls, and the next one begins with the second. */
function videoWindows({ delay = HOUR / 6, window = 2 * DAY, slide = Math.max(1, Math.round(window / 2)) }: Partial<Arguments>) {
  return { delayMs: delay, window: sliding(window, slide), judgesRows: true, keyName: 'category_id' };
}

/** Rows of all the files in a folder, and of those that will come; `raw` comes from a file source. */
export function followJob(options: Arguments & { follow: string }): {
  readonly job: Job<object>;
  readonly source: Source<unknown>;
} {
  const { follow, time, key, value, id, unit, delay = HOUR / 6, window = HOUR, alertAt = null, trendAbove } = options;
  const format = options.format ?? 'ndjson';
  const parse = readingParser({ time: time!, key: key!, value, id });
  const source = fileSource({
    path: follow,
    format: format === 'csv' ? csv() : ndjson(),
    schema: 'unchecked',
    accept: (name) => name.endsWith(format === 'csv' ? '.csv' : 'json') || name.endsWith('.jsonl'),
  });
  const job: Job<object> = {
    title: `${follow}: windows of ${formatDuration(window)} per ${key}, until Ctrl-C`,
    about: [],
    identity: { job: 'follow', follow: resolve(follow), format, columns: { time, key, value, id }, unit, ...figuresOf(options) },
    rows: [],
    delayMs: delay,
    judgesRows: id !== undefined,
    keyName: 'key',
    flow: (raw$, now) =>
      readingFlow(raw$, {
        parse: (fields) => parse({ line: NaN, fields: fields as RawRow['fields'] & object }),
        ...{ unit, delay, now, hasId: id !== undefined, alertAt, trendAbove },
        tumbling: tumbling(window),
        sliding: slidingOf(window, options.slide),
      }),
  };
  return { job, source };
}

/** Options that change what comes out. */
function figuresOf({ delay, window, slide, alertAt, trendAbove }: Partial<Arguments>): object {
  return { delay, window, slide, alertAt, trendAbove };
}

/** Another file under the same name is another job. */
function fileOf({ input, format }: Arguments & { input: string }): object {
  const { size, mtimeMs } = statSync(input, { throwIfNoEntry: false }) ?? {};
  return { input: resolve(input), format, size, mtimeMs };
}

/** Read from its beginning as often as somebody asks. */
function rowsOf(options: Arguments & { input: string }, wanted: readonly string[]): AsyncIterable<RawRow> {
  return { [Symbol.asyncIterator]: () => readAll(options, wanted) };
}

async function* readAll({ input, format }: Arguments & { input: string }, wanted: readonly string[]): AsyncGenerator<RawRow> {
  let count = 0;
  for await (const row of readRows({ path: input, format, onColumns: (present) => checkColumns(wanted, present, input) })) {
    count++;
    yield row;
  }
  if (count === 0) throw new DemoFailure(`${input} holds no rows`);
}
