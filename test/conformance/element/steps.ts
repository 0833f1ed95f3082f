import {
  anything,
  flag,
  index,
  integer,
  isRecord,
  list,
  listOf,
  malformed,
  maybe,
  object,
  oneOf,
  pair,
  preview,
  record,
  text,
  truth,
  type Shape,
  type Shaped,
} from '../shape';

const order = maybe(oneOf('exact'));
export const mark = oneOrNumber('min', 'max');
const outputs = listOf(record);
const ownSpan = pair(integer, integer);
const span = pair(mark, mark);

function oneOrNumber(...words: readonly string[]): Shape<number | string> {
  return (value, at) => {
    if (Number.isSafeInteger(value) || words.includes(value as string)) return value as number | string;
    return malformed(at, `a whole number or one of ${words.join(', ')} expected, not ${preview(value)}`);
  };
}

const timer = object({ key: anything, namespace: text, time: integer });

/** A count, or a list of times. */
const stateShape = object({
  windows: maybe(index),
  timers: maybe(index),
  leftTimes: maybe(listOf(integer)),
  rightTimes: maybe(listOf(integer)),
});

/** The fields of each step; the first is the one that names it. */
const STEPS = {
  element: object({
    element: object({
      key: anything,
      value: maybe(anything),
      time: integer,
      input: maybe(index),
      op: maybe(oneOf('upsert', 'delete')),
    }),
  }),
  watermark: object({ watermark: mark, input: maybe(index) }),
  processingTime: object({ processingTime: integer }),
  idle: object({ idle: flag, input: maybe(index) }),
  periodicEmit: object({ periodicEmit: truth }),
  advanceClock: object({ advanceClock: index }),
  activity: object({ activity: truth }),
  checkIdle: object({ checkIdle: flag }),
  removeInput: object({ removeInput: index }),
  addInput: object({ addInput: index }),
  checkpointRestore: object({ checkpointRestore: truth }),
  register: object({ register: timer }),
  delete: object({ delete: timer }),
  assign: object({ assign: integer, expectWindows: listOf(span) }),
  group: object({ group: listOf(integer), expectGroups: listOf(object({ window: span, times: listOf(integer) })) }),
  merge: object({ merge: listOf(ownSpan), expectMerged: listOf(object({ into: span, from: listOf(span) })) }),
  expect: object({ expect: outputs, order }),
  expectLate: object({ expectLate: outputs }),
  expectDropped: object({ expectDropped: index }),
  expectWatermarks: object({ expectWatermarks: listOf(oneOrNumber('min', 'max', 'idle', 'active')) }),
  expectSequence: object({ expectSequence: outputs }),
  expectTimers: object({ expectTimers: listOf(timer), order }),
  expectSideOutput: object({ expectSideOutput: object({ name: text, outputs }) }),
  expectTimeouts: object({ expectTimeouts: listOf(object({ partial: list, time: integer })) }),
  expectState: object({ expectState: stateShape }),
  expectError: object({ expectError: oneOf('construction') }),
} as const;

export type StepKind = keyof typeof STEPS;
export type StepOf<K extends StepKind> = { readonly kind: K; readonly at: string } & Shaped<(typeof STEPS)[K]>;
export type Step = { [K in StepKind]: StepOf<K> }[StepKind];

const KINDS = Object.keys(STEPS) as StepKind[];
const CHECKS: readonly StepKind[] = ['assign', 'group', 'merge', 'checkIdle'];

/** Is something looked at in this step? */
export function isCheck(step: Step): boolean {
  return step.kind.startsWith('expect') || CHECKS.includes(step.kind);
}

/** Reads the steps; only the given kinds go with the operator. */
export function stepsOf(given: unknown, allowed: readonly StepKind[]): readonly Step[] {
  const steps = list(given, 'steps').map((one, i) => stepOf(one, i, allowed));
  if (!steps.some(isCheck)) malformed('steps', 'nothing is expected');
  if (steps.length > 1 && steps.some((step) => step.kind === 'expectError')) malformed('steps', 'expectError must stand alone');
  return steps;
}

function stepOf(given: unknown, position: number, allowed: readonly StepKind[]): Step {
  const place = `step ${position + 1}`;
  const kinds = isRecord(given) ? KINDS.filter((kind) => Object.hasOwn(given, kind)) : [];
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) malformed(place, `unknown step ${preview(given)}`);
  if (!allowed.includes(kind as StepKind)) malformed(place, `the step '${kind}' does not go with this operator`);
  const shape: Shape<object> = STEPS[kind as StepKind];
  const at = `${place} (${kind})`;
  return { kind, at, ...shape(given, at) } as Step;
}
