import { agg, aggregate, onClose, type Window } from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { changesOf, processorOf, reload } from './inside';
import { NOTHING } from '../state/changes';

interface Row {
  readonly t: number;
  readonly k?: unknown;
  readonly v?: number;
  readonly w?: Window | null;
  readonly w2?: Window | null;
}

const W = (start: number, end: number): Window => ({ start, end });

function harnessOf(key: readonly string[], traits: object): OperatorHarness<Row, Record<string, unknown>> {
  const select = { n: agg.count<Row>(), last: agg.last<Row, 'v'>('v') };
  return operatorHarness(aggregate({ key, select, emit: onClose() } as never) as never, { traits });
}

const byTime = (ties: 'instant' | 'ordered' = 'instant', key = ['t']): OperatorHarness<Row, Record<string, unknown>> =>
  harnessOf(key, { timeColumn: 't', ties });
const byWindow = (key = ['w']): OperatorHarness<Row, Record<string, unknown>> => harnessOf(key, { windowColumns: ['w', 'w2'] });

describe('groups that are final by their time', () => {
  it.each([
    ['instant', 5, 5],
    ['ordered', 6, 5],
  ] as const)('ties %s: final, and late, at W = %i; stamped with their time', (ties, closing, stamp) => {
    const h = byTime(ties);
    h.watermark(closing - 1);
    h.event(5, { t: 5, v: 1 });
    expect(h.take()).toMatchObject([{ kind: 'watermark' }]);
    h.watermark(closing);
    expect(h.take()).toEqual([
      { kind: 'event', time: stamp, row: { t: 5, n: 1, last: 1 } },
      { kind: 'watermark', time: closing },
    ]);
    h.event(5, { t: 5 });
    expect(h.takeRejected()).toMatchObject([{ reason: 'late', detail: { windows: [], behindMs: 0, missingDelayMs: 1 } }]);
  });

  it('are said by time, whatever came first, and once', () => {
    const h = byTime();
    for (const t of [7, 5, 6]) h.event(t, { t });
    h.watermark(10);
    h.watermark(20);
    expect(h.takeRows().map(({ t }) => t)).toEqual([5, 6, 7]);
  });

  it('count their rows as used up, in the order of arrival', () => {
    const h = byTime();
    for (const v of [1, 2, 3]) h.event(5, { t: 5, v });
    expect(h.tally).toMatchObject({ in: 3, absorbed: 3 });
    h.restore(h.snapshot());
    h.event(5, { t: 5, v: 4 });
    h.watermark(5);
    expect(h.takeRows()).toEqual([{ t: 5, n: 4, last: 4 }]);
  });
});

describe('groups that are final by their windows', () => {
  it('at the first end, stamped before it; late by that end', () => {
    const h = byWindow(['w', 'w2']);
    h.event(1, { t: 1, w: W(0, 20), w2: W(0, 10) });
    h.watermark(9);
    expect(h.takeRows()).toEqual([]);
    h.watermark(10);
    expect(h.take()).toMatchObject([
      { kind: 'event', time: 9, row: { w: W(0, 20), w2: W(0, 10), n: 1 } },
      { kind: 'watermark', time: 10 },
    ]);
    h.event(12, { t: 12, w: W(0, 20), w2: W(0, 10) });
    expect(h.takeRejected()).toMatchObject([{ reason: 'late', detail: { windows: [W(0, 20), W(0, 10)], behindMs: 0 } }]);
  });

  it('a row without one of them is in no window', () => {
    const h = byWindow(['w', 'w2']);
    h.event(1, { t: 1, w: W(0, 10), w2: null });
    h.event(2, { t: 2, w2: W(0, 10) });
    expect(h.takeRejected()).toMatchObject([
      { reason: 'noWindow', time: 1 },
      { reason: 'noWindow', time: 2 },
    ]);
    expect(h.tally).toMatchObject({ in: 2, absorbed: 0 });
    expect(h.state['groups']).toBe(0);
  });

  it('by the time where both are in the key', () => {
    const h = harnessOf(['t', 'w'], { timeColumn: 't', windowColumns: ['w'] });
    h.event(1, { t: 1, w: null });
    h.event(2, { t: 2, w: W(0, 10) });
    h.watermark(2);
    expect(h.takeRows()).toMatchObject([
      { t: 1, w: null },
      { t: 2, w: W(0, 10) },
    ]);
  });
});

describe('their state', () => {
  it('is counted for a query: a group once a batch', () => {
    const h = byTime('instant', ['t', 'k']);
    const { stateRows, wantsBatch } = processorOf(h);
    const counted = (): unknown => stateRows!.call(processorOf(h));
    h.event(5, { t: 5, k: 'a' });
    h.event(5, { t: 5, k: 'a' });
    h.event(6, { t: 6, k: 'a' });
    h.watermark(4);
    h.event(5, { t: 5, k: 'a' });
    h.event(7, { t: 7, k: 'a' });
    expect(counted()).toEqual({ total: 3, updated: 4, removed: 0 });
    h.watermark(6);
    expect(counted()).toEqual({ total: 1, updated: 0, removed: 2 });
    expect(counted()).toEqual({ total: 1, updated: 0, removed: 0 });
    expect([6, 7].map((w) => wantsBatch!.call(processorOf(h), w, 0))).toEqual([false, true]);
  });

  it('says what has changed: what was written, and what is gone', () => {
    const h = byTime('instant', ['t', 'k']);
    h.event(5, { t: 5, k: 'a', v: 1 });
    expect(changesOf(h, 'groups')).toMatchObject({
      removed: [],
      put: [
        [
          [5, 'a'],
          [5, expect.anything()],
        ],
      ],
    });
    expect(changesOf(h, 'groups')).toEqual(NOTHING);
    h.event(5, { t: 5, k: 'a', v: 2 });
    h.event(6, { t: 6, k: 'a' });
    expect(changesOf(h, 'groups').put.map(([key]) => key)).toEqual([
      [5, 'a'],
      [6, 'a'],
    ]);
    h.watermark(5);
    expect(changesOf(h, 'groups')).toEqual({ ...NOTHING, removed: [[5, 'a']] });
    h.restore(h.snapshot());
    expect(changesOf(h, 'groups')).toEqual(NOTHING);
  });

  it('is all there is once it was loaded', () => {
    const h = byTime();
    h.event(5, { t: 5 });
    reload(h, () => {
      h.event(6, { t: 6 });
      h.event(5, { t: 5 });
    });
    expect(h.state['groups']).toBe(1);
    h.watermark(10);
    expect(h.takeRows()).toMatchObject([{ t: 5, n: 1 }]);
  });
});

describe('groups that nothing ends', () => {
  it('are refused, by whatever else they are grouped', () => {
    const refused = expect.objectContaining({
      code: 'TIDEMARK_OPTION',
      details: { key: ['k'], reason: 'append-needs-watermark' },
    });
    expect(() => harnessOf(['k'], { timeColumn: 't', windowColumns: ['w'] })).toThrow(refused);
    expect(() => harnessOf(['k'], {})).toThrow(refused);
  });
});
