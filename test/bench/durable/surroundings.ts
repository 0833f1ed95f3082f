import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The system's clock with its fractions of a ms: progress records then have them, too. */
export const fineClock: SchedulerLike = Object.create(asyncScheduler, {
  now: { value: () => performance.timeOrigin + performance.now() },
}) as SchedulerLike;

/** Gives `work` a folder of its own, and removes it afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
