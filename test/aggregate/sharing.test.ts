import { describe, expect, it } from 'vitest';
import * as agg from '../../src/aggregate/index';
import { foldingOf } from '../../src/aggregate/plan';

interface Row {
  readonly v: number;
}

const even = (row: Row): boolean => row.v % 2 === 0;

/** Which column has which accumulator. */
const cells = (select: Parameters<typeof foldingOf<Row>>[0]): Record<string, number> =>
  Object.fromEntries(foldingOf<Row>(select).columns.map(({ name, cell }) => [name, cell]));

describe('figures over the same values share an accumulator', () => {
  it('and the selector is called once a row for all of them', () => {
    let reads = 0;
    const read = (row: Row): number => (reads++, row.v);
    const { read: values } = foldingOf<Row>({ total: agg.sum(read), top: agg.max(read), spread: agg.stddev(read) });
    values({ v: 1 });
    expect(reads).toBe(1);
  });

  it('rows are counted along, wherever they stand', () => {
    expect(cells({ n: agg.count(), total: agg.sum('v'), mean: agg.avg('v') })).toEqual({ n: 0, total: 0, mean: 0 });
  });

  it('other values, other rows and other aggregates have their own', () => {
    const select = {
      total: agg.sum<Row>('v'),
      half: agg.sum<Row>((row) => row.v / 2),
      even: agg.sum<Row>('v', { where: even }),
      seen: agg.countDistinct<Row>('v'),
    };
    expect(cells(select)).toEqual({ total: 0, half: 1, even: 2, seen: 3 });
  });
});
