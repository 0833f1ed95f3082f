import { agg, aggregate, session, sliding, tumbling, type Assigner } from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { changesOf, processorOf, reload } from './inside';
import { NOTHING } from '../state/changes';

interface Row {
  readonly k: string;
}
type Harness = OperatorHarness<Row, { window: { start: number; end: number }; k: string; n: number }>;
type Mode = 'append' | 'update' | 'complete';

function harnessOf(outputMode: Mode, window: Assigner<Row> = tumbling(10)): Harness {
  const select = { n: agg.count<Row>() };
  return operatorHarness(aggregate({ key: 'k', window, select } as never) as never, { run: true, outputMode });
}

const feed = (h: Harness, ...input: readonly (readonly [t: number, k?: string])[]): void => {
  for (const [t, k = 'a'] of input) h.event(t, { k });
};
const said = (h: Harness): string[] => h.takeRows().map(({ window, k, n }) => `${k}[${window.start}, ${window.end})=${n}`);
const counted = (h: Harness): unknown => processorOf(h).stateRows!();

describe('windows in a query', () => {
  it('append: said when they are over; counted by what each batch touched', () => {
    const h = harnessOf('append', sliding(10, 5));
    feed(h, [7], [8], [12, 'b']);
    h.watermark(9);
    expect(counted(h)).toEqual({ total: 4, updated: 4, removed: 0 });
    feed(h, [9]);
    h.watermark(10);
    expect(said(h)).toEqual(['a[0, 10)=3']);
    expect(counted(h)).toEqual({ total: 3, updated: 2, removed: 1 });
    expect(counted(h)).toEqual({ total: 3, updated: 0, removed: 0 });
    expect(h.report).toMatchObject({ openWindows: 3 });
    expect([10, 11].map((w) => processorOf(h).wantsBatch!(w, 0))).toEqual([false, true]);
  });

  it('update: what a batch touched, by end, also when it is over then', () => {
    const h = harnessOf('update');
    feed(h, [12], [1], [2], [3, 'b']);
    expect(processorOf(h).held!()).toBe(4);
    expect(h.report).toMatchObject({ openWindows: 3 });
    h.watermark(9);
    expect(said(h)).toEqual(['a[0, 10)=2', 'b[0, 10)=1', 'a[10, 20)=1']);
    feed(h, [4]);
    h.watermark(10);
    expect(said(h)).toEqual(['a[0, 10)=3']);
    expect(counted(h)).toEqual({ total: 1, updated: 4, removed: 2 });
    expect(counted(h)).toEqual({ total: 1, updated: 0, removed: 0 });
    expect([10, 11].map((w) => processorOf(h).wantsBatch!(w, 0))).toEqual([false, true]);
    feed(h, [9]);
    expect(h.takeRejected()).toMatchObject([{ reason: 'late' }]);
  });

  it('complete: the whole table by end after each batch; nothing is late', () => {
    const h = harnessOf('complete');
    feed(h, [12], [1]);
    h.watermark(50);
    expect(said(h)).toEqual(['a[0, 10)=1', 'a[10, 20)=1']);
    feed(h, [2], [3, 'b']);
    h.watermark(50);
    expect(said(h)).toEqual(['a[0, 10)=2', 'b[0, 10)=1', 'a[10, 20)=1']);
    expect(counted(h)).toEqual({ total: 3, updated: 4, removed: 0 });
    expect(counted(h)).toEqual({ total: 3, updated: 0, removed: 0 });
    expect(processorOf(h).held!()).toBe(4);
    expect(processorOf(h).wantsBatch!(60, 0)).toBe(false);
  });

  it('complete: sessions that become one are one row', () => {
    const h = harnessOf('complete', session(5));
    feed(h, [10], [18], [40]);
    h.watermark(0);
    expect(said(h)).toEqual(['a[10, 15)=1', 'a[18, 23)=1', 'a[40, 45)=1']);
    expect(changesOf(h, 'windows').put).toHaveLength(3);
    feed(h, [14]);
    h.watermark(0);
    expect(said(h)).toEqual(['a[10, 23)=3', 'a[40, 45)=1']);
    expect(counted(h)).toMatchObject({ total: 2 });
    expect(changesOf(h, 'windows')).toMatchObject({ removed: [[18, 'a']], put: [[[10, 'a'], { start: 10, end: 23 }]] });
  });

  it('complete: a row that is in no window takes nothing away', () => {
    const h = harnessOf(
      'complete',
      session<Row>(({ k }) => (k === '' ? null : 5)),
    );
    feed(h, [10], [18]);
    h.watermark(0);
    feed(h, [14]); // joins the two
    feed(h, [20, '']);
    h.watermark(0);
    expect(said(h)).toEqual(['a[10, 15)=1', 'a[18, 23)=1', 'a[10, 23)=3']);
  });

  it('complete: the table is all there is once it was loaded', () => {
    const h = harnessOf('complete');
    feed(h, [1]);
    h.watermark(0);
    reload(h, () => {
      feed(h, [11]);
      h.watermark(0);
    });
    expect(h.state['windows']).toBe(1);
    expect(changesOf(h, 'windows')).toEqual(NOTHING);
  });
});
