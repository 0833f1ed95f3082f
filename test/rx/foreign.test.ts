import {
  concat,
  defer,
  delay,
  distinctUntilChanged,
  filter,
  finalize,
  map,
  merge,
  mergeMap,
  observeOn,
  of,
  queueScheduler,
  repeat,
  retry,
  share,
  shareReplay,
  skip,
  Subject,
  take,
  takeUntil,
  tap,
  type MonoTypeOperatorFunction,
  type Observable,
  type OperatorFunction,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  agg,
  aggregate,
  events,
  filterRows,
  fromSignals,
  mapRows,
  monotonous,
  onUpdate,
  outcomes,
  rows,
  signals,
  TidemarkError,
  tumbling,
  withWatermark,
  type Element,
  type Signal,
} from 'tidemark';
import { describe, expect, it } from 'vitest';
import { forSeeds } from '../laws/random';
import { timedSignals } from '../laws/inputs';
import type { Any } from '../laws/operators';

interface Row {
  readonly t: number;
  readonly k?: string;
}

const ROWS: readonly Row[] = [{ t: 1 }, { t: 7 }, { t: 12 }, { t: 4 }, { t: 25 }];
const timed = (source: Observable<Row>): Observable<Element<Row>> => source.pipe(withWatermark('t', 2));
const counted = (source: Observable<Element<Row>>): Observable<string> =>
  source.pipe(
    aggregate({ window: tumbling(10), select: { n: agg.count() } }),
    outcomes(),
    map((o) => (o.kind === 'row' ? `${o.row.window.start}:${o.row.n}` : `${o.reason} ${o.time}`)),
  );
const WANTED = ['0:2', 'late 4', '10:1', '20:1'];

/** What a stream of strings gives, up to its end or error. */
function heard(stream: Observable<string>): string[] {
  const log: string[] = [];
  stream.subscribe({
    next: (line) => log.push(line),
    error: (cause: unknown) => log.push(cause instanceof TidemarkError ? cause.code : String(cause)),
    complete: () => log.push('complete'),
  });
  return log;
}

type Mono = MonoTypeOperatorFunction<Element<Row>>;

describe('[D20] foreign operators that keep order and count', () => {
  const keeping: readonly [string, Mono][] = [
    ['tap', tap()],
    ['map of nothing', map((element) => element)],
    ['share', share()],
    ['observeOn', observeOn(queueScheduler)],
    ['finalize', finalize(() => undefined)],
    ['takeUntil that does not come', takeUntil(new Subject())],
    ['filter that keeps all', filter(() => true)],
    ['mergeMap of one', mergeMap((element) => of(element))],
    [
      'several',
      (source) =>
        source.pipe(
          tap(),
          share(),
          finalize(() => undefined),
          tap(),
        ),
    ],
    ['distinctUntilChanged', distinctUntilChanged()],
  ];

  it.each(keeping)('%s between tidemark operators changes nothing', (_name, operator) => {
    expect(heard(counted(timed(of(...ROWS)).pipe(operator)))).toEqual([...WANTED, 'complete']);
    expect(
      heard(
        counted(
          timed(of(...ROWS)).pipe(
            operator,
            mapRows((r: Row) => r),
            operator,
          ),
        ),
      ),
    ).toEqual([...WANTED, 'complete']);
  });

  it.each(keeping)('%s on an untimed stream, before withWatermark', (_name, operator) => {
    const stream = events(of(...ROWS)).pipe(operator as never, withWatermark('t' as never, 2)) as Observable<Element<Row>>;
    expect(heard(counted(stream))).toEqual([...WANTED, 'complete']);
  });

  it('tap sees opaque elements, one for each signal', () => {
    const seen: unknown[] = [];
    const said: unknown[] = [];
    timed(of(...ROWS))
      .pipe(
        tap((element) => seen.push(element)),
        signals(),
      )
      .subscribe((s) => said.push(s));
    expect(seen).toHaveLength(said.length);
  });

  it('keeps rows, watermarks, idle marks, barriers and rejections as they were', () => {
    forSeeds(40, (random) => {
      const input = timedSignals(random, 30, 5);
      const play = (operator: OperatorFunction<Element<Any>, Element<Any>>): Signal<Any>[] => {
        const said: Signal<Any>[] = [];
        of(...input)
          .pipe(fromSignals(), operator, signals())
          .subscribe((s) => said.push(s));
        return said;
      };
      const straight = play((source) => source);
      expect(straight.map(({ kind }) => kind)).toEqual(input.map(({ kind }) => kind));
      expect(play(tap())).toEqual(straight);
      expect(
        play((source) =>
          source.pipe(
            tap(),
            mapRows((r) => r),
            share(),
          ),
        ),
      ).toEqual(play(mapRows((r) => r)));
    });
  });

  it('delay and observeOn move everything by the same time', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ cold, expectObservable }) => {
      const values = { a: { t: 1 }, b: { t: 12 }, c: { t: 25 } };
      const source = cold('a--b--c--|', values);
      const result = counted(timed(source).pipe(delay(4)));
      expectObservable(result).toBe('    -------x--y--(z|)', { x: '0:1', y: '10:1', z: '20:1' });
    });
  });

  it('share: two consumers of one subscription see the same, also a change stream and one of ordered ties', () => {
    const source = new Subject<Row>();
    let subscriptions = 0;
    const shared: Observable<Element<Row>> = defer((): Observable<Row> => (subscriptions++, source)).pipe(
      withWatermark('t', 2),
      share(),
    );
    const first = heard(counted(shared));
    const second = heard(counted(shared.pipe(filterRows((r) => r.t > 5))));
    ROWS.forEach((row) => source.next(row));
    source.complete();
    expect(subscriptions).toBe(1);
    expect(first).toEqual([...WANTED, 'complete']);
    expect(second).toEqual(['0:1', '10:1', '20:1', 'complete']);

    const changes = of(...ROWS).pipe(
      withWatermark('t', monotonous()),
      tap(),
      aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: onUpdate() }),
      share(),
    );
    expect(
      heard(
        changes.pipe(
          rows(),
          map(({ row }) => `${row.window.start}:${row.n}`),
        ),
      ),
    ).toEqual(['0:1', '0:2', '10:1', '20:1', 'complete']);
  });

  it('share: one consumer that leaves does not take the other with it', () => {
    const source = new Subject<Row>();
    const shared = timed(source).pipe(share());
    const first: number[] = [];
    const second: number[] = [];
    const leaving = shared
      .pipe(
        mapRows((r) => r.t),
        rows(),
      )
      .subscribe((t) => first.push(t));
    shared
      .pipe(
        mapRows((r) => r.t),
        rows(),
      )
      .subscribe((t) => second.push(t));
    source.next({ t: 1 });
    leaving.unsubscribe();
    source.next({ t: 2 });
    source.next({ t: 3 });
    expect(first).toEqual([1]);
    expect(second).toEqual([1, 2, 3]);
    expect(source.observed).toBe(true);
  });

  it('takeUntil and take end the stream and leave windows open: nothing is flushed', () => {
    const stop = new Subject<void>();
    const source = new Subject<Row>();
    const log = heard(counted(timed(source).pipe(takeUntil(stop))));
    source.next({ t: 1 });
    source.next({ t: 13 });
    stop.next();
    expect(log).toEqual(['0:1', 'complete']);
    expect(source.observed).toBe(false);
    expect(heard(counted(timed(of(...ROWS)).pipe(take(6))))).toEqual(['0:2', 'complete']);
  });

  it('finalize runs once, when the consumer leaves', () => {
    let done = 0;
    const source = new Subject<Row>();
    const subscription = timed(source)
      .pipe(
        finalize(() => done++),
        mapRows((r) => r),
        rows(),
      )
      .subscribe();
    expect(done).toBe(0);
    subscription.unsubscribe();
    expect(done).toBe(1);
  });

  it('an error passes through a foreign operator', () => {
    const source = new Subject<Row>();
    const log = heard(counted(timed(source).pipe(tap())));
    source.error(new Error('boom'));
    expect(log).toEqual(['Error: boom']);
  });

  it('a consumer behind a foreign operator that pushes into the source cannot disturb time order', () => {
    const source = new Subject<Row>();
    const seen: string[] = [];
    timed(source)
      .pipe(
        tap(),
        mapRows((r) => r),
        tap(),
        signals(),
      )
      .subscribe((s) => {
        seen.push(s.kind === 'event' ? `row ${s.row.t}` : s.kind === 'watermark' ? `W ${s.time}` : s.kind);
        if (s.kind === 'event' && s.row.t < 20) source.next({ t: s.row.t + 10 });
      });
    source.next({ t: 5 });
    expect(seen).toEqual(['row 5', 'W 3', 'row 15', 'W 13', 'row 25', 'W 23']);
  });
});

describe('foreign operators that lose count are refused', () => {
  const spoiling: readonly [string, (a: Observable<Element<Row>>, b: Observable<Element<Row>>) => Observable<Element<Row>>][] = [
    ['merge', (a, b) => merge(a, b)],
    ['concat', (a, b) => concat(a, b)],
    ['repeat', (a) => a.pipe(repeat(2))],
    ['skip', (a) => a.pipe(skip(1))],
    ['a filter by force', (a) => a.pipe(filter((_element, i) => i !== 1))],
    [
      'shareReplay to a late consumer',
      (a) => {
        const replaying = a.pipe(shareReplay(2));
        replaying.subscribe();
        return replaying;
      },
    ],
    ['elements said twice', (a) => a.pipe(mergeMap((element) => of(element, element)))],
    ['elements in another order', (a) => a.pipe(mergeMap((element, i) => (i === 0 ? of(element).pipe(delay(0)) : of(element))))],
    [
      'retry',
      (a) => {
        let failures = 0;
        return a.pipe(
          tap((_element) => {
            if (failures++ === 2) throw new Error('once');
          }),
          retry(1),
        );
      },
    ],
  ];

  it.each(spoiling)('%s', (_name, spoil) => {
    const log = heard(counted(spoil(timed(of(...ROWS)), timed(of(...ROWS)))));
    expect(log.at(-1)).toBe('TIDEMARK_FOREIGN_MERGE');
    expect(log.filter((line) => line.startsWith('TIDEMARK'))).toHaveLength(1);
  });

  it.each(spoiling)('%s, straight into rows()', (_name, spoil) => {
    const log = heard(
      spoil(timed(of(...ROWS)), timed(of(...ROWS))).pipe(
        rows(),
        map((r) => `${r.t}`),
      ),
    );
    expect(log.at(-1)).toBe('TIDEMARK_FOREIGN_MERGE');
  });

  it('names a remedy', () => {
    let message = '';
    merge(timed(of(...ROWS)), timed(of(...ROWS)))
      .pipe(rows())
      .subscribe({ error: (cause: TidemarkError) => (message = cause.message) });
    expect(message).toContain('mergeStreams');
  });

  it('ends the source at the first fault', () => {
    const source = new Subject<Row>();
    const log = heard(counted(timed(source).pipe(skip(1))));
    source.next({ t: 1 });
    expect(log).toEqual(['TIDEMARK_FOREIGN_MERGE']);
    expect(source.observed).toBe(false);
  });

  it('a retry before anything was said is no fault', () => {
    let attempts = 0;
    const source = defer(() => {
      if (attempts++ === 0) throw new Error('not yet');
      return of(...ROWS);
    });
    expect(heard(counted(timed(source).pipe(retry(1))))).toEqual([...WANTED, 'complete']);
  });

  it('behind rows() all of it is allowed', () => {
    expect(
      heard(
        timed(of(...ROWS)).pipe(
          rows(),
          skip(1),
          repeat(2),
          map((r) => `${r.t}`),
        ),
      ),
    ).toEqual(['7', '12', '4', '25', '7', '12', '4', '25', 'complete']);
  });

  it.each([
    ['a row', { t: 1 }],
    ['null', null],
    ['undefined', undefined],
    ['a number', 7],
    ['a signal', { kind: 'event', time: 1, row: 1 }],
  ])('a plain value where an element was expected: %s', (_name, value) => {
    const by = (stream: Observable<unknown>): string[] =>
      heard(
        (stream as Observable<Element<Row>>).pipe(
          mapRows((r) => r),
          rows(),
          map(String),
        ),
      );
    expect(by(of(value))).toEqual(['TIDEMARK_FOREIGN_ELEMENT']);
    expect(by(timed(of(...ROWS)).pipe(map(() => value)))).toEqual(['TIDEMARK_FOREIGN_ELEMENT']);
  });

  it('a stream whose kind a foreign creation function hid is refused where it matters', () => {
    const ordered: Observable<Element<Row>> = defer(() => of(...ROWS).pipe(withWatermark('t', monotonous())));
    expect(heard(counted(ordered))).toEqual(['TIDEMARK_CONTEXT_LOST']);
    const untimed = defer(() => events(of(...ROWS)));
    expect(heard(counted(untimed as never))).toEqual(['TIDEMARK_CONTEXT_LOST']);
    const instant = defer(() => timed(of(...ROWS)));
    expect(heard(counted(instant))).toEqual([...WANTED, 'complete']);
  });
});

describe('[D14] operators in an illegal order fail where the pipe is built, and say why', () => {
  const code = (build: () => unknown): string => {
    try {
      build();
      return 'nothing';
    } catch (cause) {
      return cause instanceof TidemarkError ? cause.code : String(cause);
    }
  };
  const any = (stream: unknown): Observable<Element<Row>> => stream as Observable<Element<Row>>;

  it.each([
    ['', (stream: Observable<Element<Row>>) => stream],
    ['also behind foreign operators', (stream: Observable<Element<Row>>) => any(stream.pipe(tap(), share()))],
  ])('%s', (_name, through) => {
    const timedStream = through(timed(of(...ROWS)));
    const untimed = through(any(events(of(...ROWS))));
    const changes = through(
      any(timed(of(...ROWS)).pipe(aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: onUpdate() }))),
    );
    expect(code(() => timedStream.pipe(withWatermark('t' as never, 5)))).toBe('TIDEMARK_WATERMARK_REDEFINED');
    expect(code(() => untimed.pipe(aggregate({ window: tumbling(10), select: { n: agg.count() } })))).toBe('TIDEMARK_UNTIMED');
    expect(code(() => changes.pipe(mapRows((r) => r)))).toBe('TIDEMARK_CHANGE_STREAM');
    expect(code(() => changes.pipe(aggregate({ window: tumbling(10), select: { n: agg.count() } })))).toBe(
      'TIDEMARK_CHANGE_STREAM',
    );
    expect(code(() => untimed.pipe(aggregate({ select: { n: agg.count() } })))).toBe('nothing');
    expect(
      code(() =>
        timedStream.pipe(
          mapRows((r) => r),
          filterRows(() => true),
          aggregate({ window: tumbling(10), select: { n: agg.count() } }),
        ),
      ),
    ).toBe('nothing');
  });
});
