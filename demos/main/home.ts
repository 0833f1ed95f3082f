import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ndjson } from 'tidemark';
import { readFileSink } from 'tidemark/node';
import { DemoFailure, reasonOf } from './failure';
import type { Ledger } from './ledger';
import type { Line } from './lines';

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

const DIARY = 'job.json';

/** The folder `.tidemark` beside the outputs: the checkpoint, what its sinks hold, and whose they are. */
export class Home {
  readonly state: HomeState;
  readonly now: number;
  readonly ledger: Ledger | undefined;
  private readonly folder: string;
  private isWritten: boolean;

  /**
   * @param isFresh - drops what is there
   * @param isOpenEnded - the job never ends: its outputs are folders that people read while it runs
   * @throws `DemoFailure`: another job has begun there, or the disk refuses
   */
  constructor(
    private readonly out: string,
    private readonly identity: object,
    { isFresh = false, isOpenEnded = false } = {},
  ) {
    this.isOpenEnded = isOpenEnded;
    this.folder = join(out, '.tidemark');
    const diary = isFresh ? undefined : this.read();
    const isOurs = diary !== undefined && JSON.stringify(diary.identity) === JSON.stringify(plain(identity));
    if (diary !== undefined && !isOurs && diary.ledger === undefined) throw otherJob(out);
    this.state = !isOurs ? 'new' : diary.ledger === undefined ? 'begun' : 'done';
    this.now = isOurs ? diary.now : Date.now();
    this.ledger = isOurs ? diary.ledger : undefined;
    this.isWritten = this.state !== 'new';
    this.guard('windows.ndjson', () => {
      if (this.state === 'new') this.clear();
      makeFolder(this.folder);
    });
  }

  readonly isOpenEnded: boolean;

  /** Where a part of the job is kept. */
  at(name: string): string {
    const isShown = this.isOpenEnded && name !== 'checkpoint' && name !== 'totals';
    return join(isShown ? this.out : this.folder, name);
  }

  /** Where people find an output. */
  fileOf(name: string): string {
    return this.isOpenEnded ? this.at(name) : join(this.out, `${name}.ndjson`);
  }

  /** From the first commit on the job has begun. */
  begun(): void {
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
    rmSync(this.folder, { recursive: true, force: true });
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
      throw new DemoFailure(`cannot write ${join(this.out, name)}: ${reasonOf(cause)}`);
    }
  }
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

/** Not `{ recursive: true }`: Node tries for ever where a parent exists and cannot hold folders (/proc). */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}
