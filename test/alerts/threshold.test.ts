import { describe, expect, it } from 'vitest';
import { threshold, type Comparison } from '../../src/alerts';

interface Row {
  readonly v: number | null;
}

const rowsOf = (...values: unknown[]): Row[] => values.map((v) => ({ v }) as Row);

describe('threshold', () => {
  it.each([
    ['>', [false, false, true]],
    ['<', [true, false, false]],
    ['>=', [false, true, true]],
    ['<=', [true, true, false]],
  ] as const)('[D64] %s below, at and above the threshold', (op, expected) => {
    const condition = threshold<Row>({ metric: 'v', threshold: 5, op });
    expect(rowsOf(4, 5, 6).map(condition)).toEqual(expected);
  });

  it('[D64] compares with > by default', () => {
    expect(rowsOf(4, 5, 6).map(threshold<Row>({ metric: 'v', threshold: 5 }))).toEqual([false, false, true]);
  });

  it.each(['>', '<', '>=', '<='] as const)('[D64] %s never holds for null, NaN, missing and what is no number', (op) => {
    const condition = threshold<Row>({ metric: 'v', threshold: 0, op });
    const rows = [...rowsOf(null, undefined, NaN, '7', true, new Date(7), {}), {} as Row];
    expect(rows.map(condition)).toEqual(rows.map(() => false));
  });

  it('[D64] takes infinities, bigints and a function of the row', () => {
    expect(rowsOf(Infinity, -Infinity).map(threshold<Row>({ metric: 'v', threshold: 5 }))).toEqual([true, false]);
    expect(threshold<{ v: bigint }>({ metric: 'v', threshold: 5 })({ v: 6n })).toBe(true);
    expect(threshold<Row>({ metric: (row) => (row.v ?? 0) * 2, threshold: 5 })({ v: 3 })).toBe(true);
  });

  it('[D65] an unknown operator is a type error; at run time false, with one warning', () => {
    const heard: string[] = [];
    // @ts-expect-error '==' is no comparison
    const condition = threshold<Row>({ metric: 'v', threshold: 5, op: '==', onWarning: (message) => heard.push(message) });
    expect(rowsOf(4, 5, 6).map(condition)).toEqual([false, false, false]);
    expect(heard).toEqual([expect.stringContaining("'=='")]);
    expect(condition.warnings).toEqual(heard);
  });

  it('[D65] a name that every object has is no operator either', () => {
    expect(threshold<Row>({ metric: 'v', threshold: 5, op: 'toString' as Comparison })({ v: 6 })).toBe(false);
  });

  it('refuses a threshold that is no number, and columns that are not numeric', () => {
    expect(() => threshold<Row>({ metric: 'v', threshold: NaN })).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
    // @ts-expect-error text is no metric
    threshold<{ name: string }>({ metric: 'name', threshold: 5 });
    // @ts-expect-error no such column
    threshold<Row>({ metric: 'w', threshold: 5 });
  });
});
