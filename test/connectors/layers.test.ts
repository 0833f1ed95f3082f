import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  agg,
  aggregate,
  availableNow,
  dropDuplicates,
  mapRows,
  memorySink,
  memorySource,
  ndjson,
  schema,
  streamingQuery,
  tumbling,
  upper,
  withWatermark,
  type QueryOptions,
  type StandardSchema,
} from 'tidemark';
import { deadLetterSink, fileCheckpoint, fileSink, fileSource, readFileSink } from 'tidemark/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const bronze = schema({ video: 'string', channel: 'string', at: 'timestamp', views: 'long' });
const silverVideos = schema({ video: 'string', channel: 'string', at: 'timestamp', views: 'long' });
const silverHours = schema({ channel: 'string', hour: 'timestamp', videos: 'long', views: 'long' });

const HOUR = 3_600_000;
const at = (hour: number, minute: number): string => new Date(Date.UTC(2026, 2, 1, hour, minute)).toISOString();
const FIRST = [
  { video: 'v1', channel: 'a', at: at(10, 5), views: 3, device: 'tv' },
  { video: 'v1', channel: 'a', at: at(10, 5), views: 3, device: 'tv' },
  { video: 'v2', channel: 'b', at: 'yesterday', views: 1 },
  { video: 'v3', channel: 'b', at: at(10, 50), views: null },
  { video: 'v4', channel: 'b', at: at(10, 55), views: 4 },
];
const SECOND = [
  { video: 'v5', channel: 'a', at: at(10, 59), views: 10 },
  { video: 'v1', channel: 'a', at: at(10, 5), views: 3 },
  { video: 'v6', channel: 'a', at: at(12, 0), views: 7 },
];

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-layers-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const options = (checkpoint: string): Pick<QueryOptions, 'checkpoint' | 'trigger' | 'onAdvice'> => ({
  checkpoint: fileCheckpoint(join(folder, checkpoint)),
  trigger: availableNow(),
  onAdvice: () => {},
});

async function finished(query: { start(): Promise<unknown>; awaitTermination(): Promise<unknown> }): Promise<void> {
  await query.start();
  await query.awaitTermination();
}

/** The job next door: raw rows, as they come, into bronze files; it goes on behind what it has written. */
const ingest = (...rows: readonly object[]): Promise<void> =>
  finished(
    streamingQuery(memorySource(rows), (rows$) => rows$).writeStream({
      sink: fileSink({ path: join(folder, 'bronze'), format: ndjson() }),
      ...options('ingest'),
    }),
  );

/** Bronze files in, silver tables out: it knows a folder and a schema, and nothing of who wrote the files. */
function refine(from: string, to: string): Promise<void> {
  const source = fileSource({ path: join(folder, from), format: ndjson(), schema: bronze, settle: 0 });
  const query = streamingQuery(source, (rows$) => {
    const videos = rows$.pipe(
      withWatermark('at', '1 hour'),
      dropDuplicates(['video', 'at'], { id: 'dedup' }),
      mapRows((row) => ({ ...row, channel: upper(row.channel) })),
    );
    const select = { videos: agg.count(), views: agg.sum('views') };
    const hours = videos.pipe(
      aggregate({ id: 'hours', key: 'channel', window: tumbling('1 hour'), select }),
      mapRows(({ window, ...row }) => ({ hour: window.start, ...row })),
    );
    return { videos, hours };
  });
  return finished(
    query.writeStream({
      to: {
        videos: fileSink({ path: join(folder, to, 'videos'), format: ndjson(), partitionBy: 'channel' }),
        hours: fileSink({ path: join(folder, to, 'hours'), format: ndjson() }),
        rejected: deadLetterSink(join(folder, to, 'rejected')),
      },
      ...options(`${to}-checkpoint`),
    }),
  );
}

/** A silver table as its readers see it: by its schema, which refuses what does not fit. */
async function read<T>(path: string, rowSchema: StandardSchema<T>): Promise<string[]> {
  const source = fileSource({ path: join(folder, path), format: ndjson(), schema: rowSchema, settle: 0, recursive: true });
  const [rows, rejected] = [memorySink<unknown>(), memorySink<unknown>()];
  const query = streamingQuery(source, (rows$) => rows$);
  await finished(
    query.writeStream({ sink: rows as never, rejected: rejected as never, trigger: availableNow(), onAdvice: () => {} }),
  );
  expect(rejected.rows()).toEqual([]);
  return rows
    .rows()
    .map((row) => JSON.stringify(row))
    .sort();
}

const EXPECTED_VIDEOS = [
  { video: 'v1', channel: 'A', at: Date.parse(at(10, 5)), views: 3 },
  { video: 'v4', channel: 'B', at: Date.parse(at(10, 55)), views: 4 },
  { video: 'v5', channel: 'A', at: Date.parse(at(10, 59)), views: 10 },
  { video: 'v6', channel: 'A', at: Date.parse(at(12, 0)), views: 7 },
].map((row) => JSON.stringify(row));
const TEN = Date.UTC(2026, 2, 1) + 10 * HOUR;
const EXPECTED_HOURS = [
  { channel: 'A', hour: TEN, videos: 2, views: 13 },
  { channel: 'B', hour: TEN, videos: 1, views: 4 },
].map((row) => JSON.stringify(row));

describe('[D93] bronze files are the contract in, silver tables the contract out', () => {
  it('two queries share a folder of NDJSON and a schema: what one writes, batch by batch, the other refines', async () => {
    await ingest(...FIRST);
    await refine('bronze', 'silver');
    expect(await read('silver/videos', silverVideos)).toEqual(EXPECTED_VIDEOS.slice(0, 2).sort());
    await ingest(...FIRST, ...SECOND);
    await refine('bronze', 'silver');
    expect(await read('silver/videos', silverVideos)).toEqual([...EXPECTED_VIDEOS].sort());
    expect(await read('silver/hours', silverHours)).toEqual(EXPECTED_HOURS);
    const reasons: string[] = [];
    for await (const { reason } of readFileSink<{ reason: string }>({ path: join(folder, 'silver/rejected'), format: ndjson() }))
      reasons.push(reason);
    expect(reasons.sort()).toEqual(['duplicate', 'duplicate', 'invalid', 'invalid']);
  });

  it('nothing else is shared: the bare bronze files, elsewhere and without their writer, give the same silver', async () => {
    await ingest(...FIRST);
    await ingest(...FIRST, ...SECOND);
    mkdirSync(join(folder, 'copy'));
    const parts = readdirSync(join(folder, 'bronze')).filter((name) => name.endsWith('.ndjson') && !name.startsWith('.'));
    for (const [i, part] of parts.sort().entries()) copyFileSync(join(folder, 'bronze', part), join(folder, `copy/${i}.json`));
    for (const name of readdirSync(folder)) if (name !== 'copy') rmSync(join(folder, name), { recursive: true });
    await refine('copy', 'silver');
    expect(await read('silver/videos', silverVideos)).toEqual([...EXPECTED_VIDEOS].sort());
  });
});
