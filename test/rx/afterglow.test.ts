import { from, map, Observable, of, Subject, tap, toArray, type Subscriber } from 'rxjs';
import { setFlagsFromString } from 'node:v8';
import {
  agg,
  aggregate,
  broadcastJoin,
  type Element,
  filterRows,
  intervalJoin,
  mapAsync,
  operator,
  rows,
  sliding,
  tumbling,
  withWatermark,
} from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { describe, expect, it, vi } from 'vitest';
import { Leaf, createKeyMap } from '../../src/key/keyMap';
import { Held, Lane } from '../../src/join/side';
import { Combined } from '../../src/window/combined';
import { Pane } from '../../src/window/panes';
import { Track } from '../../src/window/track';
import type { StateTable } from '../../src/state/table';
import { processorOf } from '../window/inside';
import { collections } from './collector';

setFlagsFromString('--allow-natives-syntax');

interface Row {
  readonly t: number;
  readonly k: string;
}

const fail = (): never => {
  throw new Error('nobody knows');
};
// In no scope that holds a row: what a selector leads to stays with it.
const anything = (): boolean => true;
const row = (t: number): Row => ({ t, k: `k${t}` });

/** A pipe that came to its end, or was cut off in the middle; what is left of the user's. */
function ended(inState: number, isCut: boolean): Record<'keep' | 'consume' | 'row' | 'source', WeakRef<object>> {
  const keep = (): boolean => true;
  const consume = (): void => {};
  const first = row(0);
  const input = new Subject<Row>();
  const pipe = input.pipe(
    withWatermark('t', 1e6),
    filterRows(keep, { id: 'mine' }),
    aggregate({ key: 'k', window: tumbling(10), select: { n: agg.count() } }),
    rows(),
  );
  const open = pipe.subscribe(consume);
  input.next(first);
  for (let t = 1; t < inState; t++) input.next(row(t));
  if (isCut) open.unsubscribe();
  else input.complete();
  return { keep: new WeakRef(keep), consume: new WeakRef(consume), row: new WeakRef(first), source: new WeakRef(input) };
}

/** V8 may hold on to a function a little longer than anybody else does. */
async function isGone(one: WeakRef<object>): Promise<boolean> {
  for (let i = 0; i < 10 && one.deref() !== undefined; i++) await collections(1);
  return one.deref() === undefined;
}

describe('a pipe that has ended', () => {
  it('stays for three collections, without rows, source and consumer', async () => {
    const { keep, consume, row, source } = ended(1000, false);
    await collections(2);
    expect(keep.deref()).toBeDefined();
    expect([row.deref(), source.deref(), consume.deref()]).toEqual([undefined, undefined, undefined]);
    expect(await isGone(keep)).toBe(true);
  });

  it('goes at once, and pushes no other one out, when it was cut off with something in its state', async () => {
    const { keep } = ended(3, false);
    for (let i = 0; i < 4; i++) ended(3, true);
    await collections(2);
    expect(keep.deref()).toBeDefined();
    expect(await isGone(keep)).toBe(true);
  });

  const cutOff = (join: (rows$: Observable<Element<Row, 'event'>>) => Observable<unknown>, first: Row): void => {
    const input = new Subject<Row>();
    const open = join(input.pipe(withWatermark('t', 1000))).subscribe();
    input.next(first);
    open.unsubscribe();
  };
  const select = (one: Row): Row => one;
  const all = { all: agg.collectList((one) => one) };
  const FORMS: Readonly<Record<string, (first: Row) => void>> = {
    'what is collected behind it': (first) => void of(first).pipe(withWatermark('t', 0), rows(), toArray()).subscribe(),
    'elements that are collected': (first) => void of(first).pipe(withWatermark('t', 0), toArray()).subscribe(),
    'what is collected behind it, cut off': (first) => cutOff((rows$) => rows$.pipe(rows(), toArray()), first),
    'what a function behind it leads to': (first) =>
      void of(row(1))
        .pipe(
          withWatermark('t', 0),
          rows(),
          map(() => first),
        )
        .subscribe(),
    "what an operator between tidemark's has collected": (first) => {
      const seen: unknown[] = [];
      const pipe = of(first).pipe(
        withWatermark('t', 0),
        tap((one) => seen.push(one)),
        filterRows(anything),
        rows(),
      );
      pipe.subscribe();
    },
    'rows in an accumulator': (first) =>
      cutOff((rows$) => rows$.pipe(aggregate({ key: 'k', window: tumbling(10), select: all })), first),
    'rows of a join': (first) =>
      cutOff((rows$) => rows$.pipe(intervalJoin(rows$, { on: 'k', within: { after: 10 }, select })), first),
    'a table': (first) =>
      void of(row(1))
        .pipe(withWatermark('t', 0), broadcastJoin([first], { on: 'k', select }), rows())
        .subscribe(),
    'rows that wait for a table': (first) =>
      cutOff((rows$) => rows$.pipe(broadcastJoin(new Subject<Row[]>(), { on: 'k', select })), first),
    'what an operator says it holds': (first) => {
      const holding = operator<Row, Row, 'event', 'event'>({
        type: 'holding',
        accepts: ['event'],
        create: () => {
          let last: Row | undefined;
          return { onEvent: (_time, one) => void (last = one), held: () => Number(last !== undefined) };
        },
      });
      cutOff((rows$) => rows$.pipe(holding), first);
    },
    'rows at work': (first) => cutOff((rows$) => rows$.pipe(mapAsync(() => new Promise(() => {}))), first),
  };
  it.each(Object.entries(FORMS))('lets go of %s', async (_name, run) => {
    const weak = (() => {
      const first = row(0);
      run(first);
      return new WeakRef(first);
    })();
    await collections(2);
    expect(weak.deref()).toBeUndefined();
  });

  it('makes room for those that end after it', async () => {
    const all = Array.from({ length: 6 }, () => ended(3, false).keep);
    await collections(2);
    expect(all.map((keep) => keep.deref() !== undefined)).toEqual([false, false, true, true, true, true]);
    for (const keep of all) expect(await isGone(keep)).toBe(true);
  });

  it('stays as long again when another one ends', async () => {
    const { keep } = ended(3, false);
    await collections(2);
    ended(3, false);
    await collections(2);
    expect(keep.deref()).toBeDefined();
    expect(await isGone(keep)).toBe(true);
  });

  it('is let go at once where nobody says when the collector has come by', async () => {
    const { keep } = ended(3, false);
    vi.stubGlobal('FinalizationRegistry', undefined);
    const others = Array.from({ length: 4 }, () => ended(3, false).keep);
    vi.unstubAllGlobals();
    await collections(2);
    expect(keep.deref()).toBeDefined();
    for (const other of others) expect(await isGone(other)).toBe(true);
  });

  it('is let go, and ends well, when its state cannot say how large it is', async () => {
    const table: StateTable = { version: 1, size: () => fail(), entries: () => [], load: () => {} };
    const weak = (() => {
      const onEvent = (): void => {};
      const odd = operator<Row, Row, 'event', 'event'>({
        type: 'odd',
        accepts: ['event'],
        create: () => ({ tables: { table }, onEvent }),
      });
      const open = new Subject<Row>().pipe(withWatermark('t', 0), odd).subscribe();
      open.unsubscribe();
      return new WeakRef(onEvent);
    })();
    await collections(2);
    expect(weak.deref()).toBeUndefined();
  });
});

describe('the one that lasts has the hidden class of those at work:', () => {
  // The only way to ask V8.
  const isAlike = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: unknown, b: unknown) => boolean;

  /** The instances of a class among what an object leads to. */
  function found<C>(Class: new (...args: never[]) => C, root: unknown): C[] {
    const seen = new Set<unknown>();
    const look = (at: unknown): void => {
      if (typeof at !== 'object' || at === null || seen.has(at)) return;
      seen.add(at);
      if (at instanceof Map) return at.forEach(look);
      Object.values(at).forEach(look);
    };
    look(root);
    return [...seen].filter((one) => one instanceof Class) as C[];
  }
  const expectAlike = (Class: { readonly lasting: unknown; new (...args: never[]): object }, root: unknown): void => {
    const all = found(Class, root);
    expect(all.length).toBeGreaterThan(0);
    for (const one of all) expect(isAlike(one, Class.lasting), Class.name).toBe(true);
  };
  const late = 1_700_000_000_000;

  it('panes, tracks and what they combine', () => {
    const select = { n: agg.count<Row>(), t: agg.max<Row>('t') };
    const harness = operatorHarness(aggregate({ key: 'k', window: sliding(20, 10), select } as never) as never);
    for (let t = late; t < late + 100; t += 3) harness.event(t, row(t % 5));
    harness.watermark(late + 50);
    for (const Class of [Pane, Track, Combined]) expectAlike(Class, processorOf(harness));
  });

  it('rows that wait in a join', () => {
    const taken: unknown[] = [];
    const [left, right] = [new Subject<Row>(), new Subject<Row>()];
    const open = left
      .pipe(
        withWatermark('t', 0),
        intervalJoin(right.pipe(withWatermark('t', 0)), {
          on: 'k',
          within: { before: 100, after: 100 },
          select: (a, b) => [a, b],
        }),
        rows(),
      )
      .subscribe((pair) => void taken.push(...pair));
    left.next(row(late));
    right.next(row(late));
    expect(taken).toHaveLength(2);
    for (const Class of [Lane, Held]) expectAlike(Class, open);
    open.unsubscribe();
  });

  it('entries under keys of several columns', () => {
    const map = createKeyMap<{ n: number }>(2);
    for (let i = 0; i < 50; i++) map.set([i % 7, `k${i}`], { n: i });
    expectAlike(Leaf, map);
  });

  it('the way in, and what RxJS has at the end', () => {
    let head!: Subscriber<Row> & { constructor: { lasting: unknown; consumer: unknown } };
    const input = new Observable<Row>((subscriber) => void (head = subscriber as typeof head));
    const open = input.pipe(withWatermark('t', 0), rows()).subscribe(() => {});
    from([row(late), row(late + 1)]).subscribe({ next: (one) => head.next(one) });
    expect(isAlike(head, head.constructor.lasting)).toBe(true);
    expect(isAlike(open, head.constructor.consumer)).toBe(true);
    open.unsubscribe();
  });
});
