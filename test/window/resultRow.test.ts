import { agg } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { foldingOf, type Folding } from '../../src/aggregate/plan';
import type { KeyOf } from '../../src/key';
import { normalKey } from '../../src/key';
import { checkNames, rowBuilderOf } from '../../src/window/resultRow';
import type { Memo } from '../../src/window/store';

const WINDOW = { start: 0, end: 10 };

/** A select of `count` sums, and an accumulator of it with one row in it. */
function summed(names: readonly string[]): { folding: Folding; acc: unknown } {
  const folding = foldingOf<Record<string, number>>(Object.fromEntries(names.map((name) => [name, agg.sum(name)])) as never);
  const acc = folding.create();
  add(folding, acc, names);
  return { folding, acc };
}

function add(folding: Folding, acc: unknown, names: readonly string[]): void {
  folding.add(acc, folding.read(Object.fromEntries(names.map((name, i) => [name, i + 1]))), 0);
}

describe('result rows', () => {
  // Rows of one key column are written in four places in turn: each has to write every number of columns.
  it.each([1, 2, 3, 4, 5, 6, 7])('of %i columns are the same wherever they are written, read anew or not', (count) => {
    for (let place = 0; place < 4; place++) {
      const names = Array.from({ length: count }, (_, i) => `c${count}_${place}_${i}`);
      const { folding, acc } = summed(names);
      const build = rowBuilderOf(['k'], folding, true);
      const rowOf = (times: number): object => ({
        window: WINDOW,
        k: 'a',
        ...Object.fromEntries(names.map((name, i) => [name, (i + 1) * times])),
      });
      const memo: Memo = { figures: undefined, isRead: false };
      const [once, first] = [build(WINDOW, 'a', acc), build(WINDOW, 'a', acc, memo)];
      expect([once, first]).toStrictEqual([rowOf(1), rowOf(1)]);
      expect(Object.keys(once)).toEqual(['window', 'k', ...names]);
      expect(Object.keys(first)).toEqual(['window', 'k', ...names]);
      add(folding, acc, names);
      expect(build(WINDOW, 'a', acc, memo)).toStrictEqual(rowOf(1)); // what was read stands until somebody says otherwise
      memo.isRead = false;
      expect(build(WINDOW, 'a', acc, memo)).toStrictEqual(rowOf(2));
      expect(rowBuilderOf(['k'], folding, true)(WINDOW, 'a', acc)).toStrictEqual(rowOf(2));
    }
  });

  it('of none and of several key columns, with and without a window', () => {
    const { folding, acc } = summed(['x', 'y']);
    expect(rowBuilderOf([], folding, true)(WINDOW, null, acc)).toStrictEqual({ window: WINDOW, x: 1, y: 2 });
    expect(rowBuilderOf(['a', 'b'], folding, true)(WINDOW, ['p', 1], acc)).toStrictEqual({
      window: WINDOW,
      a: 'p',
      b: 1,
      x: 1,
      y: 2,
    });
    expect(rowBuilderOf(['a'], folding, false)(undefined, 'p', acc)).toStrictEqual({ a: 'p', x: 1, y: 2 });
  });

  it.each([['text'], [''], ['\0nul'], ['\0'], [7], [null], [true], [new Date(5)], [{ a: 1 }]])(
    'give the key %j back',
    (value) => {
      const { folding, acc } = summed(['x']);
      const key: KeyOf = normalKey(value);
      expect(rowBuilderOf(['k'], folding, true)(WINDOW, key, acc)['k']).toEqual(value);
      expect(rowBuilderOf(['k'], folding, true)(WINDOW, key, acc, { figures: undefined, isRead: false })['k']).toEqual(value);
      expect(rowBuilderOf(['k'], folding, false)(undefined, key, acc)['k']).toEqual(value);
    },
  );

  it('have no two columns of one name', () => {
    const clash = expect.objectContaining({ code: 'TIDEMARK_NAME_CLASH' }) as Error;
    expect(() => checkNames(['k'], ['n', 'k'], false)).toThrow(clash);
    expect(() => checkNames(['k'], ['window'], true)).toThrow(clash);
    expect(() => checkNames(['window'], ['n'], true)).toThrow(clash);
    expect(() => checkNames(['window'], ['n'], false)).not.toThrow();
    expect(() => checkNames(['k'], ['n'], true)).not.toThrow();
  });
});
