import { from } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { alertWhen } from '../../operators/alertWhen';
import { aggregate } from '../../operators/aggregate';
import { previousRows } from '../../operators/previousRows';
import { rows } from '../../operators/rows';
import { withWatermark } from '../../operators/withWatermark';
import * as agg from '../../src/aggregate';
import { threshold, trend, type Alert } from '../../src/alerts';
import { tumbling } from '../../src/window/tumbling';

interface Row {
  readonly t: number;
  readonly sensor: string;
  readonly temp?: number | null;
}

const timed$ = from([] as Row[]).pipe(withWatermark('t', 0));

describe('types of alertWhen', () => {
  it('a condition made for fewer columns does not narrow the rows', () => {
    const high = threshold<{ max: number | null }>({ metric: 'max', threshold: 30 });
    const jump = trend<{ n: number }>({ metric: 'n', threshold: 0.5 });
    const alerts$ = timed$.pipe(
      aggregate({ key: 'sensor', window: tumbling(10), select: { max: agg.max('temp'), n: agg.count() } }),
      alertWhen({
        id: 'high',
        key: 'sensor',
        when: high,
        clearWhen: jump,
        groupBy: (row) => row.window.start,
        message: (row) => row.sensor,
      }),
      rows(),
    );
    alerts$.subscribe((alert) => {
      expectTypeOf(alert.row.sensor).toEqualTypeOf<string>();
      expectTypeOf(alert.row.n).toEqualTypeOf<number>();
    });
  });

  it('conditions inside are typed by the stream', () => {
    timed$.pipe(alertWhen({ when: trend({ metric: 'temp', threshold: 1 }), key: ['sensor'] }), rows()).subscribe((alert) => {
      expectTypeOf(alert).toEqualTypeOf<Alert<Row>>();
    });
    timed$.pipe(alertWhen({ when: (row) => (row.temp ?? 0) > 30, for: '10 minutes', severity: (row) => row.sensor }));
  });

  it('refuses what does not fit the stream', () => {
    const compiledOnly = (): void => {
      // @ts-expect-error no such column
      timed$.pipe(alertWhen({ when: threshold({ metric: 'tmep', threshold: 1 }) }));
      // @ts-expect-error no such key
      timed$.pipe(alertWhen({ when: threshold({ metric: 'temp', threshold: 1 }), key: 'senser' }));
      // @ts-expect-error a condition on a column that the rows do not have
      timed$.pipe(alertWhen({ when: threshold<{ load: number }>({ metric: 'load', threshold: 1 }) }));
      // @ts-expect-error no duration
      timed$.pipe(alertWhen({ when: (row) => row.temp, for: '10 mintues' }));
      // @ts-expect-error rows without event time
      from([] as Row[]).pipe(alertWhen({ when: (row) => row.temp }));
    };
    expect(compiledOnly).toBeTypeOf('function');
  });

  it('alerts of alerts, and the rows before as a condition', () => {
    timed$
      .pipe(
        previousRows({ key: 'sensor', n: 288, select: { mean: agg.avg('temp'), sd: agg.stddev('temp') } }),
        alertWhen({ key: 'sensor', when: (row) => Math.abs((row.temp ?? NaN) - (row.mean ?? NaN)) > 3 * (row.sd ?? NaN) }),
        alertWhen({ key: { sensor: (alert) => alert.key[0] }, when: () => true, coolDown: '1 hour' }),
        rows(),
      )
      .subscribe((alert) => expectTypeOf(alert.row.row.mean).toEqualTypeOf<number | null>());
  });

  it('stands alone with its row type named', () => {
    const hot = alertWhen<Row>({ when: threshold<Row>({ metric: 'temp', threshold: 30 }) });
    expectTypeOf(timed$.pipe(hot, rows())).not.toBeAny();
  });
});
