import { from } from 'rxjs';
import {
  agg,
  aggregate,
  finalOnly,
  globalWindow,
  onTime,
  panes,
  rows,
  session,
  sliding,
  trigger,
  tumbling,
  withWatermark,
  type Change,
  type PaneOptions,
  type PaneTrigger as Trigger,
  type Window,
} from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import type { Deadlines } from '../../src/state/deadlines';

interface Row {
  readonly k?: string;
  readonly v: number;
}
interface Result {
  readonly window: Window;
  readonly k: string | null;
  readonly total: number | null;
  readonly n: number;
}

const select = { total: agg.sum<Row>('v'), n: agg.count<Row>() };

function harnessOf(options: PaneOptions<Row>, window: unknown = tumbling(10)): OperatorHarness<Row, Change<Result>> {
  const operator = aggregate({ key: 'k', window, select, emit: panes(options) } as never);
  return operatorHarness(operator as never) as OperatorHarness<Row, Change<Result>>;
}

/** `-` for a delete, timing, index, `!` for the last; then the sum. */
function said(harness: OperatorHarness<Row, Change<Result>>): string[] {
  return harness.takeRows().map(({ op, row, pane: { timing, index, isLast } }) => {
    const total = row.total === undefined ? '' : ` ${row.total}`;
    return `${op === 'delete' ? '-' : ''}${timing} ${index}${isLast ? '!' : ''}${total}`;
  });
}

const add = (harness: OperatorHarness<Row, Change<Result>>, ...given: (readonly [time: number, v: number])[]): void =>
  given.forEach(([time, v]) => harness.event(time, { k: 'a', v }));

describe('panes', () => {
  it('early by count, on time when the watermark passes the end, late at once, and a last word only if there is news', () => {
    const harness = harnessOf({ early: trigger.afterCount(2) });
    add(harness, [1, 1], [2, 2], [3, 4]);
    expect(said(harness)).toEqual(['early 0 3']);
    harness.watermark(9, 4);
    expect(said(harness)).toEqual([]);
    harness.watermark(10, 5);
    expect(said(harness)).toEqual(['onTime 1 7']);
    add(harness, [4, 8]);
    expect(said(harness)).toEqual(['late 2 15']);
    harness.watermark(15, 10);
    expect(said(harness)).toEqual([]);
    expect(harness.tally).toMatchObject({ in: 4, absorbed: 4, held: 0 });
  });

  it('late by count: what is left comes in the last pane', () => {
    const harness = harnessOf({ late: trigger.afterCount(2) });
    add(harness, [1, 1]);
    harness.watermark(10, 5);
    add(harness, [2, 2], [3, 4], [4, 8]);
    expect(said(harness)).toEqual(['onTime 0 1', 'late 1 7']);
    harness.watermark(15, 10);
    expect(said(harness)).toEqual(['late 2! 15']);
  });

  it('keeps nothing of a window that is over, whatever became of its timers', () => {
    const harness = harnessOf({ late: trigger.afterFirst(trigger.every(1000), trigger.afterCount(2)) });
    add(harness, [1, 1]);
    harness.watermark(10, 5);
    add(harness, [2, 2], [3, 4]); // the count is first: nothing waits for the timer any more
    expect(said(harness)).toEqual(['onTime 0 1', 'late 1 7']);
    harness.watermark(1001, 9); // the timer's time
    harness.watermark(1001, 10);
    const { waking, closing } = (harness['stages'][0] as unknown as { processor: Record<string, Deadlines<unknown>> }).processor;
    expect([waking!.isDue(Infinity), closing!.isDue(Infinity)]).toEqual([false, false]);
  });

  it('discarding panes hold what came since the one before', () => {
    const harness = harnessOf({ early: trigger.afterCount(2), mode: 'discarding' });
    add(harness, [1, 1], [2, 2], [3, 4]);
    harness.watermark(10, 5);
    add(harness, [4, 8]);
    expect(said(harness)).toEqual(['early 0 3', 'onTime 1 4', 'late 2 8']);
  });

  it('discarding over sliding windows: each window counts for itself', () => {
    const harness = harnessOf({ early: trigger.afterCount(2), mode: 'discarding' }, sliding(10, 5));
    add(harness, [6, 1], [7, 2], [12, 4]);
    const early = harness.takeRows().map(({ row }) => [row.window.start, row.total]);
    expect(early).toEqual([
      [0, 3],
      [5, 3],
    ]);
    harness.watermark(Infinity);
    expect(harness.takeRows().map(({ row }) => [row.window.start, row.total])).toEqual([
      [5, 4],
      [10, 4],
    ]);
  });

  it('retracting gives the pane before back, row and all, and says nothing where nothing has changed', () => {
    const harness = harnessOf({ early: trigger.afterCount(1), mode: 'retracting' });
    add(harness, [1, 5], [2, 3]);
    const [first, back, second] = harness.takeRows();
    expect(back).toEqual({ ...first, op: 'delete' });
    expect(second).toMatchObject({ op: 'upsert', row: { total: 8, n: 2 }, pane: { timing: 'early', index: 1 } });
    harness.watermark(10);
    expect(said(harness)).toEqual([]);
  });

  it('retracting compares what is said, not what came', () => {
    const operator = aggregate({
      window: tumbling(10),
      select: { hi: agg.max<Row>('v') },
      emit: panes({ early: trigger.afterCount(1), mode: 'retracting' }),
    } as never);
    const harness = operatorHarness(operator as never) as OperatorHarness<Row, Change<{ hi: number }>>;
    [5, 3, 5, 6].forEach((v) => harness.event(1, { v }));
    expect(harness.takeRows().map(({ op, row }) => `${op} ${row.hi}`)).toEqual(['upsert 5', 'delete 5', 'upsert 6']);
  });

  it('every interval of processing time from the first row on, and only with news', () => {
    const harness = harnessOf({ early: trigger.every(10, 'processingTime') });
    harness.advance(3);
    add(harness, [1, 1]);
    harness.advance(9);
    expect(said(harness)).toEqual([]);
    harness.advance(1);
    expect(said(harness)).toEqual(['early 0 1']);
    harness.advance(15);
    add(harness, [2, 2]);
    harness.advance(4);
    expect(said(harness)).toEqual([]);
    harness.advance(1);
    expect(said(harness)).toEqual(['early 1 3']);
  });

  it('a processing time after the first row of a pane; two clocks of different length both keep theirs', () => {
    const { afterFirst, afterProcessingTime, repeatedly, afterCount } = trigger;
    const long = harnessOf({ early: repeatedly(afterProcessingTime(20)) });
    add(long, [1, 1]);
    long.advance(15);
    add(long, [1, 1]);
    long.advance(5);
    expect(said(long)).toEqual(['early 0 2']);

    const both = harnessOf({ early: trigger.inOrder(afterProcessingTime(50), afterProcessingTime(5)) });
    add(both, [1, 1]);
    both.advance(49);
    expect(said(both)).toEqual([]);
    both.advance(1);
    add(both, [2, 1]);
    both.advance(5);
    expect(said(both)).toEqual(['early 0 1', 'early 1 2']);

    const first = harnessOf({ early: afterFirst(afterCount(3), afterProcessingTime(7)) });
    add(first, [1, 1]);
    first.advance(6);
    add(first, [2, 1], [3, 1]);
    expect(said(first)).toEqual(['early 0 3']);
    first.advance(100);
    expect(said(first)).toEqual([]); // the clock began anew with the count
  });

  it('the clock goes on where it stood after a restore', () => {
    const harness = harnessOf({ early: trigger.every(10, 'processingTime') });
    add(harness, [1, 1]);
    harness.advance(4);
    harness.restore(harness.snapshot());
    harness.advance(5);
    expect(said(harness)).toEqual([]);
    harness.advance(1);
    expect(said(harness)).toEqual(['early 0 1']);
  });

  it('every interval of event time: a multiple fires when the watermark is beyond it', () => {
    const harness = harnessOf({ early: trigger.every(4) }, tumbling(100));
    add(harness, [5, 1]);
    harness.watermark(8);
    expect(said(harness)).toEqual([]);
    harness.watermark(9);
    expect(said(harness)).toEqual(['early 0 1']);
    harness.watermark(30); // 12, 16, … in one go, and nothing new
    add(harness, [31, 2]);
    harness.watermark(32);
    expect(said(harness)).toEqual([]);
    harness.watermark(33);
    expect(said(harness)).toEqual(['early 1 3']);
  });

  it('when a row meets the condition, which is asked once a row and not of late ones', () => {
    const asked: number[] = [];
    const big = (row: Row): boolean => asked.push(row.v) > 0 && row.v > 9;
    const harness = harnessOf({ early: trigger.when(big), late: trigger.never() }, sliding(10, 5));
    add(harness, [6, 1], [7, 10], [8, 2]);
    expect(said(harness)).toEqual(['early 0 11', 'early 0 11']);
    harness.watermark(20);
    add(harness, [3, 99]);
    expect(asked).toEqual([1, 10, 2]);
  });

  it('a condition that throws leaves nothing behind', () => {
    const fails = trigger.when((row: Row) => {
      if (row.v < 0) throw new Error('below zero');
      return row.v === 0;
    });
    const emit = panes({ early: fails });
    const operator = aggregate({ key: 'k', window: tumbling(10), select, emit, onError: 'reject' } as never);
    const harness = operatorHarness(operator as never) as OperatorHarness<Row, Change<Result>>;
    add(harness, [1, 5], [2, -1], [3, 0]);
    const [rejection] = harness.takeRejected();
    expect(rejection).toMatchObject({ reason: 'failed', time: 2 });
    expect(harness.tally).toMatchObject({ held: 2, rejected: { failed: 1 } });
    harness.watermark(10);
    expect(harness.takeRows()).toEqual([]); // said with the third row, before the take
  });

  it('a trigger that is done leaves the window open for the last pane', () => {
    const harness = harnessOf({ trigger: trigger.afterWatermark() });
    add(harness, [1, 1]);
    harness.watermark(10, 0);
    add(harness, [2, 2]);
    expect(said(harness)).toEqual(['onTime 0 1']);
    harness.watermark(20, 10);
    expect(said(harness)).toEqual(['late 1! 3']);
  });

  it('says panes without news where they are asked for', () => {
    const harness = harnessOf({ early: trigger.afterCount(1), unchanged: ['onTime', 'last'] });
    add(harness, [1, 1]);
    harness.watermark(10, 0);
    harness.watermark(20, 10);
    expect(said(harness)).toEqual(['early 0 1', 'onTime 1 1', 'late 2! 1']);
  });

  it('the global window speaks by count, and what is left at the end', () => {
    const harness = harnessOf({ early: trigger.afterCount(2), mode: 'discarding' }, globalWindow());
    add(harness, [1, 1], [2, 2], [3, 4]);
    harness.watermark(1000);
    harness.watermark(Infinity);
    expect(said(harness)).toEqual(['early 0 3', 'onTime 1! 4']);
  });

  describe('sessions', () => {
    const gap5 = (options: PaneOptions<Row>): OperatorHarness<Row, Change<Result>> => harnessOf(options, session(5));

    it('what two sessions have said is taken back when they speak as one', () => {
      const harness = gap5({ early: trigger.afterCount(1), mode: 'retracting' });
      add(harness, [1, 1], [9, 2], [5, 4]);
      const told = harness.takeRows().map(({ op, key, row }) => `${op} ${String(key[0])} ${row.total}`);
      expect(told).toEqual(['upsert 1 1', 'upsert 9 2', 'delete 1 1', 'delete 9 2', 'upsert 1 7']);
    });

    it('the trigger of the one goes on with what both have seen, and only then it speaks', () => {
      const harness = gap5({ early: trigger.afterCount(5), late: trigger.afterCount(1) });
      add(harness, [10, 1], [11, 1], [1, 1], [2, 1]);
      expect(said(harness)).toEqual([]);
      add(harness, [6, 1]);
      expect(said(harness)).toEqual(['early 0 5']);
    });

    it('an accumulating session that has spoken under another start takes that back first', () => {
      const harness = gap5({ early: trigger.afterCount(2) });
      add(harness, [10, 1], [11, 1], [6, 1]);
      expect(harness.takeRows().map(({ op, key }) => [op, key])).toEqual([['upsert', [10, 'a']]]);
      add(harness, [7, 1]);
      expect(harness.takeRows().map(({ op, key, row }) => [op, key, row.total])).toEqual([
        ['delete', [10, 'a'], undefined],
        ['upsert', [6, 'a'], 4],
      ]);
    });

    it('a session that grows beyond the watermark is early again', () => {
      const harness = gap5({ early: trigger.afterCount(1) });
      add(harness, [1, 1]);
      harness.watermark(6, 0);
      add(harness, [3, 2]);
      harness.watermark(8, 0);
      add(harness, [2, 4]);
      expect(said(harness)).toEqual(['early 0 1', 'early 1 3', 'late 2 7']);
    });

    it('nothing that discarding panes have said is taken back', () => {
      const harness = gap5({ early: trigger.afterCount(1), mode: 'discarding' });
      add(harness, [1, 1], [9, 2], [5, 4]);
      expect(said(harness)).toEqual(['early 0 1', 'early 0 2', 'early 1 4']);
    });
  });

  it('refuses what makes no sense', () => {
    const option = expect.objectContaining({ code: 'TIDEMARK_OPTION' }) as Error;
    const early = trigger.afterCount(1);
    for (const make of [
      () => panes({ early, trigger: early }),
      () => panes({ mode: 'some' as never }),
      () => trigger.afterCount(0),
      () => trigger.afterCount(1.5),
      () => trigger.every(0),
      () => trigger.afterProcessingTime('0 seconds'),
      () => trigger.when('v' as never),
      () => trigger.inOrder(),
      () => trigger.afterFirst(),
      () => aggregate({ select: { n: agg.count() }, emit: panes() } as never),
    ])
      expect(make).toThrow(option);
    const source = from([{ t: 1 }]).pipe(withWatermark('t', 0));
    const emit = panes({ mode: 'discarding' });
    expect(() => source.pipe(aggregate({ window: tumbling(10), select: { n: agg.count() }, emit }), finalOnly())).toThrow(option);
    const speed = { window: tumbling(10), select: { s: agg.velocity(agg.count()) }, emit };
    expect(() => source.pipe(aggregate(speed), rows())).toThrow(option);
  });

  it('describes itself: another trigger is another plan', () => {
    const describe = (given: Trigger<unknown>): unknown => panes({ early: given }).parameters;
    expect(describe(trigger.repeatedly(trigger.afterFirst(trigger.afterCount(2), trigger.every('1 minute'))))).toEqual({
      trigger: {
        afterWatermark: {
          early: { repeatedly: { afterFirst: [{ afterCount: 2 }, { every: '1 minute', clock: 'eventTime' }] } },
          late: { afterCount: 1 },
        },
      },
      mode: 'accumulating',
      unchanged: [],
      completeness: true,
    });
    expect(onTime().parameters).toBeUndefined();
  });
});
