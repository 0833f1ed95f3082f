import type { Rejection, Sink } from '../element';
import type { Graph } from '../rx';
import type { Traits } from '../traits';
import { cell, type StateTables } from '../state/table';
import { WatermarkMerge } from '../watermark/merge';
import type { OperatorSpec } from './processor';
import { Stage } from './stage';

/** A stage with several inputs: their watermarks are combined, barriers aligned, ends awaited. */
export class MergingStage<I, O> extends Stage<I, O> {
  private readonly merge: WatermarkMerge;
  private live = 0;
  private opened = 0;
  /** In a run: the inputs that have said their watermark of this batch, and those that wait with a barrier. */
  private readonly said = new Set<number>();
  private readonly waiting = new Set<number>();
  private batchId = 0;

  constructor(
    private readonly spec: OperatorSpec<I, O>,
    id: string,
    private readonly inputs: readonly Traits[],
    down: Sink<O>,
    graph: Graph,
  ) {
    super(spec, id, inputs, down, graph);
    this.merge = new WatermarkMerge(spec.merge);
  }

  /** A sink for one more input. */
  open(): Sink<I> & { readonly index: number } {
    this.live++;
    return new Input(this, this.merge.addInput(undefined, this.isSilent(this.opened++)));
  }

  /** An input without a watermark holds nothing back where another has one; nor does one that the operator does not follow. */
  private isSilent(input: number): boolean {
    const follows = this.spec.merge?.follows;
    if (follows !== undefined) return !follows.includes(input);
    return this.inputs[input]?.watermark === false && this.inputs.some(({ watermark }) => watermark);
  }

  /** The input is taken out: the combined watermark is looked at again when the next one comes. */
  remove(index: number): void {
    if (this.leave(index)) return this.end();
    this.merge.removeInput(index);
    this.release();
  }

  eventFrom(index: number, time: number, row: I): void {
    if (this.merge.anyIdle) this.wake(index);
    this.take(time, row, index);
  }

  private wake(index: number): void {
    const wasIdle = this.merge.isIdle;
    this.merge.activity(index);
    if (wasIdle && !this.merge.isIdle) this.idle(false);
  }

  watermarkFrom(index: number, emit: number, drop: number): void {
    // In a run each input says one watermark a batch; the batch is over when all of them have.
    this.said.add(index);
    const complete = !this.graph.isPaced || this.said.size >= this.live;
    if (complete) this.said.clear();
    this.combine(() => this.merge.watermark(index, emit, drop, this.scheduler.now()), complete);
  }

  idleFrom(index: number, isIdle: boolean): void {
    this.combine(() => this.merge.idle(index, isIdle));
  }

  endFrom(index: number): void {
    // The last end is only an end: what is open stays open unless an input has said +Infinity.
    if (this.leave(index)) return this.end();
    this.combine(() => this.merge.complete(index));
    this.release();
  }

  /** Nothing waits for an input that is gone; true when it was the last. */
  private leave(index: number): boolean {
    this.said.delete(index);
    this.waiting.delete(index);
    return --this.live === 0;
  }

  barrierFrom(index: number, batchId: number): void {
    this.waiting.add(index);
    this.batchId = batchId;
    this.release();
  }

  /** The barrier goes on when every input has brought it. */
  private release(): void {
    if (this.waiting.size === 0 || this.waiting.size < this.live) return;
    this.waiting.clear();
    this.barrier(this.batchId);
  }

  private combine(change: () => void, complete = !this.graph.isPaced): void {
    const wasIdle = this.merge.isIdle;
    change();
    if (wasIdle && !this.merge.isIdle) this.idle(false);
    // In a run it is also said where it has not moved: it ends the rows of the batch.
    if (complete) this.watermark(this.merge.emit, this.merge.drop);
    if (!wasIdle && this.merge.isIdle) this.idle(true);
  }

  override stateTables(): StateTables {
    const inputs = cell(
      1,
      () => this.merge.encode(),
      (value) => this.merge.decode(value),
    );
    return { ...super.stateTables(), 'tidemark:inputs': inputs };
  }

  override report(): Readonly<Record<string, unknown>> {
    return { ...super.report(), holder: this.merge.holder() };
  }
}

class Input<I, O> implements Sink<I> {
  /** One that stays: D-056. */
  static readonly lasting: unknown = /* @__PURE__ */ new Input(undefined as never, 0);

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
    this.stage.barrierFrom(this.index, batchId);
  }
  end(): void {
    this.stage.endFrom(this.index);
  }
  error(cause: unknown): void {
    this.stage.error(cause);
  }
}
