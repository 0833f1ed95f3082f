import { fixedDelay, punctuated, reassignWatermark, withWatermark, type WatermarkStrategy } from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { inward, onlyInput, until, type Driver, type ElementOperator } from './driver';
import { marksOf, type Mark } from './marks';
import type { ConfigOf } from './operators';
import { Outputs } from './outputs';
import type { Step, StepOf } from './steps';

interface TimeRow {
  readonly key?: unknown;
  readonly value?: unknown;
  readonly time: number;
}

/** The marks of the cases are inclusive; the library's W is what the function returns. */
function strategyOf({ strategy }: ConfigOf<'watermarkGenerator'>): WatermarkStrategy<TimeRow> {
  return strategy.kind === 'fixedDelay' ? fixedDelay(strategy.delayMs) : punctuated((row) => row.time + 1);
}

const OPTIONS = { maxFutureSkew: false } as const;

class GeneratorRun {
  private readonly harness: OperatorHarness<TimeRow, TimeRow>;
  readonly outputs = new Outputs();
  /** Told at the next tick. */
  private waiting: Mark | undefined;

  constructor(
    private readonly config: ConfigOf<'watermarkGenerator'>,
    private readonly isBehind: boolean,
  ) {
    const strategy = strategyOf(config);
    this.harness = isBehind
      ? operatorHarness(reassignWatermark<TimeRow>('time', strategy, OPTIONS))
      : operatorHarness(withWatermark<TimeRow>('time', strategy, OPTIONS) as never, {
          traits: { kind: 'untimed', watermark: false },
        });
  }

  element({ element: { key, value, time, input }, at }: StepOf<'element'>): void {
    onlyInput({ at, input });
    const row = { key, value, time };
    if (this.isBehind) this.harness.event(time, row);
    else this.harness.push(row);
    this.collect();
  }

  watermark(step: StepOf<'watermark'>): void {
    onlyInput(step);
    this.harness.watermark(inward(step.watermark));
    this.collect();
  }

  idle(step: StepOf<'idle'>): void {
    onlyInput(step);
    this.harness.idle(step.idle);
    this.collect();
  }

  advance({ processingTime, at }: StepOf<'processingTime'>): void {
    this.harness.advance(until(processingTime, this.harness.clock.now(), at));
    this.collect();
  }

  restore(): void {
    this.harness.restore(this.harness.snapshot());
  }

  /** A fixed delay speaks at the ticks of its origin, the library at every row: of those, the last is looked at. */
  private collect(): void {
    for (const signal of this.harness.take()) {
      this.outputs.row(signal);
      for (const mark of marksOf([signal])) {
        if (this.config.strategy.kind === 'fixedDelay' && typeof mark === 'number') this.waiting = mark;
        else this.tell(mark);
      }
    }
  }

  private tell(mark: Mark): void {
    if (mark === 'max') this.waiting = undefined;
    this.outputs.tell(mark);
  }

  tick(): void {
    if (this.waiting !== undefined) this.outputs.tell(this.waiting);
    this.waiting = undefined;
  }
}

export const watermarkGenerator: ElementOperator<'watermarkGenerator'> = {
  steps: [
    'element',
    'watermark',
    'idle',
    'processingTime',
    'periodicEmit',
    'checkpointRestore',
    'expect',
    'expectSequence',
    'expectWatermarks',
    'expectError',
  ],
  lacks: () => [],
  build(config, steps): Driver {
    // What comes with watermarks or idle marks of its own stands behind another generator.
    const isBehind = steps.some((step: Step) => step.kind === 'watermark' || step.kind === 'idle');
    const run = new GeneratorRun(config, isBehind);
    return {
      element: (step) => run.element(step),
      watermark: (step) => run.watermark(step),
      idle: (step) => run.idle(step),
      processingTime: (step) => run.advance(step),
      periodicEmit: () => run.tick(),
      checkpointRestore: () => run.restore(),
      ...run.outputs.checks(),
    };
  },
};
