import { sparkOperator } from '../query/operators';
import {
  dictOf,
  flag,
  index,
  integer,
  isRecord,
  list,
  listOf,
  malformed,
  maybe,
  nullable,
  object,
  oneOf,
  preview,
  text,
  truth,
  type Shape,
  type Shaped,
} from '../shape';

const figures = object({
  total: maybe(index),
  updated: maybe(index),
  dropped: maybe(index),
  removed: maybe(index),
  duplicates: maybe(index),
  droppedEvents: maybe(index),
});

export const confShape = object({ noDataBatches: maybe(flag), watermarkPolicy: maybe(text), minBatchesToRetain: maybe(index) });

export const REASONS = [
  'append-needs-watermark',
  'bad-watermark-policy',
  'dedup-within-needs-watermark',
  'join-needs-equality',
  'limit-update-unsupported',
  'multiple-event-time-columns',
  'negative-delay',
  'not-a-timestamp',
  'session-needs-key',
  'session-update-unsupported',
  'sort-needs-complete-aggregate',
  'state-key-schema-changed',
  'stateful-fn-complete-unsupported',
  'two-windows',
  'unknown-column',
  'user-function-failed',
  'watermark-redefined',
] as const;

const STEPS = {
  add: object({ add: dictOf(listOf(list)) }),
  run: object({ run: truth }),
  tick: object({ tick: integer }),
  runOnce: object({ runOnce: truth }),
  runAvailableNow: object({ runAvailableNow: truth }),
  restart: object({
    restart: object({
      loseLastCommit: maybe(flag),
      clearSink: maybe(flag),
      advanceClockMs: maybe(integer),
      conf: maybe(confShape),
      query: maybe(listOf(sparkOperator)),
    }),
  }),
  expectNew: object({ expectNew: listOf(list), ordered: maybe(flag) }),
  expectState: object({ expectState: dictOf(figures) }),
  expectWatermarkMs: object({ expectWatermarkMs: integer }),
  expectEventTime: object({
    expectEventTime: nullable(
      object({ min: maybe(integer), max: maybe(integer), avg: maybe(integer), watermark: maybe(integer) }),
    ),
  }),
  expectOpWatermark: object({
    expectOpWatermark: dictOf(object({ late: maybe(integer), eviction: maybe(integer) })),
  }),
  expectBatchIds: object({
    expectBatchIds: object({
      offsets: maybe(nullable(integer)),
      commits: maybe(nullable(integer)),
      sink: maybe(nullable(integer)),
    }),
  }),
  expectOffsetLog: object({ expectOffsetLog: listOf(index) }),
  expectProgress: object({ expectProgress: object({ numInputRows: maybe(index), sources: maybe(dictOf(index)) }) }),
  expectActive: object({ expectActive: flag }),
  expectError: object({ expectError: object({ at: oneOf('build', 'start', 'run'), reason: oneOf(...REASONS) }) }),
} as const;

export type Reason = (typeof REASONS)[number];
export type StepKind = keyof typeof STEPS;
export type StepOf<K extends StepKind> = { readonly kind: K; readonly at: string } & Shaped<(typeof STEPS)[K]>;
export type Step = { [K in StepKind]: StepOf<K> }[StepKind];

const KINDS = Object.keys(STEPS) as StepKind[];

export function stepsOf(given: unknown): readonly Step[] {
  const steps = list(given, 'steps').map(stepOf);
  if (!steps.some(({ kind }) => kind.startsWith('expect'))) malformed('steps', 'nothing is expected');
  return steps;
}

function stepOf(given: unknown, position: number): Step {
  const place = `step ${position + 1}`;
  const kinds = isRecord(given) ? KINDS.filter((kind) => Object.hasOwn(given, kind)) : [];
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) return malformed(place, `unknown step ${preview(given)}`);
  const shape: Shape<object> = STEPS[kind];
  const at = `${place} (${kind})`;
  return { kind, at, ...shape(given, at) } as Step;
}
