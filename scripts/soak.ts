import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  availableNow,
  flatMapGroupsWithState,
  foreachBatch,
  streamingQuery,
  withWatermark,
  type GroupState,
  type Slice,
  type Source,
  type UntimedStream,
} from 'tidemark';
import { fileCheckpoint } from 'tidemark/node';

// npm run soak -- [--rows 10000000] [--keys 1000000] [--batch 50000] [--samples 20]
// Rows of many keys whose state expires, with a checkpoint in files. Once as many keys leave as come, the heap must not grow,
// and neither must the open handles. Fails (exit 1) where they do.

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000000' },
    keys: { type: 'string', default: '1000000' },
    batch: { type: 'string', default: '50000' },
    samples: { type: 'string', default: '20' },
  },
});
const [rows, keys, batch, samples] = [values.rows, values.keys, values.batch, values.samples].map(Number) as [
  number,
  number,
  number,
  number,
];
const START = 1_699_999_200_000;
/** One row a ms: a key comes once in `keys` ms on average, and its state goes a tenth of that after its last row. */
const expiryMs = Math.ceil(keys / 10);
const DELAY_MS = 1000;
/** In MB per million rows. */
const LIMIT = 1;
/** What comes before it fills the state. */
const WARM = 0.3;

interface Row {
  readonly t: number;
  readonly k: number;
}

interface Sample {
  readonly rows: number;
  readonly heapMB: number;
  readonly handles: number;
  readonly held: number;
}

/** Row `i`, made when it is asked for: nothing of the input is held. Keys are scattered by a multiplication (Knuth). */
function rowAt(i: number): Row {
  return { t: START + i, k: (Math.imul(i, 2_654_435_761) >>> 0) % keys };
}

const source: Source<Row> = {
  type: 'numbers',
  description: { rows, keys },
  replay: 'replayable',
  open: () => ({
    next: async (from) => {
      const at = Number(from ?? 0);
      return at < rows ? { from, to: Math.min(rows, at + batch) } : undefined;
    },
    read: readRows,
    freeze: async () => {},
    close: () => {},
  }),
};

async function* readRows({ from, to }: Slice): AsyncGenerator<readonly Row[]> {
  for (let at = Number(from ?? 0); at < Number(to); at += 1000) {
    yield Array.from({ length: Math.min(1000, Number(to) - at) }, (_, i) => rowAt(at + i));
  }
}

/** Rows a key has had, until it has been silent for long enough. */
const counted = (rows$: UntimedStream<Row>): UntimedStream<number> =>
  rows$.pipe(
    withWatermark('t', DELAY_MS, { id: 'time' }),
    flatMapGroupsWithState({
      id: 'counts',
      key: 'k',
      timeout: 'eventTime',
      update: (_key, of, state: GroupState<number>): number[] => {
        if (state.hasTimedOut) {
          const count = state.get();
          state.remove();
          return [count];
        }
        state.update((state.getOption() ?? 0) + of.length);
        state.setTimeoutTimestamp(of.at(-1)!.t + expiryMs);
        return [];
      },
    }),
  );

/** Files, sockets and timers of this process. */
function openHandles(): number {
  const files = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
  return files + process.getActiveResourcesInfo().length;
}

function sampled(read: number, held: number): Sample {
  globalThis.gc?.();
  globalThis.gc?.();
  return { rows: read, heapMB: process.memoryUsage().heapUsed / 1e6, handles: openHandles(), held };
}

/** Least squares: MB per million rows. */
function slopeOf(seen: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number => seen.reduce((sum, one) => sum + of(one), 0) / seen.length;
  const [x, y] = [mean((one) => one.rows), mean((one) => one.heapMB)];
  const covariance = seen.reduce((sum, one) => sum + (one.rows - x) * (one.heapMB - y), 0);
  const variance = seen.reduce((sum, one) => sum + (one.rows - x) ** 2, 0);
  return (covariance / variance) * 1e6;
}

async function soak(folder: string): Promise<Sample[]> {
  const seen: Sample[] = [];
  let [read, expired] = [0, 0];
  const every = Math.max(batch, Math.floor(rows / samples));
  const query = streamingQuery(source, counted).writeStream({
    sink: foreachBatch<number>((counts) => void (expired += counts.rows.reduce((sum, n) => sum + n, 0)), { idempotent: true }),
    checkpoint: fileCheckpoint(join(folder, 'checkpoint')),
    trigger: availableNow(),
    minBatchesToRetain: 10,
    recentProgress: 10,
    onAdvice: () => {},
  });
  query.progress$.subscribe(({ numInputRows, stateOperators }) => {
    read += numInputRows;
    if (read < (seen.length + 1) * every || numInputRows === 0) return;
    const one = sampled(read, stateOperators.at(-1)?.numRowsTotal ?? 0);
    seen.push(one);
    console.log(`${one.rows} rows  ${one.held} keys held  ${one.heapMB.toFixed(1)} MB  ${one.handles} handles`);
  });
  await query.start();
  await query.awaitTermination();
  const held = query.lastProgress?.stateOperators.at(-1)?.numRowsTotal ?? 0;
  console.log(`${read} rows read, ${expired} of them in keys that have left, ${held} keys held`);
  return seen;
}

const folder = mkdtempSync(join(tmpdir(), 'tidemark-soak-'));
try {
  const warm = (await soak(folder)).filter((one) => one.rows > WARM * rows);
  const slope = slopeOf(warm);
  const handles = warm.map((one) => one.handles);
  const spread = Math.max(...handles) - Math.min(...handles);
  console.log(`heap slope ${slope.toFixed(3)} MB per million rows (limit ${LIMIT}), open handles vary by ${spread}`);
  if (!(slope < LIMIT) || spread > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
