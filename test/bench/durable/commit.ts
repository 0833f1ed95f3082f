import type { QueryProgress } from '../library';
import { quantile } from '../measure';
import { rounded, type Result } from '../report';
import { CHANGED, Keeping, type Keeper } from './state';
import { inFolder } from './surroundings';

const PARTS = ['walCommit', 'addBatch', 'stage', 'sinkCommit', 'commitOffsets'];

/** A slow one is not repeated as often. */
const LONG_ENOUGH_MS = 10_000;

/**
 * A batch with 1,000 changed keys, from the trigger to the commit and what is tidied up behind it, on the wall clock: its
 * syncs wait for the disk. On a busy machine the lower quartile is the figure to look at.
 */
export async function commit(rounds: number): Promise<Result[]> {
  const results: Result[] = [];
  for (const keeper of ['keyed', 'windows'] as const) {
    for (const keys of [1000, 100_000]) results.push(await inFolder((folder) => batches(folder, keeper, keys, 10 * rounds)));
  }
  return results;
}

async function batches(folder: string, keeper: Keeper, keys: number, count: number): Promise<Result> {
  const keeping = new Keeping(folder, keeper, keys);
  await keeping.query.start();
  await keeping.fill();
  for (let i = 0; i < 5; i++) await keeping.change();
  keeping.progress = [];
  const until = performance.now() + LONG_ENOUGH_MS;
  for (let i = 0; i < count && (i < 10 || performance.now() < until); i++) await keeping.change();
  const seen = keeping.progress.filter(({ numInputRows }) => numInputRows === CHANGED);
  await keeping.query.stop();
  return resultOf(`commit-${keeper}@${keys}`, seen);
}

function resultOf(workload: string, seen: readonly QueryProgress[]): Result {
  const at = (part: string, q: number): number =>
    rounded(
      quantile(
        seen.map(({ durationMs }) => durationMs[part] ?? 0),
        q,
      ),
    );
  const whole = 'triggerExecution';
  return {
    workload,
    value: at(whole, 0.5),
    unit: 'ms p50',
    target: 10,
    rounds: seen.length,
    details: {
      'lower quartile': at(whole, 0.25),
      p95: at(whole, 0.95),
      ...Object.fromEntries(PARTS.map((part) => [part, at(part, 0.5)])),
    },
  };
}
