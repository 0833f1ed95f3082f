import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agg } from '../../src/index';
import { foldingOf } from '../../src/aggregate/plan';
import { Combined } from '../../src/window/combined';

// A window that moves over panes of one key says, to the bit, what one made anew of the same panes says.

interface Row {
  readonly v: number | null;
}

const folding = foldingOf<Row>({
  n: agg.count(),
  values: agg.count('v'),
  total: agg.sum('v'),
  mean: agg.avg('v'),
  low: agg.min('v'),
  top: agg.max('v'),
});

/** Of the smallest and the largest value only one is asked for. */
const lowest = foldingOf<Row>({ n: agg.count(), low: agg.min('v') });
const highest = foldingOf<Row>({ total: agg.sum('v'), top: agg.max('v') });

/** Figures that cannot be taken out again. */
const moments = foldingOf<Row>({ spread: agg.stddev('v'), total: agg.sum('v') });

function paneOf(values: readonly (number | null)[], of = folding): unknown {
  const acc = of.create();
  values.forEach((v, i) => of.add(acc, of.read({ v }), i));
  return acc;
}

function figures(acc: unknown, of = folding): unknown[] {
  return of.reads.map((read) => read(acc));
}

const whole = fc.option(fc.integer({ min: -5, max: 5 }), { freq: 4 });
const any = fc.oneof(whole, fc.double(), fc.constantFrom(2 ** 41, 1e100, -0, 0.1, NaN, Infinity, -Infinity));

describe.each([
  ['whole numbers', whole, folding],
  ['any numbers', any, folding],
  ['whole numbers, with the smallest', whole, lowest],
  ['any numbers, with the smallest', any, lowest],
  ['whole numbers, with the largest', whole, highest],
  ['any numbers, with the largest', any, highest],
  ['whole numbers, with figures that do not come apart', whole, moments],
  ['any numbers, with figures that do not come apart', any, moments],
])('panes of %s', (_name, value, of) => {
  it.each([3, 16, 40])('moved = made anew, %i panes a window', (size) => {
    const panes = fc.array(fc.array(value, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 90 });
    fc.assert(
      fc.property(panes, fc.integer({ min: 1, max: 3 }), (values, step) => {
        const [starts, accs]: [number[], unknown[]] = [[], []];
        const moving = new Combined(of);
        values.forEach((pane, end) => {
          starts.push(end);
          accs.push(paneOf(pane, of));
          if (end % step > 0) return;
          const head = Math.max(0, end + 1 - size);
          const boundary = Math.ceil(head / size) * size;
          if (end < moving.closedBefore) moving.forget();
          const anew = new Combined(of).of(starts, accs, head, boundary);
          expect(figures(moving.of(starts, accs, head, boundary), of)).toEqual(figures(anew, of));
        });
        const fresh = values.map((pane) => figures(paneOf(pane, of), of));
        expect(accs.map((acc) => figures(acc, of))).toEqual(fresh); // panes stay as they are
      }),
      { numRuns: 60 },
    );
  });
});

describe('whole sums can be taken out of a window again, whatever the number of columns', () => {
  it.each([1, 2, 3])('%i of them', (columns) => {
    const names = ['a', 'b', 'c'].slice(0, columns);
    const sums = foldingOf<Record<string, number>>(Object.fromEntries(names.map((name) => [name, agg.sum(name)])));
    const pane = (...rows: readonly number[]): unknown => {
      const acc = sums.create();
      rows.forEach((v, i) => sums.add(acc, sums.read({ a: v, b: 10 * v, c: 100 * v }), i));
      return acc;
    };
    const [window, leaving] = [pane(), pane(1, 2)];
    for (const one of [leaving, pane(5)]) sums.merge(window, one);
    expect(sums.exact?.leave(window, pane())).toBe(true);
    expect(sums.exact?.isWhole(window)).toBe(true);
    expect(sums.exact?.leave(window, leaving)).toBe(true);
    expect(sums.reads.map((read) => read(window))).toEqual([5, 50, 500].slice(0, columns));
  });

  it('but not where one of the columns has a fraction, or a figure that does not come apart', () => {
    const two = foldingOf<{ a: number; b: number }>({ a: agg.sum('a'), b: agg.sum('b') });
    const acc = two.create();
    two.add(acc, two.read({ a: 1, b: 0.5 }), 0);
    expect(two.exact?.isWhole(acc)).toBe(false);
    expect(foldingOf<{ a: number; b: number }>({ a: agg.sum('a'), b: agg.stddev('b') }).exact).toBeUndefined();
    const three = { a: agg.sum<{ a: number; b: number }>('a'), b: agg.stddev<{ a: number; b: number }>('b') };
    expect(foldingOf<{ a: number; b: number }>({ ...three, c: agg.first('a') }).exact).toBeUndefined();
  });
});
