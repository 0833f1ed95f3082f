import {
  agg,
  aggregate,
  customWindows,
  onClose,
  onTime,
  onUpdate,
  session,
  tumbling,
  type Assigner,
  type Change,
} from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { Firings } from '../../src/window/speak';
import { Follower, processorOf, reload } from './inside';
import { NOTHING, plain } from '../state/changes';

interface Row {
  readonly k: string;
  readonly j?: number;
  readonly v?: number;
}
type Said = Change<Record<string, unknown> & { window?: { start: number; end: number }; n?: number }>;
type Harness = OperatorHarness<Row, Said>;

function harnessOf(options: { window?: Assigner<Row>; emit: object; key?: unknown }): Harness {
  const select = { n: agg.count<Row>(), last: agg.last<Row, 'v'>('v') };
  return operatorHarness(aggregate({ key: 'k', select, ...options } as never) as never);
}

const feed = (h: Harness, ...input: readonly (readonly [t: number, k?: string, v?: number])[]): void => {
  for (const [t, k = 'a', v = 0] of input) h.event(t, { k, j: 1, v });
};

/** `+0/a=2 late 1`: upsert or delete, the key, the count, and the pane; `last` where it is. */
const said = (h: Harness): string[] =>
  h.takeRows().map(({ op, key, row, pane: { timing, index, isLast } }) => {
    const count = row.n === undefined ? '' : `=${row.n}`;
    return `${op === 'upsert' ? '+' : '-'}${key.join('/')}${count} ${timing} ${index}${isLast ? ' last' : ''}`;
  });
const held = (h: Harness): unknown => {
  const processor = processorOf(h);
  return { held: processor.held!(), state: processor.stateSize!(), open: h.report['openWindows'] };
};

describe('windows that share nothing', () => {
  const two = customWindows<Row>((time) => [
    { start: 0, end: 20 },
    { start: 0, end: time < 10 ? 10 : 30 },
  ]);

  it('a row is held until its last window is over, and says when it has missed one', () => {
    const h = harnessOf({ window: two, emit: onClose() });
    feed(h, [1, 'a', 1], [2, 'a', 2], [3, 'a', 3]);
    h.watermark(10);
    expect((h.takeRows() as unknown as Row[]).map((row) => [row['last' as 'v'], row['n' as 'v']])).toEqual([[3, 3]]);
    expect(h.tally).toMatchObject({ in: 3, absorbed: 0, partlyLate: 0 });
    expect(held(h)).toEqual({ held: 3, state: 1, open: 1 });
    feed(h, [4], [12]);
    expect(h.tally).toMatchObject({ in: 5, partlyLate: 1 });
    h.watermark(20);
    feed(h, [4]);
    expect(h.takeRejected()).toMatchObject([{ reason: 'late', detail: { windows: [{ end: 10 }, { end: 20 }], behindMs: 0 } }]);
    expect(h.tally).toMatchObject({ in: 6, absorbed: 4 });
    const rest = { held: 1, state: 1, open: 1 };
    expect(held(h)).toEqual(rest);
    h.restore(h.snapshot());
    expect(held(h)).toEqual(rest);
  });
});

describe('a row in no window', () => {
  it('is rejected as such', () => {
    const h = harnessOf({ window: customWindows<Row>(() => []), emit: onClose() });
    feed(h, [1]);
    expect(h.takeRejected()).toMatchObject([{ reason: 'noWindow', time: 1 }]);
  });
});

describe('onTime', () => {
  it('speaks at the end, corrects until the drop watermark, and forgets', () => {
    const h = harnessOf({ window: tumbling(10), emit: onTime() });
    feed(h, [1], [11]);
    h.watermark(10, 0);
    expect(said(h)).toEqual(['+0/a=1 onTime 0']);
    feed(h, [2]);
    expect(said(h)).toEqual(['+0/a=2 late 1']);
    expect(h.state['firings']).toBe(1);
    expect(held(h)).toEqual({ held: 3, state: 2, open: 2 });
    h.watermark(10, 10);
    expect(h.state['firings']).toBe(0);
    feed(h, [3]);
    expect(h.takeRejected()).toMatchObject([{ reason: 'late' }]);
    h.watermark(20, 20);
    expect(said(h)).toEqual(['+10/a=1 onTime 0 last']);
    expect(held(h)).toEqual({ held: 0, state: 0, open: 0 });
  });

  it('after a restart says what a row corrects, and what a watermark brings, whichever comes first', () => {
    const h = harnessOf({ window: tumbling(10), emit: onTime() });
    feed(h, [1]);
    h.restore(h.snapshot());
    h.watermark(10, 0);
    expect(said(h)).toEqual(['+0/a=1 onTime 0']);
    h.restore(h.snapshot());
    feed(h, [2]);
    expect(said(h)).toEqual(['+0/a=2 late 1']);
  });

  it('a session that was extended after it had spoken is remembered until its new end', () => {
    const h = harnessOf({ window: session(5), emit: onTime() });
    feed(h, [0]);
    h.watermark(5, 0);
    expect(said(h)).toEqual(['+0/a=1 onTime 0']);
    const follower = new Follower(h);
    feed(h, [4]);
    follower.follow();
    h.watermark(6, 6);
    follower.follow();
    expect(h.state['firings']).toBe(1);
    h.watermark(9, 9);
    follower.follow();
    expect(said(h)).toEqual(['+0/a=2 onTime 1 last']);
    expect(h.state['firings']).toBe(0);
  });

  it('a session that has spoken and gets another start is taken back', () => {
    const h = harnessOf({ window: session(5), emit: onTime() });
    feed(h, [10], [30]);
    h.watermark(15, 0);
    expect(said(h)).toEqual(['+10/a=1 onTime 0']);
    const follower = new Follower(h);
    feed(h, [7]);
    const changes = h.take().flatMap((signal) => (signal.kind === 'event' ? [signal] : []));
    expect(changes).toMatchObject([
      {
        time: 14,
        row: {
          op: 'delete',
          key: [10, 'a'],
          row: { window: { start: 10, end: 15 }, k: 'a' },
          pane: { timing: 'late', isLast: true },
        },
      },
      { time: 14, row: { op: 'upsert', key: [7, 'a'], row: { n: 2 }, pane: { timing: 'late', index: 0, isLast: false } } },
    ]);
    follower.follow();
    feed(h, [28]); // has not spoken
    expect(said(h)).toEqual([]);
  });
});

describe('onUpdate', () => {
  it('speaks with every row, early, and late behind the watermark', () => {
    const h = harnessOf({ window: tumbling(10), emit: onUpdate() });
    feed(h, [1], [11]);
    h.watermark(10, 0);
    feed(h, [2]);
    expect(said(h)).toEqual(['+0/a=1 early 0', '+10/a=1 early 0', '+0/a=2 late 1']);
    expect(held(h)).toEqual({ held: 3, state: 2, open: 2 });
    expect(h.state['firings']).toBe(2);
    h.watermark(19, 19);
    expect(h.state['firings']).toBe(1);
    h.watermark(20, 20);
    feed(h, [12]);
    expect(h.takeRejected()).toMatchObject([{ reason: 'late' }]);
    expect(h.state['firings']).toBe(0);
    expect(held(h)).toEqual({ held: 0, state: 0, open: 0 });
  });

  it('windows that begin together are told apart where nothing else does it', () => {
    const window = customWindows<Row>(() => [
      { start: 0, end: 10 },
      { start: 0, end: 20 },
    ]);
    const h = harnessOf({ window, emit: onUpdate() });
    feed(h, [1], [2]);
    expect(said(h)).toEqual(['+0/10/a=1 early 0', '+0/20/a=1 early 0', '+0/10/a=2 early 1', '+0/20/a=2 early 1']);
  });

  it('keys that end together are forgotten together', () => {
    const h = harnessOf({ window: tumbling(10), emit: onUpdate() });
    feed(h, [1], [1, 'b'], [11]);
    h.watermark(10);
    expect(h.state['firings']).toBe(1);
  });

  it('a session keeps counting while it grows', () => {
    const h = harnessOf({ window: session(5), emit: onUpdate() });
    feed(h, [0], [4]);
    h.watermark(5);
    feed(h, [6]);
    h.watermark(9);
    feed(h, [7]);
    expect(said(h)).toEqual(['+0/a=1 early 0', '+0/a=2 early 1', '+0/a=3 early 2', '+0/a=4 early 3']);
    h.watermark(12);
    expect(h.state['firings']).toBe(0);
  });

  const every = { emit: onUpdate({ every: 100 }) };

  it('held back, a window goes out when the watermark comes to its end, and not before; by end', () => {
    const h = harnessOf({ window: tumbling(10), ...every });
    feed(h, [25], [11], [1], [21, 'b']);
    h.watermark(9);
    expect(said(h)).toEqual([]);
    h.watermark(10);
    expect(said(h)).toEqual(['+0/a=1 early 0']);
    h.watermark(20);
    expect(said(h)).toEqual(['+10/a=1 early 0']);
    feed(h, [31]);
    h.advance(100);
    expect(said(h)).toEqual(['+20/a=1 early 0', '+20/b=1 early 0', '+30/a=1 early 0']);
    h.watermark(50);
    expect(said(h)).toEqual([]);
  });

  it('held back, by end whatever came first', () => {
    const h = harnessOf({ window: tumbling(10), ...every });
    feed(h, [25], [1], [11]);
    h.advance(100);
    expect(said(h)).toEqual(['+0/a=1 early 0', '+10/a=1 early 0', '+20/a=1 early 0']);
  });

  it('held back, keys of several columns', () => {
    const h = harnessOf({ window: tumbling(10), ...every, key: ['k', 'j'] });
    feed(h, [1], [2, 'b'], [3]);
    h.advance(100);
    expect(said(h)).toEqual(['+0/a/1=2 early 0', '+0/b/1=1 early 0']);
    expect(h.state['pending']).toBe(0);
  });

  it('held back, a session that is no more is not said, and taken back if it was', () => {
    const h = harnessOf({ window: session(5), ...every });
    feed(h, [10], [20]);
    h.advance(100);
    expect(said(h)).toEqual(['+10/a=1 early 0', '+20/a=1 early 0']);
    feed(h, [18]);
    expect(said(h)).toEqual(['-20/a late 0 last']);
    expect(h.state['pending']).toBe(1);
    feed(h, [14]);
    expect(said(h)).toEqual([]);
    expect(h.state['pending']).toBe(1);
    h.advance(100);
    expect(said(h)).toEqual(['+10/a=4 early 1']);
  });

  it('held back, what waits is all there is once it was loaded', () => {
    const h = harnessOf({ window: tumbling(10), ...every });
    feed(h, [1]);
    reload(h, () => feed(h, [11]));
    expect(h.state['pending']).toBe(1);
  });

  it('held back, what waited before it was loaded is not said again', () => {
    const h = harnessOf({ window: tumbling(10), ...every });
    feed(h, [1]);
    reload(h, () => feed(h, [2]));
    h.watermark(10);
    expect(h.takeRows()).toHaveLength(1);
  });

  it('a session that was closed does not come back', () => {
    const h = harnessOf({ window: session(5), emit: onUpdate() });
    feed(h, [0]);
    h.watermark(5);
    feed(h, [4]);
    expect(h.takeRows().map(({ row }) => [row.n, row.window])).toEqual([
      [1, { start: 0, end: 5 }],
      [1, { start: 4, end: 9, overlapsClosed: true }],
    ]);
  });

  it('held back, a session that was extended keeps its place', () => {
    const h = harnessOf({ window: session(5), ...every });
    feed(h, [0]);
    h.advance(100);
    feed(h, [4]);
    h.watermark(6);
    expect(h.state['firings']).toBe(1);
    h.advance(100);
    expect(said(h)).toEqual(['+0/a=1 early 0', '+0/a=2 early 1']);
  });

  it('held back, a session that was extended waits for its new end, and is said with it', () => {
    const h = harnessOf({ window: session(5), ...every });
    feed(h, [0], [4]);
    h.watermark(8);
    expect(said(h)).toEqual([]);
    h.watermark(9);
    expect(h.takeRows().map(({ row }) => [row.n, row.window])).toEqual([[2, { start: 0, end: 9 }]]);
  });

  it('goes on after a restart: what waits is said by the watermark, or when its time has come', () => {
    const h = harnessOf({ window: tumbling(10), ...every });
    feed(h, [1], [11]);
    h.restore(h.snapshot());
    h.watermark(10);
    expect(said(h)).toEqual(['+0/a=1 early 0']);
    h.restore(h.snapshot());
    h.advance(100);
    expect(said(h)).toEqual(['+10/a=1 early 0']);
  });

  it.each([
    ['windows', { window: tumbling(10), ...every }],
    ['groups', every],
  ])('%s: after a restart with nothing to say no time runs', (_what, options) => {
    const h = harnessOf(options);
    h.restore(h.snapshot());
    h.advance(50);
    feed(h, [1]);
    h.advance(50);
    expect(said(h)).toEqual([]);
    h.advance(50);
    expect(said(h)).toHaveLength(1);
  });
});

describe('groups without windows', () => {
  it('count their state, and the last row is the last to come', () => {
    const h = harnessOf({ emit: onUpdate() });
    feed(h, [3, 'a', 1], [2, 'a', 2], [1, 'a', 3], [1, 'b']);
    expect(h.takeRows().map(({ row }) => row['last'])).toEqual([1, 2, 3, 0]);
    expect(processorOf(h).stateSize!()).toBe(2);
  });

  it.each([0, 100])('their state follows, and is all there is once it was loaded (every %i)', (every) => {
    const h = harnessOf({ emit: onUpdate({ every }) });
    const follower = new Follower(h);
    feed(h, [1], [2, 'b']);
    follower.follow();
    h.advance(100);
    follower.follow();
    feed(h, [3]);
    follower.follow();
    h.take();
    reload(h, () => {
      feed(h, [4, 'c'], [5]);
      h.take();
    });
    expect(h.state).toMatchObject({ groups: 2, pending: every === 0 ? 0 : 1 });
    h.watermark(Infinity);
    expect(said(h)).toEqual(every === 0 ? [] : ['+a=2 early 1']);
  });
});

describe('how often windows have spoken', () => {
  const spoken = (firings: Firings): unknown[] => [...firings.table.entries()].map(([[id]]) => id);

  it('is forgotten with them, at their end and not before', () => {
    const firings = new Firings(1);
    expect([firings.next('a', 10), firings.next('a', 10), firings.next('b', 10), firings.next('c', 20)]).toEqual([0, 1, 0, 0]);
    firings.extend('b', 20);
    firings.extend('b', 15);
    firings.expire(9);
    expect(spoken(firings)).toEqual(['a', 'b', 'c']);
    firings.expire(10);
    expect(spoken(firings)).toEqual(['b', 'c']);
    expect([firings.take('c'), firings.take('c')]).toEqual([true, false]);
    expect(firings.next('c', 30)).toBe(0);
    firings.expire(20);
    expect(spoken(firings)).toEqual(['c']);
    firings.expire(30);
    expect(spoken(firings)).toEqual([]);
  });

  it('once loaded, is all there is', () => {
    const firings = new Firings(1);
    firings.next('a', 10);
    const saved = [...firings.table.entries()];
    firings.next('b', 20);
    firings.table.load(saved);
    expect(plain(firings.table.changes!())).toEqual(NOTHING);
    expect(spoken(firings)).toEqual(['a']);
    expect([firings.next('a', 10), firings.next('b', 20)]).toEqual([1, 0]);
    firings.expire(10);
    expect(spoken(firings)).toEqual(['b']);
    firings.next('a', 15);
    firings.table.load([[['a'], [0, 40]]]);
    firings.expire(20);
    expect(spoken(firings)).toEqual(['a']);
  });
});
