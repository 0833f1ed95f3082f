import type { StateBackend } from 'tidemark';
import { fileCheckpoint } from 'tidemark/node';
import { DemoFailure } from './failure';

/**
 * Who works in a folder: one process at a time, from before anything is cleared until the files are published. It is the
 * lock of a checkpoint that never holds any data; a process that was killed holds nothing.
 */
export class JobLock {
  private constructor(private readonly backend: StateBackend) {}

  /**
   * @param path - of the lock
   * @param out - whose lock it is, for people
   * @throws `DemoFailure` with the holder, if another start lives; its `cause` is the error of the library
   */
  static async take(path: string, out: string): Promise<JobLock> {
    // A power loss ends the holder too, so nothing here need survive it.
    const backend = await fileCheckpoint(path, { durability: 'relaxed' }).open();
    try {
      await backend.acquire({ owner: 'npm start', since: Date.now() });
    } catch (cause) {
      throw isInUse(cause) ? inUse(out, cause) : cause;
    }
    return new JobLock(backend);
  }

  /** Says that the holder lives, to those who cannot see its process. */
  beat(): void {
    this.backend.publish([]).catch(() => {}); // whoever was fenced learns it from the checkpoint
  }

  /** If it cannot be given back, the end of this process does it. */
  async release(): Promise<void> {
    await this.backend.release().catch(() => {});
  }
}

/** What the library says. */
interface InUse {
  readonly code: unknown;
  readonly details: { readonly holder?: { readonly owner: string; readonly details?: Readonly<Record<string, unknown>> } };
}

function isInUse(cause: unknown): cause is InUse {
  return (cause as Partial<InUse>).code === 'TIDEMARK_CHECKPOINT_IN_USE';
}

function inUse(out: string, cause: InUse): DemoFailure {
  const { owner = 'another start', details: { pid, host } = {} } = cause.details.holder ?? {};
  const who = `${owner}${pid === undefined ? '' : `, process ${String(pid)} on ${String(host)}`}`;
  return new DemoFailure(`${out} is in use by ${who} (${String(cause.code)}); --out FOLDER goes elsewhere`, { cause });
}
