import { of, type Observable } from 'rxjs';
import * as t from 'tidemark';
import { expect } from 'vitest';

const { agg, tumbling } = t;

export interface Row {
  readonly t: number;
  readonly u: number;
  readonly k: string;
  readonly v: number;
  readonly j: string;
  readonly o: { readonly x: number };
}
export const row: Row = { t: 1, u: 2, k: 'a', v: 1, j: '{}', o: { x: 1 } };

export type Stream = Observable<t.Element<Row, never>>;
export type Kind = t.StreamKind;
/** Written for any row: what is tested here is what an operator says of itself, not its types. */
export type Operator = (source: Stream) => Stream;

const select = { n: agg.count() };
const fromRows = (rows$: Observable<unknown>): Stream =>
  (rows$ as Observable<Row>).pipe(
    t.withWatermark('t', 5, { allowedLateness: 3, onError: 'reject' }),
    t.assignWindows(tumbling(10), 'w'),
  ) as never;
const toChanges = (timed: Stream): Stream =>
  timed.pipe(t.topN({ id: 'up', key: 'k', window: tumbling(10), n: 2, by: 'v', emit: 'onUpdate' } as never)) as never;

export const SOURCES: Readonly<Record<Kind, (rows$: Observable<unknown>) => Stream>> = {
  event: fromRows,
  untimed: (rows$) => rows$ as Stream,
  change: (rows$) => toChanges(fromRows(rows$)),
};
export const open = (kind: Kind): Stream => SOURCES[kind](t.events(of(row)));

/** What is known of a stream, as an operator behind it is told. */
export function knownOf(stream: Stream): Partial<t.Traits> {
  let known: t.Traits | undefined;
  t.operator<Row, Row, never, never>({
    type: 'probe',
    accepts: ['event', 'untimed', 'change'],
    traits: ([input]) => (known = input!),
    create: () => ({ onEvent: () => {} }),
  })(stream);
  return known!;
}

export const TIMED = knownOf(open('event'));
export const CHANGES = knownOf(open('change'));

export interface Facts {
  readonly make: () => unknown;
  /** Which of the three kinds of stream it stands on; the first is the one it is looked at on. */
  readonly accepts: readonly Kind[];
  readonly isStateful?: true;
  readonly description?: object;
  /** Of the stream it makes, where it differs from the one it stands on; undefined: no longer known. */
  readonly known?: Partial<Record<keyof t.Traits, unknown>>;
}

const ROWS = ['event', 'untimed'] as const;
const EVENTS = ['event'] as const;
const CHANGED = ['change'] as const;
const untimed = {
  kind: 'untimed',
  watermark: false,
  timeColumn: undefined,
  windowColumns: [],
  delayMs: undefined,
  allowedLatenessMs: 0,
};
const results = { ties: 'ordered', timeColumn: undefined, windowColumns: [] };
const ofWindows = { ...results, windowColumns: ['window'] };
const grid = { window: 'tumbling', size: '10 milliseconds', offsetMs: 0 };
const counted = { n: { fn: 'count', version: 1 } };
const on = { left: ['k'], right: ['k'] };
const timed = (): never => open('event') as never;

export const OPERATORS: Readonly<Record<string, Facts>> = {
  'aggregate, for ever': {
    make: () => t.aggregate({ key: ['k', 't'], select } as never),
    accepts: ROWS,
    isStateful: true,
    description: { key: ['k', 't'], emit: 'onUpdate', select: counted },
    known: { kind: 'change', ties: 'ordered', finality: 'end', windowColumns: [] },
  },
  'aggregate, final groups': {
    make: () => t.aggregate({ key: ['k', 't'], select, emit: t.onClose(), timeColumn: 't' } as never),
    accepts: EVENTS,
    isStateful: true,
    description: { key: ['k', 't'], timeColumn: 't', emit: 'onClose', select: counted },
    known: { windowColumns: [] },
  },
  'aggregate, final groups of windows': {
    make: () => t.aggregate({ key: ['k', 'w'], select, emit: t.onClose() } as never),
    accepts: EVENTS,
    isStateful: true,
    description: { key: ['k', 'w'], emit: 'onClose', select: counted },
    known: { ...results, windowColumns: ['w'] },
  },
  'aggregate in windows': {
    make: () => t.aggregate({ key: 'k', window: tumbling(10), select } as never),
    accepts: EVENTS,
    isStateful: true,
    description: { key: ['k'], ...grid, emit: 'onClose', select: counted },
    known: ofWindows,
  },
  'aggregate in windows that correct themselves': {
    make: () => t.aggregate({ window: tumbling(10), select: { s: agg.sum('v') }, emit: t.onUpdate({ every: 7 }) } as never),
    accepts: EVENTS,
    isStateful: true,
    description: { key: [], ...grid, emit: 'onUpdate', select: { s: { fn: 'sum', version: 1, column: 'v' } } },
    known: { ...ofWindows, kind: 'change', finality: 'window' },
  },
  'aggregate in panes of parts': {
    make: () => t.aggregate({ window: tumbling(10), select, emit: t.panes({ mode: 'discarding' }) } as never),
    accepts: EVENTS,
    isStateful: true,
    known: { ...ofWindows, kind: 'change', finality: 'window', isPartial: true },
  },
  alertWhen: {
    make: () => t.alertWhen({ when: () => true }),
    accepts: EVENTS,
    description: { key: [], when: 'function', forMs: 0, coolDownMs: 0, resolved: false, ordered: false },
    known: { timeColumn: 'time', windowColumns: [] },
  },
  'alertWhen with all there is': {
    make: () =>
      t.alertWhen<Row>({
        when: t.trend({ metric: 'v', window: 3, threshold: 10 } as never),
        key: 'k',
        groupBy: 'v',
        for: 5,
        clearWhen: () => true,
        coolDown: 3,
        resolved: true,
        ordered: true,
        forgetAfter: 9,
      }),
    accepts: EVENTS,
    isStateful: true,
    description: expect.objectContaining({
      key: ['k'],
      clearWhen: 'function',
      groupBy: ['v'],
      forgetAfterMs: 9,
      forMs: 5,
      coolDownMs: 3,
      resolved: true,
      ordered: true,
    }) as object,
    known: { timeColumn: 'time', windowColumns: [] },
  },
  ...Object.fromEntries(
    Object.entries({
      for: { for: 1 },
      clearWhen: { clearWhen: () => true },
      resolved: { resolved: true },
      coolDown: { coolDown: 1 },
      groupBy: { groupBy: 'k' },
      ordered: { ordered: true },
      trends: { when: t.trend({ metric: 'v', window: 3, threshold: 10 } as never) },
    }).map(([name, option]): [string, Facts] => [
      `alertWhen remembers for ${name}`,
      {
        make: () => t.alertWhen({ when: () => true, ...option } as never),
        accepts: EVENTS,
        isStateful: true,
        known: { timeColumn: 'time', windowColumns: [] },
      },
    ]),
  ),
  asOfJoin: {
    make: () => t.asOfJoin(timed(), { on: 'k' } as never),
    accepts: EVENTS,
    isStateful: true,
    description: { type: 'inner', on, wait: 'watermark' },
  },
  'asOfJoin that waits for a duration, with a select': {
    make: () => t.asOfJoin(timed(), { on: 'k', type: 'left', wait: '1 second', select: () => 1 } as never),
    accepts: EVENTS,
    isStateful: true,
    description: { type: 'left', on, wait: 1000 },
    known: { timeColumn: undefined, windowColumns: [] },
  },
  'asOfJoin that waits for nothing': {
    make: () => t.asOfJoin(timed(), { on: 'k', wait: 'nothing' } as never),
    accepts: ROWS,
    isStateful: true,
    description: { type: 'inner', on, wait: 'nothing' },
  },
  assignWindows: {
    make: () => t.assignWindows(tumbling(10), 'x'),
    accepts: EVENTS,
    description: { ...grid, as: 'x' },
    known: { windowColumns: ['w', 'x'] },
  },
  broadcastJoin: {
    make: () => t.broadcastJoin([row], { on: 'k' } as never),
    accepts: ROWS,
    description: { type: 'inner', on, reloadMs: null },
  },
  'broadcastJoin that reloads, with a select': {
    make: () => t.broadcastJoin(() => [row], { on: 'k', type: 'left', reload: '1 second', select: () => 1 } as never),
    accepts: ROWS,
    description: { type: 'left', on, reloadMs: 1000 },
    known: { timeColumn: undefined, windowColumns: [] },
  },
  deduplicate: {
    make: () => t.deduplicate({ key: 'k', keep: 'first', ttl: 9 } as never),
    accepts: EVENTS,
    isStateful: true,
    description: { key: ['k'], keep: 'first', mode: 'accumulating', ttl: 9 },
    known: { kind: 'change', ties: 'ordered', finality: 'end' },
  },
  dropDuplicates: {
    make: () => t.dropDuplicates(['k', 't'] as never),
    accepts: EVENTS,
    isStateful: true,
    description: { columns: ['k', 't'], unbounded: false },
  },
  'dropDuplicates, unbounded': {
    make: () => t.dropDuplicates(['k'] as never, { unbounded: true }),
    accepts: ROWS,
    isStateful: true,
    description: { columns: ['k'], unbounded: true },
  },
  dropDuplicatesWithinWatermark: {
    make: () => t.dropDuplicatesWithinWatermark(['k'] as never, { within: '1 second' }),
    accepts: EVENTS,
    isStateful: true,
    description: { columns: ['k'], withinMs: 1000 },
  },
  filterChanges: { make: () => t.filterChanges(() => true), accepts: CHANGED },
  filterRows: { make: () => t.filterRows(() => true), accepts: ROWS },
  finalOnly: {
    make: () => t.finalOnly(),
    accepts: CHANGED,
    isStateful: true,
    known: { kind: 'event', finality: undefined },
  },
  flatMapChanges: { make: () => t.flatMapChanges(() => []), accepts: CHANGED },
  flatMapGroupsWithState: {
    make: () => t.flatMapGroupsWithState({ key: 'k', update: () => [] } as never),
    accepts: ROWS,
    isStateful: true,
    description: { key: ['k'], timeout: 'none' },
    known: untimed,
  },
  flatMapRows: { make: () => t.flatMapRows(() => []), accepts: ROWS },
  flatten: { make: () => t.flatten('o' as never), accepts: ROWS, description: { column: 'o' } },
  intervalJoin: {
    make: () => t.intervalJoin(timed(), { on: 'k', within: { after: 5 } } as never),
    accepts: EVENTS,
    isStateful: true,
    description: expect.objectContaining({ type: 'inner', on, within: { minMs: 0, maxMs: 5 }, time: 'latest' }) as object,
    known: { timeColumn: undefined },
  },
  'intervalJoin with a select and the time of the left row': {
    make: () => t.intervalJoin(timed(), { on: 'k', within: { after: 5 }, time: 'left', select: () => 1 } as never),
    accepts: EVENTS,
    isStateful: true,
    known: { timeColumn: undefined, windowColumns: [] },
  },
  keyedProcess: {
    make: () => t.keyedProcess(() => ({ onRow: () => {} }), { key: 'k', ttl: '1 second' } as never),
    accepts: EVENTS,
    isStateful: true,
    description: { key: ['k'], ttl: '1 second' },
    known: results,
  },
  limitRows: { make: () => t.limitRows(3), accepts: ['event', 'untimed', 'change'], isStateful: true, description: { n: 3 } },
  mapAsync: {
    make: () => t.mapAsync((one: unknown) => one, { concurrency: 2, ordered: false, timeout: 5 }),
    accepts: ROWS,
    description: { concurrency: 2, ordered: false, timeoutMs: 5 },
  },
  mapChanges: { make: () => t.mapChanges((one: unknown) => one), accepts: CHANGED },
  mapGroupsWithState: {
    make: () => t.mapGroupsWithState({ key: 'k', timeout: 'eventTime', update: () => 1 } as never),
    accepts: EVENTS,
    isStateful: true,
    description: { key: ['k'], timeout: 'eventTime' },
    known: untimed,
  },
  mapRows: { make: () => t.mapRows((one: unknown) => one), accepts: ROWS },
  matchPattern: {
    make: () =>
      t.matchPattern(
        t.pattern('a', () => true),
        { key: ['k'], within: 9, timeouts: true } as never,
      ),
    accepts: EVENTS,
    isStateful: true,
    description: expect.objectContaining({ key: ['k'], afterMatch: 'noSkip', timeouts: true }) as object,
    known: results,
  },
  mergeStreams: {
    make: () => (source: Stream) => t.mergeStreams([source]),
    accepts: ROWS,
    description: { policy: 'min', variant: 'per-split' },
  },
  parseJson: {
    make: () => t.parseJson('j' as never, t.schema({ a: 'long' }), { mode: 'strict' }),
    accepts: ROWS,
    description: { column: 'j', as: 'j', mode: 'strict' },
  },
  partitionByCategory: {
    make: () => t.partitionByCategory('k' as never),
    accepts: ROWS,
    description: { column: 'k', as: 'category_partition' },
  },
  partitionByTime: {
    make: () => t.partitionByTime('t' as never),
    accepts: ROWS,
    description: { column: 't', parts: ['year', 'month', 'day', 'hour'], zone: 'UTC' },
  },
  perRow: { make: () => t.perRow((rows$: Observable<unknown>) => rows$), accepts: ROWS },
  previousRows: {
    make: () => t.previousRows({ n: 2, key: 'k', select } as never),
    accepts: ROWS,
    isStateful: true,
    description: { key: ['k'], n: 2, select: { n: 'count' } },
  },
  'previousRows in the place of the event time and the window': {
    make: () => t.previousRows({ n: 2, select: { t: agg.count(), w: agg.count() } } as never),
    accepts: ROWS,
    isStateful: true,
    known: { timeColumn: undefined, windowColumns: [] },
  },
  reassignTimestamps: {
    make: () => t.reassignTimestamps('u' as never),
    accepts: EVENTS,
    description: { column: 'u' },
    known: { watermark: false, timeColumn: 'u', delayMs: undefined, allowedLatenessMs: 0 },
  },
  'reassignTimestamps by a function': {
    make: () => t.reassignTimestamps<Row>(({ u }) => u, { onError: 'error' }),
    accepts: EVENTS,
    description: { column: 'function' },
    known: { watermark: false, timeColumn: undefined, delayMs: undefined, allowedLatenessMs: 0, onError: 'error' },
  },
  reassignWatermark: {
    make: () => t.reassignWatermark('u' as never, 4),
    accepts: EVENTS,
    description: { column: 'u', kind: 'fixedDelay', delayMs: 4 },
    known: { timeColumn: 'u', delayMs: 4, allowedLatenessMs: 0 },
  },
  'reassignWatermark by a function, with a delay that moves': {
    make: () => t.reassignWatermark<Row>(({ u }) => u, t.adaptive({ base: 3, max: 30 } as never), { onError: 'error' }),
    accepts: EVENTS,
    description: expect.objectContaining({ column: 'function' }) as object,
    known: { timeColumn: undefined, delayMs: undefined, allowedLatenessMs: 0, onError: 'error' },
  },
  sortRows: {
    make: () =>
      t.sortRows([
        ['k', 'asc'],
        [() => 1, 'desc'],
      ] as never),
    accepts: ['change', 'event', 'untimed'],
    description: {
      by: [
        ['k', 'asc'],
        ['function', 'desc'],
      ],
    },
  },
  toTimestamp: {
    make: () => t.toTimestamp('k' as never, 'yyyy'),
    accepts: ROWS,
    description: { column: 'k', as: 'k', format: 'yyyy' },
  },
  topN: {
    make: () => t.topN({ n: 2, by: 'v' } as never),
    accepts: EVENTS,
    isStateful: true,
    description: { key: [], n: 2, by: 'v', order: 'desc', emit: 'onUpdate' },
    known: { ...results, kind: 'change', finality: 'end' },
  },
  'topN in windows': {
    make: () => t.topN<Row, 'k', t.Assigner<Row>>({ key: 'k', n: () => 2, by: () => 1, order: 'asc', window: tumbling(10) }),
    accepts: EVENTS,
    isStateful: true,
    description: { key: ['k'], ...grid, n: 'function', by: 'function', order: 'asc', emit: 'onClose' },
    known: ofWindows,
  },
  'topN in windows that correct themselves': {
    make: () => t.topN({ n: 2, by: 'v', window: tumbling(10), emit: 'onUpdate', rank: 'r' } as never),
    accepts: EVENTS,
    isStateful: true,
    description: { key: [], ...grid, n: 2, by: 'v', order: 'desc', emit: 'onUpdate', rank: 'r' },
    known: { ...ofWindows, kind: 'change', finality: 'window' },
  },
  transformWithState: {
    make: () => t.transformWithState(() => ({ handleInputRows: () => {} }), { key: 'k' } as never),
    accepts: ROWS,
    isStateful: true,
    description: { key: ['k'], timeMode: 'none' },
    known: results,
  },
  'transformWithState by event time': {
    make: () => t.transformWithState(() => ({ handleInputRows: () => {} }), { key: 'k', timeMode: 'eventTime', ttl: 9 } as never),
    accepts: EVENTS,
    isStateful: true,
    description: { key: ['k'], timeMode: 'eventTime', ttl: 9 },
    known: results,
  },
  'transformWithState by processing time': {
    make: () => t.transformWithState(() => ({ handleInputRows: () => {} }), { key: 'k', timeMode: 'processingTime' } as never),
    accepts: ROWS,
    isStateful: true,
    known: untimed,
  },
  where: {
    make: () => t.where('v' as never, '>', 0 as never),
    accepts: ROWS,
    description: { column: 'v', comparison: '>', value: 0 },
  },
  'where with a function': { make: () => t.where(() => true), accepts: ROWS },
  windowJoin: {
    make: () => t.windowJoin(timed(), { window: 'w', on: 'k' } as never),
    accepts: EVENTS,
    isStateful: true,
    description: expect.objectContaining({ type: 'inner', window: { left: 'w', right: 'w' }, on }) as object,
    known: { ties: 'ordered', timeColumn: undefined },
  },
  windowTime: {
    make: () => t.windowTime('w' as never, 'x'),
    accepts: EVENTS,
    description: { window: 'w', as: 'x' },
    known: { ties: 'ordered', timeColumn: 'x' },
  },
  'windowTime in the place of the window': {
    make: () => t.windowTime('w' as never, 'w'),
    accepts: EVENTS,
    known: { ties: 'ordered', timeColumn: 'w', windowColumns: [] },
  },
  withColumn: { make: () => t.withColumn('x', () => 1), accepts: ROWS, description: { name: 'x' } },
  withPartitions: {
    make: () => t.withPartitions({ time: ['year'] } as never),
    accepts: EVENTS,
    description: { time: ['year'], zone: 'UTC', category: null },
  },
  withTimestamps: {
    make: () => t.withTimestamps('t' as never),
    accepts: ['untimed'],
    description: { column: 't' },
    known: { kind: 'event', timeColumn: 't' },
  },
  'withTimestamps of a function': {
    make: () => t.withTimestamps(() => 1, { onError: 'reject' }),
    accepts: ['untimed'],
    description: { column: 'function' },
    known: { kind: 'event', onError: 'reject' },
  },
  withWatermark: {
    make: () => t.withWatermark('t' as never, 5),
    accepts: ['untimed'],
    description: { column: 't', kind: 'fixedDelay', delayMs: 5, allowedLatenessMs: 0 },
    known: { kind: 'event', watermark: true, timeColumn: 't', delayMs: 5 },
  },
  'withWatermark with a delay that moves': {
    make: () => t.withWatermark('t' as never, t.adaptive({ base: 3, max: 30 } as never)),
    accepts: ['untimed'],
    known: { kind: 'event', watermark: true, timeColumn: 't' },
  },
  'withWatermark of a function, in order': {
    make: () => t.withWatermark(() => 1, t.monotonous(), { onError: 'reject' }),
    accepts: ['untimed'],
    description: expect.objectContaining({ column: 'function' }) as object,
    known: { kind: 'event', watermark: true, ties: 'ordered', delayMs: 0, onError: 'reject' },
  },
};
