import { agg, session, type Window } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { foldingOf } from '../../src/aggregate/plan';
import { readerOf } from '../../src/key';
import type { SessionOptions } from '../../src/window/session';
import type { WindowStore } from '../../src/window/store';
import { followTables, heardOut, type HeardOut } from './inside';
import { NOTHING, plain } from '../state/changes';

interface Row {
  readonly k: string;
  readonly j: number;
  readonly gap?: number;
}

/** The state of sessions, asked directly. */
class Sessions {
  readonly store: WindowStore<Row>;
  readonly out: HeardOut = heardOut();
  private readonly folding = foldingOf<Row>({ n: agg.count(), last: agg.last('j') });

  constructor(
    private readonly key: readonly ('k' | 'j')[] = ['k'],
    options: SessionOptions = {},
  ) {
    const assigner = session<Row>(({ gap = 5 }) => gap, options);
    this.store = assigner.store({ folding: this.folding, reader: readerOf<Row>(this.key) });
  }

  add(time: number, k = 'a', drop = -Infinity, gap = 5, j = 1): boolean {
    return this.store.add(time, { k, j, gap }, drop, this.out);
  }

  last(start: number): unknown {
    return this.folding.reads[1]!(this.store.peek('a', { start, end: NaN }));
  }

  /** What speaks up to then: `a 0..5 =2`. */
  sweep(upTo: number, drop = upTo): string[] {
    const said: string[] = [];
    this.store.sweep(upTo, drop, this.out, (key, window, acc) => said.push(this.text(key, window, acc)));
    this.store.expire(drop, this.out);
    return said;
  }

  text(key: unknown, { start, end, overlapsClosed }: Window, acc?: unknown): string {
    const count = acc === undefined ? '' : ` =${String(this.folding.reads[0]!(acc))}`;
    return `${String(key)} ${start}..${end}${overlapsClosed === true ? ' again' : ''}${count}`;
  }

  vanished(): string[] {
    const said: string[] = [];
    this.store.gone!((key, window) => said.push(this.text(key, window)));
    return said;
  }

  touched(): string {
    let said = '';
    this.store.touched(0, (key, window) => (said = this.text(key, window, this.store.peek(key, window))));
    return said;
  }

  batch(): string[] {
    const { size, all } = this.store.takeTouched(0);
    const texts = all().map(([key, window]) => this.text(key, window));
    expect(texts).toHaveLength(size);
    return texts;
  }

  size(table: string): number {
    return this.store.tables[table]!.size();
  }
}

describe('a row in a session', () => {
  it('is in the one it touches, at either side', () => {
    const s = new Sessions();
    for (const time of [10, 15, 5]) expect(s.add(time)).toBe(true);
    expect([s.store.windows(), s.store.held()]).toEqual([1, 3]);
    s.add(21);
    s.add(-1);
    expect([s.store.windows(), s.store.held()]).toEqual([3, 5]);
    expect(s.sweep(100)).toEqual(['a -1..4 =1', 'a 5..20 =3', 'a 21..26 =1']);
    expect(s.out.absorbed).toBe(5);
    expect([s.store.windows(), s.store.held()]).toEqual([0, 0]);
  });

  it('that is over is late, by its own end', () => {
    const s = new Sessions();
    s.add(3);
    expect(s.add(0, 'a', 5)).toBe(false);
    expect(s.out.rejected).toEqual([['late', 0, { windows: [{ start: 0, end: 5 }], behindMs: 0, missingDelayMs: 1 }]]);
    expect(s.add(1, 'a', 5)).toBe(true);
    expect(s.add(1, 'a', -Infinity, NaN)).toBe(false);
    expect(s.out.rejected.slice(1)).toEqual([['noWindow', 1, undefined]]);
    expect(s.store.held()).toBe(2);
  });

  it('that holds two together makes one of them, with all their rows', () => {
    const s = new Sessions();
    for (const time of [10, 11, 30, 0, 1]) s.add(time);
    expect(s.vanished()).toEqual([]);
    s.add(6);
    expect(s.vanished()).toEqual(['a 10..16']);
    expect(s.touched()).toBe('a 0..16 =5');
    expect([s.store.windows(), s.store.held()]).toEqual([2, 6]);
    expect(s.sweep(16)).toEqual(['a 0..16 =5']);
    expect([s.out.absorbed, s.store.held(), s.store.windows()]).toEqual([5, 1, 1]);
  });

  it('may hold many together', () => {
    const s = new Sessions();
    for (const time of [0, 10, 20, 30]) s.add(time);
    s.add(2, 'a', -Infinity, 22);
    expect(s.vanished()).toEqual(['a 10..15', 'a 20..25']);
    expect(s.touched()).toBe('a 0..25 =4');
    s.add(25);
    expect(s.touched()).toBe('a 0..35 =6');
    expect(s.store.windows()).toBe(1);
  });

  it('is the last one if it came last, also through a merge', () => {
    const s = new Sessions();
    s.add(10, 'a', -Infinity, 5, 1);
    s.add(0, 'a', -Infinity, 5, 2);
    s.add(1, 'a', -Infinity, 5, 3);
    expect(s.last(0)).toBe(3);
    s.add(12, 'a', -Infinity, 5, 4);
    s.add(6, 'a', -Infinity, 5, 5);
    expect(s.last(0)).toBe(5);
    s.add(7, 'a', -Infinity, 5, 6);
    expect(s.last(0)).toBe(6);
  });

  it('before the first moves its start', () => {
    const s = new Sessions();
    s.add(10);
    s.add(7);
    expect(s.vanished()).toEqual(['a 10..15']);
    expect(s.touched()).toBe('a 7..15 =2');
    s.add(8);
    expect(s.vanished()).toEqual([]);
    s.add(7);
    expect(s.vanished()).toEqual([]);
    expect(s.sweep(15)).toEqual(['a 7..15 =4']);
  });

  it('of no length touches its like where that is asked for', () => {
    const s = new Sessions(['k'], { zeroGap: 'merge' });
    s.add(10, 'a', -Infinity, 0);
    s.add(10, 'a', -Infinity, 0);
    expect(s.store.windows()).toBe(1);
    expect(s.sweep(10)).toEqual(['a 10..10 =2']);
  });
});

describe('sessions speak', () => {
  it('by end, then by the arrival of their first row, also after a merge', () => {
    const s = new Sessions();
    for (const [time, key] of [
      [10, 'a'],
      [10, 'b'],
      [0, 'a'],
      [5, 'a'],
      [9, 'c'],
    ] as const)
      s.add(time, key);
    expect(s.sweep(20)).toEqual(['c 9..14 =1', 'a 0..15 =3', 'b 10..15 =1']);
  });

  it('once, and again when they end later', () => {
    const s = new Sessions();
    s.add(0);
    expect(s.sweep(4, 0)).toEqual([]);
    expect(s.sweep(5, 0)).toEqual(['a 0..5 =1']);
    expect(s.sweep(5, 0)).toEqual([]);
    s.add(1);
    expect(s.sweep(5, 0)).toEqual([]);
    expect(s.sweep(6, 0)).toEqual(['a 0..6 =2']);
    s.add(3);
    expect([s.sweep(7, 6), s.out.absorbed]).toEqual([[], 0]);
    expect(s.sweep(8, 7)).toEqual(['a 0..8 =3']);
    expect(s.store.windows()).toBe(1);
    expect(s.sweep(8, 8)).toEqual([]);
    expect([s.store.windows(), s.out.absorbed]).toEqual([0, 3]);
  });

  it('not of what a later merge made of one that has spoken, but of the whole', () => {
    const s = new Sessions();
    s.add(0);
    s.sweep(5, 0);
    s.add(10);
    s.add(5);
    expect(s.sweep(15, 0)).toEqual(['a 0..15 =3']);
    s.sweep(15, 15);
    expect([s.out.absorbed, s.store.held(), s.store.windows()]).toEqual([3, 0, 0]);
  });

  it('not where they come behind what has spoken, and are closed all the same', () => {
    const s = new Sessions();
    expect(s.sweep(20, 0)).toEqual([]);
    s.add(15);
    expect(s.sweep(20, 0)).toEqual([]);
    s.add(16);
    expect(s.sweep(20, 0)).toEqual([]);
    expect(s.sweep(21, 0)).toEqual(['a 15..21 =2']);
    s.add(10, 'b');
    expect(s.sweep(21, 15)).toEqual([]);
    expect([s.out.absorbed, s.store.windows()]).toEqual([1, 1]);
  });

  it('to nobody: they are passed', () => {
    const s = new Sessions();
    s.add(0);
    s.store.sweep(5, 0, s.out);
    expect(s.sweep(5, 0)).toEqual([]);
    expect(s.store.windows()).toBe(1);
    s.add(20);
    s.out.closed = true;
    expect(s.sweep(100)).toEqual([]);
    expect([s.store.windows(), s.out.absorbed]).toEqual([0, 2]);
  });

  it('a watermark that falls back changes nothing', () => {
    const s = new Sessions();
    s.sweep(20, 0);
    s.sweep(10, 0);
    s.add(12);
    expect(s.sweep(20, 0)).toEqual([]);
  });
});

describe('a session that touches one that is final says so', () => {
  it('where it starts', () => {
    const s = new Sessions();
    s.add(0);
    s.sweep(5);
    s.add(5);
    s.add(6, 'b');
    expect(s.sweep(20)).toEqual(['a 5..10 again =1', 'b 6..11 =1']);
    s.add(16);
    expect(s.sweep(30)).toEqual(['a 16..21 =1']);
  });

  it('or where its start is moved to', () => {
    const s = new Sessions();
    s.add(0);
    s.sweep(5);
    s.add(9);
    s.add(6, 'a', 5);
    expect(s.touched()).toBe('a 6..14 =2');
    s.add(5, 'a', 5);
    expect(s.touched()).toBe('a 5..14 again =3');
  });

  it('whichever of its key is final: the last one', () => {
    const s = new Sessions();
    s.add(10);
    s.sweep(15);
    s.add(16, 'a', 15, 1);
    s.add(0, 'b', -Infinity, 100);
    s.sweep(17);
    s.add(17, 'a', 17);
    expect(s.touched()).toBe('a 17..22 again =1');
  });

  it('a key is known for its longest gap, and then forgotten', () => {
    const s = new Sessions();
    s.add(100, 'a', -Infinity, 8);
    s.add(100, 'b', -Infinity, 3);
    expect(s.size('closed')).toBe(2);
    s.sweep(108);
    expect([s.size('closed'), s.size('sessions')]).toEqual([2, 0]);
    s.sweep(110);
    expect(s.size('closed')).toBe(2);
    s.sweep(111);
    expect(s.size('closed')).toBe(1);
    s.sweep(115);
    expect(s.size('closed')).toBe(1);
    s.sweep(116);
    expect(s.size('closed')).toBe(0);
  });

  it('a key with a session that is open is kept', () => {
    const s = new Sessions();
    s.add(0);
    s.add(20);
    s.sweep(5);
    s.sweep(11);
    expect([s.size('closed'), s.store.windows()]).toEqual([1, 1]);
    expect(s.sweep(25)).toEqual(['a 20..25 =1']);
  });
});

describe('a session is looked up', () => {
  it('by its key and start', () => {
    const s = new Sessions();
    s.add(0);
    s.add(10);
    expect(s.text('a', { start: 10, end: 15 }, s.store.peek('a', { start: 10, end: 15 }))).toBe('a 10..15 =1');
    expect(s.store.peek('a', { start: 5, end: 10 })).toBeUndefined();
    expect(s.store.peek('b', { start: 0, end: 5 })).toBeUndefined();
  });

  it('and begun anew: its rows are still held, its figures are not', () => {
    const s = new Sessions();
    s.add(0);
    s.add(1);
    s.store.restart!('a', { start: 0, end: 6 });
    s.store.restart!('a', { start: 3, end: 6 });
    s.store.restart!('b', { start: 0, end: 6 });
    expect(s.touched()).toBe('a 0..6 =0');
    s.add(2);
    expect(s.touched()).toBe('a 0..7 =1');
    s.sweep(7);
    expect(s.out.absorbed).toBe(3);
  });
});

describe('what a batch touches', () => {
  it('is named once, by end, and only what is still there', () => {
    const s = new Sessions();
    s.store.count();
    for (const [time, key] of [
      [20, 'a'],
      [0, 'a'],
      [5, 'b'],
      [21, 'a'],
    ] as const)
      s.add(time, key);
    expect(s.batch()).toEqual(['a 0..5', 'b 5..10', 'a 20..26']);
    expect(s.batch()).toEqual([]);
    s.add(10, 'a');
    s.add(15, 'a');
    s.add(40, 'b');
    expect(s.batch()).toEqual(['a 10..26', 'b 40..45']);
  });
});

describe.each([[['k']], [['k', 'j']], [[]]] as const)('the tables of sessions, by %j', (key) => {
  const filled = (): Sessions => {
    const s = new Sessions(key);
    for (const time of [0, 10, 11, 30]) s.add(time);
    s.add(12, 'b');
    s.add(0, 'r');
    s.sweep(16, 5);
    return s;
  };

  it('say what has changed', () => {
    const s = new Sessions(key);
    const follow = followTables(() => s.store.tables);
    const steps: (() => unknown)[] = [
      ...[0, 10, 20, 7, 30, 15].map((time) => () => s.add(time)),
      () => s.add(22, 'b'),
      () => s.sweep(27, 10),
      () => s.add(12, 'c', 10),
      () => s.store.restart!(key.length === 1 ? 'b' : key.length === 2 ? ['b', 1] : null, { start: 22, end: 27 }),
      () => s.sweep(40, 27),
      () => s.add(28, 'b', 27),
      () => s.add(25, 'b', 27),
      () => s.sweep(100),
    ];
    for (const step of steps) {
      step();
      follow();
    }
    expect(s.size('closed')).toBe(0);
  });

  it('once loaded, are all there is, whatever came after they were saved', () => {
    const rest = (s: Sessions): unknown[] => {
      const before = [s.store.held(), s.store.windows(), s.out.absorbed];
      const said = [s.add(14, 'a', 5), s.touched(), ...s.sweep(20, 15), s.add(22, 'a', 15), s.touched(), ...s.sweep(200, 100)];
      return [before, said, s.store.held(), s.store.windows(), s.out.absorbed, s.size('closed'), s.size('sessions')];
    };
    const expected = rest(filled());
    const s = filled();
    const tables = Object.values(s.store.tables);
    const saved = structuredClone(tables.map((table) => [...table.entries()]));
    const { absorbed } = s.out;
    for (const time of [50, 14, 17, 60, 90]) s.add(time, time > 20 ? 'c' : 'a');
    s.sweep(70, 60);
    tables.forEach((table, i) => table.load(structuredClone(saved[i]!)));
    s.out.absorbed = absorbed;
    expect(rest(s)).toEqual(expected);
    followTables(() => s.store.tables);
  });

  it('may be loaded in any order', () => {
    const s = filled();
    const copy = new Sessions(key);
    const [from, to] = [Object.values(s.store.tables), Object.values(copy.store.tables)];
    from.forEach((table, i) => to[i]!.load(structuredClone([...table.entries()].reverse())));
    const quiet = to.flatMap(({ changes }) => (changes === undefined ? [] : [plain(changes())]));
    expect(quiet).toEqual(quiet.map(() => NOTHING));
    expect([copy.store.held(), copy.store.windows()]).toEqual([s.store.held(), s.store.windows()]);
    expect(copy.sweep(40, 40)).toEqual(s.sweep(40, 40));
    expect(copy.size('closed')).toBe(s.size('closed'));
    expect(copy.sweep(200)).toEqual(s.sweep(200));
    expect([copy.size('closed'), s.size('closed')]).toEqual([0, 0]);
  });
});
