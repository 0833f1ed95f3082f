import { adaptive, aggregate, agg, tumbling, withTimestamps, withWatermark, type Element, type WatermarkOptions } from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import type { Observable, OperatorFunction } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ManualRun } from '../../src/testing/manualRun';

interface Row {
  readonly t: number;
}

class Query {
  readonly run = new ManualRun();
  readonly h: OperatorHarness<Row, unknown>;

  constructor(operator: unknown, first = 0) {
    this.run.batch = { id: 0, time: 0, late: first, watermark: first };
    const traits = { kind: 'untimed', watermark: false } as const;
    this.h = operatorHarness(operator as OperatorFunction<Element<Row>, Element<unknown>>, { run: this.run, traits });
  }

  /** A batch: rows judged by `late`, then W. */
  batch(times: readonly number[], w: { readonly late?: number; readonly watermark?: number } = {}): void {
    const { id, watermark: before } = this.run.batch;
    const { late = before, watermark = late } = w;
    this.run.batch = { id: id + 1, time: 0, late, watermark };
    times.forEach((t) => this.h.push({ t }));
    this.h.watermark(NaN);
  }

  get proposal(): unknown {
    return this.run.proposals.get('withWatermark-1');
  }
}

const marked = (options: WatermarkOptions = {}): OperatorFunction<Row, Element<Row>> => withWatermark('t', 10, options);

describe('withWatermark in a query', () => {
  it('says the watermark of the query at the start and at the end of each batch, never its own', () => {
    const query = new Query(marked({ allowedLateness: 5 }), 50);
    expect(query.h.take()).toEqual([{ kind: 'watermark', time: 50, drop: 45 }]);
    query.batch([200, 300], { watermark: 70 });
    query.batch([]);
    expect(query.h.take().map((s) => (s.kind === 'watermark' ? `W${s.time}` : s.kind))).toEqual(['event', 'event', 'W70', 'W70']);
  });

  it('proposes where it would bring the watermark, and tells the event times of the batch', () => {
    const query = new Query(marked());
    query.batch([30, 10, 21]);
    expect(query.proposal).toEqual({
      watermark: 20,
      times: { min: 10, max: 30, average: 20, count: 3 },
      advanceWhenIdle: false,
    });
    query.batch([25]);
    expect(query.proposal).toMatchObject({ watermark: 20, times: { min: 25, max: 25, count: 1 } });
  });

  it('leaves silence to the query', () => {
    const query = new Query(marked({ idleAfter: '1 minute', advanceWhenIdle: true }));
    query.batch([30]);
    expect(query.proposal).toMatchObject({ idleAfterMs: 60_000, advanceWhenIdle: true });
    query.h.take();
    query.h.advance(600_000);
    expect(query.h.take()).toEqual([]);
  });

  it('after a restart only its own rows bring it further, as in Spark', () => {
    const query = new Query(marked());
    query.batch([500]);
    query.h.restore(query.h.snapshot());
    query.batch([40]);
    expect(query.proposal).toMatchObject({ watermark: 30 });
  });

  it('a strategy is asked once a batch, and rows are late by the watermark of the batch', () => {
    const strategy = adaptive({ base: 1, max: 5, unit: 10 });
    const query = new Query(withWatermark('t', strategy as never, { allowedLateness: 20 }));
    query.batch([100, 79, 80, 81, 70], { late: 100 });
    expect(query.h.report).toMatchObject({ delayMs: 20, maxEventTime: 100, strategy: { current: 2, lateRatio: 0.6 } });
    query.batch([]);
    expect(query.h.report).toMatchObject({ strategy: { current: 2 } });
  });

  it('rows behind a watermark that others have brought forward are late, not overtaken by the clock', () => {
    const select = { n: agg.count() };
    const operator = (rows: Observable<Element<Row>>): unknown =>
      rows.pipe(marked() as never, aggregate({ window: tumbling(10), select } as never) as never);
    const query = new Query(operator, 1000);
    query.batch([30, 50]);
    expect(query.h.takeRejected().map(({ reason }) => reason)).toEqual(['late', 'late']);
  });
});

describe('withTimestamps in a query', () => {
  it('ends each batch with a watermark that does not move, and the last one with the end', () => {
    const query = new Query(withTimestamps('t'));
    query.batch([5], { watermark: 70 });
    query.batch([6], { watermark: Infinity });
    const times = query.h.take().map((s) => (s.kind === 'watermark' ? `W${s.time}` : s.kind));
    expect(times).toEqual(['W-Infinity', 'event', 'W-Infinity', 'event', 'WInfinity']);
    expect(query.run.proposals.size).toBe(0);
    expect(query.h.report).toMatchObject({ delayMs: Infinity, maxEventTime: 6 });
  });
});
