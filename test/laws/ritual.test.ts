import { EMPTY, NEVER, Observable, Subject, of, range, take, map as rxMap } from 'rxjs';
import {
  agg,
  aggregate,
  events,
  filterRows,
  flatMapRows,
  fromSignals,
  mapRows,
  onUpdate,
  outcomes,
  rejected,
  rows,
  signals,
  sliding,
  tumbling,
  withWatermark,
} from 'tidemark';
import type { Signal } from 'tidemark';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly t: number;
}

/** An endless synchronous source: only somebody who stops it lets the test end. */
function endless(): { readonly source: Observable<Row>; made: () => number; closed: () => boolean } {
  let made = 0;
  let closed = false;
  const source = new Observable<Row>((subscriber) => {
    while (!subscriber.closed && made < 100_000) subscriber.next({ t: made++ });
    closed = subscriber.closed;
  });
  return { source, made: () => made, closed: () => closed };
}

const PIPES: readonly [string, number, (source: Observable<Row>) => Observable<unknown>][] = [
  ['rows', 3, (source) => source.pipe(withWatermark('t', 0), rows(), take(3))],
  [
    'mapRows',
    3,
    (source) =>
      source.pipe(
        withWatermark('t', 0),
        mapRows((r) => r.t),
        filterRows(() => true),
        rows(),
        take(3),
      ),
  ],
  [
    'flatMapRows',
    1,
    (source) =>
      source.pipe(
        withWatermark('t', 0),
        flatMapRows((r) => [r, r, r, r]),
        rows(),
        take(3),
      ),
  ],
  [
    'aggregate',
    31,
    (source) =>
      source.pipe(withWatermark('t', 0), aggregate({ window: tumbling(10), select: { n: agg.count() } }), rows(), take(3)),
  ],
  [
    'onUpdate',
    3,
    (source) =>
      source.pipe(
        withWatermark('t', 0),
        aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: onUpdate() }),
        rows(),
        take(3),
      ),
  ],
  ['signals', 2, (source) => source.pipe(withWatermark('t', 0), signals(), take(3))],
  ['outcomes', 3, (source) => source.pipe(withWatermark('t', 0), outcomes(), take(3))],
  ['elements', 2, (source) => source.pipe(withWatermark('t', 0), take(3))],
  [
    'elements between operators',
    2,
    (source) =>
      source.pipe(
        withWatermark('t', 0),
        take(3),
        mapRows((r) => r),
        rows(),
      ),
  ],
  [
    'events',
    3,
    (source) =>
      events(source).pipe(
        mapRows((r) => r),
        rows(),
        take(3),
      ),
  ],
];

describe('take stops a synchronous source', () => {
  it.each(PIPES)('behind %s', (_name, wanted, build) => {
    const { source, made, closed } = endless();
    let completed = false;
    build(source).subscribe({ complete: () => (completed = true) });
    expect(completed).toBe(true);
    expect(made()).toBe(wanted);
    expect(closed()).toBe(true);
  });

  it('in the middle of the results of one row: the rest is not even made', () => {
    let asked = 0;
    const given: number[] = [];
    const out: number[] = [];
    of({ t: 1 }, { t: 2 })
      .pipe(
        withWatermark('t', 0),
        flatMapRows(() => [1, 2, 3]),
        mapRows((v) => (asked++, v)),
        rows(),
        take(2),
      )
      .subscribe((v) => out.push(v), void given);
    expect(out).toEqual([1, 2]);
    expect(asked).toBe(2);
  });

  it('in the middle of the windows of one watermark', () => {
    let built = 0;
    const result = agg.custom<Row, { n: number }, number>({
      create: () => ({ n: 0 }),
      add: (acc) => void acc.n++,
      merge: (into, from) => void (into.n += from.n),
      result: ({ n }) => (built++, n),
      commutative: true,
    });
    for (const window of [tumbling(10), sliding(20, 10)]) {
      built = 0;
      const input = range(0, 50).pipe(rxMap((i) => ({ t: i * 10 })));
      const source = new Observable<Signal<Row>>((subscriber) => {
        input.subscribe((row) => subscriber.next({ kind: 'event', time: row.t, row }));
        subscriber.next({ kind: 'watermark', time: Infinity });
      });
      const out: unknown[] = [];
      source.pipe(fromSignals(), aggregate({ window, select: { result } }), rows(), take(2)).subscribe((row) => out.push(row));
      expect(out).toHaveLength(2);
      expect(built).toBe(2);
    }
  });
});

describe('subscriptions', () => {
  const builds: readonly [string, (source: Observable<Row>) => Observable<unknown>][] = [
    ['rows', (s) => s.pipe(withWatermark('t', 0), rows())],
    ['aggregate', (s) => s.pipe(withWatermark('t', 0), aggregate({ window: tumbling(10), select: { n: agg.count() } }), rows())],
    ['elements', (s) => s.pipe(withWatermark('t', 0))],
    [
      'a foreign operator in between',
      (s) =>
        s.pipe(
          withWatermark('t', 0),
          rxMap((e) => e),
          mapRows((r) => r),
          rows(),
        ),
    ],
    ['rejected', (s) => s.pipe(withWatermark('t', 0), rejected())],
    ['signals', (s) => s.pipe(withWatermark('t', 0), signals())],
  ];

  it.each(builds)('unsubscribing ends the subscription of the source: %s', (_name, build) => {
    const source = new Subject<Row>();
    const got: unknown[] = [];
    const subscription = build(source).subscribe((value) => got.push(value));
    expect(source.observed).toBe(true);
    source.next({ t: 5 });
    source.next({ t: 25 });
    const before = got.length;
    subscription.unsubscribe();
    expect(source.observed).toBe(false);
    source.next({ t: 55 });
    expect(got).toHaveLength(before);
  });

  it.each(builds)(
    'nothing is subscribed before somebody subscribes, and everybody has a graph of his own: %s',
    (_name, build) => {
      let subscribed = 0;
      const source = new Observable<Row>((subscriber) => {
        subscribed++;
        subscriber.next({ t: 5 });
        subscriber.next({ t: 15 });
        subscriber.next({ t: 3 });
        subscriber.complete();
      });
      const stream = build(source);
      expect(subscribed).toBe(0);
      const play = (): unknown[] => {
        const got: unknown[] = [];
        stream.subscribe({ next: (value) => got.push(plain(value)), complete: () => got.push('complete') });
        return got;
      };
      const first = play();
      expect(subscribed).toBe(1);
      expect(play()).toEqual(first);
      expect(subscribed).toBe(2);
      expect(first.at(-1)).toBe('complete');
    },
  );

  it('the chain is not broken: unsubscribing behind reaches through foreign operators', () => {
    let torn = 0;
    const source = new Observable<Row>(() => () => torn++);
    const subscription = source
      .pipe(
        withWatermark('t', 0),
        rxMap((e) => e),
        mapRows((r) => r),
        rxMap((e) => e),
        rows(),
        rxMap((r) => r),
      )
      .subscribe();
    subscription.unsubscribe();
    expect(torn).toBe(1);
  });

  it('a source that never speaks and one that is empty', () => {
    const seen: string[] = [];
    NEVER.pipe(
      withWatermark((r: Row) => r.t, 0),
      signals(),
    ).subscribe({ next: () => seen.push('never'), complete: () => seen.push('never') });
    expect(seen).toEqual([]);
    EMPTY.pipe(
      withWatermark((r: Row) => r.t, 0),
      signals(),
    ).subscribe({ next: (s) => seen.push(s.kind), complete: () => seen.push('complete') });
    expect(seen).toEqual(['watermark', 'complete']);
  });

  it('a subscriber that throws does not disturb the stream', () => {
    // RxJS reports it on its own; here it is caught before it gets there.
    const source = new Subject<Row>();
    const got: number[] = [];
    source
      .pipe(
        withWatermark('t', 0),
        rows(),
        rxMap((r) => r.t),
      )
      .subscribe((t) => got.push(t));
    source.next({ t: 1 });
    expect(() => source.next({ t: 2 })).not.toThrow();
    expect(got).toEqual([1, 2]);
  });
});

/** Elements are opaque; what they say is compared elsewhere. */
function plain(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'edge' in value ? 'element' : value;
}
