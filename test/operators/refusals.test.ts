import { of } from 'rxjs';
import {
  agg,
  aggregate,
  alertWhen,
  asOfJoin,
  assignWindows,
  broadcastJoin,
  dropDuplicates,
  dropDuplicatesWithinWatermark,
  events,
  intervalJoin,
  limitRows,
  matchPattern,
  panes,
  pattern,
  sortRows,
  topN,
  transformWithState,
  trend,
  tumbling,
  windowJoin,
  withTimestamps,
  withWatermark,
  type Element,
  type TidemarkError,
} from 'tidemark';
import { describe, expect, it } from 'vitest';
import type { Observable } from 'rxjs';

interface Row {
  readonly t: number;
  readonly k: string;
}

const timed = (): Observable<Element<Row>> => of<Row>({ t: 1, k: 'a' }).pipe(withWatermark('t', 0));

const REFUSED: readonly (readonly [string, () => unknown])[] = [
  ['dropDuplicates without columns', () => dropDuplicates<Row>([] as never)],
  ['dropDuplicatesWithinWatermark without columns', () => dropDuplicatesWithinWatermark<Row>([])],
  ['broadcastJoin without a key', () => broadcastJoin([{ k: 'a' }], { on: [] as never })],
  [
    'broadcastJoin that reloads what no function loads',
    () => broadcastJoin([{ k: 'a' }], { on: 'k' as never, reload: '1 minute' }),
  ],
  ['intervalJoin without a key', () => intervalJoin(timed(), { on: [] as never, within: { after: 5 } })],
  ['intervalJoin of a type there is not', () => intervalJoin(timed(), { on: 'k' as never, type: 'outer' as never })],
  ['intervalJoin with a time there is not', () => intervalJoin(timed(), { on: 'k' as never, time: 'later' as never })],
  ['windowJoin of a type there is not', () => windowJoin(timed() as never, { type: 'outer' as never })],
  ['asOfJoin without a key', () => asOfJoin(timed(), { on: [] as never })],
  ['asOfJoin of a type there is not', () => asOfJoin(timed(), { on: 'k' as never, type: 'right' as never })],
  ['asOfJoin that waits for less than nothing', () => asOfJoin(timed(), { on: 'k' as never, wait: -1 })],
  ['broadcastJoin of a type there is not', () => broadcastJoin([{ k: 'a' }], { on: 'k' as never, type: 'right' as never })],
  ['sortRows by nothing', () => sortRows<Row, 'event'>([])],
  ['sortRows in no direction', () => sortRows<Row, 'event'>([['k', 'up' as never]])],
  [
    'sortRows in no direction but at first',
    () =>
      sortRows<Row, 'event'>([
        ['k', 'asc'],
        ['t', 'up' as never],
      ]),
  ],
  ['topN of a part of a row', () => topN({ n: 0.5, by: 't' } as never)],
  ['topN of fewer than none', () => topN({ n: -1, by: 't' } as never)],
  [
    'matchPattern that ends with what must not follow, and never ends',
    () => matchPattern(pattern<Row, 'a'>('a', () => true).notFollowedBy('b', () => true)),
  ],
  ['alertWhen that forgets what it does not know', () => alertWhen<Row>({ when: () => true, forgetAfter: 5 })],
  [
    'aggregate that compares parts with the window before',
    () =>
      aggregate({ window: tumbling(10), select: { v: agg.velocity(agg.count()) }, emit: panes({ mode: 'discarding' }) } as never),
  ],
  ['limitRows to a part of a row', () => limitRows(1.5)],
  ['limitRows to fewer than none', () => limitRows(-1)],
];

describe('options that cannot be meant are refused where they are written', () => {
  it.each(REFUSED)('%s', (_name, build) => {
    expect(build).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }) as Error);
  });

  it('what is on the edge is not', () => {
    expect(() => limitRows(0)).not.toThrow();
    expect(() => topN({ n: 0, by: 't' } as never)).not.toThrow();
    expect(() => asOfJoin(timed(), { on: 'k' as never, wait: 0 })).not.toThrow();
    const rises = trend<Row>({ metric: 't', window: 3, threshold: 10 } as never);
    expect(() => alertWhen<Row>({ when: () => true, clearWhen: rises, forgetAfter: 5 })).not.toThrow();
    expect(() =>
      aggregate({ window: tumbling(10), select: { v: agg.velocity(agg.count()) }, emit: panes({}) } as never),
    ).not.toThrow();
    expect(() => dropDuplicatesWithinWatermark<Row>(['k'])).not.toThrow();
    expect(() => broadcastJoin(() => [{ k: 'a' }], { on: 'k' as never, reload: '1 minute' })).not.toThrow();
  });
});

describe('streams that an operator cannot stand on are refused where the pipe is built, not when it runs', () => {
  const free = (): Observable<Element<Row>> => of<Row>({ t: 1, k: 'a' }).pipe(withTimestamps('t'));
  const codeOf = (build: () => unknown): string | undefined => {
    try {
      build();
    } catch (cause) {
      return (cause as TidemarkError).code;
    }
    return undefined;
  };

  it('those that wait for a watermark', () => {
    expect(codeOf(() => free().pipe(dropDuplicatesWithinWatermark(['k'], { within: 5 })))).toBe('TIDEMARK_OPTION');
    expect(codeOf(() => free().pipe(dropDuplicates(['k', 't'])))).toBe('TIDEMARK_DEDUP_UNBOUNDED');
    for (const [left, right] of [
      [timed, free],
      [free, timed],
    ] as const) {
      expect(codeOf(() => left().pipe(asOfJoin(right(), { on: 'k' })))).toBe('TIDEMARK_JOIN_UNBOUNDED');
      for (const wait of ['nothing', 5] as const)
        expect(codeOf(() => left().pipe(asOfJoin(right(), { on: 'k', wait })))).toBeUndefined();
    }
  });

  it('windowJoin keeps windows of streams without a watermark for ever: it must be asked for', () => {
    const windows = (stream: Observable<Element<Row>>) => stream.pipe(assignWindows(tumbling(10), 'window'));
    expect(codeOf(() => windows(free()).pipe(windowJoin(windows(free()))))).toBe('TIDEMARK_JOIN_UNBOUNDED');
    expect(codeOf(() => windows(free()).pipe(windowJoin(windows(free()), { unbounded: true })))).toBeUndefined();
  });

  it('transformWithState by event time, on rows that have none', () => {
    const make = () => ({ handleInputRows: () => {} });
    expect(
      codeOf(() =>
        events(of({ t: 1, k: 'a' })).pipe(transformWithState(make, { key: 'k', timeMode: 'eventTime' } as never) as never),
      ),
    ).toBe('TIDEMARK_UNTIMED');
  });
});

it('a join of changes is refused as such, not for what bounds it', () => {
  const changes = timed().pipe(aggregate({ key: 'k', select: { n: agg.count() } })) as never;
  const codeOf = (act: () => unknown): unknown => {
    try {
      return act();
    } catch (cause) {
      return (cause as TidemarkError).code;
    }
  };
  const interval = intervalJoin(changes, { on: 'k', within: { after: 5 } } as never);
  const windows = windowJoin(changes, { on: 'k' } as never);
  expect(codeOf(() => timed().pipe(interval as never))).toBe('TIDEMARK_CHANGE_STREAM');
  expect(codeOf(() => timed().pipe(windows as never))).toBe('TIDEMARK_CHANGE_STREAM');
});
