import { of, type OperatorFunction } from 'rxjs';
import {
  assignWindows,
  dropDuplicates,
  intervalJoin,
  parseJson,
  partitionByCategory,
  partitionByTime,
  previousRows,
  rows,
  schema,
  toTimestamp,
  tumbling,
  withColumn,
  withPartitions,
  withWatermark,
  type Element,
} from 'tidemark';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly t: number;
  readonly k: string;
  readonly j: string;
}
type Step = OperatorFunction<Element<Row>, Element<Row>>;

const data: readonly Row[] = [
  { t: 1, k: 'a', j: '{}' },
  { t: 2, k: 'a', j: '{}' },
];
const timed = (column = 't'): never =>
  of(...data.map((row) => ({ ...row, [column]: row.t }))).pipe(withWatermark(column as 't', 10)) as never;

const OVER_T: Readonly<Record<string, unknown>> = {
  withColumn: withColumn('t', () => 0),
  parseJson: parseJson('j' as never, schema({ a: 'long?' }), { as: 't' } as never),
  partitionByCategory: partitionByCategory<Row, 'k', 'event', 't'>('k', { as: 't' }),
  previousRows: previousRows({ n: 1, key: 'k', select: { t: () => 0 } } as never),
  toTimestamp: toTimestamp<Row, 'k', 'event', 't'>('k', { as: 't' }),
};

function outOf(source: unknown, ...steps: readonly unknown[]): unknown[] {
  const out: unknown[] = [];
  const stream = (steps as Step[]).reduce((from, step) => from.pipe(step) as never, source as ReturnType<Step>);
  stream.pipe(rows()).subscribe((row) => out.push(row));
  return out;
}

describe('a column that is written over', () => {
  it.each(Object.keys(OVER_T))('is no event time any more: %s', (name) => {
    expect(() => outOf(timed(), OVER_T[name], dropDuplicates(['k', 't'] as never))).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_DEDUP_UNBOUNDED' }) as Error,
    );
  });

  it('is told apart by what is in it', () => {
    const all = dropDuplicates(['k', 't'] as never, { unbounded: true });
    expect(outOf(timed(), OVER_T['withColumn'], all)).toMatchObject([{ t: 0, k: 'a' }]);
  });

  it.each([
    ['year', partitionByTime('year' as never, ['year'])],
    ['year', withPartitions({ time: ['year'] } as never)],
    ['k_partition', withPartitions({ category: 'k' } as never)],
  ])('is no event time any more: %s of a partition', (column, step) => {
    expect(() => outOf(timed(column), step, dropDuplicates(['k', column] as never))).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_DEDUP_UNBOUNDED' }) as Error,
    );
  });

  it('still is where another one is written', () => {
    for (const step of [withColumn('x', () => 0), withPartitions({ time: ['year'] } as never), toTimestamp('t' as never)])
      expect(outOf(timed(), step, dropDuplicates(['k', 't'] as never))).toHaveLength(2);
  });

  it('is a window where one is written', () => {
    expect(outOf(timed(), assignWindows(tumbling(10), 't'), dropDuplicates(['k', 't'] as never))).toHaveLength(1);
  });

  it('is no window any more', () => {
    const windows = assignWindows<Row, 'w'>(tumbling(10), 'w');
    expect(outOf(timed(), windows, dropDuplicates(['k', 'w'] as never))).toHaveLength(1);
    expect(() =>
      outOf(
        timed(),
        windows,
        withColumn('w', () => 1),
        dropDuplicates(['k', 'w'] as never),
      ),
    ).toThrow(expect.objectContaining({ code: 'TIDEMARK_DEDUP_UNBOUNDED' }) as Error);
  });

  it('is no longer one of the times of a join', () => {
    const right = of({ u: 1, k: 'a' }).pipe(withWatermark('u', 10));
    const join = intervalJoin(right as never, { on: 'k', within: { before: 5, after: 5 } } as never);
    const both = dropDuplicates(['k', 't', 'u'] as never, { unbounded: true });
    expect(() => outOf(timed(), join, both)).toThrow(expect.objectContaining({ code: 'TIDEMARK_EVENT_TIMES' }) as Error);
    expect(
      outOf(
        timed(),
        join,
        withColumn('u', () => 1),
        both,
      ),
    ).toHaveLength(2);
  });
});
