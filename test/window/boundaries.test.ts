import { from, map, of, type Observable } from 'rxjs';
import {
  agg,
  aggregate,
  cumulative,
  customWindows,
  fromSignals,
  globalWindow,
  monotonous,
  onTime,
  onUpdate,
  outcomes,
  rows,
  session,
  sliding,
  tumbling,
  withWatermark,
  type Assigner,
  type Change,
  type Element,
  type Outcome,
  type Signal,
  type WatermarkStrategy,
  type Window,
} from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly t: number;
  readonly k?: string;
  readonly gap?: number | string | null;
}

interface Result {
  readonly window: Window;
  readonly n: number;
}

function harnessOf(window: Assigner<Row>, emit?: ReturnType<typeof onTime>): OperatorHarness<Row, Result> {
  const options = { window, select: { n: agg.count<Row>() } };
  return operatorHarness<Row, Result, 'event', 'event'>(
    aggregate((emit === undefined ? options : { ...options, emit }) as never) as never,
  );
}

/** Rows as `[start,end)=n`, watermarks as `W t`, rejections as `reason t`. */
function said(harness: OperatorHarness<Row, Result>): string[] {
  return harness.take().map((signal) => {
    if (signal.kind === 'event') {
      const { window, n } = signal.row;
      return `[${window.start},${window.end})${window.overlapsClosed === true ? '!' : ''}=${n}@${signal.time}`;
    }
    if (signal.kind === 'watermark') return `W ${signal.time}`;
    return signal.kind === 'rejected' ? `${signal.reason} ${signal.time}` : signal.kind;
  });
}

/** Plays rows (numbers) and watermarks ('W5'). */
function play(window: Assigner<Row>, ...steps: (number | `W${number}` | `W${number}/${number}` | Row)[]): string[] {
  const harness = harnessOf(window);
  const log: string[] = [];
  for (const step of steps) {
    if (typeof step === 'string') {
      const [emit, drop = emit] = step.slice(1).split('/').map(Number) as [number, number | undefined];
      harness.watermark(emit, drop);
    } else if (typeof step === 'number') harness.event(step, { t: step });
    else harness.event(step.t, step);
    log.push(...said(harness).filter((line) => !line.startsWith('W')));
  }
  return log;
}

describe('[D28] tumbling windows', () => {
  it('are half-open and aligned to the epoch in UTC: a row on the boundary belongs to the later one', () => {
    expect(play(tumbling(10), 0, 9, 10, 'W100')).toEqual(['[0,10)=2@9', '[10,20)=1@19']);
  });

  it('close iff end <= W', () => {
    expect(play(tumbling(10), 0, 'W9')).toEqual([]);
    expect(play(tumbling(10), 0, 'W10')).toEqual(['[0,10)=1@9']);
  });

  it('floor negative times', () => {
    expect(play(tumbling(10), -1, -10, -11, 'W100')).toEqual(['[-20,-10)=1@-11', '[-10,0)=2@-1']);
    expect(play(tumbling('1 hour'), -1, 'W0')).toEqual(['[-3600000,0)=1@-1']);
  });

  it('may be moved by an offset in either direction', () => {
    expect(play(tumbling(10, { offset: 3 }), 2, 3, 12, 13, 'W100')).toEqual(['[-7,3)=1@2', '[3,13)=2@12', '[13,23)=1@22']);
    expect(play(tumbling(10, { offset: -3 }), 6, 7, -4, -3, 'W100')).toEqual(['[-13,-3)=1@-4', '[-3,7)=2@6', '[7,17)=1@16']);
    expect(play(tumbling('1 day', { offset: '-9 hours' }), 0, 'W86400000')).toEqual(['[-32400000,54000000)=1@53999999']);
  });

  it('say nothing of windows without rows', () => {
    expect(play(tumbling(10), 5, 95, 'W200')).toEqual(['[0,10)=1@9', '[90,100)=1@99']);
  });
});

describe('[L39] lateness', () => {
  it('a row is late for a window iff end <= W, wherever its own time lies', () => {
    expect(play(tumbling(10), 'W9', 0, 'W20')).toEqual(['[0,10)=1@9']);
    expect(play(tumbling(10), 'W10', 9, 'W20')).toEqual(['late 9']);
    expect(play(tumbling(10), 'W19', 10, 'W20')).toEqual(['[10,20)=1@19']);
  });

  it('a row that misses some of its windows counts in the others', () => {
    const harness = harnessOf(sliding(10, 5));
    harness.watermark(12);
    harness.event(9, { t: 9 }); // [0, 10) is closed, [5, 15) open
    harness.event(4, { t: 4 }); // [-5, 5), [0, 10) closed
    expect(harness.tally).toMatchObject({ partlyLate: 1, rejected: { late: 1 }, held: 1 });
    harness.watermark(100);
    expect(said(harness)).toEqual(['W 12', 'late 4', '[5,15)=1@14', 'W 100']);
    const whole = harnessOf(sliding(10, 5));
    whole.watermark(9);
    whole.event(9, { t: 9 });
    expect(whole.tally.partlyLate).toBe(0);
  });

  it('says which windows were missed, by how much, and the smallest delay that would have kept the row', () => {
    const harness = harnessOf(sliding(10, 5));
    harness.watermark(40);
    harness.event(7, { t: 7 });
    expect(harness.takeRejected()).toEqual([
      {
        kind: 'rejected',
        reason: 'late',
        time: 7,
        row: { t: 7 },
        operator: expect.any(String) as string,
        watermark: 40,
        detail: {
          windows: [
            { start: 0, end: 10 },
            { start: 5, end: 15 },
          ],
          behindMs: 25,
          missingDelayMs: 26,
        },
      },
    ]);
  });

  it.each([
    ['tumbling', tumbling(10)],
    ['tumbling, moved', tumbling(10, { offset: 4 })],
    ['sliding', sliding(20, 5)],
    ['sliding, slide not dividing', sliding(17, 5)],
    ['cumulative', cumulative(30, 10)],
    ['session', session(6)],
    [
      'custom',
      customWindows<Row>((t) => [
        { start: t - 1, end: t + 3 },
        { start: t, end: t + 8 },
      ]),
    ],
  ] as const)('with missingDelayMs more delay a row is kept, with 1 ms less it is not: %s', (_name, window) => {
    const inputs = [3, 50, 1, 17, 49, 44, 90, 30, 60, 61, 200, 0].map((t) => ({ t }));
    const missed = (delay: number): readonly Extract<Outcome<unknown>, { kind: 'rejected' }>[] => {
      const out: Outcome<unknown>[] = [];
      from(inputs)
        .pipe(withWatermark('t', delay), aggregate({ window: window as Assigner<Row>, select: { n: agg.count() } }), outcomes())
        .subscribe((o) => out.push(o));
      return out.flatMap((o) => (o.kind === 'rejected' ? [o] : []));
    };
    const base = 5;
    const rejections = missed(base);
    expect(rejections.length).toBeGreaterThan(2);
    for (const { row, detail } of rejections) {
      const missing = detail?.missingDelayMs as number;
      expect(detail?.behindMs).toBe(missing - 1);
      expect(missed(base + missing).some((other) => other.row === row)).toBe(false);
      expect(missed(base + missing - 1).some((other) => other.row === row)).toBe(true);
    }
  });
});

describe('[D29] sliding windows', () => {
  it('hold every row size / slide times: 1 hour by 5 minutes is 12', () => {
    const minute = 60_000;
    for (const t of [0, 1, 5 * minute - 1, 5 * minute, 3_599_999, -1, 1_700_000_000_123]) {
      const harness = harnessOf(sliding('1 hour', '5 minutes'));
      harness.event(t, { t });
      harness.watermark(Infinity);
      const windows = harness.takeRows().map(({ window }) => window);
      expect(windows).toHaveLength(12);
      for (const { start, end } of windows) {
        expect(end - start).toBe(60 * minute);
        expect(Math.abs(start % (5 * minute))).toBe(0);
        expect(start <= t && t < end).toBe(true);
      }
    }
  });

  it('[L35] 10 by 5 minutes: every row in exactly 2', () => {
    expect(play(sliding(10, 5), 7, 'W100')).toEqual(['[0,10)=1@9', '[5,15)=1@14']);
    expect(play(sliding(10, 5), 5, 'W100')).toEqual(['[0,10)=1@9', '[5,15)=1@14']);
    expect(play(sliding(10, 5), 4, 'W100')).toEqual(['[-5,5)=1@4', '[0,10)=1@9']);
  });

  it('a slide that does not divide the size', () => {
    expect(play(sliding(10, 4), 7, 'W100')).toEqual(['[0,10)=1@9', '[4,14)=1@13']);
    expect(play(sliding(10, 4), 8, 'W100')).toEqual(['[0,10)=1@9', '[4,14)=1@13', '[8,18)=1@17']);
    expect(play(sliding(10, 4), 9, 10, 'W100')).toEqual(['[0,10)=1@9', '[4,14)=2@13', '[8,18)=2@17']);
    expect(play(sliding(10, 4, { offset: 1 }), 1, 'W100')).toEqual(['[-7,3)=1@2', '[-3,7)=1@6', '[1,11)=1@10']);
  });

  it('a slide greater than the size leaves gaps: noWindow, which is not late', () => {
    expect(play(sliding(4, 10), 3, 4, 9, 10, 'W100')).toEqual(['noWindow 4', 'noWindow 9', '[0,4)=1@3', '[10,14)=1@13']);
    expect(play(sliding(4, 10), 'W100', 5, 3)).toEqual(['noWindow 5', 'late 3']);
    expect(play(sliding(4, 10, { offset: -1 }), -2, -1, 2, 3, 'W100')).toEqual(['noWindow -2', 'noWindow 3', '[-1,3)=2@2']);
  });

  it('close one by one as the watermark passes their ends', () => {
    const harness = harnessOf(sliding(20, 5));
    harness.event(7, { t: 7 });
    for (const w of [9, 10, 14, 15, 19, 20, 24, 25, 26]) harness.watermark(w);
    expect(said(harness).filter((line) => line.startsWith('['))).toEqual([
      '[-10,10)=1@9',
      '[-5,15)=1@14',
      '[0,20)=1@19',
      '[5,25)=1@24',
    ]);
    expect(harness.tally).toMatchObject({ absorbed: 1, held: 0 });
    expect(harness.report['openWindows']).toBe(0);
  });
});

describe('[D30] sessions', () => {
  const gap = 30 * 60_000;

  it('a gap of exactly 30 minutes merges, 1 ms more does not', () => {
    expect(play(session('30 minutes'), 0, gap, `W${3 * gap}`)).toEqual([`[0,${2 * gap})=2@${2 * gap - 1}`]);
    expect(play(session('30 minutes'), 0, gap + 1, `W${3 * gap}`)).toEqual([
      `[0,${gap})=1@${gap - 1}`,
      `[${gap + 1},${2 * gap + 1})=1@${2 * gap}`,
    ]);
    expect(play(session(10), 10, 0, 'W50')).toEqual(['[0,20)=2@19']);
    expect(play(session(10), 11, 0, 'W50')).toEqual(['[0,10)=1@9', '[11,21)=1@20']);
  });

  it('closes iff its end <= W', () => {
    expect(play(session(10), 0, 'W9')).toEqual([]);
    expect(play(session(10), 0, 'W10')).toEqual(['[0,10)=1@9']);
    expect(play(session(10), 0, 'W9', 9, 'W10', 'W18', 'W19')).toEqual(['[0,19)=2@18']);
  });

  it('a row is late by its own [t, t + gap), before any merge', () => {
    expect(play(session(10), 20, 'W15', 5, 'W100')).toEqual(['late 5', '[20,30)=1@29']);
    expect(play(session(10), 20, 'W14', 5, 'W100')).toEqual(['[5,15)=1@14', '[20,30)=1@29']);
    expect(play(session(10), 14, 'W15', 5, 'W100')).toEqual(['late 5', '[14,24)=1@23']);
  });

  it('an out of order row bridges two sessions, at exactly the gap on both sides', () => {
    expect(play(session(10), 0, 20, 10, 'W100')).toEqual(['[0,30)=3@29']);
    expect(play(session(10), 0, 21, 10, 'W100')).toEqual(['[0,20)=2@19', '[21,31)=1@30']);
    expect(play(session(10), 0, 5, 40, 45, 20, 30, 14, 'W100')).toEqual(['[0,55)=7@54']);
  });

  it('never reopens a closed session: what overlaps it says so', () => {
    expect(play(session(10), 0, 'W10', 5, 'W100')).toEqual(['[0,10)=1@9', '[5,15)!=1@14']);
    expect(play(session(10), 0, 'W10', 10, 'W100')).toEqual(['[0,10)=1@9', '[10,20)!=1@19']);
    expect(play(session(10), 0, 'W10', 11, 'W100')).toEqual(['[0,10)=1@9', '[11,21)=1@20']);
    expect(play(session(10), 0, 'W10', 18, 9, 'W100')).toEqual(['[0,10)=1@9', '[9,28)!=2@27']);
  });

  it('per key: other keys do not merge', () => {
    const harness = operatorHarness<Row, Result, 'event', 'event'>(
      aggregate({ key: 'k', window: session(10), select: { n: agg.count<Row>() } } as never) as never,
    );
    harness.event(0, { t: 0, k: 'a' });
    harness.event(5, { t: 5, k: 'b' });
    harness.event(9, { t: 9, k: 'a' });
    harness.watermark(100);
    expect(harness.takeRows()).toEqual([
      { window: { start: 5, end: 15 }, k: 'b', n: 1 },
      { window: { start: 0, end: 19 }, k: 'a', n: 2 },
    ]);
  });

  it('a gap by row: null, NaN, 0 and negative ones put the row in no session', () => {
    const bySelf = session<Row>((row) => row.gap as number);
    expect(
      play(bySelf, { t: 1, gap: null }, { t: 2, gap: NaN }, { t: 3, gap: 0 }, { t: 4, gap: -5 }, { t: 5, gap: 1 }, 'W100'),
    ).toEqual(['noWindow 1', 'noWindow 2', 'noWindow 3', 'noWindow 4', '[5,6)=1@5']);
    expect(play(bySelf, { t: 1, gap: '10 seconds' }, 'W20000')).toEqual(['[1,10001)=1@10000']);
  });

  it('a row with a short gap inside a long session does not shorten it', () => {
    const bySelf = session<Row>((row) => row.gap as number);
    expect(play(bySelf, { t: 0, gap: 50 }, { t: 10, gap: 2 }, 'W49', 'W50')).toEqual(['[0,50)=2@49']);
    expect(play(bySelf, { t: 10, gap: 2 }, { t: 0, gap: 50 }, { t: 70, gap: 1 }, { t: 30, gap: 40 }, 'W100')).toEqual([
      '[0,71)=4@70',
    ]);
  });

  it('zeroGap merge: an empty window can only become part of a session that it touches', () => {
    const merging = session<Row>((row) => row.gap as number, { zeroGap: 'merge' });
    expect(play(merging, { t: 0, gap: 10 }, { t: 10, gap: 0 }, 'W100')).toEqual(['[0,10)=2@9']);
  });

  it('every arrival order within the delay gives the same sessions', () => {
    const times = [0, 9, 19, 30, 41, 60];
    const straight = play(session(10), ...times, 'W200');
    expect(straight).toEqual(['[0,29)=3@28', '[30,40)=1@39', '[41,51)=1@50', '[60,70)=1@69']);
    for (let i = 0; i < 30; i++) {
      const mixed = [...times].sort((a, b) => ((a * 7 + i * 13) % 11) - ((b * 7 + i * 13) % 11));
      expect(play(session(10), ...mixed, 'W200')).toEqual(straight);
    }
  });
});

describe('cumulative, global and custom windows', () => {
  it('cumulative: all begin together, one ends at each step', () => {
    expect(play(cumulative(30, 10), 0, 12, 30, 'W100')).toEqual([
      '[0,10)=1@9',
      '[0,20)=2@19',
      '[0,30)=2@29',
      '[30,40)=1@39',
      '[30,50)=1@49',
      '[30,60)=1@59',
    ]);
    expect(play(cumulative(30, 10), 29, 'W100')).toEqual(['[0,30)=1@29']);
    expect(play(cumulative(30, 10, { offset: 5 }), 4, 5, 'W36')).toEqual([
      '[-25,5)=1@4',
      '[5,15)=1@14',
      '[5,25)=1@24',
      '[5,35)=1@34',
    ]);
    expect(play(cumulative(30, 10), -1, 'W0')).toEqual(['[-30,0)=1@-1']);
    expect(play(cumulative(30, 10), 5, 'W10', 6, 'W20', 'W30', 5)).toEqual([
      '[0,10)=1@9',
      '[0,20)=2@19',
      '[0,30)=2@29',
      'late 5',
    ]);
  });

  it('global: closes at the end and only there', () => {
    const harness = harnessOf(globalWindow());
    harness.event(5, { t: 5 });
    harness.watermark(8.64e15);
    harness.event(-5, { t: -5 });
    expect(said(harness)).toEqual(['W 8640000000000000']);
    harness.watermark(Infinity);
    expect(said(harness)).toEqual(['[-Infinity,Infinity)=2@8640000000000000', 'W Infinity']);
    harness.event(7, { t: 7 });
    expect(said(harness)).toEqual(['late 7']);
  });

  it('custom: any windows, in any order; none is noWindow', () => {
    const odd = customWindows<Row>((t) =>
      t % 2 === 0
        ? []
        : [
            { start: t, end: t + 20 },
            { start: t, end: t + 5 },
          ],
    );
    expect(play(odd, 1, 2, 'W6', 'W21')).toEqual(['noWindow 2', '[1,6)=1@5', '[1,21)=1@20']);
  });

  it('the windows of one step close in (end, key arrival) order, whatever the order of rows', () => {
    for (const window of [
      tumbling(10),
      sliding(10, 5),
      cumulative(20, 10),
      customWindows<Row>((t) => [{ start: Math.floor(t / 10) * 10, end: Math.floor(t / 10) * 10 + 10 }]),
    ]) {
      const harness = operatorHarness<Row, Result & { k: string }, 'event', 'event'>(
        aggregate({ key: 'k', window, select: { n: agg.count<Row>() } } as never) as never,
      );
      for (const [t, k] of [
        [25, 'c'],
        [3, 'b'],
        [14, 'a'],
        [4, 'a'],
        [1, 'c'],
        [12, 'b'],
      ] as const)
        harness.event(t, { t, k });
      harness.watermark(Infinity);
      const ends = harness.takeRows().map((row) => row.window.end);
      expect(ends).toEqual([...ends].sort((a, b) => a - b));
    }
    const harness = operatorHarness<Row, Result & { k: string }, 'event', 'event'>(
      aggregate({ key: 'k', window: tumbling(10), select: { n: agg.count<Row>() } } as never) as never,
    );
    for (const [t, k] of [
      [15, 'c'],
      [3, 'b'],
      [1, 'c'],
      [4, 'a'],
      [12, 'a'],
      [13, 'b'],
    ] as const)
      harness.event(t, { t, k });
    harness.watermark(Infinity);
    expect(harness.takeRows().map(({ window, k }) => `${window.start}${k}`)).toEqual(['0b', '0c', '0a', '10c', '10a', '10b']);
  });
});

describe('[L40] state', () => {
  it.each([
    ['tumbling', tumbling(10)],
    ['sliding', sliding(20, 5)],
    ['session', session(5)],
    ['cumulative', cumulative(30, 10)],
    ['custom', customWindows<Row>((t) => [{ start: t, end: t + 12 }])],
  ] as const)('holds only what is open (end > W): %s', (_name, window) => {
    for (const emit of [undefined, onTime(), onUpdate()]) {
      const harness = harnessOf(window as Assigner<Row>, emit as never);
      for (let t = 0; t < 2000; t++) {
        harness.event(t, { t });
        harness.watermark(t - 20);
        const { state } = harness;
        const entries = Object.values(state).reduce((sum, size) => sum + size, 0);
        expect(entries, `${JSON.stringify(state)} at ${t} ${emit?.name ?? 'onClose'}`).toBeLessThan(250);
        expect(harness.tally.held).toBeLessThan(2100);
      }
      harness.watermark(Infinity);
      expect(harness.report['openWindows']).toBe(0);
      expect(harness.tally.held).toBe(0);
      expect(harness.tally.absorbed).toBe(2000);
    }
  });
});

describe('[L41] append: a window is said once, when W passes its end with the delay already inside W', () => {
  const script = (delay: number, times: readonly number[]): string[] => {
    const log: string[] = [];
    for (const prefix of times.map((_t, i) => times.slice(0, i + 1))) {
      const out: string[] = [];
      from(prefix)
        .pipe(
          map((t) => ({ t })),
          withWatermark('t', delay),
          aggregate({ window: tumbling(10), select: { n: agg.count() } }),
          outcomes(),
        )
        .subscribe((o) => out.push(o.kind === 'row' ? `[${o.row.window.start}=${o.row.n}` : `late ${o.time}`));
      log.push(out.join(' '));
    }
    return log;
  };

  it('delay 0: the boundary row itself closes the window before it', () => {
    const harness = operatorHarness<Row, Result, 'event', 'event'>(
      (source) =>
        source.pipe(
          withWatermark('t' as never, 0) as never,
          aggregate({ window: tumbling(10), select: { n: agg.count() } }) as never,
        ) as never,
      { traits: { kind: 'untimed', watermark: false } },
    );
    const log: string[][] = [];
    for (const t of [1, 9, 10, 9, 20]) {
      harness.push({ t });
      log.push(said(harness).filter((line) => !line.startsWith('W')));
    }
    expect(log).toEqual([[], [], ['[0,10)=2@9'], ['late 9'], ['[10,20)=1@19']]);
  });

  it('delay 5: the row that brings W to the end', () => {
    expect(script(5, [1, 14, 9, 15, 9]).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      '[0=1',
      '[0=1 [10=1',
      '[0=2 [10=1',
      '[0=2 [10=2',
      '[0=2 late',
    ]);
  });

  it('[D2] shuffled within the delay gives the final output of the sorted trace', () => {
    const sorted = Array.from({ length: 60 }, (_, i) => i * 3);
    const finalOf = (times: readonly number[]): string[] => {
      const out: string[] = [];
      from(times)
        .pipe(
          map((t) => ({ t })),
          withWatermark('t', 31),
          aggregate({ window: sliding(20, 10), select: { n: agg.count(), ids: agg.collectList('t') } }),
          outcomes(),
        )
        .subscribe((o) =>
          out.push(
            o.kind === 'row' ? `${o.row.window.start}:${o.row.n}:${[...o.row.ids].sort((a, b) => a - b).join()}` : 'rejected',
          ),
        );
      return out;
    };
    const wanted = finalOf(sorted);
    expect(wanted).not.toContain('rejected');
    for (let shift = 1; shift < 10; shift++) {
      // Blocks of ten rows turned round: disorder of at most 27 ms.
      const shuffled = sorted.map(
        (_t, i) => sorted[Math.min(59, Math.floor(i / 10) * 10 + ((9 - (i % 10) + shift) % 10))] as number,
      );
      expect(finalOf(shuffled)).toEqual(wanted);
    }
  });

  it('[L34] 10-minute tumbling windows by action: count, sum, avg', () => {
    const minute = 60_000;
    const input = [
      { t: 1 * minute, action: 'click', amount: 10 },
      { t: 4 * minute, action: 'buy', amount: 30 },
      { t: 9 * minute, action: 'click', amount: 20 },
      { t: 10 * minute, action: 'click', amount: 5 },
    ];
    const out: unknown[] = [];
    from(input)
      .pipe(
        withWatermark('t', '10 minutes'),
        aggregate({
          key: 'action',
          window: tumbling('10 minutes'),
          select: { n: agg.count(), total: agg.sum('amount'), mean: agg.avg('amount') },
        }),
        rows(),
      )
      .subscribe((row) => out.push([row.window.start / minute, row.action, row.n, row.total, row.mean]));
    expect(out).toEqual([
      [0, 'click', 2, 30, 15],
      [0, 'buy', 1, 30, 30],
      [10, 'click', 1, 5, 5],
    ]);
  });
});

describe('ties and chained windows', () => {
  const chain = (source: Observable<Row>, delay: number | WatermarkStrategy<Row>, ...windows: readonly Assigner[]): string[] => {
    const out: string[] = [];
    type Counted = { readonly n?: number | null };
    const stream = source.pipe(withWatermark('t', delay)) as unknown as Observable<Element<Counted>>;
    windows
      .reduce((s, window) => s.pipe(aggregate({ window, select: { n: agg.sum((r) => r.n ?? 1) } })), stream)
      .pipe(outcomes())
      .subscribe((o) =>
        out.push(
          o.kind === 'row'
            ? `[${(o.row as unknown as Result).window.start},${(o.row as unknown as Result).window.end})=${o.row.n}`
            : `${o.reason} ${o.time}`,
        ),
      );
    return out;
  };
  const input = of(...[1, 9, 10, 19, 20, 31, 35, 40, 59].map((t) => ({ t })));

  it('a window of the same size on results loses nothing', () => {
    const once = chain(input, 0, tumbling(10));
    expect(chain(input, 0, tumbling(10), tumbling(10))).toEqual(once);
    expect(chain(input, 0, tumbling(10), tumbling(10), tumbling(10))).toEqual(once);
    expect(once.filter((line) => line.startsWith('late'))).toEqual([]);
  });

  it('a larger window and a sliding one', () => {
    expect(chain(input, 0, tumbling(10), tumbling(20))).toEqual(['[0,20)=4', '[20,40)=3', '[40,60)=2']);
    expect(chain(input, 0, tumbling(10), sliding(20, 10))).toEqual([
      '[-10,10)=2',
      '[0,20)=4',
      '[10,30)=3',
      '[20,40)=3',
      '[30,50)=3',
      '[40,60)=2',
      '[50,70)=1',
    ]);
    expect(chain(input, 0, tumbling(10), cumulative(20, 10))).toEqual([
      '[0,10)=2',
      '[0,20)=4',
      '[20,30)=1',
      '[20,40)=3',
      '[40,50)=1',
      '[40,60)=2',
    ]);
    expect(chain(input, 0, session(5), tumbling(20))).toEqual(chain(input, 7, session(5), tumbling(20)));
  });

  it('monotonous: rows of one millisecond are on time, and the boundary row closes the window', () => {
    const ties = of(...[5, 5, 10, 10, 10, 20].map((t) => ({ t })));
    expect(chain(ties, monotonous(), tumbling(10))).toEqual(['[0,10)=2', '[10,20)=3', '[20,30)=1']);
    expect(chain(ties, 0, tumbling(10))).toEqual(['[0,10)=2', '[10,20)=3', '[20,30)=1']);
    expect(chain(ties, monotonous(), session(1))).toEqual(['[5,6)=2', '[10,11)=3', '[20,21)=1']);
  });
});

describe('allowedLateness: emit and drop', () => {
  const inPane = (harness: OperatorHarness<Row, Result>): string[] =>
    harness.take().flatMap((signal) => {
      if (signal.kind === 'rejected') return [`${signal.reason} ${signal.time}`];
      if (signal.kind !== 'event') return [];
      const { op, pane, row } = signal.row as unknown as Change<Result>;
      return [`${op} [${row.window.start},${row.window.end})=${row.n} ${pane.timing} ${pane.index}${pane.isLast ? ' last' : ''}`];
    });

  it('onClose speaks when end <= drop, and says the drop side for both', () => {
    const harness = harnessOf(tumbling(10));
    harness.event(1, { t: 1 });
    harness.watermark(19, 9);
    harness.event(2, { t: 2 });
    expect(said(harness)).toEqual(['W 9']);
    harness.watermark(20, 10);
    expect(harness.take().slice(-2)).toEqual([
      { kind: 'event', time: 9, row: { window: { start: 0, end: 10 }, n: 2 } },
      { kind: 'watermark', time: 10 },
    ]);
    harness.event(3, { t: 3 });
    expect(said(harness)).toEqual(['late 3']);
  });

  it('onTime speaks at end <= emit, corrects until end <= drop, and not after', () => {
    const harness = harnessOf(tumbling(10), onTime());
    harness.event(1, { t: 1 });
    harness.watermark(9, 4);
    expect(inPane(harness)).toEqual([]);
    harness.watermark(10, 5);
    expect(inPane(harness)).toEqual(['upsert [0,10)=1 onTime 0']);
    harness.event(2, { t: 2 });
    expect(inPane(harness)).toEqual(['upsert [0,10)=2 late 1']);
    harness.watermark(14, 9);
    harness.event(3, { t: 3 });
    expect(inPane(harness)).toEqual(['upsert [0,10)=3 late 2']);
    harness.watermark(15, 10);
    harness.event(4, { t: 4 });
    expect(inPane(harness)).toEqual(['late 4']);
    expect(harness.tally).toMatchObject({ absorbed: 3, held: 0 });
  });

  it('onTime: a window that first gets a row after its end speaks once, as a correction', () => {
    for (const window of [
      tumbling(10),
      session(10),
      customWindows<Row>((t) => [{ start: Math.floor(t / 10) * 10, end: Math.floor(t / 10) * 10 + 10 }]),
    ]) {
      const harness = harnessOf(window as Assigner<Row>, onTime());
      harness.watermark(30, 5);
      harness.event(10, { t: 10 });
      expect(inPane(harness)).toEqual([`upsert [10,20)=1 late 0`]);
      harness.watermark(31, 6);
      harness.watermark(40, 15);
      expect(inPane(harness), window.kind).toEqual([]);
      harness.watermark(50, 25);
      expect(inPane(harness)).toEqual([]);
      expect(harness.tally).toMatchObject({ held: 0, absorbed: 1 });
    }
  });

  it('without lateness the on-time word is the last', () => {
    const harness = harnessOf(tumbling(10), onTime());
    harness.event(1, { t: 1 });
    harness.watermark(10);
    expect(inPane(harness)).toEqual(['upsert [0,10)=1 onTime 0 last']);
  });

  it('onUpdate: early before the end, late after it', () => {
    const harness = harnessOf(tumbling(10), onUpdate() as never);
    harness.event(1, { t: 1 });
    harness.watermark(9, 3);
    harness.event(2, { t: 2 });
    harness.watermark(10, 4);
    harness.event(3, { t: 3 });
    harness.watermark(16, 10);
    harness.event(4, { t: 4 });
    expect(inPane(harness)).toEqual(['upsert [0,10)=1 early 0', 'upsert [0,10)=2 early 1', 'upsert [0,10)=3 late 2', 'late 4']);
  });

  it('a session that spoke and was extended speaks again at its new end; a moved start is a delete and an upsert', () => {
    const harness = harnessOf(session(10), onTime());
    harness.event(20, { t: 20 });
    harness.watermark(30, 5);
    harness.event(25, { t: 25 }); // [20, 35): open again
    expect(inPane(harness)).toEqual(['upsert [20,30)=1 onTime 0']);
    harness.watermark(34, 6);
    expect(inPane(harness)).toEqual([]);
    harness.watermark(35, 7);
    expect(inPane(harness)).toEqual(['upsert [20,35)=2 onTime 1']);
    harness.event(15, { t: 15 });
    expect(inPane(harness)).toEqual(['delete [20,35)=undefined late 0 last', 'upsert [15,35)=3 late 0']);
    harness.watermark(50, 25);
    expect(inPane(harness)).toEqual([]);
  });

  it('a retraction is not lost when drop has passed the end that was said', () => {
    const harness = harnessOf(session(10), onTime());
    harness.event(20, { t: 20 });
    harness.watermark(30, 5); // says [20, 30)
    harness.event(28, { t: 28 }); // [20, 38)
    harness.watermark(31, 30); // drop passes 30, the session is open until 38
    inPane(harness);
    harness.event(21, { t: 21 }); // [21, 31) is on time
    harness.event(20.5, { t: 20.5 }); // [20.5, 30.5)
    expect(inPane(harness)).toEqual([]);
    const again = harnessOf(
      session<Row>((r) => r.gap as number),
      onTime(),
    );
    again.event(20, { t: 20, gap: 10 });
    again.watermark(30, 5);
    again.event(28, { t: 28, gap: 10 });
    again.watermark(31, 30);
    inPane(again);
    again.event(12, { t: 12, gap: 20 }); // [12, 32) moves the start
    expect(inPane(again)[0]).toBe('delete [20,38)=undefined late 0 last');
  });
});

describe('the beginning and the end of time', () => {
  it('before the first watermark nothing is late', () => {
    expect(play(tumbling(10), -1e15, 5, 'W-1e15')).toEqual([]);
  });

  it('only +Infinity flushes; the end of the stream does not', () => {
    const log: string[] = [];
    const signalsOf = (last: readonly Signal<Row>[]): Observable<Signal<Row>> =>
      of({ kind: 'event', time: 1, row: { t: 1 } } as Signal<Row>, ...last);
    const listen = (source: Observable<Signal<Row>>): void => {
      source
        .pipe(fromSignals(), aggregate({ window: tumbling(10), select: { n: agg.count() } }), rows())
        .subscribe({ next: (row) => log.push(`${row.window.start}`), complete: () => log.push('complete') });
    };
    listen(signalsOf([]));
    listen(signalsOf([{ kind: 'watermark', time: Infinity }]));
    expect(log).toEqual(['complete', '0', 'complete']);
  });
});
