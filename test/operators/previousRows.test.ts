import { concat, from, of, throwError } from 'rxjs';
import { map, take } from 'rxjs/operators';
import { TestScheduler, type RunHelpers } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { events } from '../../operators/events';
import { fromSignals } from '../../operators/fromSignals';
import { previousRows, type PreviousRowsOptions, type WithPrevious } from '../../operators/previousRows';
import { rows } from '../../operators/rows';
import { signals } from '../../operators/signals';
import { withWatermark } from '../../operators/withWatermark';
import * as agg from '../../src/aggregate';
import type { Select } from '../../src/aggregate/aggregate';
import type { Signal } from '../../src/element';
import {
  assertSplitInvariant,
  operatorHarness,
  seeded,
  weave,
  type HarnessOptions,
  type OperatorHarness,
} from '../../src/testing';

interface Row {
  readonly k: string;
  readonly v: number | null;
}

function open<S extends Select<Row>>(
  options: PreviousRowsOptions<Row, S>,
  more?: HarnessOptions,
): OperatorHarness<Row, WithPrevious<Row, S>> {
  return operatorHarness(previousRows<Row, S, 'event'>(options), more);
}

const before = { n: agg.count<Row>(), sum: agg.sum<Row>('v') };

describe('previousRows', () => {
  it('adds the aggregates of the up to n rows of the same key before each row, itself not included', () => {
    const harness = open({ key: 'k', n: 2, select: before });
    const input: [string, number | null][] = [
      ['a', 1],
      ['a', 2],
      ['b', 10],
      ['a', 4],
      ['a', 8],
      ['b', 20],
    ];
    input.forEach(([k, v], t) => harness.event(t, { k, v }));
    expect(harness.takeRows()).toStrictEqual([
      { k: 'a', v: 1, n: 0, sum: null },
      { k: 'a', v: 2, n: 1, sum: 1 },
      { k: 'b', v: 10, n: 0, sum: null },
      { k: 'a', v: 4, n: 2, sum: 3 },
      { k: 'a', v: 8, n: 2, sum: 6 },
      { k: 'b', v: 20, n: 1, sum: 10 },
    ]);
    expect(harness.tally).toMatchObject({ in: 6, forwarded: 6, held: 0 });
    expect(harness.state).toEqual({ rows: 2 });
  });

  it('looks back in order of arrival, whatever the times; late rows are rows like others', () => {
    const select = { first: agg.first<Row, 'v'>('v'), last: agg.last<Row, 'v'>('v'), all: agg.collectList<Row, 'v'>('v') };
    const harness = open({ n: 3, select });
    harness.event(50, { k: 'a', v: 1 });
    harness.watermark(100);
    harness.event(30, { k: 'a', v: 2 });
    harness.event(10, { k: 'a', v: 3 });
    harness.event(40, { k: 'a', v: 4 });
    harness.event(20, { k: 'a', v: 5 });
    const [last, ...others] = harness.takeRows().reverse();
    expect(last).toEqual({ k: 'a', v: 5, first: 2, last: 4, all: [2, 3, 4] });
    expect(others).toHaveLength(4);
    expect(harness.takeRejected()).toEqual([]);
  });

  it('rows that an aggregate skips take their place among the n', () => {
    const select = { sum: agg.sum<Row>('v'), high: agg.count<Row>(undefined, { where: (row) => row.v! > 5 }) };
    const harness = open({ n: 2, select });
    [7, null, 1, 2].forEach((v, t) => harness.event(t, { k: 'a', v }));
    expect(harness.takeRows().map(({ sum, high }) => [sum, high])).toEqual([
      [null, 0],
      [7, 1],
      [7, 1],
      [1, 0],
    ]);
  });

  it('added columns win over those of the row', () => {
    const harness = open({ n: 1, select: { v: agg.max<Row>('v') } }, { traits: { timeColumn: 'v' } });
    [1, 2].forEach((v, t) => harness.event(t, { k: 'a', v }));
    const out = harness.takeRows();
    const typed: { k: string; v: number | null }[] = out;
    expect(typed).toEqual([
      { k: 'a', v: null },
      { k: 'a', v: 1 },
    ]);
  });

  it('takes untimed streams, and infers in a pipe', () => {
    const out: (number | null)[] = [];
    events(of({ k: 'a', v: 1 }, { k: 'a', v: 2 }))
      .pipe(previousRows({ key: 'k', n: 5, select: { mean: agg.avg('v') } }), rows())
      .subscribe((row) => {
        out.push(row.mean);
        // @ts-expect-error no such column
        void row.median;
      });
    expect(out).toEqual([null, 1]);
  });

  it('equals a recomputation of every row', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = seeded(seed);
      const n = 1 + Math.floor(random() * 6);
      const input = Array.from({ length: 50 }, () => ({
        k: 'abc'[Math.floor(random() * 3)]!,
        v: random() < 0.1 ? null : Math.floor(random() * 100),
      }));
      const select = {
        n: agg.count<Row>(),
        sum: agg.sum<Row>('v'),
        max: agg.max<Row>('v'),
        list: agg.collectList<Row, 'v'>('v'),
      };
      const harness = open({ key: 'k', n, select });
      input.forEach((row, t) => harness.event(t, row));
      const expected = input.map((row, i) => {
        const past = input
          .slice(0, i)
          .filter(({ k }) => k === row.k)
          .slice(-n);
        const list = past.flatMap(({ v }) => (v === null ? [] : [v]));
        const sum = list.length === 0 ? null : list.reduce((a, b) => a + b, 0);
        return { ...row, n: past.length, sum, max: list.length === 0 ? null : Math.max(...list), list };
      });
      expect(harness.takeRows()).toEqual(expected);
    }
  });

  it('may be stopped and restored anywhere', () => {
    const random = seeded(7);
    const when = new Date(5);
    const input = Array.from({ length: 60 }, (_, time): Signal<Row & { at: Date }> =>
      random() < 0.2
        ? { kind: 'watermark', time }
        : { kind: 'event', time, row: { k: 'ab'[time % 2]!, v: random() * 10, at: when } },
    );
    const select = {
      sd: agg.stddev<Row>('v', { where: (row) => row.v! > 3 }),
      p: agg.percentile<Row>('v', 0.5),
      list: agg.collectList<Row, 'v'>('v'),
    };
    for (const key of ['k', ['k', 'at']] as const)
      assertSplitInvariant(() => previousRows<Row & { at: Date }, typeof select, 'event'>({ key, n: 3, select }), input);
  });

  it('refuses options out of range', () => {
    const refused = expect.objectContaining({ code: 'TIDEMARK_OPTION' });
    for (const n of [0, -1, 1.5, NaN, Infinity]) expect(() => open({ n, select: before })).toThrow(refused);
    expect(() => previousRows({ n: 1, select: {} })).toThrow(refused);
    expect(() => previousRows({ n: 1, select: { x: agg.velocity(agg.sum<Row>('v')) } })).toThrow(refused);
  });
});

describe('previousRows and what goes wrong', () => {
  const bad = (): never => {
    throw new Error('bad');
  };
  const fragile = agg.custom<Row, { sum: number }, number>({
    create: () => ({ sum: 0 }),
    add: (acc, row) => void (acc.sum += row.v ?? bad()),
    result: ({ sum }) => sum,
  });
  const throwing: [string, Parameters<typeof previousRows<Row, Record<string, typeof fragile>, 'event'>>[0]][] = [
    ['key', { key: (row) => (row.v === null ? bad() : row.k), n: 2, select: { sum: fragile } }],
    ['a selector', { n: 2, select: { sum: agg.sum<Row>((row) => row.v ?? bad()) as never } }],
    ['add', { n: 2, select: { sum: fragile } }],
  ];

  it.each(throwing)('an error thrown by %s ends a plain pipe', (_name, options) => {
    const harness = operatorHarness(previousRows(options));
    harness.event(1, { k: 'a', v: null });
    expect(harness.error).toMatchObject({ code: 'TIDEMARK_USER_FUNCTION', details: { operator: 'previousRows-1', time: 1 } });
  });

  it.each(throwing.slice(0, 2))('an error thrown by %s, with onError: reject, leaves nothing behind', (_name, options) => {
    const harness = operatorHarness(previousRows({ ...options, onError: 'reject' }));
    [null, 1, null, 2, 4].forEach((v, t) => harness.event(t, { k: 'a', v }));
    const said = harness.take();
    expect(said.flatMap((s) => (s.kind === 'rejected' ? [[s.reason, s.time]] : []))).toEqual([
      ['failed', 0],
      ['failed', 2],
    ]);
    expect(said.flatMap((s) => (s.kind === 'event' ? [s.row['sum'] ?? 0] : []))).toEqual([0, 1, 3]);
    expect(harness.tally).toMatchObject({ in: 5, forwarded: 3, rejected: { failed: 2 } });
  });

  it('an error thrown by add is that of its row, not of the rows after it, and ends the pipe whatever onError', () => {
    const harness = operatorHarness(previousRows({ ...throwing[2]![1], onError: 'reject' }));
    harness.event(1, { k: 'a', v: 1 });
    harness.event(2, { k: 'a', v: null });
    expect(harness.error).toMatchObject({ code: 'TIDEMARK_USER_FUNCTION', details: { time: 2 } });
  });

  const marbles = (test: (helpers: RunHelpers) => void): void =>
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(test);

  it('marbles', () => {
    marbles(({ expectObservable }) => {
      const input = weave<Row>('-a-b---c|', '-----V---', {
        a: { time: 1, row: { k: 'a', v: 1 } },
        b: { time: 2, row: { k: 'a', v: 2 } },
        c: { time: 3, row: { k: 'a', v: 6 } },
        V: 2,
      });
      const shown = map((s: Signal<{ sum: number | null }>) =>
        s.kind === 'event' ? s.row.sum : s.kind === 'watermark' ? `W${s.time}` : s.kind,
      );
      const out = input.pipe(fromSignals(), previousRows({ n: 2, select: { sum: agg.sum<Row>('v') } }), signals(), shown);
      expectObservable(out).toBe('-a-b-V-c|', { a: null, b: 1, c: 3, V: 'W2' });
    });
  });

  it('explicit unsubscription ends the source', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const input = cold('-a-b---c-|', { a: { k: 'a', v: 1 }, b: { k: 'a', v: 2 }, c: { k: 'a', v: 3 } });
      const out = events(input).pipe(
        previousRows({ n: 2, select: { n: agg.count() } }),
        rows(),
        map((row) => row.n),
      );
      expectObservable(out, '----!').toBe('-x-y-', { x: 0, y: 1 });
      expectSubscriptions(input.subscriptions).toBe('^---!');
    });
  });

  it('stops a synchronous source', () => {
    let produced = 0;
    const source = from(
      (function* () {
        for (; produced < 1000; produced++) yield { k: 'a', v: 1, t: produced };
      })(),
    );
    source.pipe(withWatermark('t', 0), previousRows({ n: 2, select: { n: agg.count() } }), rows(), take(1)).subscribe();
    expect(produced).toBeLessThan(3);
  });

  it('an error of the source passes', () => {
    const seen: unknown[] = [];
    events(
      concat(
        of({ k: 'a', v: 1 }),
        throwError(() => 'broken'),
      ),
    )
      .pipe(previousRows({ n: 2, select: { n: agg.count() } }), rows())
      .subscribe({ next: (row) => seen.push(row.n), error: (cause) => seen.push(cause) });
    expect(seen).toEqual([0, 'broken']);
  });
});
