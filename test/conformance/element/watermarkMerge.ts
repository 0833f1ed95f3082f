import type { Observable } from 'rxjs';
import { mergeStreams, type Element, type MergedStream } from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { malformed } from '../shape';
import { inward, type Driver, type ElementOperator } from './driver';
import type { ConfigOf } from './operators';
import { Outputs } from './outputs';
import type { Step, StepOf } from './steps';

type Row = Readonly<Record<string, unknown>>;
type Stream = Observable<Element<Row>>;

/** Every input that the case ever attaches is an input of the harness; the merge begins with the first of them. */
class MergeRun {
  private readonly harness: OperatorHarness<Row, Row>;
  private readonly live: Set<number>;
  readonly outputs = new Outputs();
  private merged!: MergedStream<Row>;
  private streams: readonly Stream[] = [];

  constructor({ inputs, variant }: ConfigOf<'watermarkMerge'>, steps: readonly Step[]) {
    if (inputs < 0) malformed('operator.inputs', 'must not be below 0');
    this.live = new Set(Array.from({ length: inputs }, (_, i) => i));
    const total = steps.reduce((most, step) => (step.kind === 'addInput' ? Math.max(most, step.addInput + 1) : most), inputs);
    const build = (streams: readonly Stream[]): Stream => {
      this.streams = streams;
      const live = streams.filter((_stream, i) => this.live.has(i));
      return (this.merged = mergeStreams(live, variant === undefined ? {} : { variant }));
    };
    this.harness = operatorHarness<Row, Row, 'event'>(build, { inputs: total });
  }

  private input({ at, input = 0 }: { readonly at: string; readonly input?: number | undefined }): number {
    return this.live.has(input) ? input : malformed(at, `there is no input ${input}`);
  }

  element({ at, element: { key, value, time, input } }: StepOf<'element'>): void {
    this.harness.event(time, { key, value, time }, this.input({ at, input }));
    this.collect();
  }

  watermark(step: StepOf<'watermark'>): void {
    const W = inward(step.watermark);
    this.harness.watermark(W, W, this.input(step));
    this.collect();
  }

  idle(step: StepOf<'idle'>): void {
    this.harness.idle(step.idle, this.input(step));
    this.collect();
  }

  remove({ at, removeInput }: StepOf<'removeInput'>): void {
    this.merged.remove(this.streams[this.input({ at, input: removeInput })]!);
    this.live.delete(removeInput);
    this.collect();
  }

  add({ at, addInput }: StepOf<'addInput'>): void {
    if (this.live.has(addInput)) malformed(at, `input ${addInput} is there already`);
    this.merged.add(this.streams[addInput]!);
    this.live.add(addInput);
    this.collect();
  }

  restore(): void {
    this.harness.restore(this.harness.snapshot());
    this.collect();
  }

  collect(): void {
    this.outputs.collect(this.harness.take());
  }
}

export const watermarkMerge: ElementOperator<'watermarkMerge'> = {
  steps: [
    'element',
    'watermark',
    'idle',
    'periodicEmit',
    'removeInput',
    'addInput',
    'checkpointRestore',
    'expect',
    'expectSequence',
    'expectWatermarks',
    'expectError',
  ],
  lacks: () => [],
  build(config, steps): Driver {
    const run = new MergeRun(config, steps);
    return {
      element: (step) => run.element(step),
      watermark: (step) => run.watermark(step),
      idle: (step) => run.idle(step),
      periodicEmit: () => run.collect(),
      removeInput: (step) => run.remove(step),
      addInput: (step) => run.add(step),
      checkpointRestore: () => run.restore(),
      ...run.outputs.checks(),
    };
  },
};
