import {
  aggregate,
  punctuated,
  withWatermark,
  type Change,
  type Element,
  type Pane,
  type Rejection,
  type Signal,
  type Window,
} from 'tidemark';
import type { Observable, OperatorFunction } from 'rxjs';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { sameItems, sameSequence, sameValue } from '../compare';
import { lacking, lackingIfListed, type Feature } from '../features';
import { malformed } from '../shape';
import { assignerOf, type ElementRow } from './assigner';
import { bounded, inward, onlyInput, outward, until, type Driver, type ElementOperator } from './driver';
import type { ConfigOf } from './operators';
import { doneTriggers } from './doneTriggers';
import { checkMarks, marksOf, type Mark } from './marks';
import { emitOf } from './panes';
import { selectOf } from './windowAggregates';
import type { Step, StepOf } from './steps';

type WindowConfig = ConfigOf<'window'>;

/** A result, said once or as a change. */
interface Result {
  readonly window: Window;
  readonly key: unknown;
  readonly value: unknown;
  readonly lastTime?: number | null;
}
type Spoken = Result | Change<Result>;
type Output = Readonly<Record<string, unknown>>;

/** The stamp of a window that never ends: the last instant a Date can hold. */
const LAST_INSTANT = 8_640_000_000_000_000;
const TIMING = { early: 'EARLY', onTime: 'ON_TIME', late: 'LATE' } as const;

function lacks({ assigner, trigger }: WindowConfig): readonly Feature[] {
  return [
    ...lackingIfListed(`assigner ${assigner.kind}`),
    ...(trigger?.kind === 'endOfStream' && assigner.kind !== 'global'
      ? [lacking('trigger endOfStream on windows that end')]
      : []),
  ];
}

function isChange(row: Spoken): row is Change<Result> {
  return 'op' in row && 'pane' in row;
}

/** The format's names of an operation: a new value in place of an old one is an update. */
const OPS = { alone: { upsert: 'insert', delete: 'delete' }, pair: { upsert: 'updateAfter', delete: 'updateBefore' } } as const;

function paneOf({ timing, index, isLast }: Pane, earlier: number): Output {
  return { timing: TIMING[timing], index, nonSpeculativeIndex: timing === 'early' ? -1 : earlier, isFirst: index === 0, isLast };
}

function changeOf(signal: Signal<Spoken> | undefined): Spoken | undefined {
  return signal?.kind === 'event' ? signal.row : undefined;
}

function sameKey(a: Change<Result>, b: Change<Result>): boolean {
  return JSON.stringify(a.key) === JSON.stringify(b.key);
}

class WindowRun {
  private readonly harness: OperatorHarness<ElementRow, Spoken>;
  private readonly assigner;
  private readonly outputs: Output[] = [];
  private readonly late: Output[] = [];
  private readonly sequence: Output[] = [];
  private readonly marks: Mark[] = [];
  private lateRows = 0;
  private latePairs = 0;
  /** Rows of the open windows, and what was said of them: panes count, and may be stamped with the first new row. */
  private readonly unsaid: ElementRow[] = [];
  private readonly spoken = new Map<string, { panes: number; rows: number }>();
  private w = -Infinity;
  private drop = -Infinity;
  private readonly latenessMs: number;
  private readonly doneTriggers: (drop: number) => readonly Feature[];

  constructor(
    private readonly config: WindowConfig,
    steps: readonly Step[],
  ) {
    this.latenessMs = config.allowedLatenessMs ?? 0;
    // It is an option of the stream: the harness stands for it, and the library looks at it here.
    withWatermark<ElementRow>('time', 0, { allowedLateness: this.latenessMs });
    this.assigner = assignerOf(config.assigner);
    const options = { key: 'key' as const, window: this.assigner, select: selectOf(config), emit: emitOf(config, steps) };
    const operator = aggregate(options as never) as unknown as OperatorFunction<Element<ElementRow>, Element<Spoken>>;
    this.harness = config.time === 'processing' ? this.byTheClock(operator) : operatorHarness(operator);
    this.doneTriggers = doneTriggers(config, steps, this.harness as never);
  }

  /** What the case has turned out to need. */
  lacks(): readonly Feature[] {
    return this.doneTriggers(this.drop);
  }

  /** Windows in processing time: the clock is the time of a row, and moves the watermark. */
  private byTheClock(operator: OperatorFunction<Element<ElementRow>, Element<Spoken>>): OperatorHarness<ElementRow, Spoken> {
    const now = (): number => this.harness.clock.now();
    const strategy = punctuated<ElementRow>(() => now() + 1);
    const options = { idleAfter: 1, advanceWhenIdle: true };
    const clock = withWatermark((_row: ElementRow) => now(), strategy, options) as unknown as typeof operator;
    const timed = ((source: Observable<Element<ElementRow>>) => operator(clock(source) as never)) as typeof operator;
    return operatorHarness(timed, { traits: { kind: 'untimed', watermark: false } });
  }

  element({ at, element: { key, value, time, input } }: StepOf<'element'>): void {
    onlyInput({ at, input });
    if (value === undefined) malformed(at, `field 'value' is missing`);
    const row = { key, value, time, onTime: time > this.w };
    const before = this.harness.tally.partlyLate;
    this.unsaid.push(row);
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
    const said = this.harness.take();
    this.marks.push(...marksOf(said));
    for (const [i, signal] of said.entries()) this.hear(signal, said[i - 1], said[i + 1]);
  }

  private hear(signal: Signal<Spoken>, before: Signal<Spoken> | undefined, after: Signal<Spoken> | undefined): void {
    if (signal.kind === 'event') this.say(signal.time, signal.row, changeOf(before), changeOf(after));
    else if (signal.kind === 'watermark') this.sequence.push({ watermark: outward(signal.time) });
    else if (signal.kind === 'rejected' && signal.reason === 'late') this.missed(signal as Rejection<ElementRow>);
  }

  private missed({ row, detail }: Rejection<ElementRow>): void {
    const { key, value, time } = row;
    this.late.push({ key, value, time, input: 0 });
    this.lateRows++;
    this.latePairs += detail?.windows?.length ?? 0;
  }

  private say(time: number, spoken: Spoken, before: Spoken | undefined, after: Spoken | undefined): void {
    const { accumulation, retractMergedSessions } = this.config;
    if (!isChange(spoken)) return this.put(this.outputOf(time, spoken, undefined));
    const isDelete = spoken.op === 'delete';
    const other = isDelete ? after : before;
    const isPair = other !== undefined && isChange(other) && other.op !== spoken.op && sameKey(other, spoken);
    if (isDelete && accumulation !== 'retracting') {
      // Without `retractMergedSessions` the dialects say nothing of a session that another one has swallowed, …
      if (retractMergedSessions !== true) return;
      // … and with it nothing of a value that is replaced in its window, where that is an instant: such a session is the row's own.
      if (isPair && other.row.window.end === spoken.row.window.end && this.isInstant(spoken.row.window)) return;
    }
    const op = OPS[isPair && accumulation === 'retracting' ? 'pair' : 'alone'][spoken.op];
    this.put({ ...this.outputOf(time, spoken.row, isDelete ? undefined : spoken.pane), op });
  }

  /** A session whose rows all have one time. */
  private isInstant({ start, end }: Window): boolean {
    const { assigner } = this.config;
    return assigner.kind === 'session' && end - start === assigner.gapMs;
  }

  private put(output: Output): void {
    this.outputs.push(output);
    this.sequence.push(output);
  }

  private outputOf(time: number, row: Result, pane: Pane | undefined): Output {
    const { assigner } = this.config;
    const { start, end } = row.window;
    const gapMs = assigner.kind === 'session' ? assigner.gapMs : undefined;
    const { firstTime, earlier } = this.since(row, pane);
    return {
      key: row.key,
      value: row.value,
      windowStart: bounded(start),
      windowEnd: bounded(end),
      timestamp: this.timestampOf(time, row, firstTime),
      ...(gapMs === undefined ? {} : { lastTime: end - gapMs }),
      ...(pane === undefined ? {} : { pane: paneOf(pane, earlier) }),
    };
  }

  /** The first time of the rows ahead of the watermark that came since the pane before, and the number of panes that were not early. */
  private since({ key, window: { start, end } }: Result, pane: Pane | undefined): { firstTime: number; earlier: number } {
    const id = JSON.stringify([key, String(start)]);
    const { panes, rows } = this.spoken.get(id) ?? { panes: 0, rows: 0 };
    this.spoken.set(id, { panes: panes + (pane?.timing === 'early' ? 0 : 1), rows: this.unsaid.length });
    const news = this.unsaid.slice(rows).filter((row) => row.key === key && row.onTime && row.time >= start && row.time < end);
    return { firstTime: Math.min(...news.map((row) => row.time)), earlier: panes };
  }

  private timestampOf(time: number, { lastTime }: Result, firstTime: number): number | string {
    const stamp = time === LAST_INSTANT ? 'max' : time;
    const { timestampCombiner } = this.config;
    if (timestampCombiner === 'latest') return lastTime ?? stamp;
    return timestampCombiner === 'earliest' && firstTime < Infinity ? firstTime : stamp;
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

  expectWatermarks(step: StepOf<'expectWatermarks'>): void {
    checkMarks(step, this.marks.splice(0));
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
    'expectWatermarks',
    'expectState',
    'expectError',
  ],
  lacks,
  build(config, steps): Driver {
    const run = new WindowRun(config, steps);
    return {
      lacks: () => run.lacks(),
      element: (step) => run.element(step),
      watermark: (step) => run.watermark(step),
      processingTime: (step) => run.processingTime(step),
      idle: (step) => run.idle(step),
      checkpointRestore: () => run.restore(),
      expect: (step) => run.expect(step),
      expectLate: (step) => run.expectLate(step),
      expectDropped: (step) => run.expectDropped(step),
      expectSequence: (step) => run.expectSequence(step),
      expectWatermarks: (step) => run.expectWatermarks(step),
      expectState: (step) => run.expectState(step),
    };
  },
};
