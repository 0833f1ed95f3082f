import { of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { events, filterRows, flatMapRows, fromSignals, mapRows, outcomes, rejected, rows, signals, type Signal } from 'tidemark';
import { operatorHarness, weave } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

const values = { a: { time: 1, row: 'a' }, b: { time: 5, row: 'b' }, x: { time: 1, row: 'A' }, y: { time: 5, row: 'B' }, V: 3 };
const marbles = (test: Parameters<TestScheduler['run']>[0]): void =>
  void new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(test);

describe('row operators', () => {
  it('mapRows changes rows and keeps times and watermarks', () => {
    marbles(({ expectObservable }) => {
      const output = weave('-a---b-|', '---V', values).pipe(
        fromSignals(),
        mapRows((row) => row.toUpperCase()),
        signals(),
      );
      expectObservable(output).toBe('-x-V-y-|', {
        x: { kind: 'event', ...values.x },
        y: { kind: 'event', ...values.y },
        V: { kind: 'watermark', time: 3 },
      });
    });
  });

  it('filterRows drops what is not truthy, and never stops time', () => {
    marbles(({ expectObservable }) => {
      const output = weave('-a---b-|', '---V', values).pipe(
        fromSignals(),
        filterRows((row) => row === 'b'),
        signals(),
      );
      expectObservable(output).toBe('---V-b-|', { b: { kind: 'event', ...values.b }, V: { kind: 'watermark', time: 3 } });
    });
    const harness = operatorHarness(filterRows<unknown, 'event'>((row) => row));
    for (const row of [null, undefined, 0, '', NaN, false, 1, 'x', true]) harness.event(1, row);
    expect(harness.takeRows()).toEqual([1, 'x', true]);
    expect(harness.tally).toMatchObject({ in: 9, forwarded: 3, filtered: 6, rejected: {} });
  });

  it('flatMapRows gives any number of rows, all with the time of the one they come from', () => {
    const harness = operatorHarness(
      flatMapRows<number, string, 'event'>((n) => Array.from({ length: n }, (_, i) => `${n}.${i}`)),
    );
    harness.event(7, 2);
    harness.event(8, 0);
    harness.event(9, 1);
    expect(harness.take()).toEqual([
      { kind: 'event', time: 7, row: '2.0' },
      { kind: 'event', time: 7, row: '2.1' },
      { kind: 'event', time: 9, row: '1.0' },
    ]);
    expect(harness.tally).toMatchObject({ in: 3, absorbed: 2, filtered: 1, outputs: 3, forwarded: 0 });
  });

  it('hand on idle marks, barriers and rejections of others', () => {
    const input: readonly Signal<string>[] = [
      { kind: 'idle', idle: true },
      { kind: 'barrier', batchId: 4 },
      { kind: 'rejected', reason: 'late', time: 1, row: 'r', operator: 'up', watermark: 2 },
      { kind: 'watermark', time: 9, drop: 4 },
    ];
    for (const operator of [
      mapRows<string, string, 'event'>((r) => r),
      filterRows<string, 'event'>(() => false),
      flatMapRows<string, string, 'event'>(() => []),
    ]) {
      const got: unknown[] = [];
      of(...input)
        .pipe(fromSignals(), operator, signals())
        .subscribe((s) => got.push(s));
      expect(got).toEqual(input);
    }
  });

  it('stand on untimed streams', () => {
    const got: unknown[] = [];
    events(of(1, 2, 3))
      .pipe(
        filterRows((n) => n > 1),
        mapRows((n) => n * 10),
        flatMapRows((n) => [n, n]),
        rows(),
      )
      .subscribe((n) => got.push(n));
    expect(got).toEqual([20, 20, 30, 30]);
  });
});

describe('ways out', () => {
  const input: readonly Signal<string>[] = [
    { kind: 'event', time: 1, row: 'a' },
    { kind: 'rejected', reason: 'late', time: 1, row: 'r', operator: 'up', watermark: 2 },
    { kind: 'watermark', time: 1 },
    { kind: 'event', time: 2, row: 'b' },
  ];
  const heard = (
    pick:
      | ReturnType<typeof rows<string, 'event'>>
      | ReturnType<typeof rejected<string, 'event'>>
      | ReturnType<typeof outcomes<string, 'event'>>,
  ): unknown[] => {
    const got: unknown[] = [];
    of(...input)
      .pipe(fromSignals(), pick as ReturnType<typeof rows<string, 'event'>>)
      .subscribe({ next: (v) => got.push(v), complete: () => got.push('complete') });
    return got;
  };

  it('rows, rejected and outcomes take their part, in order, and complete', () => {
    expect(heard(rows())).toEqual(['a', 'b', 'complete']);
    expect(heard(rejected())).toEqual([
      expect.objectContaining({ reason: 'late', row: 'r', operator: 'up', watermark: 2 }),
      'complete',
    ]);
    expect(heard(outcomes())).toEqual([
      { kind: 'row', time: 1, row: 'a' },
      input[1],
      { kind: 'row', time: 2, row: 'b' },
      'complete',
    ]);
  });

  it('signals() and fromSignals() are each other’s way back, with ties', () => {
    const got: unknown[] = [];
    of(...input)
      .pipe(fromSignals({ ties: 'ordered' }), signals(), fromSignals(), signals())
      .subscribe((s) => got.push(s));
    expect(got).toEqual(input);
    const traits = (ties?: 'ordered'): unknown =>
      (
        of(...input).pipe(fromSignals(ties === undefined ? {} : { ties, timeColumn: 't' })) as unknown as Record<
          symbol,
          { traits: unknown }
        >
      )[Symbol.for('tidemark/1')]?.traits;
    expect(traits()).toMatchObject({ kind: 'event', ties: 'instant', watermark: true, onError: 'error' });
    expect(traits('ordered')).toMatchObject({ ties: 'ordered', timeColumn: 't' });
  });
});
