import type { WholeState } from '../checkpoint/checkpoint';
import type { Json, StateImage } from '../checkpoint/records';
import type { Batch, SchedulerLike } from '../rx';
import { loadState, schemasOf, wholeOf } from './deltas';
import { GraphRun } from './graphRun';
import type { Pipeline } from './pipeline';

/** The pipeline while it runs: made from the state of the last commit, and thrown away with an attempt that failed. */
export class LiveGraph {
  run: GraphRun | undefined;
  /** Rows that each operator held when its state was loaded: they came in before it counted. */
  private restored: ReadonlyMap<string, number> = new Map();
  /** It has ended a batch, and no row or timer has come into it since. */
  private holdsCommit = false;

  /** @param scheduler - given for continuous processing: processing time goes on between rows */
  constructor(
    private readonly pipeline: Pipeline,
    private readonly scheduler: SchedulerLike | undefined,
  ) {}

  async open(before: Batch, readState: () => Promise<StateImage>): Promise<GraphRun> {
    const run = new GraphRun(this.pipeline, before, this.scheduler);
    loadState(run.stages(), await readState());
    this.restored = new Map([...run.stages()].map(([id, { tally }]) => [id, tally.held]));
    run.start();
    return (this.run = run);
  }

  drop(): void {
    this.holdsCommit = false;
    this.run?.close();
    this.run = undefined;
  }

  /** Rows and timers are about to come into it. */
  changes(): void {
    this.holdsCommit = false;
  }

  /** What has come into it is committed. */
  committed(): void {
    this.holdsCommit = this.run !== undefined;
  }

  /** What it holds, while that is what is committed: in a continuous query it moves on between epochs. */
  committedState(): WholeState | undefined {
    const { run, holdsCommit } = this;
    if (run === undefined || run.continuous || !holdsCommit) return undefined;
    return () => wholeOf(run.stages());
  }

  /** What became of the rows since it began to run; with `restored`, the rows it began with, they add up. */
  counters(): Record<string, Json> {
    const counters: Record<string, Json> = {};
    for (const [id, { tally }] of this.run?.stages() ?? [])
      counters[id] = { ...tally, restored: this.restored.get(id) ?? 0 } as unknown as Json;
    return counters;
  }

  /** What the state of each operator is made for: wired as it will run, and taken down again. */
  schemas(): ReturnType<typeof schemasOf> {
    const run = new GraphRun(this.pipeline, { id: -1, time: 0, late: 0, watermark: 0 });
    const schemas = schemasOf(run.stages());
    run.close();
    return schemas;
  }
}
