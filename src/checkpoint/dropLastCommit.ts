import { checkOption } from '../errors';
import type { CheckpointLocation, StateBackend } from './backend';
import { platformDigests } from './digests';
import { DurableCheckpoint, startOf, type Recovered } from './durableCheckpoint';
import { readLog } from './log';
import { StateLoader } from './stateLoader';

/**
 * Takes the newest commit of a checkpoint back: the next start repeats its batch, with the rows, watermarks and time of its
 * plan, on the state before it. No query may be at work on it.
 *
 * Sinks that keep receipts are not told: one that holds the batch already takes it for done.
 *
 * @param location - `memoryCheckpoint()`, `fileCheckpoint(path)`, …
 * @returns the id of the batch that will be repeated
 * @throws `TIDEMARK_CHECKPOINT_IN_USE`; `TIDEMARK_OPTION` when there is no checkpoint; `TIDEMARK_PROTOCOL` when no commit can be
 * taken back; whatever reading a damaged checkpoint gives
 * @example
 * ```ts
 * const checkpoint = memoryCheckpoint();
 * const query = streamingQuery(memorySource([1, 2]), (rows$) => rows$)
 *   .writeStream({ sink: memorySink<number>(), checkpoint, trigger: availableNow() });
 * await query.start();
 * await query.awaitTermination();
 * await dropLastCommit(checkpoint); // => 0
 * ```
 */
export async function dropLastCommit(location: CheckpointLocation): Promise<number> {
  const backend = await location.open();
  const epoch = await backend.acquire({ owner: 'dropLastCommit', since: 0 });
  try {
    return await drop(backend, epoch);
  } finally {
    await backend.release();
  }
}

async function drop(backend: StateBackend, epoch: number): Promise<number> {
  const digests = backend.digests ?? platformDigests;
  const { identity } = await readLog(backend, digests);
  checkOption(identity !== undefined, `there is no checkpoint at ${backend.location}`);
  const loader = new StateLoader(backend, digests, identity.queryId);
  const recover = async (): Promise<Recovered> => {
    const log = await readLog(backend, digests);
    const manifest = startOf(log.commits[log.commits.length - 1]);
    // Nothing is written here, so it does not matter whether a snapshot would find its name taken.
    return { log, state: await loader.load(manifest), manifest, original: manifest, hasSnapshot: true };
  };
  const checkpoint = new DurableCheckpoint(identity, epoch, loader, NOBODY, recover, await recover());
  const batch = checkpoint.last?.batch ?? -1;
  await checkpoint.dropLastCommit();
  return batch;
}

const NOBODY = {
  name: null,
  operators: new Map<never, never>(),
  sources: [],
  sinks: [],
  plan: null,
  allowDroppedState: [],
  minBatchesToRetain: 1,
  now: () => 0,
  newId: () => '',
  owner: 'dropLastCommit',
};
