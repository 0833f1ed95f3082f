import type { Checkpoint, StoredStage } from '../checkpoint/checkpoint';
import type { CommitRecord, PlanRecord, SinkOutcome } from '../checkpoint/records';
import { TidemarkError } from '../errors';
import type { FinishedBatch } from './engine';
import type { Sinks } from './sinks';

/**
 * Decides what becomes of a batch that was planned and not committed. Staged outputs: that attempt is rolled forward.
 * A sink that holds a receipt: the staged state of that attempt is adopted. Otherwise the plan will be repeated, and this
 * gives undefined.
 */
export async function recover(checkpoint: Checkpoint, sinks: Sinks): Promise<FinishedBatch | undefined> {
  const plan = checkpoint.pending;
  if (plan === undefined) return undefined;
  const stages = await checkpoint.stages();
  const whole = stages.filter(({ hasOutputs }) => hasOutputs);
  if (whole.length > 1) throw broken(plan, 'two attempts with staged outputs');
  const [staged] = whole;
  if (staged !== undefined) return rollForward(checkpoint, sinks, plan, staged);
  return adopt(checkpoint, sinks, plan, stages);
}

async function rollForward(checkpoint: Checkpoint, sinks: Sinks, plan: PlanRecord, stage: StoredStage): Promise<FinishedBatch> {
  const { queryId, epoch } = checkpoint;
  const { batch: batchId, time } = plan;
  const id = { queryId, batchId, attemptId: stage.attempt, epoch, replayed: true, time };
  const outcomes = await sinks.commit(sinks.unstaged(await stage.outputs()), id);
  return finish(checkpoint, plan, stage, outcomes);
}

async function adopt(
  checkpoint: Checkpoint,
  sinks: Sinks,
  plan: PlanRecord,
  stages: readonly StoredStage[],
): Promise<FinishedBatch | undefined> {
  for (const named of sinks.all) {
    const { name, sink } = named;
    const held = await sinks.held(named, plan.batch);
    if (held === undefined || sink.delivery === 'volatile') continue;
    const stage = stages.find(({ attempt }) => attempt === held.attemptId);
    if (stage === undefined) throw broken(plan, `sink '${name}' holds an attempt that was never staged`);
    const { rows, attemptId: attempt, outcome } = held;
    return finish(checkpoint, plan, stage, { [name]: { kind: sink.type, outcome, attempt, rows } });
  }
  return undefined;
}

async function finish(
  checkpoint: Checkpoint,
  plan: PlanRecord,
  stage: StoredStage,
  outcomes: Readonly<Record<string, SinkOutcome>>,
): Promise<FinishedBatch> {
  const { attempt, nextWatermark, counters, to } = stage;
  const { epoch } = checkpoint;
  const record: CommitRecord = { batch: plan.batch, attempt, epoch, nextWatermark, sinks: outcomes, counters };
  await checkpoint.commit(to === undefined ? record : { ...record, to });
  return { plan, attempt, outcomes, nextWatermark };
}

function broken(plan: PlanRecord, what: string): TidemarkError {
  const message = `batch ${plan.batch}: ${what}; the checkpoint or a sink was changed from outside`;
  return new TidemarkError('TIDEMARK_INVARIANT', message, { batchId: plan.batch });
}
