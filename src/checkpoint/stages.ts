import type { StoredStage } from './checkpoint';
import { corrupt, gap } from './faults';
import { fromWire, toWire } from './log';
import { placeOf, readReferenced, type FileRef } from './manifest';
import { parseStateName, STATE, stateName } from './names';
import { RawState } from './rawState';
import type { Json, StageRecord } from './records';
import { decodeOutputs, encodeDelta, encodeOutputs, readStateFile } from './stateFile';
import type { StateLoader } from './stateLoader';
import { withSuperJson } from './superJson';
import { decodeValue } from './valueCodec';

/** What a stage was made from: checksums of the plan that was run, and of the commit before it. */
export interface StageBase {
  readonly plan: string;
  readonly previous: string | null;
}

/** What stands in front of a delta: all that recovery needs to end the batch. */
interface StageMeta extends StageBase {
  readonly nextWatermark: number | string;
  readonly counters: Readonly<Record<string, Json>>;
  readonly to?: Readonly<Record<string, Json>>;
  readonly outputs?: FileRef;
}

/** A published stage. */
export interface Stage {
  readonly attempt: string;
  readonly delta: FileRef;
  readonly meta: StageMeta;
}

/** Publishes a stage: outputs first, so that the delta's name means a whole stage. */
export async function publishStage(
  { backend, digests, queryId }: StateLoader,
  record: StageRecord,
  base: StageBase,
  versionOf: (id: string) => number,
): Promise<Stage> {
  const { batch, attempt, delta, outputs, to, counters } = record;
  const files: { name: string; bytes: Uint8Array }[] = [];
  const file = (kind: 'delta' | 'out', bytes: Uint8Array, entries: number): FileRef => {
    const name = stateName(batch, attempt, kind);
    files.push({ name, bytes });
    return { name, batch, bytes: bytes.length, sha256: digests.sha256(bytes), entries };
  };
  const place = (kind: 'delta' | 'out') => ({ name: stateName(batch, attempt, kind), kind, queryId, batch, attempt });
  const staged =
    outputs === undefined
      ? undefined
      : file('out', await withSuperJson(() => encodeOutputs(outputs, place('out'), digests)), outputs.length);
  const meta = {
    ...base,
    nextWatermark: toWire(record.nextWatermark) as number | string,
    counters,
    ...(to === undefined ? {} : { to }),
    ...(staged === undefined ? {} : { outputs: staged }),
  };
  const encoded = await withSuperJson(() => encodeDelta(delta, versionOf, place('delta'), digests, meta as unknown as Json));
  const ref = file('delta', encoded.bytes, encoded.entries);
  await backend.publish(files);
  return { attempt, delta: ref, meta };
}

/**
 * The stages of a batch, verified: its deltas, and that their outputs are whole.
 *
 * @throws TIDEMARK_CHECKPOINT_CORRUPT, TIDEMARK_CHECKPOINT_GAP a published stage is damaged: never a new attempt
 */
export async function readStages(loader: StateLoader, batch: number, base: StageBase): Promise<Stage[]> {
  const stages: Stage[] = [];
  for (const name of await loader.backend.list(STATE)) {
    const parsed = parseStateName(name);
    if (parsed === undefined || parsed.batch !== batch || parsed.kind !== 'delta') continue;
    const stage = await readStage(loader, parsed.name, batch, parsed.attempt);
    // Another plan: it ran before rows were taken out. Another commit: that one was taken back since.
    if (stage.meta.plan === base.plan && stage.meta.previous === base.previous) stages.push(stage);
  }
  return stages;
}

async function readStage(loader: StateLoader, name: string, batch: number, attempt: string): Promise<Stage> {
  const bytes = await loader.backend.read(name);
  if (bytes === undefined) throw gap(name, 'it was listed');
  let meta: StageMeta | undefined;
  const visitor = new RawState().visitor(name, (found) => (meta = found as unknown as StageMeta));
  const entries = readStateFile(bytes, placeOf(name, loader.queryId), loader.digests, visitor);
  if (meta === undefined) throw corrupt(name, 'it does not say what it is');
  if (meta.outputs !== undefined) await readReferenced(loader.backend, meta.outputs, loader.digests);
  return { attempt, delta: { name, batch, bytes: bytes.length, sha256: loader.digests.sha256(bytes), entries }, meta };
}

/** A stage as recovery sees it. */
export function storedStage(loader: StateLoader, { attempt, meta }: Stage): StoredStage {
  const { nextWatermark, counters, to, outputs } = meta;
  return {
    attempt,
    hasOutputs: outputs !== undefined,
    nextWatermark: fromWire(nextWatermark),
    counters,
    ...(to === undefined ? {} : { to }),
    outputs: async () => {
      if (outputs === undefined) return [];
      const bytes = await readReferenced(loader.backend, outputs, loader.digests);
      const place = placeOf(outputs.name, loader.queryId);
      return withSuperJson(() => decodeOutputs(bytes, place, loader.digests, decodeValue));
    },
  };
}
