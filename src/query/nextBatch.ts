import type { Checkpoint } from '../checkpoint/checkpoint';
import type { PlanRecord } from '../checkpoint/records';
import type { Batch } from '../rx';

/** The batch that comes next: its number, the watermarks it goes by, and its plan once there is one. */
export class NextBatch {
  id = 0;
  /** W(n-1): its rows are judged by it. */
  late = 0;
  /** W(n): what the batches before have brought. */
  watermark = 0;
  /** Planned, and not committed. */
  plan: PlanRecord | undefined;
  /** The time of the batch before: none is earlier. */
  private time = 0;

  /** Goes on from what a checkpoint has; `plan` is what it has not finished. */
  resume({ last, lastPlan }: Checkpoint, plan: PlanRecord | undefined): void {
    this.plan = plan;
    this.id = plan?.batch ?? (last?.batch ?? -1) + 1;
    this.late = plan?.late ?? lastPlan?.watermark ?? 0;
    this.watermark = plan?.watermark ?? Math.max(lastPlan?.watermark ?? 0, last?.nextWatermark ?? 0);
    this.time = lastPlan?.time ?? 0;
  }

  /** Its time, if it is planned at `now`. */
  timeAt(now: number): number {
    return Math.max(now, this.time);
  }

  /** The batch before it, as operators find it that begin now. */
  before(): Batch {
    const { id, time, late } = this;
    return { id: id - 1, time, late, watermark: late, isOver: true };
  }

  committed(plan: PlanRecord, nextWatermark: number): void {
    this.plan = undefined;
    this.id = plan.batch + 1;
    this.late = plan.watermark;
    this.watermark = nextWatermark;
    this.time = plan.time;
  }
}
