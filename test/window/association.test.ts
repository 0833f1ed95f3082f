import { describe, expect, it } from 'vitest';
import { agg } from '../../src/index';
import { foldingOf } from '../../src/aggregate/plan';
import { Combined } from '../../src/window/combined';
import { Track } from '../../src/window/track';
import { counted } from './inside';

// How the panes of a window are put together, as text, and how many merges that takes.

interface Row {
  readonly v: number;
}

const join = (one: string, other: string): string => (one === '' ? other : other === '' ? one : `(${one} ${other})`);
/** Says how it was put together. */
const shape = agg.custom<Row, { text: string }, string>({
  create: () => ({ text: '' }),
  add: (acc, { v }) => void (acc.text = join(acc.text, String(v))),
  merge: (into, from) => void (into.text = join(into.text, from.text)),
  result: ({ text }) => text,
  commutative: true,
});

const shapes = foldingOf<Row>({ shape });
const sums = foldingOf<Row>({ total: agg.sum('v'), n: agg.count() });

function pane(v: number, of = shapes): unknown {
  const acc = of.create();
  of.add(acc, of.read({ v }), 0);
  return acc;
}

const said = (acc: unknown, of = shapes): unknown => of.reads[0]!(acc);
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const fromLeft = (from: number, to: number): string => range(from, to).map(String).reduce(join, '');
const fromRight = (from: number, to: number): string =>
  range(from, to)
    .map(String)
    .reduceRight((all, one) => join(one, all), '');

describe('the panes of a window', () => {
  it('are folded from left to right up to 16, also where the last one came later', () => {
    const accs = range(0, 15).map((v) => pane(v));
    const starts = range(0, 15);
    const moving = new Combined(shapes);
    expect(said(moving.of(starts, accs, 0, 8))).toBe(fromLeft(0, 15));
    starts.push(15);
    accs.push(pane(15));
    expect(said(moving.of(starts, accs, 0, 8))).toBe(fromLeft(0, 16));
    expect(said(new Combined(shapes).of(starts, accs, 0, 8))).toBe(fromLeft(0, 16));
    starts.push(16);
    accs.push(pane(16));
    expect(said(moving.of(starts, accs, 0, 8))).toBe(join(fromRight(0, 8), fromLeft(8, 17)));
  });

  it.each([3, 16, 17, 20, 40])('%i of them: as they lie to the boundary, whatever was remembered, in few merges', (size) => {
    const { folding, merges } = counted(shapes);
    const moving = new Combined(folding);
    const starts = range(0, 5 * size);
    const accs = starts.map((v) => pane(v));
    for (let head = 0; head <= 4 * size; head++) {
      const boundary = Math.ceil(head / size) * size;
      const end = head + size;
      const expected = size <= 16 ? fromLeft(head, end) : join(fromRight(head, boundary), fromLeft(boundary, end));
      const [seenStarts, seen] = [starts.slice(0, end), accs.slice(0, end)];
      expect(said(moving.of(seenStarts, seen, head, boundary), folding)).toBe(expected);
    }
    expect(merges() / (4 * size + 1)).toBeLessThan(size <= 16 ? size + 0.01 : 6);
    expect(accs.map((acc) => said(acc))).toEqual(starts.map(String)); // panes stay as they are
  });

  it('asked again, are not put together again; one alone is given as it is', () => {
    const { folding, merges } = counted(shapes);
    const accs = [pane(1)];
    const one = new Combined(folding);
    expect(one.of([1], accs, 0, 0)).toBe(accs[0]);
    expect(one.of([1], accs, 0, 0)).toBe(accs[0]);
    expect(merges()).toBe(0);
    accs.push(pane(2));
    expect(said(one.of([1, 2], accs, 0, 0))).toBe('(1 2)');
    expect(said(one.of([1, 2], accs, 0, 0))).toBe('(1 2)');
    expect(merges()).toBe(2);
    expect(said(accs[0])).toBe('1');
    accs.push(pane(3));
    expect(said(one.of([1, 2, 3], accs, 0, 0))).toBe('((1 2) 3)');
    expect(merges()).toBe(3);
    expect(one.of([1, 2, 3], accs, 2, 0)).toBe(accs[2]);
  });

  it('few that grow cost one merge for each that enters, wherever they lie', () => {
    const { folding, merges } = counted(shapes);
    const accs = range(0, 25).map((v) => pane(v));
    const growing = new Combined(folding);
    growing.of(range(0, 22), accs.slice(0, 22), 18, 0);
    expect(merges()).toBe(4);
    expect(said(growing.of(range(0, 24), accs.slice(0, 24), 18, 0))).toBe(fromLeft(18, 24));
    expect(merges()).toBe(6);
  });

  it('many, asked again, cost what few do: what leads to the boundary and what follows it is remembered', () => {
    const { folding, merges } = counted(shapes);
    const [starts, accs] = [range(0, 40), range(0, 40).map((v) => pane(v))];
    const many = new Combined(folding);
    many.of(starts, accs, 0, 20);
    const first = merges();
    expect(said(many.of(starts, accs, 0, 20))).toBe(join(fromRight(0, 20), fromLeft(20, 40)));
    expect(merges() - first).toBeLessThanOrEqual(2);
    expect(many.closedBefore).toBe(20);
    many.forget();
    expect(many.closedBefore).toBeNaN();
    accs[30] = pane(99);
    accs[3] = pane(98);
    expect(said(many.of(starts, accs, 0, 20))).toContain('98');
    expect(said(many.of(starts, accs, 0, 20))).toContain('99');
  });

  it('all before the boundary, or all behind it', () => {
    const [starts, accs] = [range(0, 20), range(0, 20).map((v) => pane(v))];
    expect(said(new Combined(shapes).of(starts, accs, 0, 50))).toBe(fromRight(0, 20));
    expect(said(new Combined(shapes).of(starts, accs, 0, -5))).toBe(fromLeft(0, 20));
    expect(said(new Combined(shapes).of(starts, accs, 3, 3))).toBe(fromLeft(3, 20));
  });
});

describe('whole sums', () => {
  it.each([5, 40])('%i of them: what enters is added, what leaves is taken out, one merge a window', (size) => {
    const { folding, merges } = counted(sums);
    const moving = new Combined(folding);
    const starts = range(0, 200);
    const accs = starts.map((v) => pane(v, sums));
    moving.of(starts.slice(0, size), accs.slice(0, size), 0, 0);
    const first = merges();
    for (let head = 1; head + size <= 200; head++) {
      const end = head + size;
      const acc = moving.of(starts.slice(0, end), accs.slice(0, end), head, Math.ceil(head / size) * size);
      expect(said(acc, sums)).toBe((size * (head + end - 1)) / 2);
    }
    expect(merges() - first).toBe(200 - size);
  });

  it.each([5, 40])('%i of them, with a fraction that enters and leaves: added up anew while it is there', (size) => {
    const { folding, merges } = counted(sums);
    const moving = new Combined(folding);
    const starts = range(0, 200);
    const accs = starts.map((v) => pane(v === 100 ? 0.1 : v % 7, sums));
    let last = 0;
    const costs = new Map<number, number>();
    for (let head = 0; head + size <= 200; head++) {
      const end = head + size;
      const boundary = Math.ceil(head / size) * size;
      const [seenStarts, seen] = [starts.slice(0, end), accs.slice(0, end)];
      const acc = moving.of(seenStarts, seen, head, boundary);
      expect(said(acc, sums)).toBe(said(new Combined(sums).of(seenStarts, seen, head, boundary), sums));
      costs.set(head, merges() - last);
      last = merges();
    }
    expect(costs.get(100 - size)).toBe(1);
    if (size < 16) expect(range(100 - size + 2, 101).map((head) => costs.get(head))).toEqual(range(0, size - 1).map(() => size));
    else expect(range(100 - size + 2, 101).filter((head) => costs.get(head) === 1)).toEqual([]);
    expect(costs.get(103)).toBe(1);
  });

  it('a largest value that leaves cannot be taken out: put together anew', () => {
    const tops = foldingOf<Row>({ top: agg.max('v') });
    const moving = new Combined(tops);
    const accs = [9, 1, 2, 3, 4].map((v) => pane(v, tops));
    expect(said(moving.of(range(0, 3), accs.slice(0, 3), 0, 0), tops)).toBe(9);
    expect(said(moving.of(range(0, 4), accs.slice(0, 4), 1, 0), tops)).toBe(3);
    expect(said(moving.of(range(0, 5), accs, 2, 0), tops)).toBe(4);
  });

  it('a window that shares nothing with the one before is put together anew', () => {
    const moving = new Combined(shapes);
    const accs = range(0, 6).map((v) => pane(v));
    moving.of(range(0, 3), accs.slice(0, 3), 0, 0);
    expect(said(moving.of(range(0, 6), accs, 3, 0))).toBe(fromLeft(3, 6));
    const sum = new Combined(sums);
    const whole = range(0, 6).map((v) => pane(v, sums));
    sum.of(range(0, 3), whole.slice(0, 3), 0, 0);
    expect(said(sum.of(range(0, 6), whole, 3, 0), sums)).toBe(12);
    sum.forget();
    expect(said(sum.of(range(0, 6), whole, 3, 0), sums)).toBe(12);
  });
});

describe('the panes of one key', () => {
  const BEFORE = -1000;

  it('lie by time, whatever the order they entered in', () => {
    const track = new Track('a', 0, shapes);
    for (const v of [20, 0, 10, 30, 15]) track.insert(v, pane(v));
    expect(track.refresh(0, BEFORE)).toBe(true);
    expect(said(track.acc)).toBe('((((0 10) 15) 20) 30)');
    expect([track.freshUntil, track.isRead, track.head]).toEqual([0, false, 0]);
    track.isRead = true;
    expect(track.refresh(10, BEFORE)).toBe(true);
    expect(said(track.acc)).toBe('(((10 15) 20) 30)');
    expect([track.freshUntil, track.isRead, track.head]).toEqual([10, false, 1]);
    expect(track.refresh(31, BEFORE)).toBe(false);
  });

  it('one that enters makes what was said of them old, in between or behind', () => {
    const track = new Track('a', 0, shapes);
    track.insert(10, pane(10));
    track.refresh(0, BEFORE);
    track.insert(20, pane(20));
    expect(track.freshUntil).toBe(-Infinity);
    track.refresh(0, BEFORE);
    track.insert(15, pane(15));
    expect(track.freshUntil).toBe(-Infinity);
    track.refresh(0, BEFORE);
    expect(said(track.acc)).toBe('((10 15) 20)');
    track.forget();
    expect(track.freshUntil).toBe(-Infinity);
  });

  it('one that changed is read again', () => {
    const track = new Track('a', 0, shapes);
    const [first, second] = [pane(1), pane(2)];
    track.insert(1, first);
    track.insert(2, second);
    track.refresh(0, BEFORE);
    (first as { text: string }).text = '7';
    track.forget();
    track.refresh(0, BEFORE);
    expect(said(track.acc)).toBe('(7 2)');
  });

  it('one that enters at the end, but before a boundary that others lie behind', () => {
    const track = new Track('a', 0, shapes);
    for (const v of range(0, 20)) track.insert(v, pane(v));
    track.refresh(0, 50); // all of them are before it
    track.insert(40, pane(40));
    track.refresh(0, 50);
    expect(said(track.acc)).toBe([...range(0, 20), 40].map(String).reduceRight((all, one) => join(one, all), ''));
  });

  it('one that is older than the window is left behind at once', () => {
    const track = new Track('a', 0, shapes);
    for (const v of [10, 20, 30]) track.insert(v, pane(v));
    track.refresh(20, BEFORE);
    track.insert(5, pane(5));
    track.refresh(20, BEFORE);
    expect(said(track.acc)).toBe('(20 30)');
  });

  it.each([5, 40, 200])('those left behind are let go of, %i panes a window', (size) => {
    const { folding, merges } = counted(shapes);
    const track = new Track('a', 0, folding);
    for (const start of range(0, 700)) {
      track.insert(start, pane(start));
      const first = Math.max(0, start + 1 - size);
      const boundary = Math.ceil(first / size) * size;
      expect(track.refresh(first, boundary)).toBe(true);
      const expected =
        start + 1 - first <= 16 ? fromLeft(first, start + 1) : join(fromRight(first, boundary), fromLeft(boundary, start + 1));
      expect(said(track.acc)).toBe(expected);
      expect(track.starts.length).toBe(track.accs.length);
      expect(track.starts.length).toBeLessThanOrEqual(Math.max(size + 66, 2 * size + 2));
    }
    expect(merges() / 700).toBeLessThan(5.7);
  });
});
