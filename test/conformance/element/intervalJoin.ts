import { intervalJoin as join, type JoinType } from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { sameItems, sameSequence, sameValue } from '../compare';
import { malformed } from '../shape';
import { bounded, until, type Driver, type ElementOperator } from './driver';
import { checkMarks, marksOf, type Mark } from './marks';
import type { ConfigOf } from './operators';
import type { StepOf } from './steps';

export interface JoinRow {
  readonly key: unknown;
  readonly value: unknown;
  readonly time: number;
}
export type Output = Readonly<Record<string, unknown>>;

const TYPES = { inner: 'inner', left: 'left', right: 'right', outer: 'full', full: 'full' } as const satisfies Record<
  string,
  JoinType
>;

/** A join's W is the case's w as it stands. */
function mark(w: number | string): number {
  return typeof w === 'number' ? w : w === 'max' ? Infinity : -Infinity;
}

/** The outputs and rejections of a harness with two inputs, in the words of the cases. */
export class JoinOutputs {
  readonly outputs: Output[] = [];
  readonly sequence: Output[] = [];
  readonly late: Output[] = [];
  readonly marks: Mark[] = [];
  dropped = 0;

  constructor(readonly harness: OperatorHarness<JoinRow, Output>) {}

  collect(outward: (w: number) => number | string): void {
    const said = this.harness.take();
    this.marks.push(...marksOf(said, outward));
    for (const signal of said) {
      if (signal.kind === 'event') {
        const output = { ...signal.row, timestamp: signal.time };
        this.outputs.push(output);
        this.sequence.push(output);
      } else if (signal.kind === 'watermark') this.sequence.push({ watermark: outward(signal.time) });
      else if (signal.kind === 'rejected' && signal.reason === 'late') {
        this.late.push(signal.row as Output);
        this.dropped++;
      }
    }
  }

  checks(): Driver {
    return {
      expect: ({ at, expect, order }) => (order === 'exact' ? sameSequence : sameItems)(at, expect, this.outputs.splice(0)),
      expectLate: ({ at, expectLate }) => sameItems(at, expectLate, this.late.splice(0)),
      expectDropped: ({ at, expectDropped }) => sameValue(at, expectDropped, this.dropped),
      expectSequence: ({ at, expectSequence }) => sameSequence(at, expectSequence, this.sequence.splice(0)),
      expectWatermarks: (step) => checkMarks(step, this.marks.splice(0)),
    };
  }
}

/** The moves that all joins share; `W` of the library for the w of a case. */
export function joinDriver(
  harness: OperatorHarness<JoinRow, Output>,
  say: (w: number | string, input: number) => void,
  outward: (w: number) => number | string,
): Driver {
  const outputs = new JoinOutputs(harness);
  const then = (act: () => void): void => {
    act();
    outputs.collect(outward);
  };
  return {
    watermark: ({ watermark, input = 0 }) => then(() => say(watermark, input)),
    processingTime: ({ processingTime, at }) => then(() => harness.advance(until(processingTime, harness.clock.now(), at))),
    idle: ({ idle, input = 0 }) => then(() => harness.idle(idle, input)),
    checkpointRestore: () => then(() => harness.restore(harness.snapshot())),
    element: (step) => then(() => harness.event(step.element.time, rowOf(step), step.element.input ?? 0)),
    ...outputs.checks(),
  };
}

export function rowOf({ at, element }: StepOf<'element'>): JoinRow & { readonly input: number; readonly op?: string } {
  const { key, time, input = 0, op } = element;
  if (input > 1) malformed(at, `there is no input ${input}`);
  return { key, value: element.value ?? null, time, input, ...(op === undefined ? {} : { op }) };
}

export const JOIN_STEPS = [
  'element',
  'watermark',
  'idle',
  'processingTime',
  'checkpointRestore',
  'expect',
  'expectLate',
  'expectDropped',
  'expectSequence',
  'expectWatermarks',
  'expectError',
] as const;

function build(config: ConfigOf<'intervalJoin'>): Driver {
  const { lowerMs, upperMs, lowerInclusive = true, upperInclusive = true, allowedLatenessMs = 0 } = config;
  const within = { min: lowerMs, max: upperMs, minInclusive: lowerInclusive, maxInclusive: upperInclusive };
  const harness = operatorHarness<JoinRow, Output, 'event'>(
    ([left, right]) =>
      left!.pipe(
        join(right!, {
          on: 'key',
          within,
          type: TYPES[config.join],
          select: (l: JoinRow | null, r: JoinRow | null) => ({
            key: (l ?? r)?.key,
            left: l?.value ?? null,
            right: r?.value ?? null,
          }),
        }),
      ),
    { inputs: 2 },
  );
  const say = (w: number | string, input: number): void => harness.watermark(mark(w), mark(w) - allowedLatenessMs, input);
  return {
    ...joinDriver(harness, say, bounded),
    expectState: (step) => checkTimes(step, harness, { left: 'left', right: 'right' }),
  };
}

/** The distinct times of the rows that the sides keep, each in a table of its own. */
export function checkTimes(
  { at, expectState: { leftTimes, rightTimes, ...others } }: StepOf<'expectState'>,
  harness: OperatorHarness<JoinRow, Output>,
  tables: Readonly<Record<'left' | 'right', string>>,
): void {
  if (Object.keys(others).length > 0) malformed(at, 'the state of a join is the times of its rows');
  const [stage] = harness.snapshot();
  const times = (side: 'left' | 'right'): readonly number[] => {
    const kept = (stage?.tables[tables[side]]?.entries ?? []).map(([, value]) => (value as readonly [number])[0]);
    return [...new Set(kept)].sort((a, b) => a - b);
  };
  if (leftTimes !== undefined) sameValue(at, leftTimes, times('left'));
  if (rightTimes !== undefined) sameValue(at, rightTimes, times('right'));
}

export const intervalJoin: ElementOperator<'intervalJoin'> = {
  steps: [...JOIN_STEPS, 'expectState'],
  lacks: () => [],
  build,
};
