import {
  agg,
  aggregate,
  customWindows,
  onTime,
  onUpdate,
  panes,
  session,
  trigger,
  tumbling,
  type Assigner,
  type Change,
} from 'tidemark';
import { operatorHarness, type HarnessOptions, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { changesOf, processorOf, reload } from './inside';
import { NOTHING } from '../state/changes';

interface Row {
  readonly k: string;
  readonly v: number;
}
type Harness = OperatorHarness<Row, Record<string, unknown>>;

/** How much the sum has grown since the key's window before. */
function harnessOf(window: Assigner<Row>, more: object = {}, run?: HarnessOptions, maxGap = 0): Harness {
  const select = { speed: agg.velocity(agg.sum<Row>('v'), { maxGap }) };
  return operatorHarness(aggregate({ key: 'k', window, select, ...more } as never) as never, run);
}

const feed = (h: Harness, ...input: readonly (readonly [t: number, v: number, k?: string])[]): void => {
  for (const [t, v, k = 'a'] of input) h.event(t, { k, v });
};

/** `a10=0.5`: key, start of the window, growth. */
function said(h: Harness): string[] {
  return h.takeRows().map((row) => {
    const { window, k, speed } = ('op' in row ? (row as unknown as Change<Record<string, unknown>>).row : row) as {
      window: { start: number };
      k: string;
      speed: number | null;
    };
    return `${k}${window.start}=${speed}`;
  });
}

/** Starts of the windows that are remembered, by key. */
function remembered(h: Harness): unknown {
  return [...processorOf(h).tables!['previous']!.entries()].map(([[key], list]) => [
    key,
    (list as { window: { start: number } }[]).map(({ window }) => window.start),
  ]);
}

describe('the window before', () => {
  it('is remembered for as long as a next one may be compared with it', () => {
    const h = harnessOf(tumbling(10), {}, undefined, 5);
    feed(h, [1, 1], [11, 2], [1, 1, 'b']);
    h.watermark(20);
    expect(remembered(h)).toEqual([
      ['a', [0, 10]],
      ['b', [0]],
    ]);
    changesOf(h, 'previous');
    h.watermark(24);
    expect(changesOf(h, 'previous')).toEqual(NOTHING);
    h.watermark(25); // [10, 20) and 5 more
    expect(remembered(h)).toEqual([['a', [10]]]);
    expect(changesOf(h, 'previous')).toMatchObject({ removed: [['b']], put: [[['a'], [{ window: { start: 10 } }]]] });
    h.watermark(34);
    expect(remembered(h)).toHaveLength(1);
    h.watermark(35);
    expect(remembered(h)).toEqual([]);
    expect(changesOf(h, 'previous')).toEqual({ ...NOTHING, removed: [['a']] });
  });

  it('is looked for again after a restart, and each key goes at its own time', () => {
    const h = harnessOf(tumbling(10));
    feed(h, [1, 1, 'b'], [11, 2]);
    h.watermark(20);
    reload(h, () => {
      feed(h, [21, 2, 'c']);
      h.watermark(30);
    });
    expect(remembered(h)).toEqual([['a', [10]]]);
    expect(changesOf(h, 'previous')).toEqual(NOTHING);
    h.watermark(29);
    expect(remembered(h)).toEqual([['a', [10]]]);
    feed(h, [31, 2, 'c']);
    h.watermark(40);
    expect(remembered(h)).toEqual([['c', [30]]]);
    feed(h, [51, 2, 'd'], [61, 2, 'e']);
    h.watermark(70);
    expect(remembered(h)).toEqual([['e', [60]]]);
  });

  it('without a grid a next one may be as long as the longest', () => {
    const sizes = customWindows<Row>((time, { v }) => [{ start: time, end: time + v }]);
    const h = harnessOf(sizes);
    feed(h, [1000, 5], [1010, 20]);
    h.watermark(1030);
    expect(remembered(h)).toEqual([['a', [1010]]]);
    feed(h, [1030, 20]);
    h.restore(h.snapshot());
    h.watermark(1050);
    expect(said(h)).toEqual(['a1000=null', 'a1010=null', 'a1030=0']);
    h.watermark(1069);
    expect(remembered(h)).toEqual([['a', [1030]]]);
    h.watermark(1070);
    expect(remembered(h)).toEqual([]);
  });

  it('sessions, too', () => {
    const h = harnessOf(session(5), {}, undefined, 10);
    feed(h, [0, 1], [12, 3]);
    h.watermark(17);
    expect(said(h)).toEqual(['a0=null', 'a12=2']);
  });

  it('waits for a session or a window of its own that began in time, however long it gets', () => {
    const sizes = customWindows<Row>((time, { v }) => [{ start: time, end: time + v }]);
    const growing = harnessOf(session(5), {}, undefined, 10);
    feed(growing, [0, 1], [15, 1], [0, 1, 'b'], [16, 1, 'b']);
    for (let t = 15; t <= 60; t += 5) {
      feed(growing, [t, 1]);
      growing.watermark(t);
    }
    expect(remembered(growing)).toEqual([['a', [0]]]);
    changesOf(growing, 'previous');
    growing.watermark(64);
    expect(changesOf(growing, 'previous')).toEqual(NOTHING);
    growing.watermark(65);
    expect(said(growing)).toEqual(['a0=null', 'b0=null', 'b16=null', 'a15=10']);
    expect(remembered(growing)).toEqual([['a', [15]]]);

    const custom = harnessOf(sizes, {}, undefined, 10);
    feed(custom, [0, 5], [15, 500], [0, 5, 'b'], [16, 400, 'b']);
    custom.watermark(400);
    custom.restore(custom.snapshot());
    custom.watermark(514);
    expect(remembered(custom)).toEqual([
      ['a', [0]],
      ['b', [16]],
    ]);
    custom.watermark(515);
    expect(said(custom)).toEqual(['a0=null', 'b0=null', 'b16=null', 'a15=99']);
  });

  it.each<[string, boolean, object, HarnessOptions?]>([
    ['updates', true, { emit: onUpdate() }],
    ['panes', true, { emit: panes({ early: trigger.afterCount(1) }) }],
    ['a query, update', false, {}, { run: true, outputMode: 'update' }],
    ['a query, complete', true, {}, { run: true, outputMode: 'complete' }],
  ])('%s: a session that grew or took in others is not compared with what was said of it', (_name, saysNext, more, run) => {
    const h = harnessOf(session(5), more, run, 20);
    const last = (t: number, v: number): string => {
      feed(h, [t, v]);
      h.watermark(0);
      return said(h).at(-1)!;
    };
    expect(last(20, 1)).toBe('a20=null');
    expect(last(23, 1)).toBe('a20=null');
    expect(last(33, 6)).toBe('a33=2');
    expect(last(18, 1)).toBe(saysNext ? 'a33=1' : 'a18=null'); // begins sooner
    expect(last(50, 18)).toBe('a50=2');
    changesOf(h, 'previous');
    expect(last(28, 0)).toBe(saysNext ? 'a50=1' : 'a18=null'); // one of two
    expect(remembered(h)).toEqual([['a', [18, 50]]]);
    expect(changesOf(h, 'previous').put).toMatchObject([[['a'], [{ window: { start: 18, end: 38 } }, {}]]]);
  });

  it('on time: a late row joins two sessions that have spoken, and the next is said again', () => {
    const h = harnessOf(session(5), { emit: onTime() }, undefined, 20);
    feed(h, [20, 1], [28, 1], [50, 9]);
    h.watermark(60, 0);
    expect(said(h)).toEqual(['a20=null', 'a28=0', 'a50=8']);
    feed(h, [24, 1]);
    expect(said(h)).toEqual(['a28=undefined', 'a20=null', 'a50=2']); // what is taken back has no growth
    expect(remembered(h)).toEqual([['a', [20, 50]]]);
  });

  it('on time: of sessions that a longer one took in nothing is remembered', () => {
    const h = harnessOf(
      session<Row>(({ v }) => v),
      { emit: onTime() },
      undefined,
      20,
    );
    feed(h, [20, 5], [28, 5], [52, 9]);
    h.watermark(70, 0);
    feed(h, [24, 20]);
    expect(said(h)).toEqual(['a20=null', 'a28=0', 'a52=0.8', 'a28=undefined', 'a20=null', 'a52=-0.7']);
    expect(remembered(h)).toEqual([['a', [20, 52]]]);
  });

  it.each(['update', 'complete'] as const)(
    'in a query, %s: of sessions that a longer one took in nothing is remembered',
    (mode) => {
      const h = harnessOf(
        session<Row>(({ v }) => v),
        {},
        { run: true, outputMode: mode },
        20,
      );
      feed(h, [20, 5], [28, 5], [52, 9]);
      h.watermark(0);
      feed(h, [24, 20]);
      h.watermark(0);
      expect(remembered(h)).toEqual([['a', [20, 52]]]);
    },
  );

  it('a session that begins elsewhere leaves the others of its key, and the change says so', () => {
    const h = harnessOf(session(5), { emit: onUpdate({ every: 100 }) }, undefined, 20);
    feed(h, [20, 1], [40, 1]);
    h.advance(100);
    changesOf(h, 'previous');
    feed(h, [18, 1]);
    expect(changesOf(h, 'previous').put).toMatchObject([[['a'], [{ window: { start: 40 } }]]]);
  });

  it('a key whose only session begins elsewhere is not forgotten before, nor twice', () => {
    const h = harnessOf(session(5), { emit: onUpdate({ every: 100 }) }, undefined, 20);
    feed(h, [20, 1]);
    h.advance(100);
    changesOf(h, 'previous');
    feed(h, [18, 1]);
    expect(remembered(h)).toEqual([]);
    expect(changesOf(h, 'previous')).toEqual({ ...NOTHING, removed: [['a']] });
    h.advance(100);
    expect(said(h)).toEqual(['a20=null', 'a20=undefined', 'a18=null']);
    h.watermark(49);
    expect(remembered(h)).toEqual([['a', [18]]]);
    h.watermark(52); // its end, its length and the gap
    expect(remembered(h)).toEqual([]);
  });

  it('windows that come out of order keep their places', () => {
    const h = harnessOf(tumbling(10), { emit: onUpdate() });
    feed(h, [1, 1], [21, 4], [11, 2], [31, 8]);
    expect(said(h)).toEqual(['a0=null', 'a20=null', 'a10=1', 'a20=1', 'a30=1']);
    expect(remembered(h)).toEqual([['a', [0, 10, 20, 30]]]);
    h.watermark(20);
    expect(remembered(h)).toEqual([['a', [10, 20, 30]]]);
  });

  it('what nobody is compared with any more goes, and the change says so', () => {
    const h = harnessOf(tumbling(10), { emit: onUpdate() });
    feed(h, [1, 1], [11, 2], [1, 1, 'b']);
    changesOf(h, 'previous');
    feed(h, [21, 3]);
    expect(changesOf(h, 'previous').put).toMatchObject([[['a'], [{ window: { start: 0 } }, {}, { window: { start: 20 } }]]]);
    h.watermark(19);
    expect(changesOf(h, 'previous')).toEqual(NOTHING); // [0, 10) is what [10, 20) compares with
    h.watermark(20);
    expect(changesOf(h, 'previous')).toMatchObject({
      removed: [['b']],
      put: [[['a'], [{ window: { start: 10 } }, { window: { start: 20 } }]]],
    });
  });

  it('a key of several columns is forgotten by its own values', () => {
    const h = harnessOf(tumbling(10), { key: ['k', 'v'] });
    feed(h, [1, 1, 'a'], [1, 2, 'b']);
    h.watermark(21);
    expect(h.state['previous']).toBe(0);
    const numbers = harnessOf(tumbling(10), { key: 'v' });
    feed(numbers, [1, 1], [1, 2]);
    numbers.watermark(21);
    expect(numbers.state['previous']).toBe(0);
  });

  it('a corrected window corrects the one behind it, where that has spoken', () => {
    const h = harnessOf(tumbling(10), { emit: onTime() });
    feed(h, [1, 1], [11, 3], [21, 3]);
    h.watermark(20, 0);
    expect(said(h)).toEqual(['a0=null', 'a10=2']);
    feed(h, [2, 1]);
    const panes = h.takeRows().map(({ pane, row }) => [(row as { speed: unknown }).speed, pane]);
    expect(panes).toEqual([
      [null, { timing: 'late', index: 1, isLast: false }],
      [0.5, { timing: 'late', index: 1, isLast: false }],
    ]);
    feed(h, [12, 1]);
    expect(said(h)).toEqual(['a10=1']); // [20, 30) has not spoken
    h.watermark(30, 30);
    expect(said(h)).toEqual(['a20=-0.25']);
    h.watermark(41, 41);
    expect(remembered(h)).toEqual([]);
  });

  it('held back, the last state of each is what the next is compared with', () => {
    const h = harnessOf(tumbling(10), { emit: onUpdate({ every: 100 }) });
    feed(h, [11, 4], [1, 1]);
    h.advance(100);
    expect(said(h)).toEqual(['a0=null', 'a10=3']);
    feed(h, [2, 1]);
    h.advance(100);
    expect(said(h)).toEqual(['a0=null', 'a10=1']);
    h.watermark(41);
    expect(remembered(h)).toEqual([]);
  });

  it.each(['append', 'update', 'complete'] as const)('in a query, %s', (outputMode) => {
    const h = harnessOf(tumbling(10), {}, { run: true, outputMode });
    feed(h, [11, 2], [1, 1]);
    h.watermark(20);
    expect(said(h)).toEqual(['a0=null', 'a10=1']);
    feed(h, [21, 6]);
    h.watermark(30);
    expect(said(h)).toEqual(outputMode === 'complete' ? ['a0=null', 'a10=1', 'a20=2'] : ['a20=2']);
    h.watermark(41);
    expect(remembered(h)).toEqual(outputMode === 'complete' ? [['a', [0, 10, 20]]] : []);
  });
});
