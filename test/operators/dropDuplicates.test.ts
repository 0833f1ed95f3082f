import { of } from 'rxjs';
import {
  assignWindows,
  availableNow,
  dropDuplicates,
  dropDuplicatesWithinWatermark,
  events,
  intervalJoin,
  memoryCheckpoint,
  memorySink,
  memorySource,
  monotonous,
  rows,
  streamingQuery,
  tumbling,
  withTimestamps,
  withWatermark,
  type CheckpointLocation,
  type EventStream,
  type TidemarkError,
} from 'tidemark';
import { assertSplitInvariant, operatorHarness, type HarnessOptions, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly t: number;
  readonly k: string;
  readonly l?: number;
  readonly w?: { readonly start: number; readonly end: number };
}
type Options = NonNullable<Parameters<typeof dropDuplicates>[1]>;

const MINUTE = 60_000;
const row = (t: number, k = 'a', l = 0): Row => ({ t, k, l });
const open = (columns: readonly string[], options: Options = {}, traits: object = {}): OperatorHarness<Row, Row> =>
  operatorHarness<Row, Row, 'event', 'event'>(dropDuplicates<Row>(columns as never, options), {
    traits: { timeColumn: 't', ...traits },
  });
const within = (options: object = {}, traits: object = {}, more: HarnessOptions = {}): OperatorHarness<Row, Row> =>
  operatorHarness<Row, Row, 'event', 'event'>(dropDuplicatesWithinWatermark<Row>(['k'], options), {
    traits: { delayMs: 10, ...traits },
    ...more,
  });

const reasonsOf = (harness: OperatorHarness<Row, Row>): string[] => harness.takeRejected().map(({ reason }) => reason);

const codeOf = (act: () => unknown): string | undefined => {
  try {
    act();
  } catch (cause) {
    return (cause as TidemarkError).code;
  }
  return undefined;
};

describe('dropDuplicates with the event time', () => {
  it('the time is part of the key, whatever the column holds; the other columns each count', () => {
    const harness = open(['k', 't', 'l']);
    harness.event(1, row(1));
    harness.event(1, row(1));
    harness.event(1, row(1, 'a', 1));
    harness.event(1, row(1, 'b'));
    harness.event(2, row(2));
    harness.event(2, row(7));
    expect(harness.take().map((s) => (s.kind === 'rejected' ? [s.reason, s.row] : s.kind))).toEqual([
      'event',
      ['duplicate', row(1)],
      'event',
      'event',
      'event',
      ['duplicate', row(7)],
    ]);
    expect(harness.tally).toMatchObject({ in: 6, forwarded: 4, rejected: { duplicate: 2 } });
  });

  it.each([
    ['instant', [5, { behindMs: 0, missingDelayMs: 1 }], 6],
    ['ordered', [4, { behindMs: 1, missingDelayMs: 1 }], 5],
  ] as const)('%s: a time is forgotten when a row with it would be late, and not before', (ties, [late, detail], kept) => {
    const harness = open(['k', 't'], {}, { ties });
    for (const t of [3, 4, 5, 6]) harness.event(t, row(t));
    harness.watermark(5);
    harness.take();
    expect(harness.report).toMatchObject({ keys: 7 - kept });
    harness.event(late, row(late));
    expect(harness.takeRejected()).toMatchObject([{ reason: 'late', detail }]);
    harness.event(kept, row(kept));
    expect(reasonsOf(harness)).toEqual(['duplicate']);
  });

  it('what a restart brings back is forgotten as before', () => {
    for (const [ties, keys] of [
      ['instant', 1],
      ['ordered', 2],
    ] as const) {
      const harness = open(['k', 't'], {}, { ties });
      for (const t of [3, 4, 5, 6]) harness.event(t, row(t));
      harness.watermark(5);
      harness.restore(harness.snapshot());
      expect(harness.report).toMatchObject({ keys });
      expect(harness.state['seen']).toBe(keys);
      harness.take();
      harness.event(4, row(4));
      harness.event(6, row(6));
      expect(reasonsOf(harness)).toEqual(['late', 'duplicate']);
    }
  });

  it('a column beside the one of the stream is named', () => {
    const time = { timeColumn: undefined };
    expect(codeOf(() => open(['k', 't'], {}, time))).toBe('TIDEMARK_DEDUP_UNBOUNDED');
    const harness = open(['k', 't'], { timeColumn: 't' }, time);
    harness.event(1, row(9));
    harness.event(1, row(8));
    expect(reasonsOf(harness)).toEqual(['duplicate']);
    expect(codeOf(() => open(['k'], { timeColumn: 't' }))).toBe('TIDEMARK_DEDUP_UNBOUNDED');
  });

  it('without a watermark, or without event time, nothing would be forgotten: it must be asked for', () => {
    const timestamps = withTimestamps<Row>('t');
    const untimed = events(of(row(1)));
    expect(codeOf(() => of(row(1)).pipe(timestamps as never, dropDuplicates(['k', 't'] as never)))).toBe(
      'TIDEMARK_DEDUP_UNBOUNDED',
    );
    expect(codeOf(() => untimed.pipe(dropDuplicates(['k', 't'], { timeColumn: 't' })))).toBe('TIDEMARK_DEDUP_UNBOUNDED');
    expect(codeOf(() => untimed.pipe(dropDuplicates(['k', 't'], { unbounded: true })))).toBeUndefined();
  });

  it('of two event times that a join has brought together one may be used, not both', () => {
    const left = of({ t: 1, k: 'a' }).pipe(withWatermark('t', 0));
    const joined = left.pipe(intervalJoin(of({ u: 1, k: 'a' }).pipe(withWatermark('u', 0)), { on: 'k', within: { after: 5 } }));
    expect(codeOf(() => joined.pipe(dropDuplicates(['k', 't', 'u'], { unbounded: true })))).toBe('TIDEMARK_EVENT_TIMES');
    expect(codeOf(() => joined.pipe(dropDuplicates(['k', 't'], { unbounded: true })))).toBeUndefined();
  });
});

describe('dropDuplicates with a window', () => {
  const inWindow = (end: number, k = 'a'): Row => ({ ...row(end - 1, k), w: { start: end - 10, end } });

  it.each(['instant', 'ordered'] as const)('%s: a row is judged by the end of its window, and remembered until then', (ties) => {
    const harness = open(['k', 'w'], {}, { ties, windowColumns: ['w'] });
    harness.event(1, inWindow(10));
    harness.event(2, inWindow(10));
    harness.event(12, inWindow(20));
    harness.watermark(9);
    harness.event(3, inWindow(10));
    expect(reasonsOf(harness)).toEqual(['duplicate', 'duplicate']);
    expect(harness.report).toMatchObject({ keys: 2 });
    harness.watermark(10);
    expect(harness.report).toMatchObject({ keys: 1 });
    harness.event(11, inWindow(10));
    harness.watermark(13);
    harness.event(14, inWindow(10));
    expect(harness.takeRejected().map(({ reason, detail }) => [reason, detail])).toEqual([
      ['late', { behindMs: 0, missingDelayMs: 1 }],
      ['late', { behindMs: 3, missingDelayMs: 4 }],
    ]);
  });

  it('the window is part of the key also beside the event time', () => {
    const out: unknown[] = [];
    of(row(1), row(1), row(12), row(2))
      .pipe(withWatermark('t', 50), assignWindows(tumbling(10), 'w'), dropDuplicates(['k', 'w']), rows())
      .subscribe(({ t }) => out.push(t));
    expect(out).toEqual([1, 12]);
  });
});

describe('dropDuplicates without an end', () => {
  it('remembers every key for ever, and judges late what has a watermark', () => {
    const harness = open(['k', 'l'], { unbounded: true });
    harness.event(1, row(1));
    harness.watermark(1000);
    harness.event(1000, row(1000, 'b'));
    harness.event(1001, row(1001));
    harness.event(1001, row(1001, 'a', 1));
    expect(harness.take().map((s) => (s.kind === 'rejected' ? s.reason : s.kind))).toEqual([
      'event',
      'watermark',
      'late',
      'duplicate',
      'event',
    ]);
    expect(harness.report).toMatchObject({ keys: 2 });
  });

  it('judges nothing late where there is no watermark', () => {
    const harness = open(['k'], { unbounded: true }, { watermark: false });
    harness.watermark(1000);
    harness.event(1, row(1));
    harness.event(1, row(1));
    expect(reasonsOf(harness)).toEqual(['duplicate']);
  });

  it('stopped anywhere and restored', () => {
    const input = ['a', 'b', 'a', 'c', 'b'].map((k, t) => ({ kind: 'event', time: t, row: row(t, k) }) as const);
    assertSplitInvariant(() => dropDuplicates<Row>(['k'], { unbounded: true }), input);
    const harness = open(['k'], { unbounded: true });
    harness.event(1, row(1));
    const snapshot = harness.snapshot();
    harness.event(2, row(2, 'b'));
    harness.restore(snapshot);
    expect(harness.state['seen']).toBe(1);
  });
});

describe('dropDuplicatesWithinWatermark', () => {
  it('a repetition is dropped until the watermark reaches the first row and the delay', () => {
    const harness = within();
    harness.event(100, row(100));
    harness.watermark(109);
    harness.event(110, row(110));
    harness.watermark(110);
    harness.event(111, row(111));
    harness.event(112, row(112));
    harness.watermark(120);
    harness.event(121, row(121));
    expect(harness.take().map((s) => (s.kind === 'event' ? s.row.t : s.kind === 'rejected' ? s.reason : 'W'))).toEqual([
      100,
      'W',
      'duplicate',
      'W',
      111,
      'duplicate',
      'W',
      'duplicate',
    ]);
    expect(harness.report).toMatchObject({ keys: 1 });
    harness.watermark(121);
    expect(harness.report).toMatchObject({ keys: 0 });
  });

  it('the same to the millisecond where many are forgotten together', () => {
    const harness = within({ within: 1600 });
    for (const k of ['a', 'b']) harness.event(0, row(0, k));
    harness.watermark(1599);
    harness.event(1601, row(1601, 'a'));
    harness.watermark(1600);
    harness.event(1602, row(1602, 'b'));
    expect(harness.take().map(({ kind }) => kind)).toEqual(['event', 'event', 'watermark', 'rejected', 'watermark', 'event']);
  });

  it.each([
    ['instant', 5, { behindMs: 0, missingDelayMs: 1 }],
    ['ordered', 3, { behindMs: 2, missingDelayMs: 2 }],
  ] as const)('%s: late is tested before duplicate, by the rule of the stream', (ties, late, detail) => {
    const harness = within({ within: 100 }, { ties });
    harness.event(late, row(late));
    harness.watermark(5);
    harness.event(late, row(late));
    expect(harness.takeRejected()).toMatchObject([{ reason: 'late', detail }]);
    harness.event(late === 5 ? 6 : 5, row(5));
    expect(reasonsOf(harness)).toEqual(['duplicate']);
  });

  it('within takes the place of the delay, and is needed where that can move, or is endless', () => {
    const harness = within({ within: '1 second' });
    harness.event(0, row(0));
    harness.watermark(999);
    harness.event(1500, row(1500));
    expect(reasonsOf(harness)).toEqual(['duplicate']);
    for (const delayMs of [undefined, Infinity]) {
      expect(codeOf(() => within({}, { delayMs }))).toBe('TIDEMARK_OPTION');
      expect(codeOf(() => within({ within: 5 }, { delayMs }))).toBeUndefined();
    }
    expect(codeOf(() => within({ within: 5 }, { watermark: false }))).toBe('TIDEMARK_OPTION');
    expect(codeOf(() => within({ within: -1 }))).toBe('TIDEMARK_OPTION');
    const ordered = of(row(1), row(1)).pipe(withWatermark('t', monotonous()), dropDuplicatesWithinWatermark(['k']));
    expect(ordered).toBeDefined();
  });

  it('within 0: a key is forgotten as soon as W reaches its time', () => {
    const harness = within({ within: 0 });
    harness.event(5, row(5));
    harness.event(5, row(5));
    harness.watermark(4);
    harness.event(5, row(5));
    expect(reasonsOf(harness)).toEqual(['duplicate', 'duplicate']);
    harness.watermark(5);
    harness.event(6, row(6));
    expect(reasonsOf(harness)).toEqual([]);
  });

  it('after a restart what is past is not counted', () => {
    const harness = within({ within: 1600 });
    for (const [t, k] of [
      [0, 'a'],
      [10, 'b'],
      [90, 'c'],
    ] as const)
      harness.event(t, row(t, k));
    harness.watermark(1605); // a is past; all three are in one bucket of 100 ms
    expect(harness.report).toMatchObject({ keys: 2 });
    harness.restore(harness.snapshot());
    expect(harness.report).toMatchObject({ keys: 2 });
    harness.take();
    harness.event(1606, row(1606, 'b'));
    harness.event(1606, row(1606, 'a'));
    harness.event(1605, row(1605, 'z'));
    expect(reasonsOf(harness)).toEqual(['duplicate', 'late']);
  });

  it('forgets in steps of a sixteenth of the time, and of 1 ms at least', () => {
    for (const withinMs of [1, 15, 160]) {
      const harness = within({ within: withinMs });
      for (let t = 0; t < 50; t++) harness.event(t, row(t, `${t}`));
      harness.watermark(30 + withinMs);
      expect(harness.state['seen']).toBe(19);
    }
  });
});

describe('what a query says of their state', () => {
  async function progressOf(batches: readonly (readonly Row[])[], operator: never, checkpoint?: CheckpointLocation) {
    const source = memorySource<Row>(batches.flat(), { maxRowsPerTrigger: batches[0]!.length });
    const sink = memorySink<Row>();
    const query = streamingQuery(
      source,
      (rows$) => rows$.pipe(withWatermark('t', MINUTE), operator) as EventStream<Row>,
    ).writeStream({
      sink,
      trigger: availableNow(),
      onAdvice: () => {},
      ...(checkpoint === undefined ? {} : { checkpoint }),
    });
    await query.start();
    await query.awaitTermination();
    const records = query.recentProgress.map(({ stateOperators }) => {
      const { numRowsTotal, numRowsUpdated, numRowsRemoved, numDroppedDuplicateRows } = stateOperators[0]!;
      return [numRowsTotal, numRowsUpdated, numRowsRemoved, numDroppedDuplicateRows];
    });
    return { records, sink };
  }

  const batches = [
    [row(1), row(1), row(2, 'b')],
    [row(5 * MINUTE), row(5 * MINUTE, 'b'), row(5 * MINUTE, 'c')],
  ];

  it.each([
    ['dropDuplicates', dropDuplicates<Row>(['k', 't']), [3, 3, 2, 0]],
    ['dropDuplicatesWithinWatermark', dropDuplicatesWithinWatermark<Row>(['k']), [1, 1, 2, 0]],
  ])('%s: keys that are there, new ones and those that went, batch by batch', async (_name, operator, last) => {
    const { records } = await progressOf(batches, operator as never);
    expect(records[0]).toEqual([2, 2, 0, 1]);
    const [total, updated, removed] = records
      .slice(1)
      .reduce((sum, one) => [one[0]!, sum[1]! + one[1]!, sum[2]! + one[2]!], [0, 0, 0]);
    expect([total, updated, removed, records.at(-1)![3]]).toEqual(last);
  });

  it('dropDuplicates, unbounded: nothing goes', async () => {
    const { records } = await progressOf(batches, dropDuplicates<Row>(['k'], { unbounded: true }) as never);
    expect(records.slice(0, 2)).toEqual([
      [2, 2, 0, 1],
      [3, 1, 0, 2],
    ]);
  });

  it.each([
    ['dropDuplicates', dropDuplicates<Row>(['k', 't'], { id: 'dedup' })],
    ['dropDuplicates, unbounded', dropDuplicates<Row>(['k'], { id: 'dedup', unbounded: true })],
    ['dropDuplicatesWithinWatermark', dropDuplicatesWithinWatermark<Row>(['k'], { id: 'dedup' })],
  ])('%s: over restarts, from deltas', async (_name, operator) => {
    const checkpoint = memoryCheckpoint();
    const input: Row[] = [];
    const all: Row[] = [];
    for (const added of [row(1), row(2, 'b'), row(1), row(3, 'c'), row(2, 'b')]) {
      input.push(added);
      const { records, sink } = await progressOf([input], operator as never, checkpoint);
      all.push(...sink.rows());
      expect(records.at(-1)![2]).toBe(0);
    }
    expect(all.map(({ k }) => k)).toEqual(['a', 'b', 'c']);
  });
});
