import { Subject, throwError, type Observable, type OperatorFunction } from 'rxjs';
import {
  agg,
  aggregate,
  customWindows,
  filterRows,
  flatMapRows,
  fromSignals,
  mapRows,
  onTime,
  onUpdate,
  outcomes,
  punctuated,
  rows,
  session,
  sliding,
  TidemarkError,
  tumbling,
  withWatermark,
  type Element,
  type Outcome,
  type Signal,
} from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly t: number;
  readonly k: string;
  readonly v: number;
}

const row = (t: number, k = 'a', v = 1): Row => ({ t, k, v });
const BAD = row(3, 'bad', 13);
const boom = new Error('boom');
const unless = <V>(bad: boolean, value: V): V => {
  if (bad) throw boom;
  return value;
};

type Op = OperatorFunction<Element<Row>, Element<unknown>>;
type Policy = 'error' | 'reject';
const op = (operator: unknown): Op => operator as Op;
/** Outside of a pipe nothing tells `aggregate` the row type. */
const grouped = (options: object): Op => op(aggregate(options as never));

/** Functions that are called for a row before any state is touched: the row alone fails. */
const ROW_FUNCTIONS: Readonly<Record<string, (onError: Policy) => Op>> = {
  'mapRows map': (onError) => op(mapRows((r: Row) => unless(r === BAD, r), { onError })),
  'filterRows keep': (onError) => op(filterRows((r: Row) => unless(r === BAD, true), { onError })),
  'flatMapRows map': (onError) => op(flatMapRows((r: Row) => unless(r === BAD, [r, r]), { onError })),
  'flatMapRows iterable that throws half-way': (onError) =>
    op(
      flatMapRows(
        function* (r: Row) {
          yield r;
          unless(r === BAD, r);
        },
        { onError },
      ),
    ),
  'aggregate key': (onError) =>
    grouped({ key: (r: Row) => unless(r === BAD, r.k), window: tumbling(10), select: { n: agg.count<Row>() }, onError }),
  'aggregate selector': (onError) =>
    grouped({
      key: 'k',
      window: sliding(10, 5),
      select: { n: agg.count<Row>(), s: agg.sum((r: Row) => unless(r === BAD, r.v)) },
      onError,
    }),
  'aggregate where': (onError) =>
    grouped({
      key: 'k',
      window: session(5),
      select: { n: agg.count<Row>(undefined, { where: (r) => unless(r === BAD, true) }) },
      onError,
    }),
  'aggregate selector of what is kept': (onError) =>
    grouped({
      key: 'k',
      window: tumbling(10),
      select: { d: agg.countDistinct((r: Row) => unless(r === BAD, r.v)) },
      onError,
    }),
  'aggregate text where a number is needed': (onError) =>
    grouped({ key: 'k', window: tumbling(10), select: { s: agg.sum((r: Row) => (r === BAD ? ('x' as never) : r.v)) }, onError }),
  'session gap': (onError) =>
    grouped({ key: 'k', window: session((r: Row) => unless(r === BAD, 5)), select: { n: agg.count<Row>() }, onError }),
  'custom windows': (onError) =>
    grouped({
      key: 'k',
      window: customWindows((t, r: Row) => unless(r === BAD, [{ start: t, end: t + 5 }])),
      select: { n: agg.count<Row>() },
      onError,
    }),
  'a window that ends before it starts': (onError) =>
    grouped({
      key: 'k',
      window: customWindows((t, r: Row) => [{ start: t, end: r === BAD ? t : t + 5 }]),
      select: { n: agg.count<Row>() },
      onError,
    }),
  'aggregate key, onTime': (onError) =>
    grouped({
      key: (r: Row) => unless(r === BAD, r.k),
      window: tumbling(10),
      select: { n: agg.count<Row>() },
      onError,
      emit: onTime(),
    }),
  'aggregate selector, onUpdate': (onError) =>
    grouped({ window: tumbling(10), select: { s: agg.sum((r: Row) => unless(r === BAD, r.v)) }, onError, emit: onUpdate() }),
  'aggregate key, running': (onError) =>
    grouped({ key: (r: Row) => unless(r === BAD, r.k), select: { n: agg.count<Row>() }, onError }),
  'aggregate key that cannot be one': (onError) =>
    grouped({ key: (r: Row) => (r === BAD ? () => 0 : r.k), window: tumbling(10), select: { n: agg.count<Row>() }, onError }),
};

const FAILING = Object.entries(ROW_FUNCTIONS);
/** These fail with an error of tidemark's own, which keeps its code. */
const NAMED: Readonly<Record<string, string>> = {
  'aggregate text where a number is needed': 'TIDEMARK_OPTION',
  'a window that ends before it starts': 'TIDEMARK_OPTION',
  'aggregate key that cannot be one': 'TIDEMARK_KEY_TYPE',
};

describe('a user function that throws', () => {
  it.each(FAILING)("under 'error' gives one error notification that names operator, time and row: %s", (name, make) => {
    const source = new Subject<Signal<Row>>();
    const seen: unknown[] = [];
    const errors: unknown[] = [];
    source.pipe(fromSignals(), make('error'), rows()).subscribe({
      next: (value) => seen.push(value),
      error: (cause) => errors.push(cause),
      complete: () => seen.push('complete'),
    });
    source.next({ kind: 'event', time: 1, row: row(1) });
    const before = seen.length;
    // The pushing side must not notice: an exception never crosses a stage.
    expect(() => source.next({ kind: 'event', time: BAD.t, row: BAD })).not.toThrow();
    expect(errors).toHaveLength(1);
    const [error] = errors as [TidemarkError];
    expect(error).toBeInstanceOf(TidemarkError);
    expect(error.code).toBe(NAMED[name] ?? 'TIDEMARK_USER_FUNCTION');
    if (NAMED[name] === undefined) {
      expect(error.details).toMatchObject({ time: BAD.t, row: BAD, operator: expect.any(String) as string });
      expect(error.cause).toBe(boom);
    }
    expect(source.observed).toBe(false);
    source.next({ kind: 'watermark', time: Infinity });
    source.complete();
    expect(seen).toHaveLength(before);
  });

  it.each(FAILING)("under 'reject' rejects the row as failed and leaves no trace: %s", (_name, make) => {
    const input: readonly Signal<Row>[] = [
      { kind: 'event', time: 1, row: row(1) },
      { kind: 'event', time: BAD.t, row: BAD },
      { kind: 'event', time: 4, row: row(4) },
      { kind: 'watermark', time: Infinity },
    ];
    const play = (signals: readonly Signal<Row>[]): { said: Signal<unknown>[]; tally: unknown; state: unknown } => {
      const harness = operatorHarness<Row, unknown, 'event', 'event'>(make('reject') as never);
      signals.slice(0, -1).forEach((signal) => harness.signal(signal));
      const { state } = harness;
      harness.signal(signals[signals.length - 1]!);
      return { said: harness.take(), tally: harness.tally, state };
    };
    const got = play(input);
    const clean = play(input.filter((_signal, i) => i !== 1));
    const rejections = got.said.filter(({ kind }) => kind === 'rejected');
    expect(rejections).toHaveLength(1);
    expect(rejections[0]).toMatchObject({ reason: 'failed', time: BAD.t, row: BAD, operator: expect.any(String) as string });
    expect(got.said.filter(({ kind }) => kind !== 'rejected')).toEqual(clean.said);
    expect(got.state).toEqual(clean.state);
    expect(got.tally).toMatchObject({ in: 3, held: 0, rejected: { failed: 1 } });
  });

  it('carries message and cause in the rejection', () => {
    const out: Outcome<Row>[] = [];
    const source = new Subject<Row>();
    source
      .pipe(
        withWatermark('t', 0),
        mapRows((r) => unless(r === BAD, r), { onError: 'reject', id: 'mapper' }),
        outcomes(),
      )
      .subscribe((outcome) => out.push(outcome));
    [row(1), BAD, row(5)].forEach((r) => source.next(r));
    expect(out.map(({ kind }) => kind)).toEqual(['row', 'rejected', 'row']);
    expect(out[1]).toMatchObject({
      reason: 'failed',
      operator: 'mapper',
      watermark: 1,
      detail: { message: 'boom', cause: boom },
    });
  });

  it('follows the policy of the stream where the operator says nothing', () => {
    const out: string[] = [];
    const source = new Subject<Row>();
    source
      .pipe(
        withWatermark('t', 0, { onError: 'reject' }),
        mapRows((r) => unless(r === BAD, r)),
        outcomes(),
      )
      .subscribe((o) => out.push(o.kind));
    [row(1), BAD].forEach((r) => source.next(r));
    expect(out).toEqual(['row', 'rejected']);
  });

  it('an error that is no Error is told as text', () => {
    const harness = operatorHarness(
      mapRows<Row, Row, 'event'>(
        () => {
          throw 'plain text'; // eslint-disable-line @typescript-eslint/only-throw-error -- users do
        },
        { onError: 'reject' },
      ),
    );
    harness.event(1, row(1));
    expect(harness.takeRejected()[0]?.detail).toEqual({ message: 'plain text', cause: 'plain text' });
  });
});

describe('the event-time function of withWatermark', () => {
  const make =
    (onError: Policy): ((source: Observable<Row>) => Observable<Outcome<Row>>) =>
    (source) =>
      source.pipe(
        withWatermark((r: Row) => unless(r === BAD, r.t), 0, { onError }),
        outcomes(),
      );

  it("under 'error' ends the stream", () => {
    const source = new Subject<Row>();
    const errors: TidemarkError[] = [];
    make('error')(source).subscribe({ error: (cause: TidemarkError) => errors.push(cause) });
    source.next(BAD);
    expect(errors.map(({ code }) => code)).toEqual(['TIDEMARK_USER_FUNCTION']);
  });

  it("under 'reject' rejects the row and goes on", () => {
    const source = new Subject<Row>();
    const out: Outcome<Row>[] = [];
    make('reject')(source).subscribe((o) => out.push(o));
    [row(1), BAD, row(7)].forEach((r) => source.next(r));
    expect(out.map((o) => (o.kind === 'row' ? o.row.t : o.reason))).toEqual([1, 'failed', 7]);
  });

  it('a punctuation that throws does not make one row both forwarded and rejected', () => {
    const punctuation = punctuated<Row>((r) => unless(r === BAD, r.t));
    const harness = operatorHarness<Row, Row, 'event', 'event'>(
      withWatermark<Row>('t', punctuation, { onError: 'reject' }) as never,
      {
        traits: { kind: 'untimed', watermark: false },
      },
    );
    [row(1), BAD, row(7)].forEach((r) => harness.push(r));
    const { tally } = harness;
    expect(tally.in).toBe(3);
    expect(tally.forwarded + (tally.rejected.failed ?? 0)).toBe(3);
    expect(harness.take().filter((s) => (s.kind === 'event' || s.kind === 'rejected') && s.row === BAD)).toHaveLength(1);
  });
});

describe("a user's own aggregate that throws", () => {
  type Part = 'create' | 'add' | 'result';
  const failing = (part: Part, when: { now: boolean }): ReturnType<typeof aggregateOf> => aggregateOf(part, when);
  function aggregateOf(part: Part, when: { now: boolean }) {
    const check = (at: Part): void => void unless(when.now && at === part, 0);
    return agg.custom<Row, { n: number }, number>({
      create: () => (check('create'), { n: 0 }),
      add: (acc, r) => {
        if (r === BAD || part !== 'add') check('add');
        acc.n++;
      },
      result: ({ n }) => (check('result'), n),
      merge: (into, from) => void (into.n += from.n),
      commutative: true,
    });
  }

  it.each(['create', 'add', 'result'] as const)("under 'error': %s gives one error notification", (part) => {
    const when = { now: false };
    const source = new Subject<Signal<Row>>();
    const errors: TidemarkError[] = [];
    source
      .pipe(fromSignals(), aggregate({ key: 'k', window: tumbling(10), select: { x: failing(part, when) } }), rows())
      .subscribe({ error: (cause: TidemarkError) => errors.push(cause) });
    source.next({ kind: 'event', time: 1, row: row(1) });
    when.now = true;
    expect(() => {
      source.next({ kind: 'event', time: BAD.t, row: BAD });
      source.next({ kind: 'watermark', time: 10 });
      source.next({ kind: 'watermark', time: 20 });
    }).not.toThrow();
    expect(errors.map(({ code, cause }) => [code, cause])).toEqual([['TIDEMARK_USER_FUNCTION', boom]]);
    expect(errors[0]?.details['operator']).toBe('aggregate-1');
    expect(source.observed).toBe(false);
  });

  it('merge, in a sliding window, under error', () => {
    const source = new Subject<Signal<Row>>();
    const errors: TidemarkError[] = [];
    const merging = agg.custom<Row, { n: number }, number>({
      create: () => ({ n: 0 }),
      add: (acc) => void acc.n++,
      merge: () => unless(true, undefined),
      result: ({ n }) => n,
      commutative: true,
    });
    source
      .pipe(fromSignals(), aggregate({ window: sliding(10, 5), select: { x: merging } }), rows())
      .subscribe({ error: (cause: TidemarkError) => errors.push(cause) });
    source.next({ kind: 'event', time: 1, row: row(1) });
    source.next({ kind: 'event', time: 6, row: row(6) });
    source.next({ kind: 'watermark', time: 100 });
    expect(errors.map(({ code }) => code)).toEqual(['TIDEMARK_USER_FUNCTION']);
  });

  it.each([
    ['create', 'onClose'],
    ['add', 'onClose'],
    ['create', 'onUpdate'],
    ['add', 'onUpdate'],
    ['result', 'onUpdate'],
    ['result', 'running'],
    ['add', 'running'],
  ] as const)(
    "under 'reject' %s in %s keeps the account: a row is used or rejected, not both, or the stream fails",
    (part, emit) => {
      const when = { now: false };
      const options = { key: 'k', select: { x: failing(part, when) }, onError: 'reject' } as const;
      const operator =
        emit === 'running'
          ? aggregate<Row, typeof options.select, 'k', undefined>(options as never)
          : aggregate({ ...options, window: tumbling(10), ...(emit === 'onUpdate' ? { emit: onUpdate() } : {}) } as never);
      const harness = operatorHarness<Row, unknown, 'event', 'event'>(operator as never);
      harness.event(1, row(1));
      when.now = true;
      harness.event(BAD.t, BAD);
      when.now = false;
      harness.event(4, row(4));
      if (harness.error !== undefined) {
        expect((harness.error as TidemarkError).code).toBe('TIDEMARK_USER_FUNCTION');
        return;
      }
      const { tally } = harness;
      expect(tally.absorbed + tally.held + (tally.rejected.failed ?? 0)).toBe(tally.in);
      expect(tally.in).toBe(3);
      // No group of nothing but the row that failed.
      harness.watermark(Infinity);
      const groups = harness.takeRows().map((r) => textual(r));
      expect(groups.some((text) => text.includes('"bad"'))).toBe(tally.rejected.failed === undefined);
    },
  );

  const textual = (value: unknown): string => JSON.stringify(value);
});

describe('errors from upstream', () => {
  const through: readonly [string, (source: Observable<Signal<Row>>) => Observable<unknown>][] = [
    ['rows', (source) => source.pipe(fromSignals(), rows())],
    [
      'mapRows',
      (source) =>
        source.pipe(
          fromSignals(),
          mapRows((r) => r),
          rows(),
        ),
    ],
    [
      'aggregate',
      (source) => source.pipe(fromSignals(), aggregate({ window: tumbling(10), select: { n: agg.count() } }), rows()),
    ],
    ['outcomes', (source) => source.pipe(fromSignals(), outcomes())],
    [
      'elements',
      (source) =>
        source.pipe(
          fromSignals(),
          filterRows(() => true),
        ),
    ],
  ];

  it.each(through)('pass unchanged, once, and release nothing: %s', (_name, build) => {
    const source = new Subject<Signal<Row>>();
    const got: unknown[] = [];
    build(source).subscribe({
      next: () => got.push('next'),
      error: (cause: unknown) => got.push(cause),
      complete: () => got.push('complete'),
    });
    source.next({ kind: 'event', time: 1, row: row(1) });
    const before = got.length;
    source.error(boom);
    expect(got.slice(before)).toEqual([boom]);
  });

  it.each(through)('also at once: %s', (_name, build) => {
    const got: unknown[] = [];
    build(throwError(() => boom)).subscribe({ next: () => got.push('next'), error: (cause: unknown) => got.push(cause) });
    expect(got).toEqual([boom]);
  });
});
