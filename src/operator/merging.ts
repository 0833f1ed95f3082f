import type { Rejection, Sink } from '../element';
import { TidemarkError } from '../errors';
import type { Graph } from '../rx';
import type { Traits } from '../traits';
import { WatermarkMerge } from '../watermark/merge';
import type { OperatorSpec } from './processor';
import { Stage, type StageSnapshot } from './stage';

/** A stage with several inputs: their watermarks are combined, barriers aligned, ends awaited. */
export class MergingStage<I, O> extends Stage<I, O> {
  private readonly merge: WatermarkMerge;
  private live = 0;
  private barriers = 0;
  private said = 0;

  constructor(spec: OperatorSpec<I, O>, id: string, inputs: readonly Traits[], down: Sink<O>, graph: Graph) {
    super(spec, id, inputs, down, graph);
    this.merge = new WatermarkMerge(spec.merge);
  }

  /** A sink for one more input. */
  open(): Sink<I> & { readonly index: number } {
    this.live++;
    return new Input(this, this.merge.addInput());
  }

  /** The input is taken out: the combined watermark is looked at again when the next one comes. */
  remove(index: number): void {
    if (--this.live === 0) return this.end();
    this.merge.removeInput(index);
  }

  eventFrom(index: number, time: number, row: I): void {
    const wasIdle = this.merge.isIdle;
    this.merge.activity(index);
    if (wasIdle && !this.merge.isIdle) this.idle(false);
    this.take(time, row, index);
  }

  watermarkFrom(index: number, emit: number, drop: number): void {
    // In a run each input says one watermark a batch; the batch is over when all of them have.
    this.said++;
    const complete = !this.graph.isRun || this.said >= this.live;
    if (complete) this.said = 0;
    this.combine(() => this.merge.watermark(index, emit, drop, this.scheduler.now()), complete);
  }

  idleFrom(index: number, isIdle: boolean): void {
    this.combine(() => this.merge.idle(index, isIdle));
  }

  endFrom(index: number): void {
    // The last end is only an end: what is open stays open unless an input has said +Infinity.
    if (--this.live === 0) return this.end();
    this.combine(() => this.merge.complete(index));
  }

  barrierFrom(batchId: number): void {
    if (++this.barriers < this.live) return;
    this.barriers = 0;
    this.barrier(batchId);
  }

  private combine(change: () => void, complete = !this.graph.isRun): void {
    const wasIdle = this.merge.isIdle;
    change();
    if (wasIdle && !this.merge.isIdle) this.idle(false);
    if (complete && this.merge.emit > -Infinity) this.watermark(this.merge.emit, this.merge.drop);
    if (!wasIdle && this.merge.isIdle) this.idle(true);
  }

  override snapshot(): StageSnapshot {
    const { tables, ...rest } = super.snapshot();
    return { ...rest, tables: { ...tables, inputs: { version: 1, entries: [[[], [this.merge.encode(), this.barriers]]] } } };
  }

  override restore(snapshot: StageSnapshot): void {
    super.restore(snapshot);
    const [, data] = snapshot.tables['inputs']?.entries[0] ?? [];
    if (data === undefined) throw new TidemarkError('TIDEMARK_STATE', `the inputs of '${this.id}' are not in the snapshot`);
    const [merge, barriers] = data as [unknown, number];
    this.merge.decode(merge);
    this.barriers = barriers;
  }

  override report(): Readonly<Record<string, unknown>> {
    return { ...super.report(), holder: this.merge.holder() };
  }
}

class Input<I, O> implements Sink<I> {
  constructor(
    private readonly stage: MergingStage<I, O>,
    readonly index: number,
  ) {}

  event(time: number, row: I): void {
    this.stage.eventFrom(this.index, time, row);
  }
  watermark(emit: number, drop: number): void {
    this.stage.watermarkFrom(this.index, emit, drop);
  }
  reject(rejection: Rejection): void {
    this.stage.reject(rejection);
  }
  idle(isIdle: boolean): void {
    this.stage.idleFrom(this.index, isIdle);
  }
  barrier(batchId: number): void {
    this.stage.barrierFrom(batchId);
  }
  end(): void {
    this.stage.endFrom(this.index);
  }
  error(cause: unknown): void {
    this.stage.error(cause);
  }
}
