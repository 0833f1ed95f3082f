import { openCheckpoint } from '../../src/checkpoint';
import type { Checkpoint, CheckpointLocation, CheckpointOptions } from '../../src/checkpoint';
import type { CommitRecord, Json, OperatorDelta, PlanRecord, StageRecord } from '../../src/checkpoint';
import type { StateEntry } from '../../src/state/table';

/** Options of a query with one source, one sink, and one operator `count` of type `aggregate`. */
export function checkpointOptions(overrides: Partial<CheckpointOptions> = {}): CheckpointOptions {
  let ids = 0;
  return {
    name: 'query',
    operators: new Map([['count', { type: 'aggregate', schema: { key: ['k'] } }]]),
    sources: ['in'],
    sinks: ['out'],
    plan: { operators: ['count'] },
    allowDroppedState: [],
    minBatchesToRetain: 100,
    now: () => 1_000,
    newId: () => `id-${++ids}`,
    owner: 'test',
    ...overrides,
  };
}

export const open = (location: CheckpointLocation, overrides: Partial<CheckpointOptions> = {}): Promise<Checkpoint> =>
  openCheckpoint(location, checkpointOptions(overrides));

export function planOf(batch: number, epoch: number, overrides: Partial<PlanRecord> = {}): PlanRecord {
  return {
    batch,
    epoch,
    time: 1_000 + batch,
    late: batch * 10,
    watermark: batch * 10 + 10,
    watermarkPolicy: 'min',
    sources: { in: { from: batch, to: batch + 1 } },
    seed: batch,
    ...overrides,
  };
}

/** What changes in a table. */
export function tableDelta(put: readonly StateEntry[], removed: readonly (readonly unknown[])[] = [], whole = false) {
  return { version: 1, whole, removed, put };
}

/** What changes in the state of `count`. */
export function countDelta(put: readonly StateEntry[], removed: readonly (readonly unknown[])[] = []): OperatorDelta[] {
  return [{ id: 'count', type: 'aggregate', schema: { key: ['k'] }, tables: { groups: tableDelta(put, removed) } }];
}

export function stageOf(batch: number, attempt: string, overrides: Partial<StageRecord> = {}): StageRecord {
  return { batch, attempt, delta: countDelta([[['k'], batch]]), nextWatermark: batch * 10 + 20, counters: {}, ...overrides };
}

export function commitOf(batch: number, attempt: string, epoch: number): CommitRecord {
  const sinks = { out: { kind: 'memory', outcome: 'committed', attempt, rows: 1 } } as const;
  return { batch, attempt, epoch, nextWatermark: batch * 10 + 20, sinks, counters: {} };
}

/** One whole batch. */
export async function runBatch(checkpoint: Checkpoint, batch: number, overrides: Partial<StageRecord> = {}): Promise<void> {
  const attempt = `a${batch}`;
  await checkpoint.plan(planOf(batch, checkpoint.epoch));
  await checkpoint.stage(stageOf(batch, attempt, overrides));
  await checkpoint.commit(commitOf(batch, attempt, checkpoint.epoch));
  await checkpoint.maintain();
}

/** The entries of a table of `count`, as the checkpoint holds them. */
export async function groups(checkpoint: Checkpoint, table = 'groups'): Promise<readonly StateEntry[]> {
  return (await checkpoint.readState()).get('count')?.tables[table]?.entries ?? [];
}

/** What it fails with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing',
    (cause: unknown) => String((cause as { code?: unknown }).code ?? cause),
  );
}

export type { Json };
