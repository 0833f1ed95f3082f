import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ndjson } from 'tidemark';
import { readFileSink } from 'tidemark/node';
import { DemoFailure, reasonOf } from './failure';
import { JobLock } from './jobLock';
import type { Ledger } from './ledger';
import type { Line } from './lines';
import { makeFolder } from './makeFolder';

/** What is kept of a job beside its checkpoint. */
interface Diary {
  readonly identity: object;
  /** When it was first started, epoch ms. */
  readonly now: number;
  /** Once the files are there. */
  readonly ledger?: Ledger;
}

/** Where a job is: not begun, begun and to be gone on with, or done. */
export type HomeState = 'new' | 'begun' | 'done';

const HOME = '.tidemark';
const DIARY = 'job.json';
const LOCK = 'lock';

/** How a home is entered. */
export interface HomeOptions {
  /** Drops what is there. */
  readonly isFresh?: boolean;
  /** The job never ends: its outputs are folders that people read while it runs. */
  readonly isOpenEnded?: boolean;
}

/**
 * Enters the home of a job for a piece of work, and leaves it. Nobody else gets in meanwhile: what is cleared, committed and
 * published there is of one process.
 *
 * @throws `DemoFailure`: another process is there, another job has begun there, or the disk refuses
 */
export async function atHome<T>(
  out: string,
  identity: object,
  options: HomeOptions,
  work: (home: Home) => Promise<T>,
): Promise<T> {
  const lock = await guarded(join(out, 'windows.ndjson'), () => {
    makeFolder(join(out, HOME));
    return JobLock.take(join(out, HOME, LOCK), out);
  });
  try {
    return await work(new Home(out, identity, lock, options));
  } finally {
    await lock.release();
  }
}

/** The folder `.tidemark` beside the outputs: the checkpoint, what its sinks hold, and whose they are. */
export class Home {
  readonly state: HomeState;
  readonly now: number;
  readonly ledger: Ledger | undefined;
  readonly isOpenEnded: boolean;
  private readonly folder: string;
  private isWritten: boolean;

  /** @param lock - held by this process: from here on things are removed */
  constructor(
    private readonly out: string,
    private readonly identity: object,
    private readonly lock: JobLock,
    { isFresh = false, isOpenEnded = false }: HomeOptions,
  ) {
    this.isOpenEnded = isOpenEnded;
    this.folder = join(out, HOME);
    const diary = isFresh ? undefined : this.read();
    const isOurs = diary !== undefined && JSON.stringify(diary.identity) === JSON.stringify(plain(identity));
    if (diary !== undefined && !isOurs && diary.ledger === undefined) throw otherJob(out);
    this.state = !isOurs ? 'new' : diary.ledger === undefined ? 'begun' : 'done';
    this.now = isOurs ? diary.now : Date.now();
    this.ledger = isOurs ? diary.ledger : undefined;
    this.isWritten = this.state !== 'new';
    if (this.state === 'new') this.guard('windows.ndjson', () => this.clear());
  }

  /** Where a part of the job is kept. */
  at(name: string): string {
    const isShown = this.isOpenEnded && name !== 'checkpoint' && name !== 'totals';
    return join(isShown ? this.out : this.folder, name);
  }

  /** Where people find an output. */
  fileOf(name: string): string {
    return this.isOpenEnded ? this.at(name) : join(this.out, `${name}.ndjson`);
  }

  /** After each commit; from the first one on the job has begun. */
  begun(): void {
    this.lock.beat();
    if (!this.isWritten) this.write({ identity: this.identity, now: this.now });
    this.isWritten = true;
  }

  /** The files are there: the checkpoint has done its work. */
  done(ledger: Ledger): void {
    this.write({ identity: this.identity, now: this.now, ledger });
    this.clearParts();
  }

  /** Leaves nothing of a job that failed before its first commit. */
  abandon(): void {
    if (!this.isWritten) this.clear();
  }

  /** What an output holds, as committed. */
  lines(name: string): AsyncGenerator<Line, void> {
    return readFileSink<Line>({ path: this.at(name), format: ndjson() });
  }

  private read(): Diary | undefined {
    const path = join(this.folder, DIARY);
    if (!existsSync(path)) return undefined;
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as Diary;
    } catch (cause) {
      throw new DemoFailure(`cannot read ${path}: ${reasonOf(cause)}; --fresh begins anew`);
    }
  }

  private write(diary: Diary): void {
    this.guard(`.tidemark/${DIARY}`, () => {
      const path = join(this.folder, DIARY);
      writeFileSync(`${path}.partial`, `${JSON.stringify(diary)}\n`, { flush: true });
      renameSync(`${path}.partial`, path);
    });
  }

  private clear(): void {
    rmSync(join(this.folder, DIARY), { force: true });
    this.clearParts();
    for (const name of readdirSync(this.folder)) {
      if (name !== LOCK) rmSync(join(this.folder, name), { recursive: true, force: true });
    }
  }

  private clearParts(): void {
    for (const name of ['checkpoint', 'windows', 'alerts', 'rejected', 'totals']) {
      rmSync(this.at(name), { recursive: true, force: true });
    }
  }

  private guard(name: string, work: () => void): void {
    try {
      work();
    } catch (cause) {
      throw cannotWrite(join(this.out, name), cause);
    }
  }
}

async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw cause instanceof DemoFailure ? cause : cannotWrite(path, cause);
  }
}

function cannotWrite(path: string, cause: unknown): DemoFailure {
  return new DemoFailure(`cannot write ${path}: ${reasonOf(cause)}`);
}

/** As it comes back from a file. */
function plain(identity: object): unknown {
  return JSON.parse(JSON.stringify(identity));
}

function otherJob(out: string): DemoFailure {
  return new DemoFailure(
    `${out} holds another job that has begun and not ended; --fresh drops it, --out FOLDER goes elsewhere, and the same options as then go on with it`,
  );
}
