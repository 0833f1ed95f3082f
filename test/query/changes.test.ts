import { describe, expect, it } from 'vitest';
import {
  agg,
  aggregate,
  dropDuplicates,
  dropLastCommit,
  filterChanges,
  filterRows,
  mapChanges,
  memoryCheckpoint,
  memorySink,
  memorySource,
  mergeStreams,
  once,
  sortRows,
  streamingQuery,
  withWatermark,
  type TidemarkError,
} from 'tidemark';
import { ManualClock } from 'tidemark/testing';

interface Row {
  readonly k: string;
  readonly at: number;
}

const quiet = { onAdvice: () => {}, trigger: once() };
const count = { key: 'k', select: { n: agg.count() } } as const;
const rows: readonly Row[] = [
  { k: 'a', at: 1 },
  { k: 'b', at: 2 },
  { k: 'b', at: 3 },
];

describe('tables of complete mode', () => {
  it('are mapped, filtered and sorted as a whole', async () => {
    const sink = memorySink<string>();
    const query = streamingQuery(memorySource<Row>([...rows, { k: 'c', at: 4 }]), (rows$) =>
      rows$.pipe(
        aggregate(count),
        filterChanges((row) => row.k !== 'a'),
        sortRows([['n', 'desc']]),
        mapChanges(({ k, n }) => `${k}${n}`),
      ),
    ).writeStream({ sink, outputMode: 'complete', ...quiet });
    await query.start();
    await query.awaitTermination();
    expect(sink.rows()).toEqual(['b2', 'c1']);
  });

  it('alone can be sorted', () => {
    const build = (outputMode: 'append' | 'complete') =>
      streamingQuery(memorySource(rows), (rows$) => rows$.pipe(sortRows([['at', 'asc']]))).writeStream({
        sink: memorySink<Row>(),
        outputMode,
        ...quiet,
      });
    for (const mode of ['append', 'complete'] as const)
      expect(refusalOf(() => build(mode))).toBe('sort-needs-complete-aggregate');
  });
});

describe('functions of rows', () => {
  it('read the time of the batch, also when it is repeated later', async () => {
    const clock = new ManualClock(100);
    const checkpoint = memoryCheckpoint();
    const sinks = [memorySink<Row>(), memorySink<Row>()] as const;
    const source = memorySource<Row>([...rows, { k: 'late', at: 150 }]);
    for (const sink of sinks) {
      const query = streamingQuery(source, (rows$) => rows$.pipe(filterRows(({ at }, now) => at > now.now()))).writeStream({
        sink,
        checkpoint,
        scheduler: clock,
        ...quiet,
      });
      await query.start();
      await query.awaitTermination();
      if (sink === sinks[0]) expect(await dropLastCommit(checkpoint)).toBe(0);
      clock.advance(1000);
    }
    expect(sinks[0].rows().map(({ k }) => k)).toEqual(['late']);
    expect(sinks[1].rows()).toEqual(sinks[0].rows());
  });
});

describe('untimed streams', () => {
  it('are merged, and the end of a batch still comes through', async () => {
    const sink = memorySink<{ n: number }>();
    const query = streamingQuery({ left: memorySource(rows), right: memorySource(rows) }, ({ left, right }) =>
      mergeStreams([left, right]).pipe(aggregate({ select: { n: agg.count() } })),
    ).writeStream({ sink, outputMode: 'update', ...quiet });
    await query.start();
    await query.awaitTermination();
    expect(sink.rows()).toEqual([{ n: 6 }]);
  });

  it('are not merged with timed ones', () => {
    const build = (): unknown =>
      streamingQuery({ left: memorySource(rows), right: memorySource(rows) }, ({ left, right }) =>
        mergeStreams([left.pipe(withWatermark('at', 0)), right as never]),
      ).writeStream({ sink: memorySink<Row>(), ...quiet });
    expect(build).toThrow(expect.objectContaining({ code: 'TIDEMARK_UNTIMED' }) as Error);
  });
});

describe('columns that a source knows', () => {
  it('are the only ones that operators may name', () => {
    const source = memorySource<Row>(rows, { columns: ['k', 'at'] });
    const build = (column: 'k' | 'at') =>
      streamingQuery(source, (rows$) =>
        rows$.pipe(
          withWatermark('at', 0),
          filterRows(({ k }) => k !== ''),
          dropDuplicates([column, 'at']),
        ),
      ).writeStream({ sink: memorySink<Row>(), ...quiet });
    expect(refusalOf(() => build('K' as 'k'))).toBe('unknown-column');
    expect(refusalOf(() => build('k'))).toBeUndefined();
  });
});

function refusalOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return (error as TidemarkError).details['reason'];
  }
  return undefined;
}
