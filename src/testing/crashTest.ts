import type { CheckpointLocation } from '../checkpoint';
import type { FileSystem } from '../files/fileSystem';
import type { StreamingQuery } from '../query';
import { seeded } from './assertSplitInvariant';
import { Recording, type Trial } from './crashTrial';
import type { SimulatedFiles } from './simulatedFiles';

/** What a query under test is built from: everything durable lies on the simulated disk, or `outside`. */
export interface CrashWorld {
  /** The disk, as the process that runs now sees it. */
  readonly fs: FileSystem;
  readonly checkpoint: CheckpointLocation;
  /** Which process this is, from 1. */
  readonly life: number;
  /** What lies behind a network: values that are never changed in place, only set anew. It survives everything. */
  readonly outside: Map<string, unknown>;
  /** Random numbers that differ between attempts, as those of user code may. */
  random(): number;
  /** A step of something outside that the process may not survive: a crash point of its own. */
  step(): Promise<void>;
}

/** What an independent check found wrong. */
export interface CrashFindings {
  readonly lost: number;
  readonly duplicated: number;
  readonly wrong: number;
  /** The first things found, for people. */
  readonly details: readonly string[];
}

/** Options of `crashTest`. */
export interface CrashTestOptions {
  /** How many crash points to try; default 1,000. */
  readonly points?: number;
  /** Everything random hangs on it; printed with every finding. Default 1. */
  readonly seed?: number;
  /** `kill`: the process dies. `power`: the disk forgets what was not synced. Default: both, in turn. */
  readonly how?: 'kill' | 'power' | 'both';
  /** What calls fail with, once or for good, at some of the points; default EIO, ENOSPC, EMFILE and EACCES. */
  readonly errors?: readonly string[];
  /** Done to each fresh disk: `disk.ignoreSync('files')` shows that the test can fail. */
  readonly prepare?: (disk: SimulatedFiles) => void;
  /** Crashes in a row before the query is left alone, at most; default 8. */
  readonly crashesInARow?: number;
}

/** What `crashTest` has tried and found. */
export interface CrashReport extends CrashFindings {
  /** Crashes and errors; each was followed by a recovery, and all that were in one history by a check. */
  readonly points: number;
  /** Histories: each was run to its end and checked. */
  readonly trials: number;
  /** Of the points: calls that failed. */
  readonly errors: number;
  readonly seed: number;
  /** Runs that ended with an error that was no crash: recovery must never fail. */
  readonly failures: number;
}

/** A case: the query, and the check of what it leaves. It keeps nothing itself: histories share it. */
export interface CrashCase {
  /** Builds the query for one run of the process; it must end by itself (`availableNow`, or a source that ends). */
  query(world: CrashWorld): StreamingQuery;
  /** Decides what was lost, duplicated or wrong, by what lies on the disk (and `disk.outside`). */
  check(disk: SimulatedFiles): CrashFindings | Promise<CrashFindings>;
}

/** Calls of a run are tried at strides of this share of them, so that few points are spread as evenly as many. */
const GOLDEN = 0.618;

/**
 * Proves that a query survives crashes. A run without crashes is recorded with a copy of the disk at each of its calls;
 * from there histories begin, at every call in turn: the process dies there (or the power fails), a new one finds what is
 * left, may die or meet errors itself, while it recovers too, until one is left alone and gets through; then comes the
 * check. When every call has had its turn, another run is recorded.
 *
 * @param newCase - makes a case; called once for each recording
 * @param options - `points`, `seed`, `how`, `errors`, `crashesInARow`
 * @returns counts; all of `lost`, `duplicated`, `wrong` and `failures` are 0 if it held. Deterministic for a seed
 * @example
 * ```ts
 * const report = await crashTest(
 *   () => ({
 *     query: ({ checkpoint, outside }) =>
 *       streamingQuery(memorySource([1, 2, 3], { maxRowsPerTrigger: 1 }), (rows$) => rows$).writeStream({
 *         sink: foreachBatch(({ rows }, { batchId }) => void outside.set(`batch ${batchId}`, rows), { idempotent: true }),
 *         checkpoint,
 *         trigger: availableNow(),
 *       }),
 *     check: ({ outside }) => {
 *       const found = [...outside.values()].flat();
 *       return { lost: 3 - new Set(found).size, duplicated: found.length - new Set(found).size, wrong: 0, details: [] };
 *     },
 *   }),
 *   { points: 20 },
 * );
 * [report.lost, report.duplicated, report.failures]; // => [0, 0, 0]
 * ```
 */
export async function crashTest(newCase: (recording: number) => CrashCase, options: CrashTestOptions = {}): Promise<CrashReport> {
  const { points = 1_000, seed = 1, how = 'both', crashesInARow = 8, prepare = () => {} } = options;
  const { errors: codes = ['EIO', 'ENOSPC', 'EMFILE', 'EACCES'] } = options;
  const total = { points: 0, trials: 0, errors: 0, lost: 0, duplicated: 0, wrong: 0, failures: 0 };
  const details: string[] = [];
  for (let recorded = 0; total.points < points; recorded++) {
    const recording = await Recording.of(newCase(recorded), { seed: seed + recorded, prepare });
    for (const call of inTurn(recording.calls, seeded(seed + recorded))) {
      if (total.points >= points) break;
      const which = seed + total.trials++;
      const crashes = Math.min(crashesInARow, points - total.points);
      const outcome = await recording.tryAt(call, { seed: which, how, codes, crashes } satisfies Trial);
      for (const name of ['points', 'errors', 'lost', 'duplicated', 'wrong', 'failures'] as const) total[name] += outcome[name];
      for (const detail of outcome.details) if (details.length < 20) details.push(`seed ${which}, call ${call}: ${detail}`);
    }
  }
  return { ...total, seed, details };
}

/** Every call from 1 to `calls` once, far from the one before. */
function* inTurn(calls: number, random: () => number): Iterable<number> {
  let stride = Math.max(1, Math.round(calls * GOLDEN));
  while (divisor(stride, calls) > 1) stride++;
  let at = Math.floor(random() * calls);
  for (let i = 0; i < calls; i++, at = (at + stride) % calls) yield 1 + at;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
