import {
  keyedProcess as operator,
  type Collector,
  type FiredTimer,
  type KeyedContext,
  type StateHandle,
  type ValueState,
} from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { sameItems, sameSequence, sameValue } from '../compare';
import { malformed } from '../shape';
import type { ElementRow } from './assigner';
import { bounded, inward, onlyInput, outward, until, type Driver, type ElementOperator } from './driver';
import type { ConfigOf } from './operators';
import { checkMarks, marksOf, type Mark } from './marks';
import type { StepOf } from './steps';

type Program = ConfigOf<'keyedProcess'>['program'];
type Context = KeyedContext<unknown>;
type Output = Readonly<Record<string, unknown>>;

/** A side output is a kind of row. */
interface Said {
  readonly value: unknown;
  readonly side?: string;
}
type Out = Collector<Said>;

interface Functions {
  onRow(row: ElementRow, context: Context, out: Out): void;
  onTimer?(timer: FiredTimer, context: Context, out: Out): void;
}

/** The inclusive watermark of the cases. */
const mark = ({ eventTimers }: Context): number => eventTimers.getCurrentWatermarkMs() - 1;
const clock = ({ processingTimers }: Context): number => processingTimers.getCurrentProcessingTimeMs();

function echo(timer: (context: Context) => void): Functions {
  return {
    onRow(row, context, out) {
      out({ value: row.value });
      timer(context);
    },
    onTimer: (_timer, _context, out) => out({ value: 1777 }),
  };
}

/** The first row of a key is kept until a timer says it; the next one forgets both. */
function toggle(seen: ValueState<unknown>, set: (context: Context) => void, unset: (context: Context) => void): Functions {
  return {
    onRow({ value }, context, out) {
      if (seen.exists()) {
        seen.clear();
        return unset(context);
      }
      out({ value: `INPUT:${String(value)}` });
      seen.update(value);
      set(context);
    },
    onTimer: (_timer, _context, out) => out({ value: `STATE:${String(seen.get() ?? null)}` }),
  };
}

const PROGRAMS: Readonly<Record<Program, (handle: StateHandle) => Functions>> = {
  emitTimes: () => ({
    onRow: ({ value }, context, out) => out({ value: `${String(value)} wm:${bounded(mark(context))} ts:${context.time}` }),
  }),
  echoThenTimerAtWatermarkPlus5: () => echo((context) => context.eventTimers.register(mark(context) + 5)),
  echoThenTimerAtProcessingTimePlus5: () => echo((context) => context.processingTimers.register(clock(context) + 5)),
  seenToggleEventTime: (handle) =>
    toggle(
      handle.valueState('seen'),
      (context) => context.eventTimers.register(mark(context) + 5),
      (context) => context.eventTimers.delete(mark(context) + 4),
    ),
  seenToggleProcessingTime: (handle) =>
    toggle(
      handle.valueState('seen'),
      (context) => context.processingTimers.register(clock(context) + 5),
      (context) => context.processingTimers.delete(clock(context) + 4),
    ),
  bothTimers: () => ({
    onRow(_row, { eventTimers, processingTimers }) {
      for (const time of [3, 5]) processingTimers.register(time);
      for (const time of [4, 6]) eventTimers.register(time);
      processingTimers.delete(3);
      eventTimers.delete(4);
    },
    onTimer: ({ kind }, _context, out) => out({ value: `${kind === 'eventTime' ? 'EVENT' : 'PROC'}:1777` }),
  }),
  sideOutputs: () => ({
    onRow({ value }, _context, out) {
      out({ value: `IN:${String(value)}` });
      out({ value, side: 'int-out' });
      out({ value, side: 'long-out' });
    },
  }),
};

class ProcessRun {
  private readonly harness: OperatorHarness<ElementRow, Said>;
  private outputs: Output[] = [];
  private sequence: Output[] = [];
  private readonly marks: Mark[] = [];
  private readonly sides = new Map<string, Output[]>();

  constructor(program: Program) {
    this.harness = operatorHarness(operator<ElementRow, 'key', Said>(PROGRAMS[program], { key: 'key' }));
  }

  element({ at, element: { key, value, time, input } }: StepOf<'element'>): void {
    onlyInput({ at, input });
    if (value === undefined) malformed(at, `field 'value' is missing`);
    this.harness.event(time, { key, value, time, onTime: true });
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

  processingTime({ processingTime, at }: StepOf<'processingTime'>): void {
    this.harness.advance(until(processingTime, this.harness.clock.now(), at));
    this.collect();
  }

  restore(): void {
    this.harness.restore(this.harness.snapshot());
    this.collect();
  }

  private collect(): void {
    const said = this.harness.take();
    this.marks.push(...marksOf(said));
    for (const signal of said) {
      if (signal.kind === 'watermark') this.sequence.push({ watermark: outward(signal.time) });
      if (signal.kind === 'event') this.say(signal.time, signal.row);
    }
  }

  private say(timestamp: number, { value, side }: Said): void {
    const output = { value, timestamp };
    if (side === undefined) {
      this.outputs.push(output);
      this.sequence.push(output);
    } else this.sides.set(side, [...(this.sides.get(side) ?? []), output]);
  }

  expect({ at, expect, order }: StepOf<'expect'>): void {
    (order === 'exact' ? sameSequence : sameItems)(at, expect, this.outputs);
    this.outputs = [];
  }

  expectSequence({ at, expectSequence }: StepOf<'expectSequence'>): void {
    sameSequence(at, expectSequence, this.sequence);
    this.sequence = [];
  }

  expectWatermarks(step: StepOf<'expectWatermarks'>): void {
    checkMarks(step, this.marks.splice(0));
  }

  expectSideOutput({ at, expectSideOutput: { name, outputs } }: StepOf<'expectSideOutput'>): void {
    sameItems(at, outputs, this.sides.get(name) ?? []);
    this.sides.delete(name);
  }

  expectState({ at, expectState }: StepOf<'expectState'>): void {
    const { timers, ...rest } = expectState;
    if (timers === undefined || Object.values(rest).some((value) => value !== undefined))
      malformed(at, 'the state of a keyed process is its timers');
    sameValue(at, timers, this.harness.report['timers']);
  }
}

export const keyedProcess: ElementOperator<'keyedProcess'> = {
  steps: [
    'element',
    'watermark',
    'idle',
    'processingTime',
    'checkpointRestore',
    'expect',
    'expectSequence',
    'expectWatermarks',
    'expectSideOutput',
    'expectState',
    'expectError',
  ],
  lacks: () => [],
  build({ program }): Driver {
    const run = new ProcessRun(program);
    return {
      element: (step) => run.element(step),
      watermark: (step) => run.watermark(step),
      idle: (step) => run.idle(step),
      processingTime: (step) => run.processingTime(step),
      checkpointRestore: () => run.restore(),
      expect: (step) => run.expect(step),
      expectSequence: (step) => run.expectSequence(step),
      expectWatermarks: (step) => run.expectWatermarks(step),
      expectSideOutput: (step) => run.expectSideOutput(step),
      expectState: (step) => run.expectState(step),
    };
  },
};
