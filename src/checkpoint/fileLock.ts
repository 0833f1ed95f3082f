import { TidemarkError } from '../errors';
import type { Holder } from './backend';
import { fromUtf8, toUtf8 } from './bytes';
import { digits, EPOCHS } from './names';

/** Who this process is, and whether another one lives. */
export interface ProcessProbe {
  /** Different for every process and every start. */
  readonly id: string;
  /** pid, host, boot, start: whatever `isAlive` needs to tell. */
  readonly self: Readonly<Record<string, unknown>>;
  /** `undefined`: cannot be told from here (another host). */
  isAlive(other: Readonly<Record<string, unknown>>): boolean | undefined;
}

/** The files of a lock. */
export interface LockFiles {
  readonly location: string;
  /** Different for every attempt to hold it. */
  readonly token: string;
  epochs(): Promise<readonly string[]>;
  read(name: string): Promise<Uint8Array | undefined>;
  /** No-replace: fails with TIDEMARK_FENCED when the name is taken. */
  create(name: string, bytes: Uint8Array): Promise<void>;
  replace(name: string, bytes: Uint8Array): Promise<void>;
}

/** What is written about a holder. */
interface HolderText {
  readonly epoch: number;
  readonly token: string;
  readonly holder: Holder;
  readonly process: Readonly<Record<string, unknown>>;
  readonly heartbeat: number;
  readonly released: boolean;
}

const LOCK = 'lock';
/** A holder on another host is taken for dead when it has not been heard of for so long. */
const LEASE_MS = 60_000;
const BEAT_MS = 10_000;

/**
 * Who holds a folder. Safety comes from the epochs: `epochs/<n>` is created by one process only, and whoever is not the
 * newest may not write. The file `lock` says how the newest one is doing, so that a second process is refused while it
 * lives and let in when it is dead.
 */
export class FileLock {
  private mine: Omit<HolderText, 'heartbeat' | 'released'> | undefined;
  private lastBeat = 0;

  constructor(
    private readonly platform: { readonly process: ProcessProbe; now(): number },
    private readonly files: LockFiles,
  ) {}

  /** Resolves to the new epoch. */
  async acquire(holder: Holder): Promise<number> {
    const newest = Number((await this.files.epochs()).at(-1) ?? 0);
    const other = await this.holderOf(newest);
    if (other !== undefined && this.isHeld(other)) throw this.inUse(other);
    this.mine = { epoch: newest + 1, token: this.files.token, holder, process: this.platform.process.self };
    try {
      await this.files.create(epochName(newest + 1), this.text(false));
    } catch (cause) {
      if ((cause as { code?: unknown }).code !== 'TIDEMARK_FENCED') throw cause;
      throw this.inUse(await this.holderOf(newest + 1)); // both found it free; the other was faster
    }
    await this.beat();
    return newest + 1;
  }

  /** Says that this holder lives; writes only now and then. */
  async beat(): Promise<void> {
    const now = this.platform.now();
    if (now - this.lastBeat >= BEAT_MS || this.lastBeat === 0) await this.files.replace(LOCK, this.text(false));
    else return;
    this.lastBeat = now;
  }

  async release(): Promise<void> {
    const newest = Number((await this.files.epochs()).at(-1) ?? 0);
    if (newest === this.mine?.epoch) await this.files.replace(LOCK, this.text(true)); // else it is somebody else's
  }

  private text(released: boolean): Uint8Array {
    return toUtf8(`${JSON.stringify({ ...this.mine, heartbeat: this.platform.now(), released })}\n`);
  }

  /** The newest word of the holder of an epoch; `undefined` when there is none, or it cannot be read. */
  private async holderOf(epoch: number): Promise<HolderText | undefined> {
    if (epoch === 0) return undefined;
    const lock = parsed(await this.files.read(LOCK));
    return lock?.epoch === epoch ? lock : parsed(await this.files.read(epochName(epoch)));
  }

  private isHeld({ process, heartbeat, released }: HolderText): boolean {
    if (released) return false;
    return this.platform.process.isAlive(process) ?? this.platform.now() - heartbeat < LEASE_MS;
  }

  private inUse(other: HolderText | undefined): TidemarkError {
    const who = other === undefined ? 'somebody' : `${other.holder.owner} ${JSON.stringify(other.process)}`;
    const holder = other && { ...other.holder, details: { ...other.process, heartbeat: other.heartbeat, epoch: other.epoch } };
    return new TidemarkError('TIDEMARK_CHECKPOINT_IN_USE', `checkpoint ${this.files.location} is in use by ${who}`, {
      location: this.files.location,
      holder,
    });
  }
}

const epochName = (epoch: number): string => `${EPOCHS}/${digits(epoch)}`;

/** What cannot be read says nothing: whoever is fenced will notice. */
function parsed(bytes: Uint8Array | undefined): HolderText | undefined {
  try {
    const text = JSON.parse(fromUtf8(bytes!)) as HolderText;
    return typeof text.epoch === 'number' && typeof text.process === 'object' && typeof text.holder === 'object'
      ? text
      : undefined;
  } catch {
    return undefined;
  }
}
