import {
  agg,
  aggregate,
  dropDuplicates,
  memorySource,
  processingTime,
  streamingQuery,
  tumbling,
  withWatermark,
  type BatchSink,
  type OutputBatch,
  type Trigger,
  type Window,
} from 'tidemark';
import { seeded } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/testing/manualClock';

const ARRIVALS = 3_000;
const DELAY = 500;
const SIZE = 250;

interface View {
  readonly id: number;
  readonly at: number;
  readonly k: number;
}

interface Arrival {
  readonly time: number;
  readonly row: View;
}

/** Rows with gaps of this length at most, each up to 400 ms after its event. */
function arrivalsOf({ seed, count = ARRIVALS, gapMs = 50, stepMs = 10 }: Setting): Arrival[] {
  const random = seeded(seed);
  const upTo = (ms: number): number => Math.floor(random() * (ms / stepMs)) * stepMs;
  let time = 10_000;
  return Array.from({ length: count }, (_, id) => {
    time += upTo(gapMs);
    return { time, row: { id, at: time - upTo(400), k: Math.floor(random() * 8) } };
  });
}

/** A sink that takes its time for each batch, and notes when each row can be seen. */
class SlowSink<R> implements BatchSink<R> {
  readonly type = 'slow';
  readonly description = {};
  readonly modes = ['append', 'update'] as const;
  readonly delivery = 'volatile';
  readonly seen: { readonly row: R; readonly time: number }[] = [];
  longestBatch = 0;

  constructor(
    private readonly clock: ManualClock,
    private readonly cost: () => number,
  ) {}

  async commit({ rows }: OutputBatch<R>): Promise<void> {
    const ms = this.cost();
    if (ms > 0) await new Promise<void>((resolve) => this.clock.schedule(() => resolve(), ms));
    for (const row of rows) this.seen.push({ row, time: this.clock.now() });
    this.longestBatch = Math.max(this.longestBatch, rows.length);
  }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 120; i++) await Promise.resolve();
}

interface Counted {
  readonly window: Window;
  readonly k: number;
}

interface Setting {
  readonly seed: number;
  readonly count?: number;
  /** Between two rows, at most; default 50: some 40 rows a second. */
  readonly gapMs?: number;
  /** Everything happens on this grid of the injected clock; default 10 ms. */
  readonly stepMs?: number;
  readonly trigger?: Trigger;
  /** The longest a commit takes, ms. */
  readonly commitMs: number;
  readonly outputMode?: 'append' | 'update';
}

/** Runs a query while rows arrive; what its two sinks have shown when, ms. */
async function measured(setting: Setting) {
  const { seed, trigger, commitMs, outputMode = 'append', stepMs = 10 } = setting;
  const clock = new ManualClock(0);
  const random = seeded(seed + 1);
  const cost = (): number => Math.floor(random() * (commitMs / stepMs)) * stepMs;
  const unique = new SlowSink<View>(clock, cost);
  const windows = new SlowSink<Counted>(clock, cost);
  const source = memorySource<View>([], { retain: 'uncommitted' });
  const query = streamingQuery(source, (rows$) => {
    const unique$ = rows$.pipe(withWatermark('at', DELAY), dropDuplicates(['id', 'at']));
    return {
      ...(outputMode === 'append' && { unique: unique$ }),
      windows: unique$.pipe(aggregate({ key: 'k', window: tumbling(SIZE), select: { n: agg.count() } })),
    };
  }).writeStream({
    to: { ...(outputMode === 'append' && { unique }), windows } as never,
    outputMode,
    scheduler: clock,
    onAdvice: () => {},
    ...(trigger && { trigger }),
  });
  await query.start();
  const arrivals = arrivalsOf(setting);
  const end = arrivals.at(-1)!.time + 5_000;
  for (let next = 0; clock.now() < end; clock.advance(stepMs)) {
    for (; arrivals[next]?.time === clock.now(); next++) source.add(arrivals[next]!.row);
    await settled();
  }
  const { lastProgress } = query;
  const stopped = query.stop();
  for (let i = 0; i < 100; i++) {
    clock.advance(stepMs);
    await settled();
  }
  await stopped;
  return { arrivals, unique, windows, batches: lastProgress!.batchId + 1 };
}

type Measured = Awaited<ReturnType<typeof measured>>;

/** From the arrival of a row to its being seen. */
function rowLatencies({ arrivals, unique }: Measured): number[] {
  const arrived = new Map(arrivals.map(({ time, row }) => [row.id, time]));
  return unique.seen.map(({ row, time }) => time - arrived.get(row.id)!);
}

/** From the arrival of the row that brings the watermark to the end of a window to the result being seen. */
function windowLatencies({ arrivals, windows }: Measured): number[] {
  let largest = -Infinity;
  const proofs = arrivals.map(({ time, row }) => ({ time, watermark: (largest = Math.max(largest, row.at)) - DELAY }));
  const latencies = windows.seen.map(({ row, time }) => time - proofs.find(({ watermark }) => watermark >= row.window.end)!.time);
  const floor = (at: number): number => Math.floor(at / SIZE) * SIZE;
  const closed = arrivals.filter(({ row }) => floor(row.at) + SIZE <= largest - DELAY);
  expect(latencies).toHaveLength(new Set(closed.map(({ row }) => `${row.k} ${floor(row.at)}`)).size);
  return latencies;
}

/** From the arrival of a row of a group to the first sight of that group that is not older. */
function groupLatencies({ arrivals, windows }: Measured): number[] {
  const sights = new Map<string, number[]>();
  for (const { row, time } of windows.seen) {
    const key = `${row.k} ${row.window.start}`;
    sights.set(key, [...(sights.get(key) ?? []), time]);
  }
  return arrivals.map(({ time, row }) => {
    const group = sights.get(`${row.k} ${Math.floor(row.at / SIZE) * SIZE}`) ?? [];
    return (group.find((sight) => sight >= time) ?? Infinity) - time;
  });
}

const p99 = (latencies: readonly number[]): number =>
  [...latencies].sort((a, b) => a - b)[Math.ceil(latencies.length * 0.99) - 1]!;

describe('[D5] from the last row that a result needs to the result', () => {
  it('the default trigger: within a second, while every commit takes up to 150 ms', async () => {
    const run = await measured({ seed: 1, commitMs: 150 });
    const [rows, windows] = [rowLatencies(run), windowLatencies(run)];
    expect(rows).toHaveLength(ARRIVALS);
    expect(windows.length).toBeGreaterThan(1_500);
    expect(p99(rows)).toBeLessThanOrEqual(1_000);
    expect(p99(windows)).toBeLessThanOrEqual(1_000);
    // The clock was at work: rows waited for the batch before theirs, and came in many batches.
    expect(p99(rows)).toBeGreaterThan(150);
    expect(run.batches).toBeGreaterThan(200);
  });

  it(`processingTime('1 second'): rows and updated groups within the interval, closed windows one later`, async () => {
    const trigger = processingTime('1 second');
    const append = await measured({ seed: 3, commitMs: 0, trigger });
    expect(append.unique.seen).toHaveLength(ARRIVALS);
    expect(p99(rowLatencies(append))).toBeLessThanOrEqual(1_000);
    expect(p99(windowLatencies(append))).toBeLessThanOrEqual(2_000);
    const update = await measured({ seed: 4, commitMs: 0, trigger, outputMode: 'update' });
    expect(p99(groupLatencies(update))).toBeLessThanOrEqual(1_000);
    expect(update.batches).toBeLessThan(100);
  });

  it('half the interval: closed windows, too, are there within a second', async () => {
    const run = await measured({ seed: 5, commitMs: 0, trigger: processingTime('500 milliseconds') });
    expect(p99(windowLatencies(run))).toBeLessThanOrEqual(1_000);
  });

  it('no row has to come behind the last one: where seconds lie between rows, a closed window waits for none', async () => {
    const run = await measured({ seed: 6, count: 200, gapMs: 3_000, stepMs: 50, commitMs: 150 });
    const windows = windowLatencies(run);
    expect(windows.length).toBeGreaterThan(150);
    expect(p99(windows)).toBeLessThanOrEqual(1_000);
  });
});
