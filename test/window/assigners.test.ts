import { assigned, cumulative, customWindows, globalWindow, session, sliding, tumbling, type Assigner } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { assignerOf, randomWindow } from '../laws/cases';
import { windowsOf, type Row as LawRow } from '../laws/oracle';
import { forSeeds } from '../laws/random';

describe('assigners', () => {
  it('assign what trying every window gives', () => {
    forSeeds(400, (random) => {
      const plan = randomWindow(random);
      const assigner = assignerOf(plan);
      for (let i = 0; i < 20; i++) {
        const time = random.int(-300, 300);
        const row = { id: 0, k: 0, j: 0, v: 0, gap: random.int(0, 20) };
        expect(assigner.assign(time, row)).toEqual(windowsOf(plan, time, row));
      }
    });
  });

  /** Every law that a slicing has to keep, at one time; the stores rely on them. */
  function checkSlices({ slicing, assign }: Assigner<LawRow>, time: number): void {
    if (slicing === undefined) return;
    const row = { id: 0, k: 0, j: 0, v: 0, gap: 5 };
    const windows = assign(time, row);
    const slice = slicing.sliceOf(time);
    if (windows.length === 0) return expect(slice).toBeNaN();
    const end = slicing.sliceEnd(slice);
    expect(slice <= time && time < end).toBe(true);
    // All times of the slice are in the same windows.
    for (const other of [slice, end - 1]) {
      expect(assign(other, row)).toEqual(windows);
      expect(slicing.sliceOf(other)).toBe(slice);
    }
    expect(slicing.firstEnd(slice)).toBe(windows[0]?.end);
    expect(slicing.lastEnd(slice)).toBe(windows.at(-1)?.end);
    windows.forEach((window, j) => {
      expect(slicing.startOf(window.end)).toBe(window.start);
      if (windows[j + 1] !== undefined) expect(slicing.nextEnd(window.end)).toBe(windows[j + 1]?.end);
    });
    const last = slicing.endAt(time);
    expect(last <= time && slicing.nextEnd(last) > time).toBe(true);
    expect((windows[0]?.end as number) >= slicing.nextEnd(last)).toBe(true);
  }

  it('slices are disjoint, and every window is a run of whole slices', () => {
    forSeeds(300, (random) => {
      const plan = randomWindow(random);
      if (plan.kind === 'global') return;
      for (let i = 0; i < 20; i++) checkSlices(assignerOf(plan), random.int(-200, 200));
    });
  });

  it.each([
    ['tumbling', tumbling(10, { offset: 3 })],
    ['sliding by a divisor', sliding(12, 4)],
    ['sliding by no divisor', sliding(10, 4, { offset: 1 })],
    ['sliding with gaps', sliding(4, 10)],
    ['sliding by its size', sliding(10, 10)],
    ['cumulative', cumulative(20, 5, { offset: 2 })],
  ])('slices at every time: %s', (_name, assigner) => {
    for (let time = -45; time <= 45; time++) checkSlices(assigner, time);
  });

  it('global: everything is in one', () => {
    const { slicing } = globalWindow();
    expect(globalWindow().assign(5, {})).toEqual([{ start: -Infinity, end: Infinity }]);
    expect([
      slicing?.sliceOf(3),
      slicing?.sliceEnd(-Infinity),
      slicing?.firstEnd(0),
      slicing?.lastEnd(0),
      slicing?.nextEnd(0),
      slicing?.endAt(5),
      slicing?.startOf(0),
    ]).toEqual([-Infinity, Infinity, Infinity, Infinity, Infinity, -Infinity, -Infinity]);
  });

  it('assigned: the window in the column, none where it is null', () => {
    interface Row {
      readonly w: { readonly start: number; readonly end: number } | null;
    }
    const assigner: Assigner<Row> = assigned<Row>('w');
    expect(assigner.assign(5, { w: { start: 0, end: 10 } })).toEqual([{ start: 0, end: 10 }]);
    expect(assigner.assign(5, { w: null })).toEqual([]);
    expect(assigner.assign(5, {} as Row)).toEqual([]);
    expect(assigner.describe()).toEqual({ window: 'assigned', column: 'w' });
  });

  it('custom: a window that does not begin before its end is refused for the row', () => {
    for (const window of [
      { start: 5, end: 5 },
      { start: 6, end: 5 },
      { start: NaN, end: 5 },
      { start: 0, end: NaN },
    ]) {
      expect(() => customWindows(() => [window]).assign(0, {})).toThrow(
        expect.objectContaining({ code: 'TIDEMARK_OPTION' }) as Error,
      );
    }
    expect(customWindows(() => [{ start: 5, end: 6 }], { by: 'me' }).describe()).toEqual({ window: 'custom', by: 'me' });
  });

  it('custom: by end, in whatever order they are given', () => {
    const windows = [20, 5, 10].map((end) => ({ start: 0, end }));
    expect(
      customWindows(() => windows)
        .assign(1, {})
        .map(({ end }) => end),
    ).toEqual([5, 10, 20]);
  });

  it('session: from the row on, one gap long; none without a gap', () => {
    expect(session(5).assign(3, {})).toEqual([{ start: 3, end: 8 }]);
    const gapped = (zeroGap?: 'merge'): Assigner<{ gap: number | null }> =>
      session<{ gap: number | null }>(({ gap }) => gap, zeroGap === undefined ? {} : { zeroGap });
    for (const gap of [null, NaN, -1, -0.5, 0, 0.9]) expect(gapped().assign(3, { gap })).toEqual([]);
    for (const gap of [null, NaN, -1, -0.5]) expect(gapped('merge').assign(3, { gap })).toEqual([]);
    for (const gap of [0, 0.9]) expect(gapped('merge').assign(3, { gap })).toEqual([{ start: 3, end: 3 }]);
    for (const merge of [undefined, 'merge'] as const)
      expect(gapped(merge).assign(3, { gap: 1.9 })).toEqual([{ start: 3, end: 4 }]);
  });

  it.each([
    ['a size of 0', () => tumbling(0)],
    ['a negative size', () => tumbling(-1)],
    ['an offset as great as the size', () => tumbling(10, { offset: 10 })],
    ['a negative offset as great as the size', () => tumbling(10, { offset: -10 })],
    ['a slide of 0', () => sliding(10, 0)],
    ['a sliding size of 0', () => sliding(0, 5)],
    ['an offset as great as the slide', () => sliding(10, 5, { offset: 5 })],
    ['a step that does not divide the maximum', () => cumulative(25, 10)],
    ['a step greater than the maximum', () => cumulative(5, 10)],
    ['a step of 0', () => cumulative(10, 0)],
    ['an offset as great as the step', () => cumulative(30, 10, { offset: 10 })],
    ['a gap of 0', () => session(0)],
    ['zeroGap with a fixed gap', () => session(5, { zeroGap: 'merge' })],
  ])('%s is refused at call', (_name, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }) as Error);
  });

  it('the limits are allowed', () => {
    expect(tumbling(1).assign(-1, {})).toEqual([{ start: -1, end: 0 }]);
    expect(tumbling(10, { offset: 9 }).assign(8, {})).toEqual([{ start: -1, end: 9 }]);
    expect(tumbling(10, { offset: -9 }).assign(0, {})).toEqual([{ start: -9, end: 1 }]);
    expect(cumulative(10, 10).assign(3, {})).toEqual([{ start: 0, end: 10 }]);
    expect(sliding(5, 5).assign(5, {})).toEqual([{ start: 5, end: 10 }]);
  });

  it('describe themselves as plain data', () => {
    expect(tumbling('1 hour', { offset: '5 minutes' }).describe()).toEqual({
      window: 'tumbling',
      size: '1 hour',
      offsetMs: 300_000,
    });
    expect(sliding('1 hour', '5 minutes').describe()).toEqual({
      window: 'sliding',
      size: '1 hour',
      slide: '5 minutes',
      offsetMs: 0,
    });
    expect(cumulative('1 day', '1 hour').describe()).toMatchObject({ window: 'cumulative', step: '1 hour' });
    expect(session('30 minutes').describe()).toEqual({ window: 'session', gap: '30 minutes' });
    expect(session(() => 5).describe()).toEqual({ window: 'session', gap: 'function' });
    expect(globalWindow().describe()).toEqual({ window: 'global' });
    const kinds = [tumbling(1), sliding(2, 1), cumulative(2, 1), session(1), globalWindow(), customWindows(() => [])].map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual(['tumbling', 'sliding', 'cumulative', 'session', 'global', 'custom']);
  });
});
