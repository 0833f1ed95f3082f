import { checkOption } from '../errors';
import type { CheckpointLocation, StateBackend } from './backend';
import type { Checkpoint, CheckpointOptions } from './checkpoint';
import { checkIdentity, checkState } from './compatibility';
import { platformDigests } from './digests';
import { DurableCheckpoint, startOf, type Recovered } from './durableCheckpoint';
import { readLog, type CheckpointLog, type Identity } from './log';
import { withSnapshot, type FileRef, type Manifest } from './manifest';
import { IDENTITY, stateName } from './names';
import { RawState } from './rawState';
import { encodeRecord } from './recordFile';
import type { Json, OperatorImage } from './records';
import { copySnapshot } from './snapshots';
import { readStateFile, StateWriter, writeTable } from './stateFile';
import { StateLoader } from './stateLoader';
import { withSuperJson } from './superJson';

/**
 * Opens the checkpoint of a query, or begins one where there is nothing: becomes its holder, verifies everything it reads,
 * compares it with the query, and loads the state as of the last commit.
 *
 * @param location - `memoryCheckpoint()`, `fileCheckpoint(path)`, `indexedDbCheckpoint(name)`
 * @param options - what the query says of itself
 * @returns the open checkpoint; `close()` gives it back
 * @throws TIDEMARK_CHECKPOINT_IN_USE another one holds it; TIDEMARK_CHECKPOINT_MISMATCH it belongs to another query;
 * TIDEMARK_STATE_DROPPED, TIDEMARK_STATE_INCOMPATIBLE its state does not fit; TIDEMARK_CHECKPOINT_CORRUPT,
 * TIDEMARK_CHECKPOINT_GAP, TIDEMARK_FORMAT_TOO_NEW. A damaged checkpoint is never a fresh start
 */
export async function openCheckpoint(location: CheckpointLocation, options: CheckpointOptions): Promise<Checkpoint> {
  const { minBatchesToRetain } = options;
  checkOption(Number.isInteger(minBatchesToRetain) && minBatchesToRetain > 0, 'minBatchesToRetain is a number above 0', {
    minBatchesToRetain,
  });
  const backend = await location.open();
  const epoch = await backend.acquire({ owner: options.owner, since: options.now() });
  try {
    return await recovered(backend, epoch, options);
  } catch (cause) {
    await backend.release();
    throw cause;
  }
}

async function recovered(backend: StateBackend, epoch: number, options: CheckpointOptions): Promise<Checkpoint> {
  const digests = backend.digests ?? platformDigests;
  const log = await readLog(backend, digests);
  if (log.identity !== undefined) checkIdentity(log.identity, options, backend.location);
  const identity = log.identity ?? (await begin(backend, options));
  const loader = new StateLoader(backend, digests, identity.queryId);
  const recover = async (): Promise<Recovered> => readAll(loader, await readLog(backend, digests), options);
  return new DurableCheckpoint(identity, epoch, loader, options, recover, await readAll(loader, log, options));
}

async function begin(backend: StateBackend, options: CheckpointOptions): Promise<Identity> {
  const { name, sources, sinks, plan } = options;
  const identity: Identity = { queryId: options.newId(), name, created: options.now(), sources, sinks, plan };
  const place = { name: IDENTITY, kind: 'identity', queryId: '', which: '' } as const;
  const { bytes } = encodeRecord(identity as unknown as Json, place, backend.digests ?? platformDigests);
  await backend.publish([{ name: IDENTITY, bytes }]);
  return identity;
}

/** The state as of the last commit, with what a changed query makes of it. */
async function readAll(loader: StateLoader, log: CheckpointLog, options: CheckpointOptions): Promise<Recovered> {
  const last = log.commits[log.commits.length - 1];
  let manifest = startOf(last);
  let hasSnapshot = false;
  if (last !== undefined) {
    const snapshot = await loader.orphanSnapshot(last);
    const name = stateName(last.record.batch, last.record.attempt, 'snap');
    hasSnapshot = log.stateFiles.some((file) => file.name === name);
    if (snapshot !== undefined) manifest = withSnapshot(manifest, snapshot);
  }
  const state = await loader.load(manifest);
  const { dropped, migrated } = await withSuperJson(() => checkState(state, options));
  if (last === undefined || (dropped.length === 0 && migrated.size === 0)) {
    return { log, state, manifest, original: manifest, hasSnapshot };
  }
  const base = await rebase(loader, state, dropped, migrated, last.record.batch, options);
  return { log, state: base.state, manifest: base.manifest, original: manifest, hasSnapshot: true };
}

/** State that was dropped or migrated becomes a snapshot that the next commit begins from: the old files say otherwise. */
async function rebase(
  loader: StateLoader,
  state: RawState,
  dropped: readonly string[],
  migrated: ReadonlyMap<string, OperatorImage>,
  batch: number,
  options: CheckpointOptions,
): Promise<{ state: RawState; manifest: Manifest }> {
  for (const id of dropped) state.operators.delete(id);
  for (const [id, image] of migrated) await replaceOperator(loader, state, id, image, options);
  const snapshot: FileRef = await copySnapshot(loader, state, { batch, attempt: options.newId(), commit: '' });
  return { state, manifest: { snapshots: [snapshot], deltas: [], fromStart: false } };
}

/** Puts an image in the place of an operator's bytes. */
async function replaceOperator(
  { digests, queryId }: StateLoader,
  state: RawState,
  id: string,
  { type, schema, tables }: OperatorImage,
  options: CheckpointOptions,
): Promise<void> {
  const place = { name: `migration of ${id}`, kind: 'snap', queryId, batch: 0, attempt: 'migration' } as const;
  const { bytes } = await withSuperJson(() => {
    const writer = new StateWriter(place, digests, {});
    writer.operator({ id, type, schema, version: options.operators.get(id)?.version ?? 1 });
    for (const [name, { version, entries }] of Object.entries(tables)) {
      writeTable(writer, id, name, { version, whole: true, removed: [], put: entries });
    }
    return writer.end();
  });
  const made = new RawState();
  readStateFile(bytes, place, digests, made.visitor(place.name));
  state.operators.set(id, made.operators.get(id)!);
}
