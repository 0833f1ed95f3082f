import type { Json, PlannedSlice, PlanRecord } from '../checkpoint/records';
import type { Slice } from '../connectors/source';
import type { Batch } from '../rx';
import type { Engine, FinishedBatch } from './engine';
import type { Failure, GraphRun } from './graphRun';

/** When a continuous epoch ends, and what it does when there is nothing to read. */
export interface Pause {
  isDue(): boolean;
  /** Somebody waits until everything that is there is committed. */
  isAwaited(): boolean;
  sleep(): Promise<void>;
}

/** Continuous processing over the engine: W moves with every row, and only the commit is periodic. */
export class Epochs {
  constructor(private readonly engine: Engine) {}

  /**
   * Continuous: rows go through as they come, until `pause` says that it is time to commit. The plan says where the epoch
   * begins; how far it went is staged.
   */
  async run(pause: Pause): Promise<FinishedBatch | undefined> {
    const { next } = this.engine;
    if (this.engine.sources.ended && next.watermark !== Infinity)
      return this.engine.planned(this.engine.sources.planned(new Map()), Infinity);
    // A batch that was planned with its ends is repeated as it was planned.
    if (next.plan !== undefined && Object.values(next.plan.sources).some(({ to }) => to !== undefined)) {
      return this.engine.execute(next.plan);
    }
    const run = await this.engine.graph();
    let { plan } = next;
    const ends = new Map<string, Slice>();
    if (plan !== undefined) run.begin(batchOf(plan));
    while (!pause.isDue()) {
      const slices = await this.engine.sources.next();
      if (slices.size === 0) {
        if (plan === undefined && run.hasResults) run.begin(batchOf((plan = await this.begun())));
        if (pause.isAwaited() || (plan !== undefined && this.engine.sources.ended)) break;
        await pause.sleep();
        continue;
      }
      if (plan === undefined) run.begin(batchOf((plan = await this.begun())));
      for (const [source, slice] of slices) {
        await run.feed(this.engine.feedOf(run, plan, source, slice));
        this.engine.sources.advance(source, slice);
        ends.set(source, slice);
      }
      if (run.failure !== undefined) break;
      await this.deliver(run, plan);
    }
    if (plan === undefined) return undefined;
    const result = await this.engine.within(run, plan.batch, run.end());
    if (result !== undefined) return this.engine.finish(plan, this.engine.around.newId(), run, result, toOf(plan, ends));
    this.engine.live.drop();
    await this.engine.without(plan, run.failure as Failure);
    this.engine.sources.resume(plan, true, undefined);
    return this.run(pause);
  }

  /** `immediate`: results are shown before they are committed. */
  private async deliver(run: GraphRun, plan: PlanRecord): Promise<void> {
    const { trigger } = this.engine.settings;
    if (trigger.kind !== 'continuous' || trigger.delivery !== 'immediate' || !run.hasResults) return;
    await this.engine.sinks.deliver(this.engine.sinks.batches(run.takeResults()), this.engine.commitId(plan, 'immediate'));
  }

  private async begun(): Promise<PlanRecord> {
    const sources: Record<string, PlannedSlice> = {};
    for (const [id, { from }] of Object.entries(this.engine.sources.planned(new Map()))) sources[id] = { from };
    return this.engine.write(sources, this.engine.next.watermark);
  }
}

function batchOf({ batch: id, time, late, watermark }: PlanRecord): Batch {
  return { id, time, late, watermark };
}

function toOf(plan: PlanRecord, ends: ReadonlyMap<string, Slice>): Record<string, Json> {
  return Object.fromEntries(Object.entries(plan.sources).map(([id, { from }]) => [id, (ends.get(id)?.to ?? from) as Json]));
}
