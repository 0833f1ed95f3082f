import { of, Subject, type Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  agg,
  aggregate,
  events,
  mapRows,
  monotonous,
  punctuated,
  reassignWatermark,
  rows,
  signals,
  TidemarkError,
  tumbling,
  withTimestamps,
  withWatermark,
  type Element,
  type Signal,
  type WatermarkOptions,
  type WatermarkStrategy,
} from 'tidemark';
import { ManualClock, operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly t: unknown;
  readonly mark?: number | null;
}

const HOUR = 3_600_000;

function harnessOf(delay: number | WatermarkStrategy<Row>, options: WatermarkOptions = {}, now = 0): OperatorHarness<Row, Row> {
  const operator = withWatermark<Row>((row: Row) => row.t as number, delay, options);
  return operatorHarness<Row, Row, 'event', 'event'>(operator as never, { traits: { kind: 'untimed', watermark: false }, now });
}

function textOf(signal: Signal<Row>): string {
  if (signal.kind === 'event') return `${signal.time}`;
  if (signal.kind === 'watermark') return signal.drop === undefined ? `W${signal.time}` : `W${signal.time}/${signal.drop}`;
  if (signal.kind === 'idle') return signal.idle ? 'idle' : 'active';
  return signal.kind === 'rejected' ? `${signal.reason}` : signal.kind;
}

function said(harness: OperatorHarness<Row, Row>): string {
  return harness.take().map(textOf).join(' ');
}

function push(harness: OperatorHarness<Row, Row>, ...times: unknown[]): string {
  for (const t of times) harness.push({ t });
  return said(harness);
}

describe('withWatermark', () => {
  it('[D20] a row goes first, then the watermark it causes; W never falls', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(
      ({ cold, expectObservable, expectSubscriptions }) => {
        const rowsOf = { a: { t: 10 }, b: { t: 30 }, c: { t: 20 }, d: { t: 50 } };
        const source = cold('   -a---b---c---d---|', rowsOf);
        const subscription = '  ^----------------!';
        const expected = '      -(aA)(bB)c---(dD)(E|)'.replace(/ /g, '');
        const values: Record<string, Signal<{ t: number }>> = {
          a: { kind: 'event', time: 10, row: rowsOf.a },
          A: { kind: 'watermark', time: 0 },
          b: { kind: 'event', time: 30, row: rowsOf.b },
          B: { kind: 'watermark', time: 20 },
          c: { kind: 'event', time: 20, row: rowsOf.c },
          d: { kind: 'event', time: 50, row: rowsOf.d },
          D: { kind: 'watermark', time: 40 },
          E: { kind: 'watermark', time: Infinity },
        };
        expectObservable(source.pipe(withWatermark('t', 10), signals())).toBe(expected, values);
        expectSubscriptions(source.subscriptions).toBe(subscription);
      },
    );
  });

  it('[D23] W is the largest event time minus the delay, exactly', () => {
    const harness = harnessOf(600_000);
    expect(push(harness, 3_600_000, 1_800_000, 3_660_000)).toBe('3600000 W3000000 1800000 3660000 W3060000');
    expect(harness.report).toMatchObject({ delayMs: 600_000, maxEventTime: 3_660_000 });
  });

  it('an equal maximum says no watermark again', () => {
    expect(push(harnessOf(5), 10, 10, 11)).toBe('10 W5 10 11 W6');
  });

  it('[D21] takes the expression form', () => {
    const seen: string[] = [];
    of({ event_timestamp: HOUR })
      .pipe(withWatermark("event_timestamp - interval '10 minutes'"), signals())
      .subscribe((signal) => seen.push(textOf(signal as Signal<never>)));
    expect(seen).toEqual([`${HOUR}`, `W${HOUR - 600_000}`, 'WInfinity']);
    const late: string[] = [];
    of({ at: 100 })
      .pipe(withWatermark("at - interval '1 second'", { allowedLateness: 50 }), signals())
      .subscribe((s) => late.push(textOf(s as Signal<never>)));
    expect(late).toEqual(['100', 'W-900/-950', 'WInfinity']);
  });

  it.each([
    ['no delay', () => withWatermark('t' as never, undefined as never)],
    ['a negative delay', () => withWatermark('t' as never, -1)],
    ['a negative lateness', () => withWatermark('t' as never, 1, { allowedLateness: -1 })],
    ['advanceWhenIdle without idleAfter', () => withWatermark('t' as never, 1, { advanceWhenIdle: true })],
    ['idleAfter of nothing', () => withWatermark('t' as never, 1, { idleAfter: 0 })],
    ['emitEvery of no rows', () => withWatermark('t' as never, 1, { emitEvery: { rows: 0 } })],
    ['emitEvery of half a row', () => withWatermark('t' as never, 1, { emitEvery: { rows: 1.5 } })],
    ['a negative emitEvery', () => withWatermark('t' as never, 1, { emitEvery: -1 })],
    ['an unknown unit', () => withWatermark('t' as never, 1, { unit: 'minutes' as never })],
    ['a negative skew', () => withWatermark('t' as never, 1, { maxFutureSkew: -1 })],
  ])('refuses %s at call', (_name, call) => {
    expect(call).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }) as Error);
  });

  it('refuses a delay that cannot be read', () => {
    expect(() => withWatermark('t' as never, '10 mintues' as never)).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_DURATION' }) as Error,
    );
  });

  it.each([
    ['emitEvery of one row', { emitEvery: { rows: 1 } }],
    ['emitEvery 0', { emitEvery: 0 }],
    ['no lateness', { allowedLateness: 0 }],
    ['a skew of 0', { maxFutureSkew: 0 }],
  ])('takes %s', (_name, options) => {
    expect(() => withWatermark('t' as never, 0, options)).not.toThrow();
  });
});

describe('[D18] event time', () => {
  it('is read from numbers, bigints, Dates and ISO text; fractions of a ms are floored', () => {
    const harness = harnessOf(0, { maxFutureSkew: false });
    expect(push(harness, 1.9)).toBe('1 W1');
    expect(push(harness, new Date(5))).toBe('5 W5');
    expect(push(harness, '1970-01-01T00:00:00.007Z')).toBe('7 W7');
    expect(push(harness, 9n)).toBe('9 W9');
    expect(push(harnessOf(0), -1.5)).toBe('-2 W-2');
  });

  it('may count seconds', () => {
    expect(push(harnessOf(0, { unit: 'seconds' }), 2, 2.5)).toBe('2000 W2000 2500 W2500');
    expect(push(harnessOf(0, { unit: 'seconds', maxFutureSkew: false }), 2, 2.5)).toBe('2000 W2000 2500 W2500');
  });

  it.each([
    ['null', null, 'null'],
    ['undefined', undefined, 'undefined'],
    ['NaN', NaN, 'NaN'],
    ['an invalid Date', new Date(NaN), 'an invalid Date'],
    ['no ISO text', 'yesterday', "'yesterday'"],
    ['an infinity', Infinity, 'Infinity'],
    ['an absurd time', 9e15, '9000000000000000'],
    ['an object', Object.create(null), 'object'],
  ])('rejects %s as invalid, and it moves nothing', (_name, t, words) => {
    const harness = harnessOf(0);
    push(harness, 5);
    harness.push({ t });
    const [rejection] = harness.takeRejected();
    expect(rejection).toMatchObject({
      reason: 'invalid',
      time: NaN,
      row: { t },
      operator: expect.any(String) as string,
      watermark: 5,
    });
    expect(rejection?.detail?.message).toBe(`${words} is no event time`);
    expect(push(harness, 6)).toBe('6 W6');
    expect(harness.tally).toMatchObject({ in: 3, forwarded: 2, rejected: { invalid: 1 } });
  });

  it.each([null, undefined, 7, 'text'])('a row that is %s has no columns: it is rejected, too', (row) => {
    const harness = operatorHarness<unknown, unknown, 'event', 'event'>(withWatermark('t', 0) as never, {
      traits: { kind: 'untimed', watermark: false },
    });
    harness.push(row);
    expect(harness.error).toBeUndefined();
    expect(harness.takeRejected()).toMatchObject([{ reason: 'invalid', row, detail: { message: 'undefined is no event time' } }]);
  });

  it('the extreme instants of a Date are times', () => {
    expect(push(harnessOf(0, { maxFutureSkew: false }), -8.64e15, 8.64e15)).toBe(
      '-8640000000000000 W-8640000000000000 8640000000000000 W8640000000000000',
    );
  });
});

describe('the end', () => {
  it('W becomes +Infinity when the source completes, both sides', () => {
    const harness = harnessOf(5, { allowedLateness: 7 });
    push(harness, 10);
    harness.end();
    expect(harness.take()).toEqual([{ kind: 'watermark', time: Infinity }]);
    expect(harness.ended).toBe(true);
  });

  it('not when it fails', () => {
    const source = new Subject<{ t: number }>();
    const seen: string[] = [];
    source
      .pipe(withWatermark('t', 0), signals())
      .subscribe({ next: (s) => seen.push(textOf(s)), error: () => seen.push('error') });
    source.next({ t: 1 });
    source.error(new Error('boom'));
    expect(seen).toEqual(['1', 'W1', 'error']);
  });
});

describe('allowedLateness', () => {
  it('is how far drop is behind emit', () => {
    expect(push(harnessOf(5, { allowedLateness: 7 }), 20, 30)).toBe('20 W15/8 30 W25/18');
    expect(push(harnessOf(0, { allowedLateness: '1 second' }), 20)).toBe('20 W20/-980');
  });
});

describe('emitEvery', () => {
  it('so many rows', () => {
    const harness = harnessOf(0, { emitEvery: { rows: 3 } });
    expect(push(harness, 1, 2, 3, 4, 5, 6, 6, 7)).toBe('1 2 3 W3 4 5 6 W6 6 7');
    // Rows that do not move W count too.
    expect(push(harness, 7)).toBe('7 W7');
    harness.end();
    expect(said(harness)).toBe('WInfinity');
  });

  it('counts the rows since it last spoke, also those without a move', () => {
    const harness = harnessOf(0, { emitEvery: { rows: 3 } });
    expect(push(harness, 9, 1, 1, 1, 1, 10)).toBe('9 1 1 W9 1 1 10 W10');
    expect(push(harness, 1, 1, 1, 1, 11)).toBe('1 1 1 1 11 W11');
  });

  it('so much event time', () => {
    const harness = harnessOf(0, { emitEvery: 10 });
    expect(push(harness, 1, 5, 10, 11, 20, 21, 40)).toBe('1 W1 5 10 11 W11 20 21 W21 40 W40');
  });

  it('judges no row by what it has not said', () => {
    const out: unknown[] = [];
    const source = of(...[1, 9, 25, 3, 26, 27].map((t) => ({ t })));
    source
      .pipe(
        withWatermark('t', 0, { emitEvery: { rows: 4 } }),
        aggregate({ window: tumbling(10), select: { n: agg.count() } }),
        rows(),
      )
      .subscribe((row) => out.push([row.window.start, row.n]));
    expect(out).toEqual([
      [0, 3],
      [20, 3],
    ]);
  });
});

describe('strategies', () => {
  it('monotonous: W is the largest time', () => {
    expect(push(harnessOf(monotonous()), 5, 5, 7, 6)).toBe('5 W5 5 7 W7 6');
  });

  it('punctuated: W is what the rows say', () => {
    const harness = harnessOf(punctuated<Row>((row) => row.mark));
    for (const [t, mark] of [
      [10, null],
      [12, 9],
      [11, 5],
      [20, 15.7],
      [1, undefined],
    ] as const)
      harness.push({ t, ...(mark === undefined ? {} : { mark }) });
    expect(said(harness)).toBe('10 12 W9 11 20 W15 1');
  });

  it('a strategy is made anew for each subscription', () => {
    let made = 0;
    const strategy: WatermarkStrategy = {
      ...monotonous(),
      fixedDelayMs: undefined as never,
      create: () => (made++, monotonous().create()),
    };
    const stream = of({ t: 1 }).pipe(withWatermark('t', strategy), rows());
    stream.subscribe();
    stream.subscribe();
    expect(made).toBe(2);
  });

  it('is told of every accepted row after its lateness by the watermark before it', () => {
    const told: unknown[] = [];
    const strategy = (ties: 'instant' | 'ordered'): WatermarkStrategy<Row> => ({
      kind: 'spy',
      ties,
      create: () => ({
        delayMs: 3,
        observe: (time, _row, max, wasLate) => (told.push([time, max, wasLate]), max - 3),
        encode: () => null,
        decode: () => undefined,
      }),
      describe: () => ({ kind: 'spy' }),
    });
    push(harnessOf(strategy('instant')), 10, 7, 8, null, 6);
    expect(told.splice(0)).toEqual([
      [10, 10, false],
      [7, 10, true],
      [8, 10, false],
      [6, 10, true],
    ]);
    push(harnessOf(strategy('ordered')), 10, 7, 6);
    expect(told).toEqual([
      [10, 10, false],
      [7, 10, false],
      [6, 10, true],
    ]);
  });

  it('a strategy cannot make W fall, and its fractions are floored', () => {
    const given = [5, 3, 7.9, -Infinity, 8];
    const strategy: WatermarkStrategy<Row> = {
      kind: 'wild',
      ties: 'instant',
      create: () => ({ delayMs: 0, observe: () => given.shift() as number, encode: () => null, decode: () => undefined }),
      describe: () => ({ kind: 'wild' }),
    };
    expect(push(harnessOf(strategy), 10, 10, 10, 10, 10)).toBe('10 W5 10 10 W7 10 10 W8');
  });

  it('is fed what was lost at the end of the pipe, every 100 rows', () => {
    const fed: number[] = [];
    const strategy: WatermarkStrategy<{ t: number }> = {
      kind: 'fed',
      ties: 'instant',
      create: () => ({
        delayMs: 0,
        observe: (_t, _r, max) => max,
        feedback: (lost) => void fed.push(lost),
        encode: () => null,
        decode: () => undefined,
      }),
      describe: () => ({ kind: 'fed' }),
    };
    const source = new Subject<{ t: number }>();
    source.pipe(withWatermark('t', strategy), aggregate({ window: tumbling(1), select: { n: agg.count() } }), rows()).subscribe();
    for (let i = 0; i < 250; i++) source.next({ t: i % 10 === 9 ? 0 : i * 5 });
    expect(fed).toEqual([9, 10]);
  });
});

describe('idleness', () => {
  it('strictly more than idleAfter without a row makes the input idle; a row makes it active again', () => {
    const harness = harnessOf(0, { idleAfter: 10 });
    expect(push(harness, 5)).toBe('5 W5');
    harness.advance(10);
    expect(said(harness)).toBe('');
    harness.advance(1);
    expect(said(harness)).toBe('idle');
    harness.advance(100);
    expect(said(harness)).toBe('');
    expect(harness.report['idle']).toBe(true);
    expect(push(harness, 6)).toBe('active 6 W6');
    harness.advance(10);
    expect(said(harness)).toBe('');
    harness.advance(1);
    expect(said(harness)).toBe('idle');
  });

  it('rows in between begin the wait again', () => {
    const harness = harnessOf(0, { idleAfter: 10 });
    for (let i = 0; i < 5; i++) {
      harness.advance(7);
      expect(push(harness, i)).toBe(`${i} W${i}`);
    }
    harness.advance(10);
    expect(said(harness)).toBe('');
    harness.advance(1);
    expect(said(harness)).toBe('idle');
  });

  it('an input that never speaks becomes idle too; W holds', () => {
    const harness = harnessOf(0, { idleAfter: 10 });
    harness.advance(11);
    expect(said(harness)).toBe('idle');
  });

  it('rejected rows are no activity', () => {
    const harness = harnessOf(0, { idleAfter: 10 });
    harness.advance(8);
    expect(push(harness, null)).toBe('invalid');
    harness.advance(3);
    expect(said(harness)).toBe('idle');
  });

  it('without idleAfter nothing ever happens by itself', () => {
    const harness = harnessOf(0);
    harness.advance(1e9);
    expect(said(harness)).toBe('');
  });
});

describe('advanceWhenIdle', () => {
  it('lets W go on with the clock', () => {
    const harness = harnessOf(0, { idleAfter: 10, advanceWhenIdle: true });
    push(harness, 100);
    harness.advance(10);
    expect(said(harness)).toBe('');
    harness.advance(1);
    expect(said(harness)).toBe('idle W111');
    harness.advance(10);
    expect(said(harness)).toBe('W121');
    expect(push(harness, 105)).toBe('active 105');
    expect(push(harness, 130)).toBe('130 W130');
  });

  it('goes on after a restart from where the clock had brought it', () => {
    const harness = harnessOf(0, { idleAfter: 10, advanceWhenIdle: true });
    push(harness, 100);
    harness.advance(31);
    expect(said(harness)).toBe('idle W111 W121 W131');
    harness.restore(harness.snapshot());
    harness.advance(11);
    expect(said(harness)).toBe('idle W142');
    expect(push(harness, 105)).toBe('active 105');
    harness.advance(31); // from the row on it is the row that counts
    expect(said(harness)).toBe('idle');
    expect(push(harness, 150)).toBe('active 150 W150');
  });

  it('says nothing before the first row', () => {
    const harness = harnessOf(0, { idleAfter: 10, advanceWhenIdle: true });
    harness.advance(100);
    expect(said(harness)).toBe('idle');
  });

  it('a resumed input holds W at once, until the rows have caught up', () => {
    const harness = harnessOf(0, { idleAfter: 10, advanceWhenIdle: true });
    push(harness, 100);
    harness.advance(11);
    said(harness);
    expect(push(harness, 101)).toBe('active 101');
    harness.advance(10);
    expect(said(harness)).toBe('');
    expect(push(harness, 112)).toBe('112 W112');
  });

  const windowed = (): OperatorHarness<Row, unknown> =>
    operatorHarness<Row, unknown, 'event', 'event'>(
      ((source: Observable<never>) =>
        source.pipe(
          withWatermark((row: Row) => row.t as number, 0, { idleAfter: 10, advanceWhenIdle: true }) as never,
          aggregate({ window: tumbling(10), select: { n: agg.count() } }) as never,
        )) as never,
      { traits: { kind: 'untimed', watermark: false } },
    );

  it('rows that only the clock has made late say so', () => {
    const harness = windowed();
    harness.push({ t: 100 });
    harness.advance(25); // W = 100 + 11 + 11
    harness.take();
    harness.push({ t: 109 }); // [100, 110) was open by the rows, and is closed by the clock
    harness.push({ t: 95 }); // [90, 100) was closed by the rows
    expect(harness.takeRejected().map(({ reason, time }) => `${reason} ${time}`)).toEqual(['idleAdvance 109', 'late 95']);
    expect(harness.tally.rejected).toEqual({ idleAdvance: 1, late: 1 });
  });

  it('once the rows have caught up with part of it, only the rest is the clock’s doing', () => {
    const harness = windowed();
    harness.push({ t: 100 });
    harness.advance(25); // W = 122
    harness.push({ t: 121 }); // the rows alone would now say 121
    harness.take();
    harness.push({ t: 105 }); // [100, 110) is late by the rows alone
    expect(harness.takeRejected().map(({ reason }) => reason)).toEqual(['late']);
  });

  it('and when W is the rows’ again, late is late', () => {
    for (const [reached, late] of [
      [122, 105], // W exactly
      [140, 125],
    ] as const) {
      const harness = windowed();
      harness.push({ t: 100 });
      harness.advance(25); // W = 122
      harness.push({ t: reached });
      harness.push({ t: late });
      expect(harness.takeRejected().map(({ reason }) => reason)).toEqual(['late']);
    }
  });

  it('what was restored is what is saved again', () => {
    const harness = windowed();
    harness.push({ t: 100 });
    harness.advance(25);
    const saved = harness.snapshot();
    harness.restore(saved);
    expect(harness.snapshot()).toEqual(saved);
  });

  it('the clock’s share survives a restore', () => {
    const harness = windowed();
    harness.push({ t: 100 });
    harness.advance(25);
    harness.restore(harness.snapshot());
    harness.take();
    harness.push({ t: 95 }); // late by the rows alone
    harness.push({ t: 109 });
    expect(harness.takeRejected().map(({ reason }) => reason)).toEqual(['late', 'idleAdvance']);
  });
});

describe('maxFutureSkew', () => {
  it('rejects what is more than so far ahead of the clock; exactly so far is fine', () => {
    const harness = harnessOf(0, { maxFutureSkew: 1000 }, 5000);
    expect(push(harness, 6000)).toBe('6000 W6000');
    harness.push({ t: 6001 });
    expect(harness.takeRejected()).toEqual([
      expect.objectContaining({
        reason: 'future',
        time: 6001,
        row: { t: 6001 },
        watermark: 6000,
        detail: { behindMs: -1001, message: expect.any(String) as string },
      }),
    ]);
    expect(push(harness, 6000)).toBe('6000');
    harness.advance(1);
    expect(push(harness, 6001)).toBe('6001 W6001');
  });

  it('is off under another clock unless set, and false turns it off', () => {
    expect(push(harnessOf(0, {}, 0), 1e15)).toBe('1000000000000000 W1000000000000000');
    expect(push(harnessOf(0, { maxFutureSkew: false }, Date.now()), 8e15)).toBe('8000000000000000 W8000000000000000');
  });

  it('is one hour under the system clock', () => {
    const now = Date.now();
    const harness = harnessOf(0, {}, now);
    expect(push(harness, now + HOUR)).toBe(`${now + HOUR} W${now + HOUR}`);
    expect(push(harness, now + HOUR + 1)).toBe('future');
    expect(push(harness, now - 100 * HOUR)).toBe(`${now - 100 * HOUR}`);
  });

  it('uses the scheduler option', () => {
    const clock = new ManualClock(0);
    const seen: string[] = [];
    of({ t: 50 }, { t: 51 })
      .pipe(withWatermark('t', 0, { scheduler: clock, maxFutureSkew: 50 }), signals())
      .subscribe((s) => seen.push(textOf(s)));
    expect(seen).toEqual(['50', 'W50', 'future', 'WInfinity']);
  });
});

describe('withTimestamps', () => {
  const seenBy = (source: Observable<Element<{ t: number | null }>>): string => {
    const seen: string[] = [];
    source.pipe(signals()).subscribe((s) => seen.push(textOf(s as Signal<never>)));
    return seen.join(' ');
  };

  it('stamps rows and says no watermark but the last', () => {
    expect(seenBy(of({ t: 10 }, { t: null }, { t: 5 }).pipe(withTimestamps('t')))).toBe('10 invalid 5 WInfinity');
    expect(seenBy(of({ t: 10 }).pipe(withTimestamps((r) => (r.t ?? 0) * 2)))).toBe('20 WInfinity');
    expect(seenBy(events(of({ t: 2 })).pipe(withTimestamps('t', { unit: 'seconds' })))).toBe('2000 WInfinity');
  });

  it('nothing is ever late', () => {
    const out: unknown[] = [];
    of({ t: 100 }, { t: 1 })
      .pipe(withTimestamps('t'), aggregate({ window: tumbling(10), select: { n: agg.count() } }), rows())
      .subscribe((row) => out.push(row.window.start));
    expect(out).toEqual([0, 100]);
  });

  it('is refused where there is event time already', () => {
    const timed = of({ t: 1 }).pipe(withWatermark('t', 0));
    expect(() => timed.pipe(withTimestamps('t' as never))).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_WATERMARK_REDEFINED' }) as Error,
    );
    expect(() => of({ t: 1 }).pipe(withTimestamps('t'), withWatermark('t' as never, 1))).toThrow(TidemarkError);
  });
});

describe('reassignWatermark', () => {
  it('replaces times and watermark, swallows those from upstream but the last', () => {
    const harness = operatorHarness<{ b: number }, { b: number }, 'event', 'event'>(reassignWatermark('b', 5));
    harness.event(1, { b: 20 });
    harness.watermark(1);
    harness.idle(true);
    harness.watermark(500);
    harness.event(900, { b: 22 });
    harness.signal({ kind: 'rejected', reason: 'late', time: 1, row: { b: 1 }, operator: 'x', watermark: 1 });
    harness.barrier(3);
    expect(harness.take().map((s) => textOf(s as Signal<never>))).toEqual(['20', 'W15', '22', 'W17', 'late', 'barrier']);
    harness.watermark(Infinity);
    harness.end();
    expect(harness.take().map((s) => textOf(s as Signal<never>))).toEqual(['WInfinity']);
    expect(harness.ended).toBe(true);
  });

  it('the end of the stream below is no end of time', () => {
    const harness = operatorHarness<{ b: number }, { b: number }, 'event', 'event'>(reassignWatermark('b', 5));
    harness.event(1, { b: 20 });
    harness.end();
    expect(harness.take().map((s) => textOf(s as Signal<never>))).toEqual(['20', 'W15']);
  });

  it('its rejections and its report speak of its own watermark', () => {
    const harness = operatorHarness<{ b: number | null }, { b: number | null }, 'event', 'event'>(reassignWatermark('b', 5));
    harness.event(1, { b: 20 });
    harness.watermark(500);
    harness.event(1, { b: null });
    expect(harness.takeRejected()).toEqual([expect.objectContaining({ reason: 'invalid', watermark: 15 })]);
    expect(harness.report).toMatchObject({ watermark: 15, drop: 15 });
  });

  it('a lower upstream watermark does not make it say anything', () => {
    const harness = operatorHarness<{ b: number }, { b: number }, 'event', 'event'>(reassignWatermark('b', 0));
    harness.event(1, { b: 1000 });
    harness.watermark(3);
    harness.event(1, { b: 1001 });
    expect(harness.take().map((s) => textOf(s as Signal<never>))).toEqual(['1000', 'W1000', '1001', 'W1001']);
  });
});

describe('untimed streams', () => {
  it('operators that need no time come before withWatermark', () => {
    const seen: string[] = [];
    events(of({ s: '5' }, { s: '7' }))
      .pipe(
        mapRows((r) => ({ t: Number(r.s) })),
        withWatermark('t', 1),
        signals(),
      )
      .subscribe((s) => seen.push(textOf(s)));
    expect(seen).toEqual(['5', 'W4', '7', 'W6', 'WInfinity']);
  });
});

describe('describe()', () => {
  it('is frozen plain data', () => {
    const stream = of({ t: 1 }).pipe(withWatermark('t', '10 minutes', { allowedLateness: 5, id: 'w' }));
    const { plan, traits } = (stream as unknown as Record<symbol, { plan: { id: string; description: object }; traits: object }>)[
      Symbol.for('tidemark/1')
    ]!;
    expect(plan).toMatchObject({
      id: 'w',
      type: 'withWatermark',
      stateful: true,
      description: { column: 't', kind: 'fixedDelay', delayMs: 600_000, allowedLatenessMs: 5 },
    });
    expect(Object.isFrozen(plan) && Object.isFrozen(plan.description)).toBe(true);
    expect(traits).toMatchObject({
      kind: 'event',
      ties: 'instant',
      watermark: true,
      timeColumn: 't',
      delayMs: 600_000,
      allowedLatenessMs: 5,
      onError: 'error',
    });
  });
});
