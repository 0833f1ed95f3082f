import { describe, expect, it } from 'vitest';
import { copyOf, together } from '../src/copy';

const hidden = JSON.parse('{"__proto__": {"a": 1}, "b": 2}') as object;

describe('a copy of a row', () => {
  it('has its own columns, and is another object', () => {
    const row = { id: 7, at: new Date(0) };
    expect(copyOf(row)).toEqual(row);
    expect(copyOf(row)).not.toBe(row);
    expect(copyOf(Object.create({ inherited: 1 }) as object)).toEqual({});
    expect(copyOf(null as unknown as object)).toEqual({});
  });

  it('has a column that is called __proto__, too', () => {
    for (const copy of [copyOf(hidden), together(hidden, { c: 3 }), together({ c: 3 }, hidden)]) {
      expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
      expect(Object.keys(copy)).toContain('__proto__');
    }
  });
});

it('of two columns of one name the right one counts, where the left one stood', () => {
  expect(Object.entries(together({ a: 1, b: 2 }, { c: 3, a: 4 }))).toEqual([
    ['a', 4],
    ['b', 2],
    ['c', 3],
  ]);
});
