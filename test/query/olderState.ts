/** Checkpoints of queries in today's format: `node --import tsx test/query/olderState.ts FOLDER` writes them, once for ever. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Observable } from 'rxjs';
import {
  agg,
  aggregate,
  customWindows,
  dropDuplicates,
  foreachBatch,
  intervalJoin,
  keyedProcess,
  memorySource,
  onUpdate,
  session,
  sliding,
  streamingQuery,
  tumbling,
  withWatermark,
  type Assigner,
  type Element,
  type StreamKind,
} from 'tidemark';
import { textOf } from 'tidemark/testing';
import { memoryCheckpoint, type CheckpointLocation } from '../../src/checkpoint';
import { exportCheckpoint } from '../../src/checkpoint/archive';

interface Row {
  readonly t: number;
  readonly k: string | null;
  readonly v: number;
}
type Stream = Observable<Element<Row>>;

const windowed = (window: Assigner<Row>) => (rows: Stream) =>
  rows.pipe(aggregate({ window, key: 'k', select: { n: agg.count(), sum: agg.sum<Row>('v'), mean: agg.avg<Row>('v') } }));
const around = customWindows<Row>((time) => [{ start: time - 5, end: time + 10 }]);

/** One query for each kind of state. */
export const QUERIES: Readonly<Record<string, (rows: Stream) => Observable<Element<unknown, StreamKind>>>> = {
  tumbling: windowed(tumbling(20)),
  sliding: windowed(sliding(25, 10)),
  sessions: windowed(session(12)),
  custom: windowed(around),
  updates: (rows) => rows.pipe(aggregate({ window: tumbling(20), key: 'k', select: { n: agg.count() }, emit: onUpdate() })),
  dedup: (rows) => rows.pipe(dropDuplicates<Row>(['k', 't'], { timeColumn: 't' })),
  join: (rows) =>
    rows.pipe(
      intervalJoin(rows, {
        on: ['k'],
        within: { before: 4, after: 9 },
        select: (l, r) => ({ left: l?.t, right: r?.t, k: l?.k }),
      }),
    ),
  keyed: (rows) =>
    rows.pipe(
      keyedProcess<Row, 'k', unknown>(
        (handle) => {
          const seen = handle.listState<number>('seen');
          return {
            onRow({ v }, { time, eventTimers }) {
              seen.append(v);
              eventTimers.register(time + 15);
            },
            onTimer: ({ time }, { key }, out) => out({ time, key, seen: seen.get() }),
          };
        },
        { key: 'k' },
      ),
    ),
};

const keys = ['a', 'b', null, 'é'];
const BATCHES = Array.from({ length: 8 }, (_, batch) =>
  Array.from({ length: 15 }, (_, i): Row => {
    const n = batch * 15 + i;
    const gaps = Math.floor((n + 7) / 15) * 20;
    return { t: 1000 + n * 2 + gaps - ((n * 7) % 5), k: keys[(n * n + 3) % 4]!, v: n / 4 };
  }),
);
const HALF = 5;

/** Runs the batches from one to another; what comes out, in order. */
export async function runPart(
  name: string,
  checkpoint: CheckpointLocation,
  part: 'first' | 'second' | 'whole',
): Promise<string[]> {
  const said: string[] = [];
  const sink = foreachBatch<unknown>(({ rows, changes }) => void said.push(...(changes ?? rows).map(textOf)));
  const source = memorySource<Row>();
  const outputMode = name === 'updates' ? ({ outputMode: 'update' } as const) : {};
  const pipeline = (rows: Observable<Element<Row, 'untimed'>>) => QUERIES[name]!(rows.pipe(withWatermark('t', 6)) as Stream);
  const query = streamingQuery(source, pipeline).writeStream({ sink, checkpoint, onAdvice: () => {}, ...outputMode });
  if (part === 'second') source.add(...BATCHES.slice(0, HALF).flat());
  await query.start();
  for (const batch of part === 'whole' ? BATCHES : part === 'first' ? BATCHES.slice(0, HALF) : BATCHES.slice(HALF)) {
    source.add(...batch);
    await query.processAllAvailable();
  }
  await query.stop();
  return said;
}

if (process.argv[1]?.endsWith('olderState.ts') === true) {
  for (const name of Object.keys(QUERIES)) {
    const location = memoryCheckpoint();
    await runPart(name, location, 'first');
    writeFileSync(join(process.argv[2]!, `${name}.gz`), gzipSync(await exportCheckpoint(location)));
  }
}
