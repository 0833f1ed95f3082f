import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { HELP, readArguments } from '../../demos/main/arguments';
import { checksOf, sumOf } from '../../demos/main/checks';
import type { Feature } from '../../demos/main/earthquakes';
import { readEarthquakes } from '../../demos/main/input';
import { earthquakeJob, jobOf, videoJob } from '../../demos/main/jobs';
import { summaryLines } from '../../demos/main/report';
import { atHome } from '../../demos/main/home';
import type { Job } from '../../demos/main/job';
import { run, type Outcome, type RunOptions } from '../../demos/main/run';
import { generateVideos, type VideoEvent } from '../../demos/main/videos';
import { grouped, mean, onTime, pearson, ranked, sum } from './oracle';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

type Line = Record<string, unknown>;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-demo-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function linesOf(name: string): Line[] {
  const text = readFileSync(join(folder, 'out', `${name}.ndjson`), 'utf8');
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
}

/** Runs a job in a folder of this test, as `npm start` does. */
function runIn(out: string, job: Job, options: RunOptions = {}, isFresh = false): Promise<Outcome | undefined> {
  return atHome(join(folder, out), job.identity, { isFresh }, (home) => run(job, home, options));
}

/** Runs a job into the folder of this test; every sum must agree. */
async function runHere(job: Job): Promise<Outcome> {
  const outcome = (await runIn('out', job, {}, true))!;
  const checks = await checksOf(outcome, job.judgesRows ? job.delayMs : null);
  expect(checks.filter(({ left, right }) => left !== right)).toEqual([]);
  expect(summaryLines(job, outcome, checks).join('\n')).toContain(`all ${checks.length} sums agree`);
  return outcome;
}

async function runArguments(...argv: string[]): Promise<Outcome> {
  return runHere(await jobOf(readArguments(argv)));
}

function fileWith(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const near = (value: number | null): unknown =>
  value === null ? null : expect.closeTo(value, 9 - Math.ceil(Math.log10(1 + Math.abs(value))));

describe('earthquakes', () => {
  const timeOf = ({ properties }: Feature): number => Number(properties?.time);
  const magOf = ({ properties }: Feature): number => Number(properties?.mag);
  const netOf = ({ properties }: Feature): unknown => properties?.net;
  const regionOf = ({ properties }: Feature): string => String(properties?.place).split(',').pop()!.trim();

  test.each([
    ['tumbling', 6 * HOUR, 6 * HOUR],
    ['sliding', DAY, 6 * HOUR],
  ])('[D1] %s windows hold what a batch computes', async (kind, size, slide) => {
    const features = await readEarthquakes();
    const { ledger } = await runHere(earthquakeJob(features));
    expect(ledger.read).toBe(1_707);
    const kept = onTime(features, timeOf, 3 * DAY);
    expect(ledger.clean).toBe(kept.length);
    const expected = [...grouped(kept, timeOf, netOf, size, slide)].map(([id, rows]) => [
      id,
      {
        count: rows.length,
        mean: near(mean(rows.map(magOf))),
        max: Math.max(...rows.map(magOf)),
        p90: ranked(rows.map(magOf), 0.9),
        distinct: new Set(rows.map(regionOf)).size,
      },
    ]);
    const found = linesOf('windows').filter((line) => line['kind'] === kind);
    const actual = found.map(({ start, net, count, mean, max, p90, distinct }) => [
      `${Date.parse(String(start))}|${String(net)}`,
      { count, mean, max, p90, distinct },
    ]);
    expect(Object.fromEntries(actual)).toEqual(Object.fromEntries(expected));
    expect(found).toHaveLength(expected.length);
  });

  test('alerts on every window with a magnitude of 5 and more, and on jumps against the last three', async () => {
    await runHere(earthquakeJob(await readEarthquakes()));
    const windows = linesOf('windows');
    const alerts = linesOf('alerts');
    const high = windows
      .filter((line) => line['kind'] === 'tumbling' && Number(line['max']) >= 5)
      .map((line) => [line['start'], line['net']]);
    const named = (name: string): unknown[] =>
      alerts.filter((line) => line['name'] === name).map((line) => [(line['window'] as Line)['start'], line['key']]);
    expect(named('high')).toEqual(high);
    expect(named('trend')).toEqual(jumps(windows.filter((line) => line['kind'] === 'sliding')));
    expect(high.length).toBeGreaterThan(0);
  });

  function jumps(windows: readonly Line[]): unknown[] {
    const past = new Map<unknown, number[]>();
    return windows.flatMap(({ net, start, count }) => {
      const all = past.get(net) ?? [];
      past.set(net, [...all, Number(count)]);
      const recent = all.slice(-3);
      const usual = mean(recent) ?? 0;
      return all.length >= 2 && Math.abs((Number(count) - usual) / usual) > 1 ? [[start, net]] : [];
    });
  }

  test('[D6] loses what came later than the delay, says so, and nothing with a week', async () => {
    const features = await readEarthquakes();
    const { ledger } = await runHere(earthquakeJob(features));
    const late = features.length - onTime(features, timeOf, 3 * DAY).length;
    expect(ledger.rejected).toEqual({ late });
    expect(linesOf('rejected').map((line) => line['reason'])).toEqual(Array.from({ length: late }, () => 'late'));
    expect((await runHere(earthquakeJob(features, { delay: 7 * DAY }))).ledger.rejected).toEqual({});
  });

  test('bad reports and repetitions are rejected, each with its reason', async () => {
    const [first, second] = await readEarthquakes();
    const bad = [
      {},
      { ...second!, properties: { ...second!.properties, mag: null } },
      { ...second!, properties: { ...second!.properties, time: null } },
    ];
    const { ledger } = await runHere(earthquakeJob([first!, first!, ...bad, second!] as Feature[]));
    expect(ledger.rejected).toEqual({ duplicate: 1, failed: 2, invalid: 1 });
    expect(linesOf('rejected').map((line) => line['message'])).toEqual([
      undefined,
      'the report has no id',
      'null is no magnitude',
      'null is no event time',
    ]);
  });
});

describe('a job that is stopped', () => {
  const FILES = ['windows', 'alerts', 'rejected'];
  const textOf = (out: string): string[] => FILES.map((name) => readFileSync(join(folder, out, `${name}.ndjson`), 'utf8'));

  /** Stops the job after every so many commits until it is done; how often it was started comes back. */
  async function inPieces(job: Job, out: string, commits: number): Promise<number> {
    for (let starts = 1; starts < 100; starts++) {
      const stop = new AbortController();
      let left = commits;
      const watch = (): void => void (--left === 0 && stop.abort());
      const outcome = await atHome(join(folder, out), job.identity, {}, (home) => {
        expect(home.state).toBe(starts === 1 ? 'new' : 'begun');
        return run(job, home, { signal: stop.signal, checkpointEvery: 1, watch });
      });
      if (outcome === undefined) continue;
      expect((await checksOf(outcome, job.delayMs)).filter(({ left, right }) => left !== right)).toEqual([]);
      return starts;
    }
    throw new Error('it never ends');
  }

  test('goes on, and its files and sums are those of an unbroken run', async () => {
    const [good, ...rest] = await readEarthquakes();
    const job = earthquakeJob([good!, good!, {}, ...rest]);
    await runHere(job);
    expect(await inPieces(job, 'pieces', 1)).toBeGreaterThan(2);
    expect(textOf('pieces')).toEqual(textOf('out'));
  });

  test('is not run again once it is done, unless another job or --fresh asks for it', async () => {
    const features = (await readEarthquakes()).slice(0, 200);
    const { ledger } = await runHere(earthquakeJob(features));
    const stateOf = (options: object, isFresh = false): Promise<string> =>
      atHome(join(folder, 'out'), earthquakeJob(features, options).identity, { isFresh }, async ({ state }) => state);
    expect(await stateOf({})).toBe('done');
    const again = await runIn('out', { ...earthquakeJob(features), rows: [] });
    expect(again?.ledger).toEqual(ledger);
    expect(await stateOf({}, true)).toBe('new');
    await runHere(earthquakeJob(features));
    expect(await stateOf({ delay: DAY })).toBe('new');
  });

  test('is not overwritten by another one', async () => {
    const features = await readEarthquakes();
    const stop = new AbortController();
    const options = { signal: stop.signal, checkpointEvery: 1, watch: () => stop.abort() };
    expect(await runIn('out', earthquakeJob(features), options)).toBeUndefined();
    await expect(runIn('out', videoJob())).rejects.toThrow(/another job.*--fresh/);
    expect(existsSync(join(folder, 'out', 'windows.ndjson'))).toBe(false);
  });

  test('rows of the future are those of its first start', async () => {
    const at = (ms: number): string => JSON.stringify({ at: Date.now() + ms, who: 'a' });
    const path = fileWith('rows.ndjson', [at(0), at(2 * HOUR)].join('\n'));
    const job = await jobOf(readArguments(['--input', path, '--time', 'at', '--key', 'who']));
    const { ledger } = await runHere(job);
    expect(ledger.rejected).toEqual({ future: 1 });
  });
});

describe('a second start', () => {
  /** All files below a folder, with what is in them. */
  const filesIn = (path: string): Record<string, string> =>
    Object.fromEntries(
      readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((name) => [name, readFileSync(name, 'latin1')]),
    );

  /** Holds a job where it is: some rows are read (the source asks for 512 at once), and no more come until it is told so. */
  function held(job: Job, rows: readonly unknown[], count: number): { job: Job; reached: Promise<void>; goOn: () => void } {
    let goOn = (): void => {};
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    let arrive = (): void => {};
    const reached = new Promise<void>((resolve) => (arrive = resolve));
    const all = async function* (): AsyncGenerator {
      yield* rows.slice(0, count);
      arrive();
      await gate;
      yield* rows.slice(count);
    };
    return { job: { ...job, rows: { [Symbol.asyncIterator]: all } }, reached, goOn };
  }

  test.each([
    ['before the first commit', 0, false],
    ['before the first commit, with --fresh', 0, true],
    ['behind a commit', 512, false],
    ['behind a commit, with --fresh', 512, true],
  ])('%s is refused by name, and removes nothing', async (_when, count, isFresh) => {
    const features = await readEarthquakes();
    const { job, reached, goOn } = held(earthquakeJob(features), features, count);
    let committed = (): void => {};
    const commit = new Promise<void>((resolve) => (committed = resolve));
    const first = runIn('out', job, { checkpointEvery: 1, watch: ({ read }) => read >= Math.min(count, 1) && committed() });
    await (count === 0 ? reached : commit);
    const before = filesIn(join(folder, 'out'));
    const refused = await runIn('out', job, {}, isFresh).catch((cause: unknown) => cause);
    expect(refused).toMatchObject({
      message: expect.stringMatching(`out is in use by npm start, process ${process.pid} on .*TIDEMARK_CHECKPOINT_IN_USE`),
      cause: { code: 'TIDEMARK_CHECKPOINT_IN_USE' },
    });
    expect(filesIn(join(folder, 'out'))).toMatchObject(before);
    goOn();
    expect((await checksOf((await first)!, job.delayMs)).filter(({ left, right }) => left !== right)).toEqual([]);
    await runHere(earthquakeJob(features)); // nobody is there any more
  });
});

describe('--input', () => {
  const CSV = [
    'at,who,amount,id',
    '2026-01-01T00:00:00Z,a,1,1',
    '2026-01-01T00:10:00Z,a,2,2',
    '2026-01-01T00:10:00Z,a,2,2',
    'nonsense,a,3,3',
    '2026-01-01T02:00:00Z,b,x,4',
    '2026-01-01T03:00:00Z,b,,5',
    'short,line',
    '2026-01-01T00:05:00Z,a,9,7',
  ].join('\n');
  const COLUMNS = ['--time', 'at', '--key', 'who', '--value', 'amount', '--id', 'id'];

  test('[D3] CSV: good rows in windows, bad lines in rejected.ndjson with their number', async () => {
    const { ledger } = await runArguments('--input', fileWith('rows.csv', CSV), ...COLUMNS);
    expect(ledger).toMatchObject({ read: 8, clean: 3, rejected: { duplicate: 1, invalid: 1, failed: 2, late: 1 } });
    const messages = linesOf('rejected')
      .filter((line) => line['reason'] === 'failed')
      .map((line) => [line['line'], line['message']]);
    expect(messages).toEqual([
      [6, `column 'amount' holds no number: "x"`],
      [8, 'the line cannot be read: the record has 2 cells, and there are 4 columns'],
    ]);
    const tumbling = linesOf('windows').filter((line) => line['kind'] === 'tumbling');
    expect(tumbling.map(({ key, count, mean, max }) => [key, count, mean, max])).toEqual([
      ['a', 2, 1.5, 2],
      ['b', 1, null, null],
    ]);
  });

  test('NDJSON, packed, epoch seconds: unreadable lines are counted', async () => {
    const text = [
      '{"at":0,"who":"a","amount":1}',
      'no json',
      '',
      '[1]',
      '{"at":3600,"who":"a","amount":2}',
      '{"at":7200,"amount":2}',
    ].join('\r\n');
    const path = fileWith('rows.ndjson.gz', gzipSync(text));
    const { ledger } = await runArguments(
      '--input',
      path,
      '--time',
      'at',
      '--key',
      'who',
      '--value',
      'amount',
      '--unit',
      'seconds',
    );
    expect(ledger).toMatchObject({ read: 5, clean: 2, rejected: { failed: 3 } });
    expect(linesOf('rejected').map((line) => line['line'])).toEqual([2, 4, 6]);
  });

  test('without --id rows are judged by their windows alone', async () => {
    const text = ['at,who', '0,a', '4000000,a', '3590000,a', '9000000,a', '10,a'].join('\n');
    const { ledger } = await runArguments('--input', fileWith('rows.csv', text), '--time', 'at', '--key', 'who');
    expect(ledger.rejected).toEqual({});
    expect(ledger.windows.map((window) => [window.name, window.late])).toEqual([
      ['tumbling', 1],
      ['sliding', 1],
    ]);
  });

  test.each([
    ['a quote that nothing closes', '3600000,"a,2', 'a quoted cell has no end, or the record is too long'],
    ['text behind a closing quote', '3600000,"a"b,2', 'text behind a closing quote'],
    ['a line of 17 MB', `3600000,${'a'.repeat(17_000_000)},2`, 'the line has 17000011 bytes, too many'],
  ])('%s costs its own line, which is shown, and none of those behind it', async (_what, line, message) => {
    const text = ['at,who,amount', '0,"a ""b"",\nc",1', line, '7200000,a,4', '10800000,a,8', ''].join('\r\n');
    const { ledger } = await runArguments('--input', fileWith('rows.csv', text), ...COLUMNS.slice(0, 6));
    expect(ledger).toMatchObject({ read: 4, clean: 3, rejected: { failed: 1 } });
    const [rejected] = linesOf('rejected');
    expect(rejected).toMatchObject({ line: 4, message: `the line cannot be read: ${message}` });
    expect((rejected!['row'] as { text: string }).text.trim()).toBe(line.slice(0, 1024));
  });

  const PLAIN = ['at,who', '0,a', '3600000,é', ''];
  test.each([
    ['packed, whatever the name says', 'rows.csv', gzipSync(PLAIN.join('\n'))],
    ['not packed, whatever the name says', 'rows.csv.gz', Buffer.from(PLAIN.join('\n'))],
    ['packed in parts, under a name in capitals', 'ROWS.CSV.GZ', Buffer.concat(PLAIN.map((line) => gzipSync(`${line}\n`)))],
    ['UTF-8 with its mark', 'rows.csv', Buffer.from(`\uFEFF${PLAIN.join('\n')}`)],
    ['UTF-16 with its mark', 'rows.csv', Buffer.from(`\uFEFF${PLAIN.join('\r\n')}`, 'utf16le')],
    ['UTF-16 with its mark, the other way round', 'rows.csv', Buffer.from(`\uFEFF${PLAIN.join('\n')}`, 'utf16le').swap16()],
    ['lines that end with CR alone', 'rows.csv', Buffer.from(PLAIN.join('\r'))],
    ['lines that end with CR alone, LF in a cell', 'rows.csv', Buffer.from('at,who,note\r0,a,"x\ny"\r3600000,é,z\r')],
    ['CR in the name of a column', 'rows.csv', Buffer.from('at,who,"x\ry"\n0,a,1\n3600000,é,2\n')],
  ])('a file is read as it is: %s', async (_what, name, bytes) => {
    const { ledger } = await runArguments('--input', fileWith(name, bytes), '--time', 'at', '--key', 'who');
    expect(ledger).toMatchObject({ read: 2, clean: 2, rejected: {} });
    expect(linesOf('windows').flatMap(({ kind, key }) => (kind === 'tumbling' ? [key] : []))).toEqual(['a', 'é']);
  });

  test('a header that cannot be read is no data', async () => {
    const path = fileWith('rows.csv', 'at,"who"x,note\n0,a,1\n1,b,2\n');
    await expect(runArguments('--input', path, '--time', 'at', '--key', 'who')).rejects.toThrow(
      /the header of .* cannot be read: /,
    );
  });

  test('a column that occurs twice is not guessed at, unless nobody needs it', async () => {
    const path = fileWith('rows.csv', 'at,who,who,note,note\n0,a,b,c,d\n');
    await expect(runArguments('--input', path, '--time', 'at', '--key', 'who')).rejects.toThrow(/has two columns 'who'/);
    expect((await runArguments('--input', path, '--time', 'at', '--key', 'at', '--fresh')).ledger.read).toBe(1);
  });

  test.each([
    [
      'a missing file',
      ['--input', 'nowhere.csv', '--time', 'at', '--key', 'who'],
      /cannot read nowhere\.csv: there is no such file/,
    ],
    [
      'a missing column',
      ['--input', 'FILE', '--time', 'when', '--key', 'who'],
      /no column 'when'; its columns are: at, who, amount, id/,
    ],
    ['an unknown kind of file', ['--input', 'rows.xls', '--time', 'at', '--key', 'who'], /--format/],
    ['a folder', ['--input', '.', '--format', 'csv', '--time', 'at', '--key', 'who'], /it is a folder/],
  ])('%s is said clearly, and leaves no files', async (_what, argv, message) => {
    const path = fileWith('rows.csv', CSV);
    const job = await jobOf(readArguments(argv.map((word) => (word === 'FILE' ? path : word))));
    await expect(runIn('out', job)).rejects.toThrow(message);
    expect(['windows.ndjson', 'windows.ndjson.partial'].map((name) => existsSync(join(folder, 'out', name)))).toEqual([
      false,
      false,
    ]);
  });

  test('mistakes on the command line are named', () => {
    expect(() => readArguments(['--bogus'])).toThrow(/--bogus/);
    expect(() => readArguments(['--delay', 'soon'])).toThrow(/soon/);
    expect(() => readArguments(['--window', '0'])).toThrow(/--window/);
    expect(() => readArguments(['--format', 'xml'])).toThrow(/ndjson or csv/);
    expect(() => readArguments(['--input', 'x.csv'])).toThrow(/--time COLUMN and --key COLUMN/);
    expect(() => readArguments(['--time', 'x'])).toThrow(/--input/);
  });
});

describe('--video', () => {
  const SIZE = 2 * DAY;
  let windows: Line[];
  let rejections: Line[];

  // Run once: each test looks at one column of the same result.
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidemark-demo-'));
    await runHere(videoJob());
    [windows, rejections] = [linesOf('windows'), linesOf('rejected')];
    rmSync(folder, { recursive: true, force: true });
  });

  /** The rows that should count: undamaged, once, and not later than the delay; the library has no part in this. */
  function kept(): VideoEvent[] {
    const seen = new Set<string>();
    const sound = generateVideos({ seed: 1 }).filter((row) => row.error === null);
    return onTime(sound, (row) => row.event_timestamp, HOUR / 6).filter((row) => {
      const id = `${row.video_id}|${row.event_timestamp}`;
      return !seen.has(id) && seen.add(id);
    });
  }

  const present = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);
  const views = (rows: readonly VideoEvent[]): number[] => present(rows.map((row) => row.view_count));
  const pairs = (rows: readonly VideoEvent[], other: 'like_count' | 'comment_count'): [number, number][] =>
    rows.map((row) => [row.view_count!, row[other]!]);
  const growth = (now: number | null, before: number | null): number | null =>
    now === null || before === null || before === 0 ? null : (now - before) / before;

  /** Column by column; `before` is the key's window one slide earlier, or nothing. */
  const ORACLE: readonly (readonly [
    row: string,
    column: string,
    of: (rows: VideoEvent[], before: VideoEvent[]) => number | null,
  ])[] = [
    ['D48', 'video_count', (rows) => rows.length],
    ['D49', 'unique_videos', (rows) => new Set(rows.map((row) => row.video_id)).size],
    ['D50', 'unique_channels', (rows) => new Set(rows.map((row) => row.channel_id)).size],
    ['D51', 'total_views', (rows) => sum(views(rows))],
    ['D52', 'avg_views', (rows) => mean(views(rows))],
    ['D53', 'max_views', (rows) => Math.max(...views(rows))],
    ['D54', 'total_likes', (rows) => sum(present(rows.map((row) => row.like_count)))],
    ['D55', 'total_comments', (rows) => sum(present(rows.map((row) => row.comment_count)))],
    ['D56', 'engagement_rate', (rows) => mean(present(rows.map((row) => row.engagement_score)))],
    ['D57', 'avg_duration', (rows) => mean(present(rows.map((row) => row.duration_seconds)))],
    ['D58', 'trending_videos', (rows) => views(rows).filter((count) => count > 100_000).length],
    ['D59', 'view_velocity', (rows, before) => growth(sum(views(rows)), before.length === 0 ? null : sum(views(before)))],
    ['D60', 'engagement_velocity', (rows, before) => growth(engagement(rows), engagement(before))],
    ['D61', 'view_percentile_90', (rows) => ranked(views(rows), 0.9)],
    ['D61', 'view_percentile_95', (rows) => ranked(views(rows), 0.95)],
    ['D61', 'view_percentile_99', (rows) => ranked(views(rows), 0.99)],
    ['D62', 'views_likes_correlation', (rows) => pearson(pairs(rows, 'like_count'))],
    ['D63', 'views_comments_correlation', (rows) => pearson(pairs(rows, 'comment_count'))],
  ];

  function engagement(rows: readonly VideoEvent[]): number | null {
    return mean(present(rows.map((row) => row.engagement_score)));
  }

  test.each(ORACLE)('[%s] %s is what a batch computes', (_row, column, of) => {
    const groups = grouped(
      kept(),
      (row) => row.event_timestamp,
      (row) => row.category_id,
      SIZE,
      DAY,
    );
    expect(windows).toHaveLength(groups.size);
    for (const line of windows) {
      const start = Date.parse(String(line['start']));
      const key = String(line['category_id']);
      const wanted = of(groups.get(`${start}|${key}`)!, groups.get(`${start - DAY}|${key}`) ?? []);
      if (wanted === null) expect(line[column], `${column} ${String(line['start'])} ${key}`).toBeNull();
      else
        expect(Math.abs(Number(line[column]) - wanted), `${column} ${String(line['start'])} ${key}`).toBeLessThanOrEqual(
          1e-9 * Math.max(1, Math.abs(wanted)),
        );
    }
  });

  test('[D4] all metrics come from one query over one window', () => {
    const columns = ORACLE.map(([, column]) => column);
    expect(Object.keys(windows[0]!).sort()).toEqual([...columns, 'kind', 'start', 'end', 'category_id'].sort());
    expect(new Set(windows.map((line) => line['kind'])).size).toBe(1);
  });

  test('[D92] generated records have every field, say what was done to them, and are the same for a seed', () => {
    const records = generateVideos({ seed: 3, days: 5 });
    expect(records).toEqual(generateVideos({ seed: 3, days: 5 }));
    expect(records).not.toEqual(generateVideos({ seed: 4, days: 5 }));
    const fields =
      'video_id channel_id category_id view_count like_count comment_count engagement_score duration_seconds event_timestamp record_size processing_time error is_duplicate';
    expect(Object.keys(records[0]!).sort()).toEqual(fields.split(' ').sort());
    expect(records.every((row, i) => i === 0 || row.processing_time >= records[i - 1]!.processing_time)).toBe(true);
    const median = ranked(views(generateVideos()), 0.5)!;
    expect(median).toBeGreaterThan(200_000);
    expect(median).toBeLessThan(400_000);
  });

  test('[D76] finds the repetitions that were put in, and no others', () => {
    const duplicates = rejections.filter((line) => line['reason'] === 'duplicate');
    const records = generateVideos({ seed: 1 });
    const lost = rejections.length - duplicates.length;
    expect(duplicates.length).toBeGreaterThan(50);
    expect(records.length - kept().length).toBe(duplicates.length + lost);
  });

  test('real columns of the same names do as well', async () => {
    const rows = generateVideos({ days: 3 }).filter((row) => row.error === null);
    const text = rows.map(({ engagement_score: _score, ...row }) => JSON.stringify(row)).join('\n');
    const { ledger } = await runArguments('--video', '--input', fileWith('videos.ndjson', text));
    expect(ledger.read).toBe(rows.length);
    expect(ledger.clean + sumOf(ledger.rejected)).toBe(rows.length);
  });
});

describe('the command', () => {
  function start(...argv: string[]): { status: number | null; stdout: string; stderr: string } {
    const script = join(ROOT, 'demos/main/main.ts');
    return spawnSync(process.execPath, ['--import', 'tsx', script, ...argv], { cwd: ROOT, encoding: 'utf8' });
  }

  test('[D1] runs, prints plain lines, and ends with 0', () => {
    const { status, stdout, stderr } = start('--out', join(folder, 'out'));
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/rows read +1,707\n/);
    expect(stdout).toMatch(/checks: all \d+ sums agree\n$/);
    expect(stdout).not.toContain('\u001B');
    expect(linesOf('windows').length).toBeGreaterThan(100);
  });

  test('is refused where another process runs, and goes on from what that left when it was killed', async () => {
    const out = join(folder, 'out');
    const argv = ['--import', 'tsx', join(ROOT, 'demos/main/main.ts'), '--out', out, '--pace', '1', '--checkpoint', '40 ms'];
    const first = spawn(process.execPath, argv, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    await once(first.stdout, 'data');
    const second = start('--out', out, '--fresh');
    expect(second.status).toBe(1);
    expect(second.stderr).toMatch(new RegExp(`^tidemark demo: .*out is in use by npm start, process ${first.pid} on .*\n$`));
    first.kill('SIGKILL');
    await once(first, 'close');
    const third = start('--out', out);
    expect([third.status, third.stderr]).toEqual([0, '']);
    expect(third.stdout).toMatch(/checks: all \d+ sums agree\n$/);
  });

  test('ends with 1 and one line where it cannot go on', () => {
    const blocked = fileWith('file', '');
    const { status, stderr } = start('--out', join(blocked, 'out'));
    expect(status).toBe(1);
    expect(stderr).toMatch(/^tidemark demo: cannot write .*windows\.ndjson: .*\n$/);
    expect(HELP).toContain('--input');
  });
});
