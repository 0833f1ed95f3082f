import { agg, aggregate, type Change, type Window } from 'tidemark';
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
type Said = Change<Record<string, unknown>>;
type Mode = 'append' | 'update' | 'complete';

const W = (start: number, end: number): Window => ({ start, end });

function harnessOf(
  outputMode: Mode,
  key: readonly string[],
  { traits = {}, options = {} }: { traits?: object; options?: object } = {},
): OperatorHarness<Row, Said> {
  const select = { n: agg.count<Row>(), last: agg.last<Row, 'v'>('v') };
  return operatorHarness(aggregate({ key, select, ...options } as never) as never, { run: true, outputMode, traits });
}

const timed = (outputMode: Mode, ties: 'instant' | 'ordered' = 'instant'): OperatorHarness<Row, Said> =>
  harnessOf(outputMode, ['t', 'k'], { traits: { timeColumn: 't', ties } });

/** `5a=2 onTime 1 last @5`: key, count, pane, and stamp. */
function said(h: OperatorHarness<Row, Said>): string[] {
  return h.take().flatMap((signal) => {
    if (signal.kind !== 'event') return [];
    const { key, row, pane } = signal.row;
    return [`${key.join('')}=${String(row['n'])} ${pane.timing} ${pane.index}${pane.isLast ? ' last' : ''} @${signal.time}`];
  });
}

const counted = (h: OperatorHarness<Row, Said>): unknown => processorOf(h).stateRows!();

describe('groups of a query without windows, append', () => {
  it.each([
    ['instant', 5],
    ['ordered', 6],
  ] as const)('ties %s: final, and late, at W = %i', (ties, closing) => {
    const h = timed('append', ties);
    h.watermark(closing - 1);
    h.event(5, { t: 5, k: 'a' });
    expect(said(h)).toEqual([]);
    h.watermark(closing - 1);
    expect(said(h)).toEqual([]);
    h.watermark(closing);
    expect(said(h)).toEqual(['5a=1 onTime 0 last @5']);
    h.event(5, { t: 5, k: 'a' });
    expect(h.takeRejected()).toMatchObject([{ reason: 'late', detail: { windows: [], behindMs: 0, missingDelayMs: 1 } }]);
  });

  it('are said by deadline, then by arrival, and are gone', () => {
    const h = timed('append');
    for (const [t, k] of [
      [7, 'a'],
      [5, 'b'],
      [5, 'a'],
      [9, 'a'],
    ] as const)
      h.event(t, { t, k });
    h.watermark(8);
    expect(said(h)).toEqual(['5b=1 onTime 0 last @5', '5a=1 onTime 0 last @5', '7a=1 onTime 0 last @7']);
    expect(h.state['groups']).toBe(1);
    h.watermark(8);
    expect(said(h)).toEqual([]);
  });

  it('go by the first end of their windows; a row without any is never final', () => {
    const h = harnessOf('append', ['w', 'w2'], { traits: { windowColumns: ['w', 'w2'] } });
    h.event(1, { t: 1, w: W(0, 20), w2: W(0, 10) });
    h.event(2, { t: 2, w: W(0, 15), w2: null });
    h.event(3, { t: 3 });
    h.watermark(9);
    expect(h.takeRows()).toEqual([]);
    h.watermark(10);
    expect(h.takeRows().map(({ row }) => [row['w'], row['w2']])).toEqual([[W(0, 20), W(0, 10)]]);
    h.event(4, { t: 4, w: W(0, 20), w2: W(0, 10) });
    expect(h.takeRejected()).toMatchObject([{ reason: 'late', detail: { windows: [W(0, 10)], behindMs: 0 } }]);
    h.watermark(1e9);
    expect(h.takeRows().map(({ row }) => row['w'])).toEqual([W(0, 15)]);
    expect(h.state['groups']).toBe(1);
  });

  it('without time in the key nothing is late and nothing is said', () => {
    const h = harnessOf('append', ['k'], { traits: { timeColumn: 't' } });
    h.watermark(100);
    h.event(1, { t: 1, k: 'a' });
    h.watermark(1e9);
    expect(said(h)).toEqual([]);
    expect(h.state['groups']).toBe(1);
  });

  it('the option names the time column', () => {
    const h = harnessOf('append', ['t'], { options: { timeColumn: 't' } });
    h.event(5, { t: 5 });
    h.watermark(5);
    expect(said(h)).toEqual(['5=1 onTime 0 last @5']);
  });
});

describe('groups of a query without windows, update', () => {
  it('what a batch touched is said once, also when it is over then', () => {
    const h = timed('update');
    for (const v of [1, 2]) h.event(5, { t: 5, k: 'a', v });
    h.event(7, { t: 7, k: 'a' });
    h.watermark(4);
    expect(said(h)).toEqual(['5a=2 early 0 @5', '7a=1 early 0 @7']);
    h.watermark(4);
    expect(said(h)).toEqual([]);
    h.event(5, { t: 5, k: 'a', v: 3 });
    h.watermark(5);
    expect(said(h)).toEqual(['5a=3 onTime 1 last @5']);
    expect(h.state['groups']).toBe(1);
  });

  it('a watermark that falls changes nothing', () => {
    const h = timed('update');
    h.watermark(10);
    processorOf(h).onWatermark!(5, 5, { event: () => {} } as never);
    h.event(8, { t: 8, k: 'a' });
    expect(h.takeRejected()).toMatchObject([{ reason: 'late' }]);
  });

  it('rows are used up, and the last one is the last to come', () => {
    const h = timed('update');
    for (const v of [1, 2, 3]) h.event(5, { t: 5, k: 'a', v });
    expect(h.tally).toMatchObject({ in: 3, absorbed: 3 });
    h.restore(h.snapshot());
    h.event(5, { t: 5, k: 'a', v: 4 });
    h.watermark(0);
    expect(h.takeRows()[0]!.row).toMatchObject({ n: 4, last: 4 });
  });
});

describe('groups of a query without windows, complete', () => {
  it('the whole table after every batch; nothing is late', () => {
    const h = timed('complete');
    h.event(5, { t: 5, k: 'a' });
    h.watermark(10);
    h.event(5, { t: 5, k: 'a' });
    h.event(6, { t: 6, k: 'a' });
    h.watermark(10);
    expect(said(h)).toEqual(['5a=1 early 0 @5', '5a=2 early 1 @5', '6a=1 early 0 @6']);
    expect(processorOf(h).wantsBatch!(11, 0)).toBe(false);
  });

  it('all rows together are a group, also when there are none', () => {
    const h = harnessOf('complete', []);
    h.watermark(1);
    expect(said(h)).toEqual(['=0 early 0 @0']);
    h.event(5, { t: 5 });
    h.watermark(1);
    expect(said(h)).toEqual(['=1 early 0 @5']);
    const keyed = harnessOf('complete', ['k']);
    keyed.watermark(1);
    expect(said(keyed)).toEqual([]);
  });
});

describe('their state', () => {
  it('is counted: a group once a batch, and what is forgotten', () => {
    const h = timed('append');
    for (const t of [5, 5, 6, 9]) h.event(t, { t, k: 'a' });
    h.watermark(4);
    h.event(5, { t: 5, k: 'a' });
    h.watermark(6);
    expect(counted(h)).toEqual({ total: 1, updated: 4, removed: 2 });
    expect(counted(h)).toEqual({ total: 1, updated: 0, removed: 0 });
    expect([6, 7].map((w) => processorOf(h).wantsBatch!(w, 0))).toEqual([false, true]);
  });

  it.each(['append', 'update', 'complete'] as const)('says what has changed: %s', (mode) => {
    const h = timed(mode);
    const keys = (): unknown[] => changesOf(h, 'groups').put.map(([key]) => key);
    h.event(5, { t: 5, k: 'a' });
    h.watermark(0);
    expect(keys()).toEqual([[5, 'a']]);
    expect(keys()).toEqual([]);
    h.event(6, { t: 6, k: 'a' });
    // The table is asked behind the end of the batch; complete mode has counted all that it said.
    h.watermark(0);
    expect(keys()).toEqual(
      mode === 'complete'
        ? [
            [5, 'a'],
            [6, 'a'],
          ]
        : [[6, 'a']],
    );
    h.watermark(5);
    expect(changesOf(h, 'groups').removed).toEqual(mode === 'complete' ? [] : [[5, 'a']]);
    h.event(7, { t: 7, k: 'a' });
    expect(changesOf(h, 'groups').put.map(([key]) => key)).toContainEqual([7, 'a']); // also before it
    h.restore(h.snapshot());
    expect(changesOf(h, 'groups')).toEqual(NOTHING);
  });

  it('is all there is once it was loaded', () => {
    const h = timed('append');
    h.event(5, { t: 5, k: 'a' });
    reload(h, () => h.event(6, { t: 6, k: 'b' }));
    expect(counted(h)).toMatchObject({ total: 1 });
    h.watermark(10);
    expect(said(h)).toEqual(['5a=1 onTime 0 last @5']);
  });

  it('a key of one column, of any kind', () => {
    const h = harnessOf('append', ['t'], { traits: { timeColumn: 't' } });
    h.event(5, { t: 5 });
    h.event(6, { t: 6 });
    h.watermark(6);
    expect(said(h)).toEqual(['5=1 onTime 0 last @5', '6=1 onTime 0 last @6']);
  });
});
