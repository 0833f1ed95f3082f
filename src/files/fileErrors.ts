import { TidemarkError } from '../errors';

/** What a file call that failed means. */
export type FileFailure = 'absent' | 'exists' | 'retriable' | 'full' | 'noLinks' | 'fatal';

/** By the system's code; what is not here is fatal: EIO, EROFS, EACCES, ENOTDIR, EXDEV, … */
const MEANINGS: Readonly<Record<string, FileFailure>> = {
  ENOENT: 'absent',
  EEXIST: 'exists',
  // Passing shortages: of file handles, of a lock that a virus scanner holds, of a signal that came.
  EMFILE: 'retriable',
  ENFILE: 'retriable',
  EBUSY: 'retriable',
  EAGAIN: 'retriable',
  EINTR: 'retriable',
  ENOSPC: 'full',
  EDQUOT: 'full',
  // What `link` says on file systems that have no second names.
  ENOTSUP: 'noLinks',
  EOPNOTSUPP: 'noLinks',
  ENOSYS: 'noLinks',
  EPERM: 'noLinks',
};

/** The system's code of an error, if it has one. */
export function errnoOf(cause: unknown): string | undefined {
  const code = cause instanceof Error ? (cause as { code?: unknown }).code : undefined;
  return typeof code === 'string' && !code.startsWith('TIDEMARK_') ? code : undefined;
}

/** What an error of a file call means. */
export function failureOf(cause: unknown): FileFailure {
  return MEANINGS[errnoOf(cause) ?? ''] ?? 'fatal';
}

/** The named error for what a file system threw; named errors pass. */
export function storageError(cause: unknown, doing: string, path: string): unknown {
  const errno = errnoOf(cause);
  if (errno === undefined) return cause;
  if (failureOf(cause) === 'full') {
    const message = `no space left while ${doing} ${path}. What was committed is intact: free some space and start again`;
    return new TidemarkError('TIDEMARK_STORAGE_FULL', message, { path, errno }, { cause });
  }
  return new TidemarkError('TIDEMARK_STORAGE', `${doing} ${path} failed: ${errno}`, { path, errno }, { cause });
}

/** First pause, longest pause, and when it is given up (ms). */
const FIRST_MS = 10;
const LONGEST_MS = 1_000;
const GIVE_UP_MS = 60_000;

/**
 * Repeats a call while it fails for a passing reason (EMFILE, ENFILE, EBUSY, EAGAIN, EINTR), with growing pauses, for at
 * most a minute of them. Never use it for `sync` or `close`: after a failed one the file is lost.
 */
export async function retried<T>(work: () => Promise<T>, wait: (ms: number) => Promise<void>): Promise<T> {
  let waited = 0;
  for (let pause = FIRST_MS; ; pause = Math.min(pause * 2, LONGEST_MS)) {
    try {
      return await work();
    } catch (cause) {
      if (failureOf(cause) !== 'retriable' || waited >= GIVE_UP_MS) throw cause;
    }
    await wait(pause);
    waited += pause;
  }
}
