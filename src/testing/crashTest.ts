import type { CheckpointLocation } from '../checkpoint';
import type { FileSystem } from '../files/fileSystem';
import type { StreamingQuery } from '../query';
import { seeded } from './assertSplitInvariant';
import { SimulatedCrash, simulatedFiles, type SimulatedFiles } from './simulatedFiles';

/** What a query under test is built from: everything durable lies on the simulated disk. */
export interface CrashWorld {
  /** The disk, as the process that runs now sees it. */
  readonly fs: FileSystem;
  readonly checkpoint: CheckpointLocation;
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
  /** Done to each fresh disk: `disk.ignoreSync('files')` shows that the test can fail. */
  readonly prepare?: (disk: SimulatedFiles) => void;
  /** Crashes in a row before the query is left alone, at most; default 8. */
  readonly crashesInARow?: number;
}

/** What `crashTest` has tried and found. */
export interface CrashReport extends CrashFindings {
  readonly points: number;
  readonly trials: number;
  readonly seed: number;
  /** Runs that ended with an error that was no crash: recovery must never fail. */
  readonly failures: number;
}

/** A fresh case: the world outside the process, the query in it, and the check of what is left. */
export interface CrashCase {
  /** Builds the query for one run of the process; it must end by itself (`availableNow`, or a source that ends). */
  query(world: CrashWorld): StreamingQuery;
  /** Decides what was lost, duplicated or wrong, by what lies on the disk (and wherever else the sinks write). */
  check(disk: SimulatedFiles): CrashFindings | Promise<CrashFindings>;
}

/**
 * Proves that a query survives crashes: runs it on a simulated disk, lets the process die (or the power fail) at random
 * operations, during recovery too, starts it again until it is through, and checks the outcome.
 *
 * @param newCase - makes a case; called once a trial, so that trials do not see each other
 * @param options - `points`, `seed`, `how`, `crashesInARow`
 * @returns counts; all of `lost`, `duplicated`, `wrong` and `failures` are 0 if it held. Deterministic for a seed
 */
export async function crashTest(newCase: (trial: number) => CrashCase, options: CrashTestOptions = {}): Promise<CrashReport> {
  const { points = 1_000, seed = 1, how = 'both', crashesInARow = 8, prepare = () => {} } = options;
  const total = { points: 0, trials: 0, lost: 0, duplicated: 0, wrong: 0, failures: 0 };
  const details: string[] = [];
  const calls = await callsOf(newCase(0), seed);
  while (total.points < points) {
    const trial = total.trials++;
    const left = Math.min(crashesInARow, points - total.points);
    const outcome = await tryOnce(newCase(trial), { seed: seed + trial, calls, how, crashes: left, prepare });
    total.points += outcome.points;
    total.failures += outcome.failures;
    total.lost += outcome.lost;
    total.duplicated += outcome.duplicated;
    total.wrong += outcome.wrong;
    for (const detail of outcome.details) if (details.length < 20) details.push(`seed ${seed + trial}: ${detail}`);
  }
  return { ...total, seed, details };
}

interface Trial {
  readonly seed: number;
  /** Calls of a run without crashes: crash points are drawn from these. */
  readonly calls: number;
  readonly how: 'kill' | 'power' | 'both';
  readonly crashes: number;
  readonly prepare: (disk: SimulatedFiles) => void;
}

async function tryOnce(one: CrashCase, trial: Trial): Promise<CrashFindings & { points: number; failures: number }> {
  const random = seeded(trial.seed);
  const disk = simulatedFiles(trial.seed);
  trial.prepare(disk);
  let points = 0;
  let unexpected: unknown;
  while (points < trial.crashes && unexpected === undefined) {
    disk.crashAt(1 + Math.floor(random() * trial.calls));
    const { died, cause } = await runOnce(one, disk, random);
    unexpected = cause;
    if (!died) break;
    points++;
    const model = trial.how === 'both' ? (random() < 0.5 ? 'kill' : 'power') : trial.how;
    disk.restart(model, Math.floor(random() * 2 ** 31));
  }
  disk.crashAt(Infinity);
  if (unexpected === undefined) unexpected = (await runOnce(one, disk, random)).cause;
  const findings = unexpected === undefined ? await one.check(disk) : { lost: 0, duplicated: 0, wrong: 0, details: [] };
  const details = unexpected === undefined ? findings.details : [`a run failed: ${textOf(unexpected)}`, ...findings.details];
  // A trial without a crash is one point, too: the loop must end.
  return { ...findings, details, points: Math.max(1, points), failures: unexpected === undefined ? 0 : 1 };
}

/** How many calls a run without crashes makes. */
async function callsOf(one: CrashCase, seed: number): Promise<number> {
  const disk = simulatedFiles(seed);
  const { cause } = await runOnce(one, disk, seeded(seed));
  if (cause !== undefined) throw new Error(`the query fails without any crash: ${textOf(cause)}`, { cause });
  return disk.calls;
}

/** One life of the process: until the query is through, or dead. */
async function runOnce(one: CrashCase, disk: SimulatedFiles, random: () => number): Promise<{ died: boolean; cause?: unknown }> {
  const { fs } = disk;
  const step = async (): Promise<void> => {
    await fs.mkdir('step');
  };
  try {
    const query = one.query({ fs, checkpoint: disk.checkpoint(), random, step });
    await query.start();
    await query.awaitTermination();
    return { died: false };
  } catch (cause) {
    return hasDied(cause) ? { died: true } : { died: false, cause };
  }
}

/** A crash comes wrapped in what the layers above make of it. */
function hasDied(cause: unknown): boolean {
  for (let inner = cause, depth = 0; inner instanceof Error && depth < 10; inner = inner.cause, depth++) {
    if (inner instanceof SimulatedCrash) return true;
    if (inner instanceof AggregateError && inner.errors.some(hasDied)) return true;
  }
  return false;
}

function textOf(cause: unknown): string {
  const parts: string[] = [];
  for (let inner = cause, depth = 0; inner instanceof Error && depth < 5; inner = inner.cause, depth++) parts.push(inner.message);
  return parts.join(' < ');
}
