import {
  either,
  flag,
  index,
  integer,
  listOf,
  maybe,
  nullable,
  object,
  oneOf,
  pair,
  positive,
  someOf,
  tagged,
  text,
  anything,
  type Shape,
  type Shaped,
} from '../shape';
import { goldenAggregates, orderBy, sparkAggregates } from './aggregates';
import { expression, sparkExpression } from './expression';
import { predicate } from './predicate';

const names = listOf(text);
const common = { id: maybe(text), in: maybe(text) };
const selected: Shape<readonly [column: string, name: string]> = (value, at) =>
  typeof value === 'string' ? [value, value] : pair(text, text)(value, at);

const timeRange = object({
  left: text,
  right: text,
  minMs: maybe(integer),
  maxMs: maybe(integer),
  minInclusive: maybe(flag),
  maxInclusive: maybe(flag),
});

const STATELESS = {
  select: { ...common, columns: someOf(selected) },
  filter: { ...common, where: predicate },
  compute: { ...common, as: text, expr: expression },
  joinStatic: { ...common, table: text, type: oneOf('inner', 'left_outer'), on: someOf(pair(text, text)) },
} as const;

const TIMED = {
  withWatermark: { ...common, column: text, delayMs: integer },
  window: { ...common, column: text, sizeMs: positive, slideMs: maybe(positive), offsetMs: maybe(integer), as: text },
  sessionWindow: { ...common, column: text, gapMs: maybe(integer), gapColumn: maybe(text), as: text },
  union: { ...common, inputs: someOf(text) },
  dropDuplicates: { ...common, columns: maybe(someOf(text)) },
} as const;

const join = {
  ...common,
  left: text,
  right: text,
  on: listOf(pair(text, text)),
  timeRange: maybe(timeRange),
  where: maybe(either(predicate, object({ left: maybe(predicate), right: maybe(predicate) }), Array.isArray)),
} as const;

/** The operators of golden queries. */
export const goldenOperator = tagged('op', {
  ...STATELESS,
  ...TIMED,
  aggregate: { ...common, keys: names, aggs: goldenAggregates },
  previousRows: { ...common, keys: names, n: positive, aggs: goldenAggregates },
  join: { ...join, type: oneOf('inner', 'left_outer') },
});

const functions = oneOf(
  'countRemoveAt3',
  'countRemoveAt3Emit',
  'countRemoveAt3PerRow',
  'countAll',
  'countTimeout10s',
  'maxEventTimeTimeout5s',
);
const timers = oneOf(
  'twsCountClearAt3',
  'twsCountProcTimer5s',
  'twsCountTimerUpdate',
  'twsThreeTimers',
  'twsMaxEventTime5s',
  'twsCommands',
);
const timing = oneOf('none', 'processingTime', 'eventTime');

/** The operators of Spark's queries. */
export const sparkOperator = tagged('op', {
  ...STATELESS,
  compute: { ...STATELESS.compute, expr: sparkExpression },
  joinStatic: { ...STATELESS.joinStatic, type: oneOf('inner', 'left_outer', 'left_semi') },
  ...TIMED,
  aggregate: { ...common, keys: names, aggs: sparkAggregates },
  dropDuplicatesWithinWatermark: { ...common, columns: maybe(someOf(text)) },
  join: { ...join, type: oneOf('inner', 'left_outer', 'right_outer', 'full_outer', 'left_semi') },
  failOnce: { ...common, column: text, equals: nullable(anything) },
  windowTime: { ...common, window: text, as: text },
  limit: { ...common, n: index },
  sort: { ...common, by: orderBy },
  mapGroupsWithState: { ...common, keys: names, fn: functions, timeout: timing },
  flatMapGroupsWithState: { ...common, keys: names, fn: functions, timeout: timing },
  transformWithState: {
    ...common,
    keys: names,
    fn: timers,
    timeMode: timing,
    ttlMs: maybe(positive),
    initialState: maybe(listOf(pair(nullable(text), text))),
  },
});

/** What a summary is made of. */
export const summaryOperator = tagged('op', {
  select: { columns: someOf(selected) },
  filter: { where: predicate },
  compute: { as: text, expr: expression },
  joinStatic: { table: text, type: oneOf('inner', 'left_outer'), on: someOf(pair(text, text)) },
  aggregate: { id: maybe(text), keys: names, aggs: goldenAggregates },
  rank: { keys: names, by: orderBy, as: text, atMost: maybe(positive) },
  explode: { column: text, as: someOf(text) },
  sort: { by: orderBy },
  limit: { n: index },
});

export type SummaryOperator = Shaped<typeof summaryOperator>;
export type QueryOperator = Shaped<typeof goldenOperator> | Shaped<typeof sparkOperator>;
export type OpOf<Op extends QueryOperator['op']> = Extract<QueryOperator, { readonly op: Op }>;

/** A static table. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}
