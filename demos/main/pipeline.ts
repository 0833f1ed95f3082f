import { agg, aggregate, alertWhen, dropDuplicates, mapRows, readEventTime, threshold, trend, withWatermark } from 'tidemark';
import type { Assigner, Duration, TimeUnit, TimeValue, UntimedStream } from 'tidemark';
import { columnOf, frozenAt, type Flow } from './flow';

/** What every input becomes before it is counted: a figure of somebody at some time. */
export interface Reading {
  readonly id: string;
  readonly time: TimeValue;
  readonly key: string;
  /** Null: the row counts, but has no figure. */
  readonly value: number | null;
  /** What `distinct` counts: the region of an earthquake. */
  readonly label: string | null;
}

/** What differs from input to input. */
export interface ReadingPlan<Raw> {
  /** Throws for a row that is no good: it is then rejected with that message. */
  readonly parse: (raw: Raw) => Reading;
  readonly unit: TimeUnit;
  readonly delay: Duration;
  /** When the job was first started, epoch ms: rows an hour ahead of that are of the future, whenever it goes on. */
  readonly now: number;
  readonly tumbling: Assigner;
  readonly sliding: Assigner;
  /** Without an id nothing says which rows are the same. */
  readonly hasId: boolean;
  /** A window whose maximum reaches this raises an alert; null: none does. */
  readonly alertAt: number | null;
  /** A window whose count differs from the recent ones by more than this share raises an alert. */
  readonly trendAbove: number;
}

const select = {
  count: agg.count<Reading>(),
  mean: agg.avg<Reading>('value'),
  max: agg.max<Reading, number>('value'),
  p90: agg.percentileApprox<Reading>('value', 0.9),
  distinct: agg.countDistinct<Reading>('label'),
};

/** Rows in, windows and alerts out. A row that cannot be used is handed on as a rejection, with the reason. */
export function readingFlow<Raw>(raw$: UntimedStream<Raw>, plan: ReadingPlan<Raw>): Flow {
  const timed$ = raw$.pipe(
    mapRows(plan.parse, { id: 'parse', onError: 'reject' }),
    withWatermark('time', plan.delay, {
      id: 'watermark',
      unit: plan.unit,
      maxFutureSkew: '1 hour',
      scheduler: frozenAt(plan.now),
    }),
  );
  const clean$ = plan.hasId ? timed$.pipe(dropDuplicates(['id', 'time'], { id: 'dedup' })) : timed$;

  const tumbling$ = clean$.pipe(aggregate({ id: 'tumbling', key: 'key', window: plan.tumbling, select }));
  const sliding$ = clean$.pipe(aggregate({ id: 'sliding', key: 'key', window: plan.sliding, select }));

  const high = threshold<{ max: number | null }>({ metric: 'max', threshold: plan.alertAt ?? Infinity, op: '>=' });
  const jump = trend<{ count: number }>({ metric: 'count', threshold: plan.trendAbove });
  return {
    timed$,
    clean$,
    timeOf: (row) => readEventTime(columnOf(row, 'time'), plan.unit),
    keyColumn: 'key',
    windows: [
      { name: 'tumbling', assigner: plan.tumbling, rows$: tumbling$, keyColumn: 'key', countColumn: 'count' },
      { name: 'sliding', assigner: plan.sliding, rows$: sliding$, keyColumn: 'key', countColumn: 'count' },
    ],
    alerts: [
      tumbling$.pipe(alertWhen({ id: 'high', key: 'key', when: high, severity: 'critical' })),
      sliding$.pipe(alertWhen({ id: 'trend', key: 'key', when: jump, severity: 'warning' })),
    ],
  };
}
