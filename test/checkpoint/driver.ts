import type { CheckpointLocation } from '../../src/checkpoint';
import { commitOf, open, planOf, stageOf } from './script';

/** What a sink holds: survives everything that happens to the process. */
export class Ledger {
  /** Attempt by batch. */
  readonly batches = new Map<number, string>();
  readonly wrong: string[] = [];

  commit(batch: number, attempt: string): void {
    const known = this.batches.get(batch);
    if (known !== undefined && known !== attempt) this.wrong.push(`batch ${batch} is written by ${known} and by ${attempt}`);
    if (known === undefined && batch !== this.batches.size)
      this.wrong.push(`batch ${batch} comes behind ${this.batches.size - 1}`);
    this.batches.set(batch, attempt);
  }
}

let attempts = 0;

/**
 * A query in its smallest form: runs the protocol of plan, stage, sink, commit up to batch `until`, in sessions of
 * `perSession` batches. Its function is not deterministic: every attempt writes its own id into row and state.
 */
export async function drive(location: CheckpointLocation, ledger: Ledger, until: number, perSession = 3): Promise<void> {
  for (let done = -1; done < until;) {
    const checkpoint = await open(location, { minBatchesToRetain: 2 });
    const state = new Map(
      (await checkpoint.readState()).get('count')?.tables.groups?.entries.map(([key, value]) => [key[0], value]),
    );
    done = checkpoint.last?.batch ?? -1;
    for (let batch = 0; batch <= done; batch++) {
      if (state.get(batch) !== ledger.batches.get(batch)) {
        ledger.wrong.push(`state of batch ${batch} is ${String(state.get(batch))}, the sink has ${ledger.batches.get(batch)}`);
      }
    }
    if (state.size !== done + 1) ledger.wrong.push(`there is state of ${state.size} batches, not ${done + 1}`);
    const stop = Math.min(until, done + perSession);
    while (done < stop) {
      const batch = done + 1;
      if (checkpoint.pending === undefined) await checkpoint.plan(planOf(batch, checkpoint.epoch));
      const stages = await checkpoint.stages();
      const staged = stages.find(({ hasOutputs }) => hasOutputs);
      const held = ledger.batches.get(batch);
      let attempt = staged?.attempt ?? held;
      if (staged !== undefined && stages.length > 1) ledger.wrong.push(`two attempts of batch ${batch}, one with outputs`);
      if (staged !== undefined) await staged.outputs();
      if (attempt === undefined) {
        attempt = `r${++attempts}`;
        const outputs = batch % 2 === 0 ? { outputs: [{ sink: 'out', rows: [{ batch, attempt }] }] } : {};
        const delta = stageOf(batch, attempt).delta[0]!;
        const tables = { groups: { version: 1, whole: false, removed: [], put: [[[batch], attempt]] as const } };
        await checkpoint.stage({ ...stageOf(batch, attempt), delta: [{ ...delta, tables }], ...outputs });
      } else if (!stages.some((stage) => stage.attempt === attempt)) ledger.wrong.push(`no stage of ${attempt}`);
      ledger.commit(batch, attempt);
      await checkpoint.commit(commitOf(batch, attempt, checkpoint.epoch));
      await checkpoint.maintain();
      done = batch;
    }
    await checkpoint.close();
  }
}
