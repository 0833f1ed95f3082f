import { from, of, Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  agg,
  aggregate,
  cumulative,
  customWindows,
  events,
  flatMapRows,
  fromSignals,
  globalWindow,
  onClose,
  onTime,
  onUpdate,
  outcomes,
  rows,
  session,
  signals,
  sliding,
  tumbling,
  withWatermark,
  type Change,
  type Signal,
  type Window,
} from 'tidemark';
import { operatorHarness, weave, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly t: number;
  readonly k?: string;
  readonly v?: number;
}

/** An aggregate outside of a pipe, where nothing tells it the row type. */
function harnessOf<R>(options: object): OperatorHarness<Row, R> {
  return operatorHarness<Row, R, 'event', 'event'>(aggregate(options as never) as never);
}

describe('aggregate, as marbles', () => {
  const scheduler = (): TestScheduler => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  const row = (time: number, k = 'x'): { time: number; row: { k: string } } => ({ time, row: { k } });
  const values = { a: row(1), b: row(9), c: row(11), d: row(6), e: row(3), V: 5, T: 10, Y: 20 };

  it('[L41] one final row for each window, when the watermark passes its end; the late row is rejected', () => {
    scheduler().run(({ expectObservable }) => {
      const input = weave('-a-b---c-d-----e------|', '-----V-----T------Y', values);
      const expected = '   -----V-----(wT)e--(zY)|';
      const w = { window: { start: 0, end: 10 }, n: 3 };
      const z = { window: { start: 10, end: 20 }, n: 1 };
      const late = {
        kind: 'rejected',
        reason: 'late',
        time: 3,
        row: { k: 'x' },
        operator: 'aggregate-1',
        watermark: 10,
        detail: { windows: [{ start: 0, end: 10 }], behindMs: 0, missingDelayMs: 1 },
      } as const;
      const output = input.pipe(fromSignals(), aggregate({ window: tumbling(10), select: { n: agg.count() } }), signals());
      expectObservable(output).toBe(expected, {
        V: { kind: 'watermark', time: 5 },
        T: { kind: 'watermark', time: 10 },
        Y: { kind: 'watermark', time: 20 },
        w: { kind: 'event', time: 9, row: w },
        z: { kind: 'event', time: 19, row: z },
        e: late,
      });
    });
  });

  it('results go out before the watermark that releases them, in (end, key arrival) order', () => {
    scheduler().run(({ expectObservable }) => {
      const input = weave('-a-b-c-------|', '-------W', { a: row(15, 'b'), b: row(3, 'b'), c: row(4, 'a'), W: 20 });
      const shown = input.pipe(
        fromSignals(),
        aggregate({ key: 'k', window: tumbling(10), select: { n: agg.count() } }),
        signals(),
      );
      const event = (time: number, start: number, k: string): unknown => ({
        kind: 'event',
        time,
        row: { window: { start, end: start + 10 }, k, n: 1 },
      });
      expectObservable(shown).toBe('-------(xyzW)|', {
        x: event(9, 0, 'b'),
        y: event(9, 0, 'a'),
        z: event(19, 10, 'b'),
        W: { kind: 'watermark', time: 20 },
      });
    });
  });

  it('onUpdate every so often: what changed, once; and at once before the watermark passes the window', () => {
    scheduler().run(({ expectObservable }) => {
      const input = weave('-ab------c---------|', '------------T', { a: row(1), b: row(2), c: row(3), T: 10 });
      const changes = input.pipe(
        fromSignals(),
        aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: onUpdate({ every: 4 }) }),
        rows(),
      );
      const change = (n: number, index: number): unknown => ({
        op: 'upsert',
        key: [0],
        row: { window: { start: 0, end: 10 }, n },
        pane: { timing: 'early', index, isLast: false },
      });
      expectObservable(changes).toBe('-----x------y------|', { x: change(2, 0), y: change(3, 1) });
    });
  });

  it('unsubscribing stops the timer', () => {
    scheduler().run(({ expectObservable }) => {
      const input = weave('-a----------|', '', { a: row(1) });
      const changes = input.pipe(
        fromSignals(),
        aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: onUpdate({ every: 4 }) }),
        rows(),
      );
      expectObservable(changes, '^---!').toBe('-----');
    });
  });
});

describe('onUpdate({ every })', () => {
  const harness = (): OperatorHarness<Row, Change<{ window: Window; n: number; k: string }>> =>
    harnessOf({ key: 'k', window: tumbling(10), select: { n: agg.count<Row>() }, emit: onUpdate({ every: 100 }) });
  const said = (h: ReturnType<typeof harness>): string[] =>
    h.takeRows().map(({ row, pane }) => `${row.k}${row.window.start}=${row.n} ${pane.timing} ${pane.index}`);

  it('says only what changed, by end, and nothing when nothing did', () => {
    const h = harness();
    h.event(15, { t: 15, k: 'a' });
    h.event(1, { t: 1, k: 'b' });
    h.event(2, { t: 2, k: 'b' });
    h.advance(99);
    expect(said(h)).toEqual([]);
    h.advance(1);
    expect(said(h)).toEqual(['b0=2 early 0', 'a10=1 early 0']);
    h.advance(1000);
    expect(said(h)).toEqual([]);
    h.event(3, { t: 3, k: 'b' });
    h.advance(100);
    expect(said(h)).toEqual(['b0=3 early 1']);
  });

  it('a watermark lets out what it is about to pass, and only that', () => {
    const h = harness();
    h.event(1, { t: 1, k: 'a' });
    h.event(11, { t: 11, k: 'a' });
    h.watermark(9);
    expect(said(h)).toEqual([]);
    h.watermark(10);
    expect(said(h)).toEqual(['a0=1 early 0']);
    h.advance(100);
    expect(said(h)).toEqual(['a10=1 early 0']);
  });

  it('a correction behind emit is late, and goes out before drop passes the window', () => {
    const h = harness();
    h.watermark(12, 2);
    h.event(5, { t: 5, k: 'a' });
    h.watermark(13, 3);
    expect(said(h)).toEqual(['a0=1 late 0']);
    h.event(5, { t: 5, k: 'a' });
    h.watermark(30, 20);
    expect(said(h)).toEqual(['a0=2 late 1']);
  });

  it('what waits is not lost by a restore, also when no further row comes', () => {
    const h = harness();
    h.event(1, { t: 1, k: 'a' });
    h.restore(h.snapshot());
    h.advance(100);
    expect(said(h)).toEqual(['a0=1 early 0']);
    h.event(2, { t: 2, k: 'a' });
    h.restore(h.snapshot());
    h.watermark(10);
    expect(said(h)).toEqual(['a0=2 early 1']);
  });

  it('without a window, too; and the end says what still waits', () => {
    const build = (): OperatorHarness<Row, Change<{ n: number; k: string }>> =>
      harnessOf({ key: 'k', select: { n: agg.count<Row>() }, emit: onUpdate({ every: 100 }) });
    const h = build();
    h.event(1, { t: 1, k: 'a' });
    h.event(2, { t: 2, k: 'a' });
    h.event(3, { t: 3, k: 'b' });
    h.watermark(50);
    expect(h.takeRows()).toEqual([]);
    h.advance(100);
    expect(h.takeRows().map(({ row }) => `${row.k}${row.n}`)).toEqual(['a2', 'b1']);
    h.event(4, { t: 4, k: 'b' });
    h.restore(h.snapshot());
    h.advance(100);
    expect(h.takeRows().map(({ row, pane }) => `${row.k}${row.n} ${pane.index}`)).toEqual(['b2 1']);
    h.event(5, { t: 5, k: 'b' });
    h.watermark(Infinity);
    expect(h.takeRows().map(({ row }) => `${row.k}${row.n}`)).toEqual(['b3']);
    h.event(6, { t: 6, k: 'a' });
    h.end();
    expect(h.takeRows().map(({ row }) => `${row.k}${row.n}`)).toEqual(['a3']);
  });

  it('does not leave a trace of each tick in the subscription', () => {
    const h = harness();
    for (let i = 0; i < 500; i++) {
      h.event(1, { t: 1, k: 'a' });
      h.advance(100);
    }
    expect(h.takeRows()).toHaveLength(500);
    const { _finalizers: teardowns } = (h as unknown as { lifetime: { _finalizers: readonly unknown[] | null } }).lifetime;
    expect(teardowns?.length ?? 0).toBeLessThan(10);
  });
});

describe('without a window', () => {
  it('[L6] groups run for ever: nothing is late, every row speaks, pane by pane', () => {
    const h = harnessOf<Change<{ n: number; k: string }>>({ key: 'k', select: { n: agg.count<Row>() } });
    h.event(5, { t: 5, k: 'a' });
    h.watermark(100);
    h.event(1, { t: 1, k: 'a' });
    h.event(2, { t: 2, k: 'b' });
    expect(h.take().filter(({ kind }) => kind === 'event')).toEqual([
      {
        kind: 'event',
        time: 5,
        row: { op: 'upsert', key: ['a'], row: { k: 'a', n: 1 }, pane: { timing: 'early', index: 0, isLast: false } },
      },
      {
        kind: 'event',
        time: 1,
        row: { op: 'upsert', key: ['a'], row: { k: 'a', n: 2 }, pane: { timing: 'early', index: 1, isLast: false } },
      },
      {
        kind: 'event',
        time: 2,
        row: { op: 'upsert', key: ['b'], row: { k: 'b', n: 1 }, pane: { timing: 'early', index: 0, isLast: false } },
      },
    ]);
    expect(h.tally).toMatchObject({ in: 3, absorbed: 3, outputs: 3 });
    expect(h.state).toEqual({ meta: 1, groups: 2, pending: 0 });
  });

  it('[L5] [L6] word count: explode keeps empty words, groupBy counts', () => {
    const table = new Map<string, number>();
    events(of({ value: 'to be or' }, { value: 'not  to be' }, { value: '' }))
      .pipe(
        flatMapRows((line) => line.value.split(' ').map((word) => ({ word }))),
        aggregate({ key: 'word', select: { count: agg.count() } }),
        rows(),
      )
      .subscribe(({ row }) => table.set(row.word, row.count));
    expect(Object.fromEntries(table)).toEqual({ to: 2, be: 2, or: 1, not: 1, '': 2 });
  });

  it('onTime is refused, and onClose where nothing in the key is ever over', () => {
    const refused = expect.objectContaining({ code: 'TIDEMARK_OPTION' }) as Error;
    expect(() => aggregate({ select: { n: agg.count() }, emit: onTime() } as never)).toThrow(refused);
    const rows$ = of({ t: 1, k: 'a' }).pipe(withWatermark('t', 0));
    for (const key of [[], ['k']] as never[]) {
      expect(() => rows$.pipe(aggregate({ key, select: { n: agg.count() }, emit: onClose() }))).toThrow(refused);
    }
    expect(() => rows$.pipe(aggregate({ key: ['t', 'k'], select: { n: agg.count() }, emit: onClose() }))).not.toThrow();
    expect(() => aggregate({ select: { n: agg.count() }, emit: onUpdate() } as never)).not.toThrow();
  });
});

describe('[D31] result rows', () => {
  it('are flat: window, key columns, then the columns of select under their names', () => {
    const input = from([
      { t: 1, a: 'x', b: 2, v: 5 },
      { t: 2, a: 'x', b: 2, v: 7 },
    ]).pipe(withWatermark('t', 0));
    const select = { video_count: agg.count(), total_views: agg.sum<{ v: number }>('v') };
    const window = tumbling(10);
    const got: unknown[] = [];
    const keep = (row: unknown): void => void got.push(row);
    input.pipe(aggregate({ window, select }), rows()).subscribe(keep);
    input.pipe(aggregate({ key: 'a', window, select }), rows()).subscribe(keep);
    input.pipe(aggregate({ key: ['b', 'a'], window, select }), rows()).subscribe(keep);
    input.pipe(aggregate({ key: (r) => r.v % 2 === 1, window, select }), rows()).subscribe(keep);
    input.pipe(aggregate({ key: { big: (r) => r.v > 6, a: 'a' }, window, select }), rows()).subscribe(keep);
    const w = { start: 0, end: 10 };
    expect(got).toEqual([
      { window: w, video_count: 2, total_views: 12 },
      { window: w, a: 'x', video_count: 2, total_views: 12 },
      { window: w, b: 2, a: 'x', video_count: 2, total_views: 12 },
      { window: w, key: true, video_count: 2, total_views: 12 },
      { window: w, big: false, a: 'x', video_count: 1, total_views: 5 },
      { window: w, big: true, a: 'x', video_count: 1, total_views: 7 },
    ]);
    expect(Object.keys(got[2] as object)).toEqual(['window', 'b', 'a', 'video_count', 'total_views']);
    expect(Object.keys(got[1] as object)).toEqual(['window', 'a', 'video_count', 'total_views']);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 12])('with %i columns', (n) => {
    for (const key of [undefined, 'k', ['k', 't']] as const) {
      const select = Object.fromEntries(
        Array.from({ length: n }, (_, i) => [`c${i}`, agg.sum<Row>((r) => (r.v ?? 0) * (i + 1))]),
      );
      const h = harnessOf<Record<string, unknown>>({ ...(key === undefined ? {} : { key }), window: tumbling(10), select });
      h.event(1, { t: 1, k: 'a', v: 3 });
      h.watermark(10);
      const [row] = h.takeRows();
      const columns = key === undefined ? {} : key === 'k' ? { k: 'a' } : { k: 'a', t: 1 };
      const sums = Object.fromEntries(Array.from({ length: n }, (_, i) => [`c${i}`, 3 * (i + 1)]));
      expect(row).toEqual({ window: { start: 0, end: 10 }, ...columns, ...sums });
    }
  });

  it('many differently shaped plans do not mix up their columns', () => {
    for (let plan = 0; plan < 80; plan++) {
      const sums = Array.from({ length: 1 + (Math.floor(plan / 4) % 6) }, (_, i) => [`c${plan}-${i}`, i + 1] as const);
      const select = Object.fromEntries(sums.map(([name, by]) => [name, agg.sum<Row>((r) => (r.v ?? 0) * by)]));
      const columns = Object.fromEntries(sums.map(([name, by]) => [name, plan * by]));
      const said = (window: ReturnType<typeof tumbling>): unknown[] => {
        const h = harnessOf({ key: 'k', window, select });
        h.event(1, { t: 1, k: 'a', v: plan });
        h.watermark(10);
        const said = h.takeRows();
        for (const row of said) expect(Object.keys(row as object)).toEqual(['window', 'k', ...Object.keys(columns)]);
        return said;
      };
      const [k, end] = ['a', 10];
      expect(said(tumbling(10))).toEqual([{ window: { start: 0, end }, k, ...columns }]);
      // The same figures for the second window: they are not read twice.
      expect(said(sliding(10, 5))).toEqual([
        { window: { start: -5, end: 5 }, k, ...columns },
        { window: { start: 0, end }, k, ...columns },
      ]);
    }
  });

  it('a name that is there twice is refused at call', () => {
    const clash = expect.objectContaining({ code: 'TIDEMARK_NAME_CLASH' }) as Error;
    const window = tumbling(10);
    expect(() => aggregate({ key: 'k', window, select: { k: agg.count() } } as never)).toThrow(clash);
    expect(() => aggregate({ window, select: { window: agg.count() } } as never)).toThrow(clash);
    expect(() => aggregate({ key: ['k', 'k'], window, select: { n: agg.count() } } as never)).toThrow(clash);
    expect(() => aggregate({ key: 'window', window, select: { n: agg.count() } } as never)).toThrow(clash);
    expect(() => aggregate({ key: 'window', select: { n: agg.count() } } as never)).not.toThrow();
    expect(() => aggregate({ window, select: {} } as never)).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_OPTION' }) as Error,
    );
  });

  it('the key values come back as they were: dates, null, text that looks like a number', () => {
    const keys: unknown[] = [new Date(5), null, '1', 1, true, 1n, NaN, '', '\0x', [1, 'a'], { b: 2, a: 1 }];
    for (const window of [tumbling(10), sliding(10, 5), session(5), customWindows(() => [{ start: 0, end: 10 }])]) {
      const h = harnessOf<{ k: unknown; n: number }>({ key: 'k', window, select: { n: agg.count<Row>() } });
      for (const k of [...keys, ...keys]) h.event(6, { t: 6, k: k as never });
      h.watermark(Infinity);
      const got = h.takeRows().slice(0, keys.length);
      expect(got.map(({ k }) => k)).toEqual(keys);
      expect(got.map(({ n }) => n)).toEqual(keys.map(() => 2));
    }
    const h = harnessOf<{ k: unknown }>({ key: 'k', window: tumbling(10), select: { n: agg.count<Row>() } });
    h.event(1, { t: 1 });
    h.event(1, { t: 1, k: null as never });
    h.watermark(10);
    expect(h.takeRows()).toEqual([{ window: { start: 0, end: 10 }, k: null, n: 2 }]);
  });
});

describe('what is over leaves the state', () => {
  it('a key whose last session is final is kept for one gap, to tell what overlaps it, and then let go', () => {
    const h = harnessOf({ key: 'k', window: session(5), select: { n: agg.count<Row>() } });
    h.event(1, { t: 1, k: 'a' });
    h.event(2, { t: 2, k: 'b' });
    h.watermark(7);
    expect(h.state).toMatchObject({ sessions: 0, closed: 2 });
    h.watermark(12);
    h.event(13, { t: 13, k: 'b' });
    h.watermark(13);
    expect(h.state).toMatchObject({ sessions: 1, closed: 1 });
    h.watermark(40);
    h.watermark(60);
    expect(h.state).toMatchObject({ sessions: 0, closed: 0 });
  });

  it.each([
    ['tumbling', tumbling(10)],
    ['sliding', sliding(10, 5)],
    ['cumulative', cumulative(10, 5)],
    ['custom', customWindows((t) => [{ start: Math.floor(t / 10) * 10, end: Math.floor(t / 10) * 10 + 10 }])],
    ['session', session(2)],
  ])('%s windows are said once by onTime, corrected while they may be, and then nothing of them is left', (kind, window) => {
    const h = harnessOf<Change<{ n: number }>>({ key: 'k', window, select: { n: agg.count<Row>() }, emit: onTime() });
    h.event(7, { t: 7, k: 'a' });
    h.watermark(10, 0);
    const first = h.takeRows().filter(({ pane }) => pane.timing === 'onTime').length;
    expect(first).toBeGreaterThan(0);
    h.watermark(20, 1);
    h.watermark(30, 2);
    const later = h.takeRows();
    expect(later.every(({ pane }) => pane.timing === 'onTime' && pane.index === 0)).toBe(true);
    expect(h.tally.held).toBe(1);
    h.event(7, { t: 7, k: 'a' });
    const corrected = h.takeRows();
    expect(corrected).toHaveLength(first + later.length);
    expect(corrected.every(({ row, pane }) => row.n === 2 && pane.timing === 'late' && pane.index === 1)).toBe(true);
    h.watermark(60, 60);
    expect(h.takeRows()).toEqual([]);
    expect(h.tally).toMatchObject({ held: 0, absorbed: 2 });
    expect(h.state).toMatchObject({ [kind === 'session' ? 'sessions' : 'cells']: 0, firings: 0 });
    expect(h.report).toMatchObject({ openWindows: 0 });
  });
});

describe('changes', () => {
  it('cumulative windows share their start, so their change key is the end', () => {
    const h = harnessOf<Change<{ window: Window; n: number }>>({
      window: cumulative(30, 10),
      select: { n: agg.count<Row>() },
      emit: onUpdate(),
    });
    h.event(1, { t: 1 });
    expect(h.takeRows().map(({ key }) => key)).toEqual([[10], [20], [30]]);
  });

  it('windows of a custom rule that share a start are told apart by their change key', () => {
    for (const emit of [onTime(), onUpdate()]) {
      const window = customWindows(() => [
        { start: 0, end: 10 },
        { start: 0, end: 20 },
      ]);
      const h = harnessOf<Change<{ window: Window; n: number }>>({ window, select: { n: agg.count<Row>() }, emit });
      h.event(1, { t: 1 });
      h.watermark(Infinity);
      const changes = h.takeRows();
      expect(changes.map(({ row }) => row.window.end)).toEqual([10, 20]);
      expect(changes.map(({ pane }) => pane.index)).toEqual([0, 0]);
      expect(JSON.stringify(changes[0]?.key)).not.toBe(JSON.stringify(changes[1]?.key));
    }
  });

  it('the change key is the start, then the key columns', () => {
    const h = harnessOf<Change<{ window: Window; n: number }>>({
      key: ['k', 'v'],
      window: sliding(10, 5),
      select: { n: agg.count<Row>() },
      emit: onUpdate(),
    });
    h.event(7, { t: 7, k: 'a', v: 3 });
    expect(h.takeRows().map(({ key, op }) => [op, key])).toEqual([
      ['upsert', [0, 'a', 3]],
      ['upsert', [5, 'a', 3]],
    ]);
  });

  it('a session that an earlier row makes begin earlier: delete, then upsert, at its moment', () => {
    const h = harnessOf<Change<{ window: Window; n?: number; k: string }>>({
      key: 'k',
      window: session(10),
      select: { n: agg.count<Row>() },
      emit: onUpdate(),
    });
    h.event(10, { t: 10, k: 'a' });
    h.event(30, { t: 30, k: 'a' });
    h.event(20, { t: 20, k: 'a' });
    h.event(5, { t: 5, k: 'a' });
    expect(
      h.takeRows().map(({ op, key, row }) => `${op} ${key.join()} ${row.window.start}-${row.window.end} ${row.k} ${row.n}`),
    ).toEqual([
      'upsert 10,a 10-20 a 1',
      'upsert 30,a 30-40 a 1',
      'delete 30,a 30-40 a undefined',
      'upsert 10,a 10-40 a 3',
      'delete 10,a 10-40 a undefined',
      'upsert 5,a 5-40 a 4',
    ]);
  });
});

describe('[D59] [D60] velocity', () => {
  interface Speed {
    readonly window: Window;
    readonly k: string;
    readonly speed: number | null;
  }
  const options = (window: unknown, more: object = {}): object => ({
    key: 'k',
    window,
    select: { n: agg.sum<Row>('v'), speed: agg.velocity(agg.sum<Row>('v'), more) },
  });
  const feed = (h: OperatorHarness<Row, unknown>, ...input: readonly (readonly [t: number, v: number, k?: string])[]): void => {
    for (const [t, v, k = 'a'] of input) h.event(t, { t, k, v });
  };
  const speeds = (h: OperatorHarness<Row, Speed>): unknown[] => h.takeRows().map((row) => [row.k, row.window.start, row.speed]);

  it('(cur - prev) / prev; null in the first window, behind a gap, and where prev is 0', () => {
    const h = harnessOf<Speed>(options(tumbling(10)));
    feed(h, [1, 100], [11, 150], [21, 0], [31, 5], [51, 10], [61, 20]);
    h.watermark(Infinity);
    expect(speeds(h)).toEqual([
      ['a', 0, null],
      ['a', 10, 0.5],
      ['a', 20, -1],
      ['a', 30, null],
      ['a', 50, null],
      ['a', 60, 1],
    ]);
  });

  it('compares within a key, whatever the watermark steps', () => {
    for (const steps of [[1000], [10, 20, 30, 1000], [9, 10, 11, 15, 19, 20, 25, 1000]]) {
      const h = harnessOf<Speed>(options(tumbling(10)));
      feed(h, [1, 10, 'a'], [2, 20, 'b'], [12, 40, 'b'], [13, 5, 'a'], [21, 10, 'a']);
      for (const w of steps) h.watermark(w);
      expect(speeds(h)).toEqual([
        ['a', 0, null],
        ['b', 0, null],
        ['b', 10, 1],
        ['a', 10, -0.5],
        ['a', 20, 1],
      ]);
    }
  });

  it('maxGap: how far apart they may be', () => {
    for (const steps of [[1000], [10, 15, 20, 25, 30, 35, 40, 1000]]) {
      const within = harnessOf<Speed>(options(tumbling(10), { maxGap: 20 }));
      feed(within, [1, 10], [31, 20]);
      for (const w of steps) within.watermark(w);
      expect(speeds(within)).toEqual([
        ['a', 0, null],
        ['a', 30, 1],
      ]);
      const beyond = harnessOf<Speed>(options(tumbling(10), { maxGap: 19 }));
      feed(beyond, [1, 10], [31, 20]);
      for (const w of steps) beyond.watermark(w);
      expect(speeds(beyond)).toEqual([
        ['a', 0, null],
        ['a', 30, null],
      ]);
    }
  });

  it('sliding windows compare with the window one slide before', () => {
    const h = harnessOf<Speed>(options(sliding(20, 10)));
    feed(h, [5, 10], [15, 30], [25, 10]);
    h.watermark(Infinity);
    expect(speeds(h)).toEqual([
      ['a', -10, null],
      ['a', 0, 3],
      ['a', 10, 0],
      ['a', 20, -0.75],
    ]);
  });

  it.each([
    ['custom', customWindows((t) => [{ start: Math.floor(t / 10) * 10, end: Math.floor(t / 10) * 10 + 10 }])],
    ['tumbling', tumbling(10)],
  ])('%s windows that touch are adjacent, also when a watermark falls between their ends', (_name, window) => {
    for (const steps of [[100], [10, 20, 100], [10, 13, 15, 19, 20, 100]]) {
      const h = harnessOf<Speed>(options(window));
      feed(h, [1, 10], [11, 30]);
      for (const w of steps) h.watermark(w);
      expect(speeds(h), `W ${steps.join()}`).toEqual([
        ['a', 0, null],
        ['a', 10, 2],
      ]);
    }
  });

  it('sessions within maxGap, also when a watermark falls between their ends', () => {
    for (const steps of [[100], [15, 20, 25, 30, 40, 100]]) {
      const h = harnessOf<Speed>(options(session(10), { maxGap: 8 }));
      feed(h, [1, 10], [19, 30], [60, 5]);
      for (const w of steps) h.watermark(w);
      expect(speeds(h), `W ${steps.join()}`).toEqual([
        ['a', 1, null],
        ['a', 19, 2],
        ['a', 60, null],
      ]);
    }
  });

  it('a correction to the previous window says this one again', () => {
    const h = harnessOf<Change<Speed>>({ ...options(tumbling(10)), emit: onTime() });
    feed(h, [1, 10], [11, 30]);
    h.watermark(20, 5);
    expect(h.takeRows().map(({ row, pane }) => [row.window.start, row.speed, pane.timing])).toEqual([
      [0, null, 'onTime'],
      [10, 2, 'onTime'],
    ]);
    feed(h, [2, 20]);
    expect(h.takeRows().map(({ row, pane }) => [row.window.start, row.speed, pane.timing, pane.index])).toEqual([
      [0, null, 'late', 1],
      [10, 0, 'late', 1],
    ]);
    feed(h, [12, 30]);
    expect(h.takeRows().map(({ row }) => [row.window.start, row.speed])).toEqual([[10, 1]]);
    h.watermark(30, 10);
    feed(h, [3, 5]);
    expect(h.takeRejected().map(({ reason }) => reason)).toEqual(['late']);
  });

  it('in update mode the next window follows every row', () => {
    const h = harnessOf<Change<Speed>>({ ...options(tumbling(10)), emit: onUpdate() });
    feed(h, [1, 10], [11, 30], [2, 20]);
    expect(h.takeRows().map(({ row }) => [row.window.start, row.speed])).toEqual([
      [0, null],
      [10, 2],
      [0, null],
      [10, 0],
    ]);
  });

  it('remembers one window for each key, and forgets it', () => {
    const h = harnessOf<Speed>(options(tumbling(10)));
    for (let t = 0; t < 1000; t += 10) {
      feed(h, [t, 1, `k${t}`]);
      h.watermark(t);
    }
    h.watermark(1010);
    expect(h.state['previous']).toBeLessThan(5);
    h.watermark(2000);
    expect(h.state['previous']).toBe(0);
  });
});

/** The brief's record. */
interface Video {
  readonly t: number;
  readonly video_id: string;
  readonly channel_id: string;
  readonly view_count: number | null;
  readonly like_count: number | null;
  readonly comment_count: number | null;
  readonly engagement_score: number | null;
  readonly duration_seconds: number | null;
}

describe('[D4] the columns of the brief in one query, against plain recomputation', () => {
  const count = 240;
  const videos: readonly Video[] = Array.from({ length: count }, (_, i) => ({
    t: (i * 7919) % 7_200_000,
    video_id: `v${(i * 13) % 50}`,
    channel_id: `c${(i * 7) % 9}`,
    view_count: i % 17 === 0 ? null : i % 23 === 0 ? 100_000 : i % 29 === 0 ? 100_001 : (i * 1009) % 250_000,
    like_count: i % 11 === 0 ? null : (i * 31) % 500,
    comment_count: i % 13 === 0 ? null : (i * 17) % 90,
    engagement_score: i % 19 === 0 ? null : ((i * 37) % 100) / 8,
    duration_seconds: i % 5 === 0 ? null : (i * 3) % 600,
  }));
  const numbers = (
    of: readonly Video[],
    column: 'view_count' | 'like_count' | 'comment_count' | 'engagement_score' | 'duration_seconds',
  ): number[] => of.flatMap((video) => (video[column] === null ? [] : [video[column]]));
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const mean = (values: readonly number[]): number => sum(values) / values.length;
  const corr = (pairs: readonly (readonly [number, number])[]): number => {
    const [mx, my] = [mean(pairs.map(([x]) => x)), mean(pairs.map(([, y]) => y))];
    const [sxy, sxx, syy] = [
      sum(pairs.map(([x, y]) => (x - mx) * (y - my))),
      sum(pairs.map(([x]) => (x - mx) ** 2)),
      sum(pairs.map(([, y]) => (y - my) ** 2)),
    ];
    return sxy / Math.sqrt(sxx * syy);
  };
  const pairs = (of: readonly Video[], other: 'like_count' | 'comment_count'): [number, number][] =>
    of.flatMap(({ view_count: x, [other]: y }) => (x === null || y === null ? [] : [[x, y] as [number, number]]));

  const select = {
    video_count: agg.count<Video>('video_id'),
    unique_videos: agg.countDistinct<Video>('video_id'),
    unique_channels: agg.countDistinct<Video>('channel_id'),
    total_views: agg.sum<Video>('view_count'),
    avg_views: agg.avg<Video>('view_count'),
    max_views: agg.max<Video>('view_count'),
    total_likes: agg.sum<Video>('like_count'),
    total_comments: agg.sum<Video>('comment_count'),
    engagement_rate: agg.avg<Video>('engagement_score'),
    avg_duration: agg.avg<Video>('duration_seconds'),
    trending_videos: agg.count<Video>('video_id', { where: (v) => v.view_count !== null && v.view_count > 100_000 }),
    p: agg.percentileApprox<Video, number[]>('view_count', [0.9, 0.95, 0.99]),
    views_likes: agg.corr<Video>('view_count', 'like_count'),
    views_comments: agg.corr<Video>('view_count', 'comment_count'),
  };

  type Answer = { readonly [C in keyof typeof select]: number | null | readonly number[] } & { readonly window: Window };
  const answers: Answer[] = [];
  from(videos)
    .pipe(withWatermark('t', '3 hours'), aggregate({ window: sliding('1 hour', '5 minutes'), select }), rows())
    .subscribe((row) => answers.push(row as unknown as Answer));
  const inside = ({ start, end }: Window): Video[] => videos.filter(({ t }) => start <= t && t < end);

  const wanted: Readonly<Record<string, readonly [column: keyof typeof select, of: (videos: readonly Video[]) => number]>> = {
    '[D48] video_count': ['video_count', (v) => v.length],
    '[D49] unique_videos': ['unique_videos', (v) => new Set(v.map(({ video_id }) => video_id)).size],
    '[D50] unique_channels': ['unique_channels', (v) => new Set(v.map(({ channel_id }) => channel_id)).size],
    '[D51] total_views': ['total_views', (v) => sum(numbers(v, 'view_count'))],
    '[D52] avg_views': ['avg_views', (v) => mean(numbers(v, 'view_count'))],
    '[D53] max_views': ['max_views', (v) => Math.max(...numbers(v, 'view_count'))],
    '[D54] total_likes': ['total_likes', (v) => sum(numbers(v, 'like_count'))],
    '[D55] total_comments': ['total_comments', (v) => sum(numbers(v, 'comment_count'))],
    '[D56] engagement_rate': ['engagement_rate', (v) => mean(numbers(v, 'engagement_score'))],
    '[D57] avg_duration': ['avg_duration', (v) => mean(numbers(v, 'duration_seconds'))],
    '[D58] trending_videos: above 100000, not at it': [
      'trending_videos',
      (v) => v.filter(({ view_count: n }) => n !== null && n > 100_000).length,
    ],
    '[D62] views_likes_correlation': ['views_likes', (v) => corr(pairs(v, 'like_count'))],
    '[D63] views_comments_correlation': ['views_comments', (v) => corr(pairs(v, 'comment_count'))],
  };

  it('has every window that has rows', () => {
    const starts = new Set(
      videos.flatMap(({ t }) => Array.from({ length: 12 }, (_, i) => (Math.floor(t / 300_000) - i) * 300_000)),
    );
    expect(answers.map(({ window }) => window.start)).toEqual([...starts].sort((a, b) => a - b));
    expect(
      videos.some(({ view_count }) => view_count === 100_000) && videos.some(({ view_count }) => view_count === 100_001),
    ).toBe(true);
  });

  it.each(Object.entries(wanted))('%s', (_name, [column, of]) => {
    for (const row of answers) {
      const videosOf = inside(row.window);
      const want = of(videosOf);
      const got = row[column];
      if (Number.isFinite(want))
        expect(Math.abs((got as number) - want) <= 1e-9 * Math.max(1, Math.abs(want)), `${column} ${String(got)} ${want}`).toBe(
          true,
        );
      else expect(got).toBeNull();
    }
  });

  it('[D61] view_percentile_90/95/99 from one sketch', () => {
    for (const { window, p } of answers) {
      const sorted = numbers(inside(window), 'view_count').sort((a, b) => a - b);
      if (sorted.length === 0) expect(p).toBeNull();
      else expect(p).toEqual([0.9, 0.95, 0.99].map((q) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]));
    }
  });

  it('[P1.2] per page: views, unique users, the most popular action (count desc, then name)', () => {
    const clicks = Array.from({ length: 60 }, (_, i) => ({
      t: i * 11_000,
      page: `/p${i % 3}`,
      user: `u${(i * 5) % 7}`,
      action: ['view', 'click', 'buy'][(i * i) % 3]!,
    }));
    const got: unknown[] = [];
    from(clicks)
      .pipe(
        withWatermark('t', '2 minutes'),
        aggregate({
          key: 'page',
          window: tumbling('5 minutes'),
          select: { views: agg.count(), users: agg.countDistinct('user'), action: agg.mode('action') },
        }),
        rows(),
      )
      .subscribe(({ window, page, views, users, action }) => got.push([window.start, page, views, users, action]));
    const want: unknown[] = [];
    for (const start of [0, 300_000, 600_000]) {
      const inWindow = clicks.filter(({ t }) => start <= t && t < start + 300_000);
      for (const page of new Set(inWindow.map((c) => c.page))) {
        const mine = inWindow.filter((c) => c.page === page);
        const counts = new Map<string, number>();
        for (const { action } of mine) counts.set(action, (counts.get(action) ?? 0) + 1);
        const [best] = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
        want.push([start, page, mine.length, new Set(mine.map((c) => c.user)).size, best?.[0]]);
      }
    }
    expect(got).toEqual(want);
  });
});

describe('subscriptions and plans', () => {
  it('each subscription has its own state', () => {
    const source = new Subject<Row>();
    const stream = source.pipe(withWatermark('t', 0), aggregate({ window: globalWindow(), select: { n: agg.count() } }), rows());
    const [first, second]: number[][] = [[], []];
    stream.subscribe(({ n }) => first?.push(n));
    source.next({ t: 1 });
    stream.subscribe(({ n }) => second?.push(n));
    source.next({ t: 2 });
    source.complete();
    expect([first, second]).toEqual([[2], [1]]);
  });

  it('describe() names key, window, policy and aggregates as plain data', () => {
    const stream = of({ t: 1, k: 'a', v: 1 }).pipe(
      withWatermark('t', 0),
      aggregate({
        id: 'hourly',
        key: 'k',
        window: sliding('1 hour', '5 minutes'),
        select: { total: agg.sum('v') },
        emit: onTime(),
      }),
    );
    const { plan, traits } = (stream as unknown as Record<symbol, { plan: { description: object }; traits: object }>)[
      Symbol.for('tidemark/1')
    ]!;
    expect(plan).toMatchObject({
      id: 'hourly',
      type: 'aggregate',
      stateful: true,
      description: {
        key: ['k'],
        window: 'sliding',
        size: '1 hour',
        slide: '5 minutes',
        offsetMs: 0,
        emit: 'onTime',
        select: { total: { fn: 'sum', version: 1, column: 'v' } },
      },
    });
    expect(traits).toMatchObject({ kind: 'change', ties: 'ordered', finality: 'window', windowColumns: ['window'] });
    expect(traits).not.toHaveProperty('timeColumn');
    expect(structuredClone(plan)).toEqual(plan);
  });

  it('the traits of its results', () => {
    const timed = of({ t: 1 }).pipe(withWatermark('t', 5));
    const traitsOf = (stream: object): unknown =>
      (stream as Record<symbol, { traits: unknown }>)[Symbol.for('tidemark/1')]!.traits;
    expect(traitsOf(timed.pipe(aggregate({ window: tumbling(10), select: { n: agg.count() } })))).toMatchObject({
      kind: 'event',
      ties: 'ordered',
      delayMs: 5,
      windowColumns: ['window'],
    });
    expect(traitsOf(timed.pipe(aggregate({ window: tumbling(10), select: { n: agg.count() } })))).not.toHaveProperty('finality');
    expect(traitsOf(timed.pipe(aggregate({ select: { n: agg.count() } })))).toMatchObject({
      kind: 'change',
      ties: 'ordered',
      finality: 'end',
      windowColumns: [],
    });
  });

  it('wants a no-data batch only when the watermark would move on', () => {
    const signalsOf: readonly Signal<Row>[] = [
      { kind: 'event', time: 1, row: { t: 1 } },
      { kind: 'watermark', time: 5 },
    ];
    const h = harnessOf({ window: tumbling(10), select: { n: agg.count<Row>() } });
    signalsOf.forEach((signal) => h.signal(signal));
    const stage = (h as unknown as { stages: readonly { processor: { wantsBatch?(w: number, now: number): boolean } }[] })
      .stages[0]!;
    expect(stage.processor.wantsBatch?.(5, 0)).toBe(false);
    expect(stage.processor.wantsBatch?.(6, 0)).toBe(true);
  });

  it('outcomes keep rows and rejections in order', () => {
    const out: string[] = [];
    of(...[5, 25, 3, 30].map((t) => ({ t })))
      .pipe(withWatermark('t', 0), aggregate({ window: tumbling(10), select: { n: agg.count() } }), outcomes())
      .subscribe((o) => out.push(o.kind === 'row' ? `${o.row.window.start}` : o.reason));
    expect(out).toEqual(['0', 'late', '20', '30']);
  });
});
