import { of } from 'rxjs';
import {
  agg,
  aggregate,
  assignWindows,
  dropDuplicates,
  flatMapChanges,
  limitRows,
  memorySink,
  memorySource,
  onClose,
  onUpdate,
  reassignTimestamps,
  rows,
  session,
  sliding,
  sortRows,
  streamingQuery,
  tumbling,
  windowTime,
  withTimestamps,
  withWatermark,
  type Change,
  type MemorySink,
  type StreamingQuery,
  type TidemarkError,
} from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly t: number;
  readonly k: string;
}
const row = (t: number, k = 'a'): Row => ({ t, k });
const inWindow = (start: number, end: number): { w: { start: number; end: number } } => ({ w: { start, end } });
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return `${(error as TidemarkError).code} ${String((error as TidemarkError).details['reason'])}`;
  }
  return 'none';
};

describe('windowTime', () => {
  it('makes the last instant of the window the event time, whatever the row had', () => {
    const harness = operatorHarness(windowTime<{ w: { start: number; end: number } | null }, 'last'>('w', 'last'));
    harness.event(3, inWindow(0, 10));
    harness.event(4, { w: null });
    expect(harness.take()).toMatchObject([
      { kind: 'event', time: 9, row: { last: 9 } },
      { kind: 'rejected', reason: 'noWindow' },
    ]);
    expect(harness.tally).toMatchObject({ in: 2, forwarded: 1 });
  });

  it('is judged as the end of its window: on time at W = end - 1, late at W = end', () => {
    const out: unknown[] = [];
    of(row(1), row(9), row(2, 'b'), row(10), row(3, 'c'))
      .pipe(
        withWatermark('t', 0),
        assignWindows(tumbling(10), 'w'),
        windowTime('w', 'last'),
        dropDuplicates(['last', 'k']),
        rows(),
      )
      .subscribe(({ k, last }) => out.push([k, last]));
    // W = 9 when b comes, and 10 when c does.
    expect(out).toEqual([
      ['a', 9],
      ['b', 9],
      ['a', 19],
    ]);
  });

  it('feeds windows over windows', () => {
    const out: unknown[] = [];
    of(row(1), row(7), row(12))
      .pipe(
        withWatermark('t', 0),
        assignWindows(sliding(10, 5), 'w'),
        windowTime('w', 'last'),
        aggregate({ window: tumbling(20), select: { n: agg.count() } }),
        rows(),
      )
      .subscribe(({ window, n }) => out.push([window.start, n]));
    expect(out).toEqual([[0, 6]]);
  });
});

type Select = { readonly n: ReturnType<typeof agg.count<Row>> };

describe('groups that are said once: onClose() without a window', () => {
  const byTime = aggregate<Row, Select, ['t', 'k'], undefined, ReturnType<typeof onClose>>({
    key: ['t', 'k'],
    select: { n: agg.count<Row>() },
    window: undefined,
    emit: onClose(),
  });

  it('says a group when its time is <= W, in order of time, and rejects what comes then', () => {
    const harness = operatorHarness(byTime as never, { traits: { timeColumn: 't' } });
    for (const one of [row(7), row(5), row(5), row(5, 'b')]) harness.event(one.t, one);
    harness.watermark(4);
    expect(harness.takeRows()).toEqual([]);
    harness.watermark(6);
    expect(harness.takeRows()).toEqual([
      { t: 5, k: 'a', n: 2 },
      { t: 5, k: 'b', n: 1 },
    ]);
    harness.event(6, row(6));
    harness.restore(harness.snapshot());
    harness.event(7, row(7));
    harness.watermark(7);
    expect(harness.take()).toMatchObject([
      { kind: 'rejected', reason: 'late', detail: { behindMs: 0 } },
      { kind: 'event', time: 7, row: { n: 2 } },
      { kind: 'watermark', time: 7 },
    ]);
  });

  it('goes by the first end of several windows', () => {
    const out: unknown[] = [];
    of(row(1), row(11), row(25))
      .pipe(
        withWatermark('t', 0),
        assignWindows(tumbling(20), 'long'),
        assignWindows(tumbling(10), 'w'),
        aggregate({ key: ['long', 'w'], select: { n: agg.count() }, emit: onClose() }),
        rows(),
      )
      .subscribe(({ long, w, n }) => out.push([long.end, w.end, n]));
    expect(out).toEqual([
      [20, 10, 1],
      [20, 20, 1],
      [40, 30, 1],
    ]);
  });

  it('refuses groups that would never be final', () => {
    const select = { n: agg.count<Row>() };
    expect(codeOf(() => of(row(1)).pipe(withWatermark('t', 0), aggregate({ key: 'k', select, emit: onClose() })))).toBe(
      'TIDEMARK_OPTION append-needs-watermark',
    );
  });
});

describe('reassignTimestamps', () => {
  it('gives other times, and nothing is late by them', () => {
    const harness = operatorHarness(reassignTimestamps<{ t: number; u: number }>('u'));
    harness.watermark(100);
    harness.event(101, { t: 101, u: 3 });
    harness.event(102, { t: 102, u: NaN });
    harness.watermark(200);
    harness.watermark(Infinity);
    expect(harness.take()).toMatchObject([
      { kind: 'event', time: 3 },
      { kind: 'rejected', reason: 'invalid' },
      { kind: 'watermark', time: Infinity },
    ]);
  });

  it('sessions over a second time, in the table of complete mode', async () => {
    const source = memorySource([
      { t: 1, u: 100 },
      { t: 2, u: 7 },
    ]);
    const [query, sink] = run(source, 'complete', (rows$) =>
      rows$.pipe(withWatermark('t', 0), reassignTimestamps('u'), aggregate({ window: session(10), select: { n: agg.count() } })),
    );
    await query.start();
    await query.processAllAvailable();
    source.add({ t: 3, u: 12 });
    await query.processAllAvailable();
    await query.stop();
    expect(sink.rows().map(({ window, n }) => [window.start, window.end, n])).toEqual([
      [7, 22, 2],
      [100, 110, 1],
    ]);
  });
});

type Pipeable = { pipe(...operators: unknown[]): unknown };
type Build = (source: object, pipeline: (rows$: Pipeable) => unknown) => { writeStream(options: object): StreamingQuery };
type Out = { readonly window: { readonly start: number; readonly end: number }; readonly k: string; readonly n: number };

/** Loosely typed: what is tried here is also what the types would refuse. */
function run(source: object, outputMode: string, pipeline: (rows$: Pipeable) => unknown): [StreamingQuery, MemorySink<Out>] {
  const sink = memorySink<Out>();
  const query = (streamingQuery as unknown as Build)(source, pipeline).writeStream({ sink, outputMode, onAdvice: () => {} });
  return [query, sink];
}

describe('limitRows', () => {
  it('counts over restores, and lets time go on', () => {
    const harness = operatorHarness(limitRows<string, 'event'>(2));
    harness.event(1, 'a');
    harness.restore(harness.snapshot());
    harness.event(2, 'b');
    harness.event(3, 'c');
    harness.watermark(3);
    expect(harness.take().map((signal) => (signal.kind === 'event' ? signal.row : signal.kind))).toEqual(['a', 'b', 'watermark']);
    expect(harness.tally).toMatchObject({ in: 2, forwarded: 1, filtered: 1 });
  });

  it('gives the first rows of each table in complete mode, and is refused in update mode', async () => {
    const source = memorySource([{ k: 'a' }, { k: 'b' }, { k: 'b' }]);
    const [query, sink] = run(source, 'complete', (rows$) =>
      rows$.pipe(aggregate({ key: 'k' as never, select: { n: agg.count() } }), sortRows([['n' as never, 'desc']]), limitRows(1)),
    );
    await query.start();
    await query.processAllAvailable();
    expect(sink.rows()).toEqual([{ k: 'b', n: 2 }]);
    source.add({ k: 'a' }, { k: 'a' });
    await query.processAllAvailable();
    expect(sink.rows()).toEqual([{ k: 'a', n: 3 }]);
    await query.stop();
    expect(codeOf(() => run(source, 'update', (rows$) => rows$.pipe(limitRows(1))))).toBe(
      'TIDEMARK_OUTPUT_MODE limit-update-unsupported',
    );
  });

  it('does not limit what corrects itself', () => {
    const errors: string[] = [];
    of({ t: 1 })
      .pipe(
        withTimestamps('t'),
        aggregate({ window: tumbling(5), select: { n: agg.count() }, emit: onUpdate() }),
        limitRows(1),
        rows(),
      )
      .subscribe({ error: (error: TidemarkError) => errors.push(error.code) });
    expect(errors).toEqual(['TIDEMARK_OUTPUT_MODE']);
  });
});

describe('flatMapChanges', () => {
  it('gives a change for each row, told apart by its place; a delete takes back as many', () => {
    const harness = operatorHarness(
      flatMapChanges<number, string>((n) => Array.from({ length: n }, (_, i) => `${n}.${i}`)),
      { traits: { kind: 'change' } },
    );
    const pane = { timing: 'early', index: 0, isLast: false } as const;
    const change = (op: 'upsert' | 'delete', n: number): Change<number> => ({ op, key: ['k'], row: n, pane });
    harness.event(1, change('upsert', 2));
    harness.event(2, change('upsert', 0));
    harness.event(3, change('delete', 1));
    expect(harness.takeRows()).toEqual([
      { op: 'upsert', key: ['k', 0], row: '2.0', pane },
      { op: 'upsert', key: ['k', 1], row: '2.1', pane },
      { op: 'delete', key: ['k', 0], row: '1.0', pane },
    ]);
    expect(harness.tally).toMatchObject({ in: 3, absorbed: 2, filtered: 1, outputs: 3 });
  });
});
