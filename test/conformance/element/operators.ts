import {
  dictOf,
  flag,
  integer,
  lazily,
  maybe,
  nullable,
  object,
  oneOf,
  someOf,
  tagged,
  text,
  type Shape,
  type Shaped,
} from '../shape';

const gaps = dictOf(integer);

const assigner = tagged('kind', {
  tumbling: { sizeMs: integer, offsetMs: maybe(integer), clipNegativeStart: maybe(flag) },
  sliding: { sizeMs: integer, slideMs: integer, offsetMs: maybe(integer), clipNegativeStart: maybe(flag) },
  session: { gapMs: maybe(integer), gapByValue: maybe(gaps), gapByKeyAndValue: maybe(dictOf(gaps)) },
  global: {},
  cumulative: { maxSizeMs: integer, stepMs: integer },
  slidingByDifference: { differenceMs: integer },
});
export type AssignerSpec = Shaped<typeof assigner>;

export type TriggerSpec = { readonly kind: string } & Readonly<Record<string, unknown>>;
const one: Shape<TriggerSpec> = lazily(() => trigger);
const several = someOf(one);

const trigger: Shape<TriggerSpec> = tagged('kind', {
  default: {},
  count: { n: integer },
  continuousEventTime: { intervalMs: integer },
  endOfStream: {},
  afterWatermark: { early: maybe(one), late: maybe(one) },
  repeatedly: { of: one },
  afterFirst: { of: several },
  orFinally: { of: one, until: one },
  inOrder: { of: several },
  afterProcessingTime: { delayMs: integer },
  everyProcessingTime: { intervalMs: integer },
  never: {},
});

const stage = object({
  name: text,
  contiguity: oneOf('begin', 'next', 'followedBy', 'followedByAny', 'notNext', 'notFollowedBy'),
  where: nullable(text),
  oneOrMore: maybe(flag),
  times: maybe(integer),
  optional: maybe(flag),
  inner: maybe(oneOf('consecutive', 'allowCombinations')),
});

const behaviour = maybe(oneOf('fireAlways', 'fireIfNonEmpty'));
const lateness = { allowedLatenessMs: maybe(integer), lateOutput: maybe(flag) };

/** The operators of the format, by `type`. */
export const operatorShape = tagged('type', {
  window: {
    assigner,
    aggregate: object({ fn: oneOf('sum', 'count', 'list') }),
    ...lateness,
    accumulation: maybe(oneOf('accumulating', 'discarding', 'retracting')),
    trigger: maybe(trigger),
    time: maybe(oneOf('event', 'processing')),
    emit: maybe(oneOf('onWatermark', 'onUpdate', 'onWindowClose')),
    timestampCombiner: maybe(oneOf('endOfWindow', 'earliest', 'latest')),
    retractMergedSessions: maybe(flag),
    closingBehavior: behaviour,
    onTimeBehavior: behaviour,
  },
  assign: { assigner },
  watermarkGenerator: { strategy: tagged('kind', { fixedDelay: { delayMs: integer }, punctuated: {} }) },
  idlenessDetector: { timeoutMs: integer },
  watermarkMerge: { inputs: integer, variant: maybe(oneOf('between-operators', 'per-split')) },
  intervalJoin: {
    join: oneOf('inner', 'left', 'right', 'outer', 'full'),
    lowerMs: integer,
    upperMs: integer,
    lowerInclusive: maybe(flag),
    upperInclusive: maybe(flag),
    ...lateness,
    lateRows: maybe(oneOf('pad')),
  },
  timerService: {},
  keyedProcess: {
    program: oneOf(
      'emitTimes',
      'echoThenTimerAtWatermarkPlus5',
      'echoThenTimerAtProcessingTimePlus5',
      'seenToggleEventTime',
      'seenToggleProcessingTime',
      'bothTimers',
      'sideOutputs',
    ),
  },
  dedup: {
    by: maybe(oneOf('key')),
    keep: oneOf('first', 'last'),
    order: maybe(oneOf('eventTime')),
    changelog: maybe(flag),
    stateTtlMs: maybe(integer),
    ...lateness,
  },
  topN: {
    order: maybe(oneOf('asc', 'desc')),
    n: maybe(integer),
    nByKey: maybe(dictOf(integer)),
    changelog: maybe(flag),
    ...lateness,
  },
  temporalJoin: { join: oneOf('inner', 'left'), ...lateness },
  streamTableJoin: {
    join: oneOf('inner', 'left'),
    versioned: maybe(flag),
    graceMs: maybe(integer),
    clock: maybe(oneOf('streamTime')),
    ...lateness,
  },
  pattern: {
    stages: someOf(stage),
    withinMs: maybe(integer),
    withinType: maybe(oneOf('firstAndLast', 'previousAndCurrent')),
    timeoutOutput: maybe(flag),
    skip: maybe(oneOf('noSkip')),
  },
});

export type OperatorConfig = Shaped<typeof operatorShape>;
export type ConfigOf<T extends OperatorConfig['type']> = Extract<OperatorConfig, { readonly type: T }>;
