import { isTidemarkError } from '../errors';
import { seeded } from './assertSplitInvariant';
import type { CrashCase, CrashFindings } from './crashTest';
import { SimulatedCrash, simulatedFiles, type SimulatedFiles } from './simulatedFiles';

/** One history: a crash, and what may come after it. */
export interface Trial {
  readonly seed: number;
  readonly how: 'kill' | 'power' | 'both';
  /** What calls fail with. */
  readonly codes: readonly string[];
  /** Points of this history, at most. */
  readonly crashes: number;
}

/** What has come of a history. */
export interface TrialOutcome extends CrashFindings {
  readonly points: number;
  readonly errors: number;
  readonly failures: number;
}

/** How one life of the process ended. */
type End = { readonly kind: 'through' | 'died' } | { readonly kind: 'failed'; readonly cause: unknown };

/** After a crash, so often another one follows; and of these, so many are errors. */
const ANOTHER = 0.8;
const AN_ERROR = 0.3;
/** So many histories begin with an error in the first process instead of a crash. */
const FROM_THE_START = 0.06;

/** A run without crashes, with the disk as a crash in each of its calls would find it. */
export class Recording {
  private constructor(
    private readonly one: CrashCase,
    private readonly fresh: SimulatedFiles,
    private readonly copies: readonly SimulatedFiles[],
  ) {}

  static async of(
    one: CrashCase,
    options: { readonly seed: number; readonly prepare: (disk: SimulatedFiles) => void },
  ): Promise<Recording> {
    const { seed, prepare } = options;
    const disk = simulatedFiles(seed);
    prepare(disk);
    const copies: SimulatedFiles[] = [];
    disk.watch(() => copies.push(disk.copy()));
    const end = await live(one, disk, seeded(seed));
    if (end.kind !== 'failed' && copies.length > 0) return new Recording(one, copies[0]!, copies);
    const cause = end.kind === 'failed' ? end.cause : undefined;
    throw new Error(`the query fails without any crash: ${textOf(cause)}`, { cause });
  }

  get calls(): number {
    return this.copies.length;
  }

  /** A history that begins with a crash in this call (from 1), or with an error there. */
  async tryAt(call: number, trial: Trial): Promise<TrialOutcome> {
    const random = seeded(trial.seed);
    const fromTheStart = trial.codes.length > 0 && random() < FROM_THE_START;
    const disk = (fromTheStart ? this.fresh : this.copies[call - 1]!).copy();
    const history = new History(this.one, disk, random, trial);
    if (fromTheStart) await history.error(call);
    else history.crash();
    while (history.goesOn && random() < ANOTHER) {
      // Early calls more often: that is where a process recovers.
      const next = 1 + Math.floor(random() * random() * this.calls);
      if (trial.codes.length > 0 && random() < AN_ERROR) await history.error(next);
      else await history.crashAt(next);
    }
    return history.end();
  }
}

/** The processes one after the other. */
class History {
  private points = 0;
  private errors = 0;
  private isThrough = false;
  private failure: unknown;

  constructor(
    private readonly one: CrashCase,
    private readonly disk: SimulatedFiles,
    private readonly random: () => number,
    private readonly trial: Trial,
  ) {}

  get goesOn(): boolean {
    return !this.isThrough && this.failure === undefined && this.points < this.trial.crashes;
  }

  /** The process is gone. */
  crash(): void {
    this.points++;
    const { how } = this.trial;
    this.disk.restart(how === 'both' ? (this.random() < 0.5 ? 'kill' : 'power') : how, this.draw());
  }

  /** A new process dies in a call, if it gets there. */
  async crashAt(call: number): Promise<void> {
    this.disk.crashAt(call);
    const end = await this.live();
    if (end.kind === 'died') this.crash();
    else this.isThrough = true;
    if (end.kind === 'failed') this.failure = end.cause;
  }

  /** A call fails in a new process, once or from then on: it may get over it, or end with an error that has a name. */
  async error(call: number): Promise<void> {
    const code = this.trial.codes[Math.floor(this.random() * this.trial.codes.length)]!;
    this.disk.failAt(call, code, this.random() < 0.5 ? 1 : Infinity);
    const end = await this.live();
    if (this.disk.calls >= call) {
      this.points++;
      this.errors++;
    }
    if (end.kind === 'failed' && !isNamed(end.cause, code)) this.failure = end.cause;
    this.isThrough = end.kind === 'through';
    this.disk.restart('kill', this.draw());
  }

  /** The last process is left alone. */
  async end(): Promise<TrialOutcome> {
    this.disk.crashAt(Infinity);
    if (this.failure === undefined && !this.isThrough) {
      const end = await this.live();
      if (end.kind === 'failed') this.failure = end.cause;
    }
    const { points, errors, failure } = this;
    if (failure === undefined) return { ...(await this.one.check(this.disk)), points, errors, failures: 0 };
    return { lost: 0, duplicated: 0, wrong: 0, details: [`a run failed: ${textOf(failure)}`], points, errors, failures: 1 };
  }

  private live(): Promise<End> {
    return live(this.one, this.disk, this.random);
  }

  private draw(): number {
    return Math.floor(this.random() * 2 ** 31);
  }
}

/** One life of the process: until the query is through, or dead, or has failed. */
async function live(one: CrashCase, disk: SimulatedFiles, random: () => number): Promise<End> {
  const { fs, life, outside } = disk;
  const step = async (): Promise<void> => {
    await fs.mkdir('step');
  };
  try {
    const query = one.query({ fs, checkpoint: disk.checkpoint(), life, outside, random, step });
    await query.start();
    await query.awaitTermination();
    return { kind: 'through' };
  } catch (cause) {
    return isIn(cause, (inner) => inner instanceof SimulatedCrash) ? { kind: 'died' } : { kind: 'failed', cause };
  }
}

/** An error of ours that says which error of the system is behind it. */
function isNamed(cause: unknown, code: string): boolean {
  return isTidemarkError(cause) && isIn(cause, (inner) => (inner as { code?: unknown }).code === code);
}

/** What happened comes wrapped in what the layers above make of it. */
function isIn(cause: unknown, is: (inner: Error) => boolean, depth = 0): boolean {
  if (!(cause instanceof Error) || depth > 10) return false;
  if (is(cause) || isIn(cause.cause, is, depth + 1)) return true;
  return cause instanceof AggregateError && cause.errors.some((inner) => isIn(inner, is, depth + 1));
}

function textOf(cause: unknown): string {
  const parts: string[] = [];
  for (let inner = cause, depth = 0; inner instanceof Error && depth < 5; inner = inner.cause, depth++) parts.push(inner.message);
  return parts.join(' < ');
}
