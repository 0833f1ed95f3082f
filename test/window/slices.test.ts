import { agg, cumulative, globalWindow, sliding, tumbling, type Assigner, type Window } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { foldingOf } from '../../src/aggregate/plan';
import { readerOf } from '../../src/key';
import type { WindowStore } from '../../src/window/store';
import { counted, followTables, heardOut, type HeardOut } from './inside';
import { NOTHING, plain } from '../state/changes';

interface Row {
  readonly k: string;
  readonly j: number;
}

/** The state of windows over slices, asked directly. */
class Slices {
  readonly store: WindowStore<Row>;
  readonly out: HeardOut = heardOut();
  readonly merges: () => number;
  private readonly folding;

  constructor(assigner: Assigner<Row>, key: readonly ('k' | 'j')[] = ['k']) {
    const { folding, merges } = counted(foldingOf<Row>({ n: agg.count(), last: agg.last('j') }));
    this.folding = folding;
    this.merges = merges;
    this.store = assigner.store({ folding, reader: readerOf<Row>(key) });
  }

  add(time: number, k = 'a', drop = -Infinity, j = 1): boolean {
    return this.store.add(time, { k, j }, drop, this.out);
  }

  /** What speaks up to then: `a 0..5 =2`. */
  sweep(upTo: number, drop = upTo): string[] {
    const said: string[] = [];
    this.store.sweep(upTo, drop, this.out, (key, window, acc) => said.push(this.text(key, window, acc)));
    this.store.expire(drop, this.out);
    return said;
  }

  text(key: unknown, { start, end }: Window, acc?: unknown): string {
    const count = acc === undefined ? '' : ` =${String(this.folding.reads[0]!(acc))}`;
    return `${String(key)} ${start}..${end}${count}`;
  }

  last(key: string, start: number, end: number): unknown {
    return this.folding.reads[1]!(this.store.peek(key, { start, end }));
  }

  touched(drop: number): string[] {
    const said: string[] = [];
    this.store.touched(drop, (key, window) => said.push(this.text(key, window, this.store.peek(key, window))));
    return said;
  }

  batch(drop: number): string[] {
    const { size, all } = this.store.takeTouched(drop);
    const texts = all().map(([key, window]) => this.text(key, window));
    expect(texts).toHaveLength(size);
    return texts;
  }

  size(table: string): number {
    return this.store.tables[table]!.size();
  }
}

const ASSIGNERS: Record<string, () => Assigner<Row>> = {
  tumbling: () => tumbling(10),
  'sliding with gaps': () => sliding(4, 10),
  sliding: () => sliding(10, 5),
  'sliding by no divisor': () => sliding(10, 4),
  cumulative: () => cumulative(20, 5),
};
const NAMES = Object.keys(ASSIGNERS);

describe('a row in a slice', () => {
  it('is in all windows of it, at its first instant and at its last', () => {
    const s = new Slices(sliding(10, 5));
    for (const time of [5, 9, 5, 10, 4, 5]) expect(s.add(time)).toBe(true);
    expect(s.touched(-Infinity)).toEqual(['a 0..10 =5', 'a 5..15 =5']);
    expect(s.touched(10)).toEqual(['a 5..15 =5']);
    expect([s.store.held(), s.size('panes'), s.size('cells')]).toEqual([6, 3, 3]);
    expect(s.sweep(100)).toEqual(['a -5..5 =1', 'a 0..10 =5', 'a 5..15 =5', 'a 10..20 =1']);
    expect([s.store.held(), s.out.absorbed, s.size('panes')]).toEqual([0, 6, 0]);
  });

  it('whose windows are all over is late; it is partly late where some are', () => {
    const s = new Slices(sliding(10, 5));
    expect(s.add(7, 'a', 10)).toBe(true);
    expect(s.out.partly).toBe(1);
    expect(s.add(7, 'a', 9)).toBe(true);
    expect(s.out.partly).toBe(1);
    expect(s.add(4, 'a', 10)).toBe(false);
    expect(s.out.rejected).toMatchObject([['late', 4, { behindMs: 0, missingDelayMs: 1 }]]);
    s.sweep(15);
    expect(s.add(7, 'a', 15)).toBe(false);
    expect(s.out.rejected).toHaveLength(2);
    expect(s.store.held()).toBe(0);
  });

  it('in no slice is in no window', () => {
    const s = new Slices(sliding(4, 10));
    expect(s.add(4)).toBe(false);
    expect(s.add(3)).toBe(true);
    expect(s.add(4)).toBe(false);
    expect(s.out.rejected).toEqual([
      ['noWindow', 4, undefined],
      ['noWindow', 4, undefined],
    ]);
  });

  it('in the window that never ends', () => {
    const s = new Slices(globalWindow());
    s.add(5);
    s.add(-5, 'b');
    expect(s.touched(100)).toEqual(['b -Infinity..Infinity =1']);
    expect(s.store.windows()).toBe(2);
    expect(s.sweep(1e15)).toEqual([]);
    expect(s.sweep(Infinity)).toEqual(['a -Infinity..Infinity =1', 'b -Infinity..Infinity =1']);
    expect(s.out.absorbed).toBe(2);
  });

  it('is the last one if it came last, wherever it lies', () => {
    const s = new Slices(sliding(10, 5));
    for (const [time, j] of [
      [7, 1],
      [2, 2],
      [8, 3],
      [3, 4],
    ] as const)
      s.add(time, 'a', -Infinity, j);
    expect([s.last('a', 0, 10), s.last('a', -5, 5), s.last('a', 5, 15)]).toEqual([4, 4, 3]);
    s.add(8, 'a', -Infinity, 5);
    expect(s.last('a', 0, 10)).toBe(5);
  });
});

describe('a window is looked up', () => {
  it('by its key and slices: those inside, not those beside it', () => {
    const s = new Slices(sliding(10, 5));
    for (const time of [-3, 2, 7, 7, 12, 12, 12]) s.add(time);
    s.add(7, 'b');
    const countOf = (key: string, start: number): string =>
      s.text(key, { start, end: start + 10 }, s.store.peek(key, { start, end: start + 10 }));
    expect([-10, -5, 0, 5, 10].map((start) => countOf('a', start))).toEqual([
      'a -10..0 =1',
      'a -5..5 =2',
      'a 0..10 =3',
      'a 5..15 =5',
      'a 10..20 =3',
    ]);
    expect(countOf('b', 0)).toBe('b 0..10 =1');
    expect(s.store.peek('b', { start: 10, end: 20 })).toBeUndefined();
    expect(s.store.peek('a', { start: 15, end: 25 })).toBeUndefined();
  });
});

describe.each(NAMES)('windows over slices, %s', (name) => {
  const make = (key?: readonly ('k' | 'j')[]): Slices => new Slices(ASSIGNERS[name]!(), key);

  it('are counted by naming them, and without', () => {
    const [asked, counting] = [make(), make()];
    counting.store.count();
    const both = (work: (s: Slices) => void): void => {
      [asked, counting].forEach(work);
      expect(counting.store.windows()).toBe(asked.store.windows());
    };
    for (const [time, k] of [
      [21, 'a'],
      [33, 'a'],
      [2, 'b'],
      [11, 'a'],
      [21, 'b'],
      [50, 'b'],
      [41, 'b'],
      [0, 'a'],
    ] as const)
      both((s) => void s.add(time, k));
    for (const upTo of [5, 10, 12, 20, 24]) both((s) => void s.sweep(upTo));
    both((s) => void s.add(26 + 4, 'c', 24));
    both((s) => void s.sweep(45));
    expect(asked.store.windows()).toBeGreaterThan(0);
    both((s) => void s.sweep(100));
    expect(asked.store.windows()).toBe(0);
  });

  it('speak by end, then by the arrival of their key, each with what is in it', () => {
    const s = make();
    const rows: [number, string][] = [];
    for (let i = 0; i < 60; i++) {
      const [time, k] = [(i * 37) % 83, 'abc'[(i * 7) % 3]!];
      if (s.add(time, k)) rows.push([time, k]);
    }
    const arrivals = [...new Set(rows.map(([, k]) => k))];
    const windows = new Map<string, { k: string; window: Window; n: number }>();
    for (const [time, k] of rows) {
      for (const window of ASSIGNERS[name]!().assign(time, {} as Row)) {
        const id = `${k} ${window.start} ${window.end}`;
        const known = windows.get(id);
        if (known === undefined) windows.set(id, { k, window, n: 1 });
        else known.n++;
      }
    }
    const expected = [...windows.values()]
      .map((one) => ({ ...one, at: name === 'tumbling' || name === 'sliding with gaps' ? 0 : arrivals.indexOf(one.k) }))
      .sort((a, b) => a.window.end - b.window.end || a.at - b.at)
      .map(({ k, window: { start, end }, n }) => `${k} ${start}..${end} =${n}`);
    const said = [3, 5, 5, 31, 40, 77, 200].flatMap((upTo) => s.sweep(upTo));
    const sorted = (all: string[]): string[] => (name.startsWith('tumbling') || name.endsWith('gaps') ? all.sort() : all);
    expect(sorted(said)).toEqual(sorted(expected));
    expect([s.out.absorbed, s.store.held(), s.store.windows()]).toEqual([rows.length, 0, 0]);
  });

  it('what a batch touches is named once, by end', () => {
    const s = make();
    s.store.count();
    const model = new Map<string, Window>();
    const touch = (time: number, k: string, drop: number): void => {
      if (!s.add(time, k, drop)) return;
      for (const window of ASSIGNERS[name]!().assign(time, {} as Row)) {
        if (window.end > drop) model.set(s.text(k, window), window);
      }
    };
    for (const [time, k] of [
      [31, 'a'],
      [12, 'a'],
      [21, 'b'],
      [13, 'a'],
      [11, 'b'],
    ] as const)
      touch(time, k, 12);
    const batch = s.batch(12);
    expect([...batch].sort()).toEqual([...model.keys()].sort());
    const ends = batch.map((text) => model.get(text)!.end);
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
    expect(s.batch(12)).toEqual([]);
    model.clear();
    touch(12, 'a', 12);
    expect(s.batch(12).sort()).toEqual([...model.keys()].sort());
  });

  it('are forgotten with the drop watermark, and their keys with them', () => {
    const s = make();
    s.add(1);
    s.add(11, 'b');
    const last = (time: number): number =>
      Math.max(
        ...ASSIGNERS[name]!()
          .assign(time, {} as Row)
          .map(({ end }) => end),
      );
    s.sweep(100, last(1) - 1);
    expect([s.size('panes'), s.size('cells'), s.store.held()]).toEqual([2, 2, 2]);
    if ('keys' in s.store.tables) expect(s.size('keys')).toBe(2);
    s.sweep(100, last(1));
    const left = last(1) === last(11) ? 0 : 1;
    expect([s.size('panes'), s.size('cells'), s.store.held(), s.out.absorbed]).toEqual([left, left, left, 2 - left]);
    if ('keys' in s.store.tables) expect(s.size('keys')).toBe(left);
    s.sweep(100);
    expect([s.size('panes'), s.out.absorbed]).toEqual([0, 2]);
    expect(s.add(1, 'a', 100)).toBe(false);
  });

  it.each([[['k']], [['k', 'j']], [[]]] as const)('tables say what has changed, by %j', (key) => {
    const s = make(key as never);
    const follow = followTables(() => s.store.tables);
    const steps: (() => unknown)[] = [
      ...[1, 21, 11, 1, 31].map((time) => () => s.add(time)),
      () => s.add(11, 'b'),
      () => s.sweep(20, 10),
      () => s.add(13, 'b', 10),
      () => s.add(12, 'c', 10),
      () => s.sweep(31, 20),
      () => s.add(21, 'a', 20),
      () => s.sweep(33, 30),
      () => s.sweep(100),
      () => s.add(101, 'a', 100),
    ];
    for (const step of steps) {
      step();
      follow();
    }
  });

  it.each([[['k']], [['k', 'j']], [[]]] as const)('tables, once loaded, are all there is, by %j', (key) => {
    const filled = (): Slices => {
      const s = make(key as never);
      for (const time of [1, 11, 21, 2, 31]) s.add(time);
      s.add(12, 'b');
      s.add(1, 'c');
      s.sweep(15, 5);
      return s;
    };
    const rest = (s: Slices): unknown[] => {
      const before = [s.store.held(), s.store.windows()];
      const said = [
        s.add(12, 'd', 5),
        s.add(1, 'c', 5),
        s.add(11, 'a', 5, 7),
        ...s.sweep(22, 15),
        s.add(41, 'b', 15),
        s.add(21, 'e', 15),
      ];
      return [before, said, s.sweep(100, 40), s.store.held(), s.store.windows(), s.out.absorbed, s.size('panes'), s.out.partly];
    };
    const expected = rest(filled());
    const s = filled();
    const tables = Object.values(s.store.tables);
    const saved = structuredClone(tables.map((table) => [...table.entries()]));
    const { absorbed } = s.out;
    for (const time of [53, 12, 13, 92, 41]) s.add(time, time > 20 ? 'z' : 'b');
    s.sweep(61, 53);
    tables.forEach((table, i) => table.load(structuredClone(saved[i]!)));
    const quiet = tables.flatMap(({ changes }) => (changes === undefined ? [] : [plain(changes())]));
    expect(quiet).toEqual(quiet.map(() => NOTHING));
    s.out.absorbed = absorbed;
    expect(rest(s)).toEqual(expected);
  });

  it('counted, and loaded over what was there, they are counted anew', () => {
    const filled = (): Slices => {
      const s = make();
      s.store.count();
      for (const time of [1, 11, 21, 2, 31]) s.add(time);
      s.sweep(5);
      return s;
    };
    const s = filled();
    const tables = Object.values(s.store.tables);
    const saved = structuredClone(tables.map((table) => [...table.entries()]));
    s.add(51, 'z');
    s.sweep(25);
    tables.forEach((table, i) => table.load(structuredClone(saved[i]!)));
    expect(s.store.windows()).toBe(filled().store.windows());
    s.batch(5);
    s.add(11, 'a', 5);
    const other = filled();
    other.batch(5);
    other.add(11, 'a', 5);
    expect(s.batch(5)).toEqual(other.batch(5));
  });

  it('loaded into a new store, they go on as if nothing had happened', () => {
    const s = make();
    for (const time of [1, 11, 21, 31]) s.add(time, time === 11 ? 'b' : 'a');
    s.sweep(15, 5);
    const copy = make();
    const [from, to] = [Object.values(s.store.tables), Object.values(copy.store.tables)];
    from.forEach((table, i) => to[i]!.load(structuredClone([...table.entries()])));
    for (const one of [s, copy]) {
      one.add(12, 'e', 5);
      one.add(22, 'c', 5);
      one.add(31, 'd', 5);
    }
    expect(copy.sweep(40, 10)).toEqual(s.sweep(40, 10));
    const panes = copy.size('panes');
    copy.sweep(100);
    s.sweep(100);
    const { removed } = plain(copy.store.tables['panes']!.changes!());
    expect(removed.length).toBeGreaterThanOrEqual(panes);
    for (const one of [s, copy]) {
      one.add(131, 'b', 100);
      one.add(131, 'a', 100);
    }
    expect(copy.sweep(200)).toEqual(s.sweep(200));
  });

  it('loaded over what was there, the slice that the last row was in is another', () => {
    const s = make();
    s.add(1);
    const tables = Object.values(s.store.tables);
    const saved = structuredClone(tables.map((table) => [...table.entries()]));
    s.add(2, 'z');
    tables.forEach((table, i) => table.load(structuredClone(saved[i]!)));
    if ('keys' in s.store.tables) expect(s.size('keys')).toBe(1);
    s.add(2);
    expect(s.store.held()).toBe(2);
    expect(s.sweep(100)).toContainEqual(expect.stringContaining('=2'));
  });

  it('what was visited is not visited again, whatever comes late', () => {
    const s = make();
    const ends = ASSIGNERS[name]!()
      .assign(1, {} as Row)
      .map(({ end }) => end);
    s.sweep(Math.max(...ends), 0);
    s.add(1);
    expect(s.sweep(Math.max(...ends), 0)).toEqual([]);
    expect(s.sweep(Math.max(...ends) + 1, 0)).toEqual([]);
    const other = make();
    other.sweep(Math.min(...ends), 0);
    other.add(1);
    expect(other.sweep(Math.min(...ends), 0)).toEqual([]);
    expect(other.sweep(100, 0)).toHaveLength(ends.length - 1);
  });

  it('nobody listens: nothing is said', () => {
    const s = make();
    s.add(1);
    s.add(1, 'b');
    s.out.closed = true;
    expect(s.sweep(100, 0)).toEqual([]);
  });

  it('to nobody: they are passed', () => {
    const s = make();
    for (const time of [1, 12, 22]) s.add(time);
    const other = make();
    for (const time of [1, 12, 22]) other.add(time);
    s.store.sweep(15, 0, s.out);
    other.sweep(15, 0);
    expect(s.sweep(100, 0)).toEqual(other.sweep(100, 0));
  });
});

describe('a window that is a slice', () => {
  it('is begun anew: its rows are still held, its figures are not, and that is written', () => {
    const s = new Slices(tumbling(10));
    s.add(1);
    s.add(2, 'b');
    const follow = followTables(() => s.store.tables);
    s.store.restart!('a', { start: 0, end: 10 });
    s.store.restart!('a', { start: 10, end: 20 });
    follow();
    s.add(3);
    expect(s.sweep(10)).toEqual(['a 0..10 =1', 'b 0..10 =1']);
    expect(s.out.absorbed).toBe(3);
  });

  it('begun anew where nobody follows, is not remembered', () => {
    const s = new Slices(tumbling(10));
    s.add(1);
    s.store.restart!('a', { start: 0, end: 10 });
    s.store.count();
    expect(s.batch(0)).toEqual([]);
  });
});

describe('windows that slide', () => {
  it('have rows that come when they have been visited in the windows to come, and no other', () => {
    const s = new Slices(sliding(10, 5));
    s.add(1);
    expect(s.sweep(10, 0)).toEqual(['a -5..5 =1', 'a 0..10 =1']);
    s.add(7, 'b');
    s.add(8);
    s.add(2, 'c');
    expect(s.touched(0)).toEqual(['c -5..5 =1', 'c 0..10 =1']);
    expect(s.sweep(30, 0)).toEqual(['a 5..15 =1', 'b 5..15 =1']);
  });

  it('also where nothing was in those that were due', () => {
    const s = new Slices(sliding(10, 5));
    s.sweep(12, 0);
    s.add(7);
    s.add(1);
    s.add(11, 'b');
    expect(s.sweep(15, 0)).toEqual(['a 5..15 =1', 'b 5..15 =1']);
    expect(s.sweep(100, 0)).toEqual(['b 10..20 =1']);
    expect(s.sweep(200, 0)).toEqual([]);
    s.add(150);
    s.add(192, 'c');
    s.add(197, 'c');
    expect(s.sweep(300, 0)).toEqual(['c 195..205 =1']);
  });

  it('have been visited up to no time before the first watermark', () => {
    const s = new Slices(sliding(10, 5));
    s.add(1);
    expect([...s.store.tables['meta']!.entries()]).toEqual([[[], [1, -Infinity, -Infinity]]]);
  });

  it('know a key for as long as any slice holds it', () => {
    const s = new Slices(sliding(10, 5));
    for (const time of [1, 6, 21]) s.add(time);
    s.add(2, 'b');
    for (const [drop, keys] of [
      [5, 2],
      [10, 1],
      [15, 1],
      [29, 1],
      [30, 0],
    ] as const) {
      s.sweep(100, drop);
      expect(s.size('keys')).toBe(keys);
    }
  });

  it('a key that comes to a slice that is over does not bring back windows that have been passed', () => {
    const s = new Slices(sliding(10, 5));
    s.add(1);
    s.sweep(30, 0);
    s.add(1, 'b');
    s.add(22, 'b');
    expect(s.sweep(30, 0)).toEqual([]);
    expect(s.sweep(100, 0)).toEqual([]);
    s.add(97, 'b');
    expect(s.sweep(105, 0)).toEqual(['b 95..105 =1']);
  });

  it('once counted, are not named to be counted', () => {
    const s = new Slices(sliding(10, 5));
    const { slicing } = s.store as unknown as { slicing: { nextEnd(end: number): number } };
    const { nextEnd } = slicing;
    let asked = 0;
    slicing.nextEnd = (end) => (asked++, nextEnd(end));
    s.store.count();
    for (const time of [1, 7, 33]) s.add(time);
    asked = 0;
    expect([s.store.windows(), asked]).toEqual([5, 0]);
  });

  it('keep the order of their keys whatever they come back in', () => {
    const s = new Slices(sliding(10, 5));
    for (const [time, k] of [
      [1, 'a'],
      [21, 'b'],
      [22, 'c'],
      [23, 'a'],
      [3, 'c'],
    ] as const)
      s.add(time, k);
    expect(s.sweep(10, 0)).toEqual(['a -5..5 =1', 'c -5..5 =1', 'a 0..10 =1', 'c 0..10 =1']);
    expect(s.sweep(25, 0)).toEqual(['a 15..25 =1', 'b 15..25 =1', 'c 15..25 =1']);
    expect(s.sweep(30, 0)).toEqual(['a 20..30 =1', 'b 20..30 =1', 'c 20..30 =1']);
  });

  it('a row that changes a slice that was read changes the windows to come', () => {
    const s = new Slices(sliding(20, 5));
    for (const time of [1, 6, 11]) s.add(time);
    expect(s.sweep(10, 0)).toEqual(['a -15..5 =1', 'a -10..10 =2']);
    s.add(2);
    s.add(7);
    expect(s.sweep(20, 0)).toEqual(['a -5..15 =5', 'a 0..20 =5']);
    s.add(3);
    expect(s.sweep(25, 0)).toEqual(['a 5..25 =3']);
  });

  it('work and memory: hundreds of slices that wait, windows that rest on what was remembered', () => {
    const s = new Slices(sliding(20, 5));
    for (let time = 0; time < 2000; time += 5) s.add(time);
    expect(s.merges()).toBe(0);
    const waiting = s.store as unknown as { waiting: unknown[]; reached: number };
    const left: number[] = [];
    for (let upTo = 5; upTo <= 2000; upTo += 5) {
      expect(s.sweep(upTo)).toHaveLength(1);
      expect(waiting.reached).toBeLessThan(Math.max(66, waiting.waiting.length / 2 + 2));
      left.push(waiting.waiting.length);
    }
    expect(new Set(left).size).toBeLessThan(10); // given back now and then, not at each window
    expect(s.merges() / 400).toBeLessThanOrEqual(4);
  });

  it('a window over the same slices as the one before is not put together again', () => {
    const s = new Slices(cumulative(100, 5));
    s.add(1);
    s.add(2, 'b');
    s.add(41);
    s.sweep(40, 0);
    const before = s.merges();
    expect(s.sweep(60, 0)).toHaveLength(8);
    expect(s.merges() - before).toBeLessThanOrEqual(2);
  });
});
