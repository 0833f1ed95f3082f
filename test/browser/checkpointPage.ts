/** What the tab of `checkpoint.test.ts` runs. */
import { exportCheckpoint, importCheckpoint, indexedDbCheckpoint } from '../../src/browser';
import { stateBackendSuite } from '../../src/testing';
import { commitOf, countDelta, groups, open, planOf, runBatch, stageOf } from '../checkpoint/script';

let places = 0;

export const page = {
  /** Names of the cases of the suite that fail, with why. */
  async suite(durability: 'strict' | 'relaxed'): Promise<{ cases: number; wrong: string[] }> {
    const place = () => indexedDbCheckpoint(`${durability}-${++places}`, { durability });
    const cases = stateBackendSuite({ place });
    const wrong: string[] = [];
    for (const { name, run } of cases) await run().catch((cause: unknown) => wrong.push(`${name}: ${String(cause)}`));
    return { cases: cases.length, wrong };
  },

  /** Commits batches until the tab is ended; says how far it is. */
  async work(name: string, say: (batch: number) => void): Promise<void> {
    const checkpoint = await open(indexedDbCheckpoint(name));
    for (let batch = (checkpoint.last?.batch ?? -1) + 1; ; batch++) {
      const attempt = crypto.randomUUID(); // the tab before may have staged the same batch
      if (checkpoint.pending === undefined) await checkpoint.plan(planOf(batch, checkpoint.epoch));
      await checkpoint.stage(stageOf(batch, attempt, { delta: countDelta([[['k', batch % 3], batch]]) }));
      await checkpoint.commit(commitOf(batch, attempt, checkpoint.epoch));
      await checkpoint.maintain();
      say(batch);
    }
  },

  /** The last batch and the state; or the code of what it fails with. */
  async look(name: string): Promise<{ last: number; state: unknown } | string> {
    try {
      const checkpoint = await open(indexedDbCheckpoint(name));
      const found = { last: checkpoint.last?.batch ?? -1, state: await groups(checkpoint) };
      await checkpoint.close();
      return found;
    } catch (cause) {
      return String((cause as { code?: unknown }).code);
    }
  },

  async give(name: string): Promise<number[]> {
    return [...(await exportCheckpoint(indexedDbCheckpoint(name)))];
  },

  async take(name: string, archive: number[]): Promise<void> {
    await importCheckpoint(new Uint8Array(archive), indexedDbCheckpoint(name));
  },

  /** p50 and p95 of plan, stage and commit of 1,000 changed keys, ms. */
  async commitTimes(): Promise<readonly [p50: number, p95: number]> {
    const checkpoint = await open(indexedDbCheckpoint('times'));
    const times: number[] = [];
    for (let batch = 0; batch < 40; batch++) {
      const put = Array.from({ length: 1_000 }, (_, i) => [[`key ${i}`], { n: batch, sum: i * 1.5 }] as const);
      const start = performance.now();
      await runBatch(checkpoint, batch, { delta: countDelta(put) });
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    return [times[20]!, times[37]!];
  },
};

Object.assign(globalThis, { page });
