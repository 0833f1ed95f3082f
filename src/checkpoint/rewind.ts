import { checkOption } from '../errors';
import type { CheckpointLocation, StateBackend } from './backend';
import { platformDigests } from './digests';
import { readLog } from './log';
import { commitName, stateName } from './names';
import { revisionNames } from './retention';

/** What it takes to take a commit back. */
export interface DroppedCommit {
  readonly batch: number;
  readonly attempt: string;
  /** The highest revision of each plan. */
  readonly plans: ReadonlyMap<number, number>;
  readonly stateFiles: Iterable<{ readonly name: string; readonly batch: number }>;
}

/**
 * Takes the newest commit back: its batch is pending again, with the same plan. Whatever moment it ends at, what is left
 * is a checkpoint.
 */
export async function dropCommit(backend: StateBackend, { batch, attempt, plans, stateFiles }: DroppedCommit): Promise<void> {
  const later = [...stateFiles].filter((file) => file.batch > batch).map(({ name }) => name);
  const plan = plans.get(batch + 1);
  await backend.remove(later.sort()); // a delta goes before its outputs: without them it would be damaged
  await backend.remove(plan === undefined ? [] : revisionNames(batch + 1, plan));
  await backend.remove([commitName(batch)]);
  await backend.remove([stateName(batch, attempt, 'snap')]);
}

/**
 * Takes commits back until `batch` is the last one: the batches behind it are repeated, with the same input. Sinks are not
 * touched: what they hold of these batches they must be able to replace, or it has to be removed from them first.
 *
 * @param location - of a checkpoint that no query holds
 * @param batch - the batch to go back to; -1: before the first
 * @param owner - who does it, for others that want to hold it
 * @returns the batches that were taken back, newest first
 * @throws TIDEMARK_CHECKPOINT_IN_USE, TIDEMARK_OPTION the batch is not kept any more
 * @example
 * ```ts
 * const place = memoryCheckpoint();
 * const query = streamingQuery(observableSource(of({ t: 1, k: 'a' }, { t: 2, k: 'b' })), (rows$) =>
 *   rows$.pipe(withWatermark('t', 0, { id: 'time' }), aggregate({ id: 'counts', key: 'k', select: { n: agg.count() } })),
 * ).writeStream({ sink: memorySink({ name: 'rewound', mode: 'update' }), outputMode: 'update', checkpoint: place, trigger: availableNow() });
 * await query.start();
 * await query.awaitTermination();
 * const { batch } = (await readCheckpoint(place)).checkpoints().at(-1)!.commit;
 * await rewindCheckpoint(place, -1); // => Array.from({ length: batch + 1 }, (_, i) => batch - i)
 * ```
 */
export async function rewindCheckpoint(
  location: CheckpointLocation,
  batch: number,
  owner = 'rewind',
): Promise<readonly number[]> {
  const backend = await location.open();
  await backend.acquire({ owner, since: 0 });
  try {
    const dropped: number[] = [];
    for (;;) {
      const { commits, plans, stateFiles } = await readLog(backend, backend.digests ?? platformDigests);
      const last = commits.at(-1)?.record;
      if (last === undefined || last.batch <= batch) return dropped;
      const first = commits[0]!.record.batch;
      checkOption(first === 0 || batch >= first, `batch ${batch} is not kept any more: the oldest is ${first}`, { batch, first });
      await dropCommit(backend, { batch: last.batch, attempt: last.attempt, plans, stateFiles });
      dropped.push(last.batch);
    }
  } finally {
    await backend.release();
  }
}
