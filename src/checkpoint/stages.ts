import { listOf } from '../state/table';
import type { NamedBytes } from './backend';
import type { StoredStage } from './checkpoint';
import { corrupt, gap } from './faults';
import type { FramePlace } from './frames';
import { fromWire, toWire } from './log';
import { placeOf, readReferenced, type FileRef } from './manifest';
import { parseStateName, STATE, stateName } from './names';
import { RawState } from './rawState';
import type { Json, OperatorDelta, StageRecord } from './records';
import { decodeOutputs, encodeDelta, encodeOutputs, readStateFile, type StateBytes } from './stateFile';
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
  loader: StateLoader,
  record: StageRecord,
  base: StageBase,
  versionOf: (id: string) => number,
): Promise<Stage> {
  let { delta } = record;
  const { files, stage } = await withSuperJson(
    () => encodeStage(loader, { ...record, delta }, base, versionOf),
    () => (delta = delta.map(held)),
  );
  await loader.backend.publish(files);
  return stage;
}

/** The files of a stage, written without a pause: a delta is what the operators hold now. */
function encodeStage(
  { digests, queryId }: StateLoader,
  { batch, attempt, delta, outputs, nextWatermark, to, counters }: StageRecord,
  base: StageBase,
  versionOf: (id: string) => number,
): { files: NamedBytes[]; stage: Stage } {
  const files: NamedBytes[] = [];
  const file = (kind: 'delta' | 'out', write: (place: FramePlace) => StateBytes): FileRef => {
    const name = stateName(batch, attempt, kind);
    const { bytes, entries } = write({ name, kind, queryId, batch, attempt });
    files.push({ name, bytes });
    return { name, batch, bytes: bytes.length, sha256: digests.sha256(bytes), entries };
  };
  const staged = outputs && file('out', (place) => ({ bytes: encodeOutputs(outputs, place, digests), entries: outputs.length }));
  const meta: StageMeta = {
    ...base,
    nextWatermark: toWire(nextWatermark) as number | string,
    counters,
    ...(to === undefined ? {} : { to }),
    ...(staged === undefined ? {} : { outputs: staged }),
  };
  const written = file('delta', (place) => encodeDelta(delta, versionOf, place, digests, meta as unknown as Json));
  return { files, stage: { attempt, delta: written, meta } };
}

/** The same delta, walked now: while superjson is loaded, time may go on for an operator. */
function held({ tables, ...operator }: OperatorDelta): OperatorDelta {
  const now = Object.entries(tables).map(([name, { cleared = [], removed, put, ...table }]) => {
    return [name, { ...table, cleared: listOf(cleared), removed: listOf(removed), put: listOf(put) }] as const;
  });
  return { ...operator, tables: Object.fromEntries(now) };
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
