import {
  agg,
  aggregate,
  onClose,
  onTime,
  onUpdate,
  type Aggregate,
  type Change,
  type Emit,
  type Pane,
  type Rejection,
  type Signal,
  type Window,
} from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { sameItems, sameSequence, sameValue } from '../compare';
import { lacking, lackingIfListed, type Feature } from '../features';
import { malformed } from '../shape';
import { assignerOf, type ElementRow } from './assigner';
import { bounded, inward, onlyInput, outward, until, type Driver, type ElementOperator } from './driver';
import type { ConfigOf } from './operators';
import type { Step, StepOf } from './steps';

type WindowConfig = ConfigOf<'window'>;

/** A result, said once or as a change. */
interface Result {
  readonly window: Window;
  readonly key: unknown;
  readonly value: unknown;
  readonly firstTime?: number | null;
  readonly lastTime?: number | null;
}
type Spoken = Result | Change<Result>;
type Output = Readonly<Record<string, unknown>>;

/** The stamp of a window that never ends: the last instant a Date can hold. */
const LAST_INSTANT = 8_640_000_000_000_000;
const TIMING = { early: 'EARLY', onTime: 'ON_TIME', late: 'LATE' } as const;

function lacks(config: WindowConfig): readonly Feature[] {
  const { assigner, trigger, accumulation, time, retractMergedSessions, closingBehavior, allowedLatenessMs = 0 } = config;
  const kind = trigger?.kind ?? 'default';
  // Without lateness, and when only the final result is said, a window has one pane: it holds what both ways hold.
  const onePane = config.emit === 'onWindowClose' || (allowedLatenessMs === 0 && config.emit !== 'onUpdate');
  return [
    ...lackingIfListed(`assigner ${assigner.kind}`),
    ...lackingIfListed(`trigger ${kind}`),
    ...(kind === 'endOfStream' && assigner.kind !== 'global' ? [lacking('trigger endOfStream on windows that end')] : []),
    ...(time === 'processing' ? [lacking('windows in processing time')] : []),
    ...(accumulation === 'retracting' ? [lacking('accumulation retracting')] : []),
    ...(accumulation === 'discarding' && !onePane ? [lacking('accumulation discarding')] : []),
    ...(retractMergedSessions === true ? [lacking('option retractMergedSessions')] : []),
    ...(closingBehavior === 'fireAlways' && allowedLatenessMs > 0 ? [lacking('option closingBehavior fireAlways')] : []),
  ];
}

function aggregateOf(fn: WindowConfig['aggregate']['fn']): Aggregate<ElementRow, unknown, unknown> {
  if (fn === 'count') return agg.count<ElementRow>() as Aggregate<ElementRow, unknown, unknown>;
  if (fn === 'list') return agg.collectList((row: ElementRow) => row.value) as Aggregate<ElementRow, unknown, unknown>;
  return agg.sum((row: ElementRow) => row.value as number) as Aggregate<ElementRow, unknown, unknown>;
}

function selectOf({
  aggregate: { fn },
  timestampCombiner,
}: WindowConfig): Record<string, Aggregate<ElementRow, unknown, unknown>> {
  const latest = agg.max((row: ElementRow) => row.time) as Aggregate<ElementRow, unknown, unknown>;
  const earliest = agg.min((row: ElementRow) => row.time, { where: (row) => row.onTime }) as Aggregate<
    ElementRow,
    unknown,
    unknown
  >;
  return {
    value: aggregateOf(fn),
    ...(timestampCombiner === 'latest' ? { lastTime: latest } : {}),
    ...(timestampCombiner === 'earliest' ? { firstTime: earliest } : {}),
  };
}

function emitOf({ emit, allowedLatenessMs = 0 }: WindowConfig, steps: readonly Step[]): Emit {
  if (emit === 'onUpdate') return onUpdate();
  if (emit === 'onWindowClose') return onClose();
  const showsPanes = steps.some((step) => step.kind === 'expect' && step.expect.some((output) => output['pane'] !== undefined));
  return allowedLatenessMs > 0 || showsPanes ? onTime() : onClose();
}

function isChange(row: Spoken): row is Change<Result> {
  return 'op' in row && 'pane' in row;
}

function paneOf({ timing, index, isLast }: Pane): Output {
  return { timing: TIMING[timing], index, nonSpeculativeIndex: timing === 'early' ? -1 : index, isFirst: index === 0, isLast };
}

class WindowRun {
  private readonly harness: OperatorHarness<ElementRow, Spoken>;
  private readonly assigner;
  private readonly outputs: Output[] = [];
  private readonly late: Output[] = [];
  private readonly sequence: Output[] = [];
  private lateRows = 0;
  private latePairs = 0;
  private w = -Infinity;
  private drop = -Infinity;
  private readonly latenessMs: number;

  constructor(
    private readonly config: WindowConfig,
    steps: readonly Step[],
  ) {
    this.latenessMs = config.allowedLatenessMs ?? 0;
    if (this.latenessMs < 0) malformed('operator.allowedLatenessMs', 'must not be below 0');
    this.assigner = assignerOf(config.assigner);
    const options = { key: 'key' as const, window: this.assigner, select: selectOf(config), emit: emitOf(config, steps) };
    this.harness = operatorHarness(aggregate(options as never) as never) as unknown as OperatorHarness<ElementRow, Spoken>;
  }

  element({ at, element: { key, value, time, input } }: StepOf<'element'>): void {
    onlyInput({ at, input });
    if (value === undefined) malformed(at, `field 'value' is missing`);
    const row = { key, value, time, onTime: time > this.w };
    const before = this.harness.tally.partlyLate;
    this.harness.event(time, row);
    // The library counts the row; the cases count the windows that it missed.
    if (this.harness.tally.partlyLate > before) this.latePairs += this.closedWindows(time, row);
    this.collect();
  }

  private closedWindows(time: number, row: ElementRow): number {
    return this.assigner.assign(time, row).filter((window) => window.end <= this.drop).length;
  }

  watermark(step: StepOf<'watermark'>): void {
    onlyInput(step);
    const W = inward(step.watermark);
    this.w = Math.max(this.w, W - 1);
    this.drop = Math.max(this.drop, W - this.latenessMs);
    this.harness.watermark(W, W - this.latenessMs);
    this.collect();
  }

  processingTime({ processingTime, at }: StepOf<'processingTime'>): void {
    this.harness.advance(until(processingTime, this.harness.clock.now(), at));
    this.collect();
  }

  idle(step: StepOf<'idle'>): void {
    onlyInput(step);
    this.harness.idle(step.idle);
    this.collect();
  }

  restore(): void {
    this.harness.restore(this.harness.snapshot());
    this.collect();
  }

  private collect(): void {
    for (const signal of this.harness.take()) this.hear(signal);
  }

  private hear(signal: Signal<Spoken>): void {
    if (signal.kind === 'event') this.say(signal.time, signal.row);
    else if (signal.kind === 'watermark') this.sequence.push({ watermark: outward(signal.time) });
    else if (signal.kind === 'rejected' && signal.reason === 'late') this.missed(signal as Rejection<ElementRow>);
  }

  private missed({ row, detail }: Rejection<ElementRow>): void {
    const { key, value, time } = row;
    this.late.push({ key, value, time, input: 0 });
    this.lateRows++;
    this.latePairs += detail?.windows?.length ?? 0;
  }

  private say(time: number, spoken: Spoken): void {
    // Without `retractMergedSessions` the dialects say nothing of a session that another one has swallowed.
    if (isChange(spoken) && spoken.op === 'delete') return;
    const output = isChange(spoken) ? this.outputOf(time, spoken.row, spoken.pane) : this.outputOf(time, spoken, undefined);
    this.outputs.push(output);
    this.sequence.push(output);
  }

  private outputOf(time: number, row: Result, pane: Pane | undefined): Output {
    const { assigner } = this.config;
    const { start, end } = row.window;
    const gapMs = assigner.kind === 'session' ? assigner.gapMs : undefined;
    return {
      key: row.key,
      value: row.value,
      windowStart: bounded(start),
      windowEnd: bounded(end),
      timestamp: this.timestampOf(time, row, pane),
      ...(gapMs === undefined ? {} : { lastTime: end - gapMs }),
      ...(pane === undefined ? {} : { pane: paneOf(pane) }),
    };
  }

  private timestampOf(time: number, { firstTime, lastTime }: Result, pane: Pane | undefined): number | string {
    const stamp = time === LAST_INSTANT ? 'max' : time;
    const { timestampCombiner } = this.config;
    if (timestampCombiner === 'latest') return lastTime ?? stamp;
    // What comes after the on-time pane was late.
    return timestampCombiner === 'earliest' && pane?.timing !== 'late' ? (firstTime ?? stamp) : stamp;
  }

  expect({ at, expect, order }: StepOf<'expect'>): void {
    (order === 'exact' ? sameSequence : sameItems)(at, expect, this.outputs.splice(0));
  }

  expectLate({ at, expectLate }: StepOf<'expectLate'>): void {
    sameItems(at, expectLate, this.late.splice(0));
  }

  expectDropped({ at, expectDropped }: StepOf<'expectDropped'>): void {
    const countsPairs = this.config.emit === 'onUpdate' || this.config.emit === 'onWindowClose';
    sameValue(at, expectDropped, countsPairs ? this.latePairs : this.lateRows);
  }

  expectSequence({ at, expectSequence }: StepOf<'expectSequence'>): void {
    sameSequence(at, expectSequence, this.sequence.splice(0));
  }

  expectState({ at, expectState }: StepOf<'expectState'>): void {
    const { windows } = expectState;
    if (windows === undefined || Object.keys(expectState).length > 1)
      malformed(at, 'the state of a window operator is its windows');
    sameValue(at, windows, this.harness.report['openWindows']);
  }
}

export const window: ElementOperator<'window'> = {
  steps: [
    'element',
    'watermark',
    'processingTime',
    'idle',
    'checkpointRestore',
    'expect',
    'expectLate',
    'expectDropped',
    'expectSequence',
    'expectState',
    'expectError',
  ],
  lacks,
  build(config, steps): Driver {
    const run = new WindowRun(config, steps);
    return {
      element: (step) => run.element(step),
      watermark: (step) => run.watermark(step),
      processingTime: (step) => run.processingTime(step),
      idle: (step) => run.idle(step),
      checkpointRestore: () => run.restore(),
      expect: (step) => run.expect(step),
      expectLate: (step) => run.expectLate(step),
      expectDropped: (step) => run.expectDropped(step),
      expectSequence: (step) => run.expectSequence(step),
      expectState: (step) => run.expectState(step),
    };
  },
};
