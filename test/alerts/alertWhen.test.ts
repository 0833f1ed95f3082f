import { from, NEVER, of, Subject, concat, throwError, type Observable } from 'rxjs';
import { map, take } from 'rxjs/operators';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { alertWhen, type AlertOptions } from '../../operators/alertWhen';
import { fromSignals } from '../../operators/fromSignals';
import { outcomes } from '../../operators/outcomes';
import { rows } from '../../operators/rows';
import { signals } from '../../operators/signals';
import { withWatermark } from '../../operators/withWatermark';
import { threshold, trend, type Alert } from '../../src/alerts';
import type { Signal } from '../../src/element';
import { operatorHarness, weave, type HarnessOptions, type OperatorHarness } from '../../src/testing';

interface Row {
  readonly k: string;
  readonly v: number | null;
  readonly t?: number;
}

const hot = threshold<Row>({ metric: 'v', threshold: 10 });
const [HOT, COLD] = [20, 0];

type Harness = OperatorHarness<Row, Alert<Row>>;

function open(options: Partial<AlertOptions<Row>>, more?: HarnessOptions): Harness {
  return operatorHarness(alertWhen<Row>({ when: hot, key: 'k', ...options }), more);
}

/** What was said, in short: `F10<0(20)` fired at 10, holds since 0, value 20; `R` resolved. */
function said(harness: Harness): string[] {
  return harness.takeRows().map(shortOf);
}

function shortOf({ status, time, startedAt, value }: Alert<Row>): string {
  return `${status === 'firing' ? 'F' : 'R'}${time}<${startedAt}(${value ?? ''})`;
}

function expectBalance({ tally }: Harness): void {
  const rejected = Object.values(tally.rejected).reduce((sum, n) => sum + n, 0);
  expect(tally.forwarded + tally.absorbed + tally.held + tally.filtered + rejected).toBe(tally.in);
}

describe('alertWhen without state', () => {
  it('raises an alert for each row for which the condition holds, and passes judgement on late rows too', () => {
    const harness = open({ id: 'hot', severity: 'page', message: (row) => `${row.k} is at ${row.v}` });
    harness.event(5, { k: 'a', v: HOT });
    harness.event(6, { k: 'a', v: COLD });
    harness.watermark(50);
    harness.event(7, { k: 'b', v: HOT });
    const common = { status: 'firing', name: 'hot', value: HOT, severity: 'page' };
    expect(harness.take()).toEqual([
      {
        kind: 'event',
        time: 5,
        row: { ...common, key: ['a'], time: 5, startedAt: 5, message: 'a is at 20', row: { k: 'a', v: HOT } },
      },
      { kind: 'watermark', time: 50 },
      {
        kind: 'event',
        time: 7,
        row: { ...common, key: ['b'], time: 7, startedAt: 7, message: 'b is at 20', row: { k: 'b', v: HOT } },
      },
    ]);
    expect(harness.tally).toMatchObject({ in: 3, absorbed: 2, filtered: 1, outputs: 2, forwarded: 0, held: 0 });
    expect(harness.state).toEqual({});
  });

  it('a plain function is a condition: truthy holds, and the alert has no value', () => {
    const harness = operatorHarness(alertWhen<Row>({ when: (row) => row.v }));
    harness.event(1, { k: 'a', v: null });
    harness.event(2, { k: 'a', v: 1 });
    expect(harness.takeRows()).toEqual([
      { status: 'firing', name: 'alertWhen-1', key: [], time: 2, startedAt: 2, row: { k: 'a', v: 1 } },
    ]);
  });

  it('infers the row type in a pipe', () => {
    const out: (number | null)[] = [];
    of({ t: 1, temp: 31 as number | null, name: 'x' })
      .pipe(withWatermark('t', 0), alertWhen({ key: 'name', when: threshold({ metric: 'temp', threshold: 30 }) }), rows())
      .subscribe((alert) => out.push(alert.row.temp));
    expect(out).toEqual([31]);
    from([{ t: 1, name: 'x' }]).pipe(
      withWatermark('t', 0),
      // @ts-expect-error name is no number
      alertWhen({ when: threshold({ metric: 'name', threshold: 30 }) }),
    );
  });
});

describe('for', () => {
  it('fires at the first row at start + for', () => {
    const harness = open({ for: 10 });
    for (const [t, v] of [
      [0, 20],
      [5, 21],
      [10, 22],
      [15, 23],
    ] as const)
      harness.event(t, { k: 'a', v });
    expect(said(harness)).toEqual(['F10<0(22)']);
    expectBalance(harness);
    expect(harness.tally).toMatchObject({ absorbed: 1, filtered: 3, held: 0 });
  });

  it('a row after start + for proves it: stamped start + for, with the last row up to then', () => {
    const harness = open({ for: 10 });
    for (const [t, v] of [
      [0, 20],
      [5, 21],
      [15, 23],
    ] as const)
      harness.event(t, { k: 'a', v });
    expect(said(harness)).toEqual(['F10<0(21)']);
  });

  it('the watermark alone proves it, and says the same', () => {
    const harness = open({ for: 10 });
    harness.event(0, { k: 'a', v: 20 });
    harness.event(5, { k: 'a', v: 21 });
    harness.watermark(9);
    expect(said(harness)).toEqual([]);
    expect(harness.tally.held).toBe(1);
    harness.watermark(10);
    expect(harness.take()).toMatchObject([
      { kind: 'event', time: 10, row: { time: 10, startedAt: 0, value: 21 } },
      { kind: 'watermark', time: 10 },
    ]);
    harness.event(15, { k: 'a', v: 23 });
    expect(said(harness)).toEqual([]);
    expectBalance(harness);
  });

  it('where a row on the watermark is on time, the watermark must pass the deadline', () => {
    const harness = open({ for: 10, resolved: true }, { traits: { ties: 'ordered' } });
    harness.event(0, { k: 'a', v: HOT });
    harness.watermark(10);
    expect(said(harness)).toEqual([]);
    harness.event(10, { k: 'a', v: COLD });
    harness.watermark(11);
    expect(said(harness)).toEqual([]);
    expectBalance(harness);
  });

  it.each([9, 10])('a row that says otherwise at %d ends it', (t) => {
    const harness = open({ for: 10, resolved: true });
    harness.event(0, { k: 'a', v: HOT });
    harness.event(t, { k: 'a', v: COLD });
    harness.event(t + 1, { k: 'a', v: HOT });
    harness.event(t + 10, { k: 'a', v: HOT });
    expect(said(harness)).toEqual([]);
    harness.event(t + 11, { k: 'a', v: HOT });
    expect(said(harness)).toEqual([`F${t + 11}<${t + 1}(20)`]);
    expectBalance(harness);
  });

  it('one that comes after start + for is too late to: fires, then clears', () => {
    const harness = open({ for: 10, resolved: true });
    harness.event(0, { k: 'a', v: HOT });
    harness.event(11, { k: 'a', v: COLD });
    expect(said(harness)).toEqual(['F10<0(20)', 'R11<0(0)']);
    expectBalance(harness);
  });

  it('fires once until it clears, each key for itself', () => {
    const harness = open({ for: 10 });
    const play: [number, string, number][] = [
      [0, 'a', HOT],
      [5, 'b', HOT],
      [10, 'a', HOT],
      [12, 'a', HOT],
      [15, 'b', HOT],
      [16, 'a', COLD],
      [17, 'a', HOT],
      [27, 'a', HOT],
    ];
    for (const [t, k, v] of play) harness.event(t, { k, v });
    expect(said(harness)).toEqual(['F10<0(20)', 'F15<5(20)', 'F27<17(20)']);
  });

  it('several fire at one watermark by deadline, then in the order in which they began', () => {
    const harness = open({ for: 10 });
    for (const [t, k] of [
      [3, 'c'],
      [1, 'a'],
      [1, 'b'],
    ] as const)
      harness.event(t, { k, v: HOT });
    harness.watermark(Infinity);
    expect(harness.takeRows().map((alert) => [alert.key[0], alert.time])).toEqual([
      ['a', 11],
      ['b', 11],
      ['c', 13],
    ]);
  });

  it('the watermark +Infinity proves what is left; completion alone does not', () => {
    const held = open({ for: 10 });
    held.event(0, { k: 'a', v: HOT });
    held.end();
    expect(said(held)).toEqual([]);
    expect(held.tally.held).toBe(1);
    expectBalance(held);
  });

  it('a null metric does not hold', () => {
    const harness = open({ for: 10 });
    harness.event(0, { k: 'a', v: HOT });
    harness.event(5, { k: 'a', v: null });
    harness.watermark(50);
    expect(said(harness)).toEqual([]);
  });
});

describe('clearWhen and resolved', () => {
  it('stays firing until clearWhen holds', () => {
    const harness = open({ clearWhen: threshold<Row>({ metric: 'v', threshold: 5, op: '<' }), resolved: true });
    [20, 8, 20, 5, 4, 8, 20, 4].forEach((v, t) => harness.event(t, { k: 'a', v }));
    expect(said(harness)).toEqual(['F0<0(20)', 'R4<0(4)', 'F6<6(20)', 'R7<6(4)']);
    expectBalance(harness);
  });

  it('a row that clears starts nothing', () => {
    const harness = open({ clearWhen: (row) => row.v === 21, resolved: true });
    [20, 21, 22].forEach((v, t) => harness.event(t, { k: 'a', v }));
    expect(said(harness)).toEqual(['F0<0(20)', 'R1<0(21)', 'F2<2(22)']);
  });

  it('without resolved, clears in silence', () => {
    const harness = open({ clearWhen: (row) => row.v === 4 });
    [20, 8, 4, 20].forEach((v, t) => harness.event(t, { k: 'a', v }));
    expect(said(harness)).toEqual(['F0<0(20)', 'F3<3(20)']);
    expectBalance(harness);
  });

  it('a resolved notice has the labels of the firing and the row that cleared it', () => {
    const harness = open({ resolved: true, severity: (row) => (row.v! > 50 ? 'page' : 'ticket'), message: 'too hot' });
    harness.event(1, { k: 'a', v: 60 });
    harness.event(2, { k: 'a', v: COLD });
    expect(harness.takeRows()[1]).toEqual({
      status: 'resolved',
      name: 'alertWhen-1',
      key: ['a'],
      time: 2,
      startedAt: 1,
      value: COLD,
      severity: 'page',
      message: 'too hot',
      row: { k: 'a', v: COLD },
    });
  });

  it('stops flapping: alerts of a noisy plateau', () => {
    const noisy = Array.from({ length: 100 }, (_, i) => (i < 10 || i >= 90 ? 0 : i % 2 === 0 ? 11 : 9));
    const count = (options: Partial<AlertOptions<Row>>): number => {
      const harness = open(options);
      noisy.forEach((v, t) => harness.event(t, { k: 'a', v }));
      harness.watermark(Infinity);
      return harness.takeRows().length;
    };
    expect(count({})).toBe(40);
    expect(count({ coolDown: 20 })).toBe(4);
    expect(count({ clearWhen: (row) => row.v! < 5 })).toBe(1);
    expect(count({ for: 2 })).toBe(0);
    expect(count({ for: 2, when: (row) => row.v! > 5 })).toBe(1);
  });
});

describe('coolDown', () => {
  it('thins alerts of each row: none before f + coolDown', () => {
    const harness = open({ coolDown: 10 });
    for (const t of [0, 5, 9, 10, 15, 20]) harness.event(t, { k: 'a', v: HOT });
    harness.event(6, { k: 'b', v: HOT });
    expect(said(harness)).toEqual(['F0<0(20)', 'F10<10(20)', 'F20<20(20)', 'F6<6(20)']);
    expectBalance(harness);
  });

  it('a key that clears and holds again fires when the cool-down is over, if it still holds', () => {
    const harness = open({ coolDown: 10, resolved: true });
    const play: [number, number][] = [
      [0, HOT],
      [2, COLD],
      [4, HOT],
      [10, HOT],
      [11, COLD],
      [12, HOT],
      [13, COLD],
      [30, HOT],
    ];
    for (const [t, v] of play) harness.event(t, { k: 'a', v });
    expect(said(harness)).toEqual(['F0<0(20)', 'R2<0(0)', 'F10<4(20)', 'R11<4(0)', 'F30<30(20)']);
    expectBalance(harness);
  });

  it('counts from the stamp of the firing, and the watermark ends it too', () => {
    const harness = open({ for: 5, coolDown: 10 });
    harness.event(0, { k: 'a', v: HOT });
    harness.event(7, { k: 'a', v: COLD });
    harness.event(8, { k: 'a', v: HOT });
    expect(said(harness)).toEqual(['F5<0(20)']);
    harness.watermark(14);
    expect(said(harness)).toEqual([]);
    harness.watermark(15);
    expect(said(harness)).toEqual(['F15<8(20)']);
  });
});

describe('groupBy', () => {
  const grouped: Partial<AlertOptions<Row>> = {
    groupBy: { high: (row: Row) => row.v! > 50 },
    resolved: true,
    severity: (row) => row.k,
  };

  it('alerts of one instant and group are one alert with members, once the watermark has passed', () => {
    const harness = open(grouped);
    harness.event(5, { k: 'a', v: HOT });
    harness.event(5, { k: 'b', v: HOT });
    harness.event(5, { k: 'c', v: 60 });
    harness.event(6, { k: 'd', v: HOT });
    harness.watermark(4);
    expect(said(harness)).toEqual([]);
    expect(harness.tally).toMatchObject({ held: 4, absorbed: 0 });
    harness.watermark(5);
    const [first, second, ...none] = harness.takeRows();
    expect(first).toMatchObject({
      status: 'firing',
      key: [false],
      time: 5,
      startedAt: 5,
      value: HOT,
      severity: 'a',
      row: { k: 'a' },
    });
    expect(first!.members!.map((member) => member.key)).toEqual([['a'], ['b']]);
    expect(second).toMatchObject({ key: [true], members: [{ key: ['c'] }] });
    expect(none).toEqual([]);
    harness.watermark(6);
    expect(harness.takeRows()).toMatchObject([{ time: 6, members: [{ key: ['d'] }] }]);
    expectBalance(harness);
    expect(harness.tally).toMatchObject({ held: 0, absorbed: 4, outputs: 3 });
  });

  it('firing and resolved are kept apart, startedAt is the earliest, and the group of the firing counts', () => {
    const harness = open(grouped);
    for (const [t, k, v] of [
      [1, 'b', 20],
      [2, 'a', 20],
      [5, 'a', 0],
      [5, 'b', 0],
      [5, 'c', 20],
    ] as const)
      harness.event(t, { k, v });
    harness.watermark(10);
    const out = harness.takeRows().slice(2);
    expect(
      out.map((alert) => [alert.status, alert.time, alert.startedAt, alert.key, alert.members!.map((m) => m.key[0])]),
    ).toEqual([
      ['resolved', 5, 1, [false], ['a', 'b']],
      ['firing', 5, 5, [false], ['c']],
    ]);
  });

  it('several columns, and the tie rule of the stream', () => {
    const harness = open({ groupBy: ['k', 'v'] }, { traits: { ties: 'ordered' } });
    harness.event(5, { k: 'a', v: HOT });
    harness.watermark(5);
    expect(said(harness)).toEqual([]);
    harness.event(5, { k: 'a', v: HOT });
    harness.watermark(6);
    expect(harness.takeRows()).toMatchObject([{ key: ['a', 20], members: [{}, {}] }]);
  });
});

describe('trend as a condition', () => {
  const jump = trend<Row>({ metric: 'v', threshold: 0.5 });

  it('[D67] alerts per key, in order of arrival', () => {
    const harness = open({ when: jump });
    [100, 100, 151, 100, 100, 300, 100, 50, 49].forEach((v, t) => {
      harness.event(t, { k: 'a', v });
      harness.event(t, { k: 'b', v: 100 });
    });
    expect(said(harness)).toEqual(['F2<2(151)', 'F5<5(300)', 'F7<7(50)', 'F8<8(49)']);
    expectBalance(harness);
    expect(harness.state).toEqual({ keys: 2 });
  });

  it('[D68] keeps ten figures a key', () => {
    const harness = open({ when: jump });
    for (let t = 0; t < 30; t++) harness.event(t, { k: 'a', v: 100 + t });
    const [[, state]] = [...harness.snapshot()[0]!.tables['keys']!.entries] as [[unknown, { memory: number[] }]];
    expect(state.memory).toEqual([120, 121, 122, 123, 124, 125, 126, 127, 128, 129]);
  });

  it('forgetAfter forgets the figures of keys that are silent; else they stay', () => {
    const harness = open({ when: jump, forgetAfter: 10 });
    harness.event(0, { k: 'a', v: 100 });
    harness.event(1, { k: 'b', v: 100 });
    harness.event(5, { k: 'a', v: 100 });
    harness.watermark(11);
    expect(harness.state).toEqual({ keys: 1 });
    harness.watermark(14);
    expect(harness.state).toEqual({ keys: 1 });
    harness.watermark(15);
    expect(harness.state).toEqual({ keys: 0 });
    harness.event(16, { k: 'a', v: 500 });
    expect(said(harness)).toEqual([]);
  });

  it('forgetAfter waits for what fires or cools down', () => {
    const harness = open({ when: jump, forgetAfter: 10, resolved: true });
    [100, 100, 500].forEach((v, t) => harness.event(t, { k: 'a', v }));
    harness.watermark(1000);
    expect(harness.state).toEqual({ keys: 1 });
    harness.event(1001, { k: 'a', v: 250 });
    harness.watermark(1010);
    expect(harness.state).toEqual({ keys: 1 });
    harness.watermark(1011);
    expect(harness.state).toEqual({ keys: 0 });
    expect(said(harness)).toEqual(['F2<2(500)', 'R1001<2(250)']);
    const cooling = open({ when: jump, forgetAfter: 10, coolDown: 100 });
    [100, 100, 500].forEach((v, t) => cooling.event(t, { k: 'a', v }));
    cooling.watermark(101);
    expect(cooling.state).toEqual({ keys: 1 });
    cooling.watermark(102);
    expect(cooling.state).toEqual({ keys: 0 });
  });

  it('may clear, too', () => {
    const harness = open({ clearWhen: jump, resolved: true });
    [20, 20, 20, 0].forEach((v, t) => harness.event(t, { k: 'a', v }));
    expect(said(harness)).toEqual(['F0<0(20)', 'R3<0(0)']);
  });
});

describe('order', () => {
  const disorder: [number, number][] = [
    [0, HOT],
    [12, HOT],
    [5, COLD],
    [6, HOT],
    [16, HOT],
  ];

  it('rows are judged as they arrive', () => {
    const harness = open({ for: 10, resolved: true });
    for (const [t, v] of disorder) harness.event(t, { k: 'a', v });
    expect(said(harness)).toEqual(['F10<0(20)', 'R5<0(0)', 'F16<6(20)']);
  });

  it('ordered: by event time, when the watermark has passed them; late rows are rejected', () => {
    const harness = open({ for: 10, resolved: true, ordered: true });
    for (const [t, v] of disorder) harness.event(t, { k: 'a', v });
    expect(said(harness)).toEqual([]);
    expect(harness.tally.held).toBe(5);
    harness.watermark(16);
    expect(said(harness)).toEqual(['F16<6(20)']);
    harness.event(16, { k: 'a', v: COLD });
    expect(harness.takeRejected()).toMatchObject([
      { reason: 'late', time: 16, watermark: 16, detail: { behindMs: 0, missingDelayMs: 1 } },
    ]);
    expectBalance(harness);
  });

  it('ordered: ties by arrival, alerts of all keys by time', () => {
    const harness = open({ for: 10, resolved: true, ordered: true });
    for (const [t, k, v] of [
      [20, 'b', COLD],
      [14, 'c', HOT],
      [3, 'b', HOT],
      [3, 'a', HOT],
      [3, 'a', COLD],
    ] as const)
      harness.event(t, { k, v });
    harness.watermark(Infinity);
    expect(harness.takeRows().map((alert) => `${alert.key[0]} ${shortOf(alert)}`)).toEqual([
      'b F13<3(20)',
      'b R20<3(0)',
      'c F24<14(20)',
    ]);
  });

  it('ordered: waits for the drop watermark, and sends it on as both', () => {
    const harness = open({ ordered: true });
    harness.event(5, { k: 'a', v: HOT });
    harness.watermark(10, 3);
    expect(harness.take()).toEqual([{ kind: 'watermark', time: 3 }]);
    harness.event(4, { k: 'a', v: HOT });
    harness.watermark(10, 5);
    expect(said(harness)).toEqual(['F4<4(20)', 'F5<5(20)']);
  });

  it('a late row is judged, and what it raises is as late as it is', () => {
    const harness = open({ for: 10, resolved: true });
    harness.watermark(100);
    harness.event(5, { k: 'a', v: HOT });
    harness.event(16, { k: 'a', v: COLD });
    expect(said(harness)).toEqual(['F15<5(20)', 'R16<5(0)']);
  });
});

describe('state of quiet keys', () => {
  it('is forgotten when nothing fires, waits or cools down', () => {
    const harness = open({ for: 10, coolDown: 100 });
    const keys = (): number => harness.state['keys']!;
    harness.event(0, { k: 'a', v: COLD });
    expect(keys()).toBe(0);
    harness.event(1, { k: 'a', v: HOT });
    expect(keys()).toBe(1);
    harness.event(2, { k: 'a', v: COLD });
    expect(keys()).toBe(0);
    harness.event(3, { k: 'a', v: HOT });
    harness.watermark(13);
    expect(said(harness)).toEqual(['F13<3(20)']);
    harness.event(14, { k: 'a', v: COLD });
    harness.watermark(112);
    expect(keys()).toBe(1);
    harness.watermark(113);
    expect(keys()).toBe(0);
  });

  it('a key that fires is kept when its cool-down is over', () => {
    const harness = open({ resolved: true, coolDown: 10 });
    harness.event(0, { k: 'a', v: HOT });
    harness.watermark(1000);
    expect(harness.state).toEqual({ keys: 1 });
    harness.event(1001, { k: 'a', v: COLD });
    expect(said(harness)).toEqual(['F0<0(20)', 'R1001<0(0)']);
    expect(harness.state).toEqual({ keys: 0 });
  });

  it('forgetAfter counts from the latest row in event time', () => {
    const harness = open({ when: trend<Row>({ metric: 'v', threshold: 1 }), forgetAfter: 10 });
    for (const t of [5, 10, 6]) harness.event(t, { k: 'a', v: HOT });
    harness.watermark(19);
    expect(harness.state).toEqual({ keys: 1 });
    harness.watermark(20);
    expect(harness.state).toEqual({ keys: 0 });
  });

  it('is forgotten after a restore, too, and what waits is counted', () => {
    const cooling = open({ coolDown: 10 });
    cooling.event(0, { k: 'a', v: HOT });
    cooling.restore(cooling.snapshot());
    cooling.watermark(10);
    expect(cooling.state).toEqual({ keys: 0 });
    const waiting = open({ ordered: true, for: 5 });
    for (const k of ['a', 'b']) waiting.event(0, { k, v: HOT });
    for (const w of [-1, 0]) {
      waiting.watermark(w);
      waiting.restore(waiting.snapshot());
      expect(waiting.tally.held).toBe(2);
    }
    const grouped = open({ groupBy: 'v' });
    for (const k of ['a', 'b']) grouped.event(0, { k, v: HOT });
    grouped.restore(grouped.snapshot());
    expect(grouped.tally.held).toBe(2);
    grouped.watermark(0);
    expect(grouped.takeRows()).toMatchObject([{ members: [{}, {}] }]);
    expect(grouped.tally.held).toBe(0);
  });

  it('stays small over many keys', () => {
    const harness = open({ for: 10, coolDown: 20, resolved: true, groupBy: 'v' });
    let most = 0;
    for (let t = 0; t < 5000; t++) {
      harness.event(t, { k: `k${t >> 2}`, v: t % 4 === 3 ? COLD : HOT });
      harness.watermark(t - 5);
      most = Math.max(most, harness.state['keys']! + harness.state['groups']!);
    }
    expect(most).toBeLessThan(20);
  });
});

describe('options', () => {
  const refused = (code: string): unknown => expect.objectContaining({ code });

  it('are checked at call', () => {
    expect(() => alertWhen<Row>({ when: hot, for: -1 })).toThrow(refused('TIDEMARK_OPTION'));
    expect(() => alertWhen<Row>({ when: hot, coolDown: '1 month' as never })).toThrow(refused('TIDEMARK_DURATION'));
    expect(() => alertWhen<Row>({ when: hot, forgetAfter: 10 })).toThrow(refused('TIDEMARK_OPTION'));
    expect(() => alertWhen<Row>({ when: hot, key: 5 as never })).toThrow(refused('TIDEMARK_OPTION'));
    expect(() => open({}, { traits: { kind: 'untimed' } })).toThrow(refused('TIDEMARK_UNTIMED'));
  });

  it('wantsBatch only when the watermark would release something', () => {
    const harness = open({ for: 10 }, { run: true });
    const wants = (w: number): boolean => {
      const stage = (harness as unknown as { stages: { processor: { wantsBatch(w: number, now: number): boolean } }[] })
        .stages[0]!;
      return stage.processor.wantsBatch(w, 0);
    };
    expect(wants(Infinity)).toBe(false);
    harness.event(0, { k: 'a', v: HOT });
    expect([wants(9), wants(10)]).toEqual([false, true]);
  });
});

describe('in a pipe', () => {
  const values = {
    a: { time: 0, row: { k: 'a', v: HOT } },
    b: { time: 6, row: { k: 'a', v: HOT } },
    c: { time: 12, row: { k: 'a', v: HOT } },
    d: { time: 14, row: { k: 'a', v: COLD } },
    V: 4,
    T: 8,
  };
  const shown: Record<string, string> = {
    F: 'F10<0(20)',
    R: 'R14<0(0)',
  };
  const marbles = (test: (scheduler: Parameters<Parameters<TestScheduler['run']>[0]>[0]) => void): void =>
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(test);

  it('marbles', () => {
    marbles(({ expectObservable }) => {
      const input = weave<Row>('-a-b---c-d---|', '----V---T-----', values);
      const out = input.pipe(fromSignals(), alertWhen({ when: hot, key: 'k', for: 10, resolved: true }), signals(), inShort());
      expectObservable(out).toBe('----V--FTR---|', { ...shown, V: 4, T: 8 });
    });
  });

  it('explicit unsubscription ends the source', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const input = cold('-a-b---c-|', { a: { k: 'a', v: HOT, t: 1 }, b: { k: 'a', v: HOT, t: 2 }, c: { k: 'a', v: HOT, t: 3 } });
      const out = input.pipe(withWatermark('t', 0), alertWhen<Row>({ when: hot }), rows(), shortly());
      expectObservable(out, '----!').toBe('-x-y-', { x: 'F1<1(20)', y: 'F2<2(20)' });
      expectSubscriptions(input.subscriptions).toBe('^---!');
    });
  });

  it('stops a synchronous source', () => {
    let produced = 0;
    const source = from(
      (function* () {
        for (; produced < 1000; produced++) yield { k: 'a', v: HOT, t: produced };
      })(),
    );
    const out: string[] = [];
    source
      .pipe(withWatermark('t', 0), alertWhen<Row>({ when: hot }), rows(), take(1))
      .subscribe((alert) => out.push(shortOf(alert)));
    expect(out).toEqual(['F0<0(20)']);
    expect(produced).toBeLessThan(3);
  });

  it('an error of the source passes', () => {
    const seen: unknown[] = [];
    concat(
      of({ k: 'a', v: HOT, t: 1 }),
      throwError(() => 'broken'),
    )
      .pipe(withWatermark('t', 0), alertWhen<Row>({ when: hot, for: 10 }), rows())
      .subscribe({ next: (alert) => seen.push(shortOf(alert)), error: (cause) => seen.push(cause) });
    expect(seen).toEqual(['broken']);
  });

  it('a consumer that pushes into the source is served in order', () => {
    const source = new Subject<Row & { t: number }>();
    const seen: string[] = [];
    source.pipe(withWatermark('t', 0), alertWhen<Row>({ when: hot, key: 'k', resolved: true }), rows()).subscribe((alert) => {
      seen.push(shortOf(alert));
      if (alert.time === 1) source.next({ k: 'a', v: COLD, t: 2 });
    });
    source.next({ k: 'a', v: HOT, t: 1 });
    expect(seen).toEqual(['F1<1(20)', 'R2<1(0)']);
  });

  const broken = (row: Row): never => {
    throw new Error(`bad ${row.k}`);
  };
  const throwing: [string, Partial<AlertOptions<Row>>][] = [
    ['when', { when: (row) => (row.k === 'bad' ? broken(row) : hot(row)), resolved: true }],
    ['a metric', { when: threshold<Row>({ metric: (row) => (row.k === 'bad' ? broken(row) : row.v), threshold: 10 }) }],
    ['key', { key: (row) => (row.k === 'bad' ? broken(row) : row.k), for: 1 }],
    ['clearWhen', { clearWhen: (row) => row.k === 'bad' && broken(row) }],
    ['groupBy', { groupBy: (row) => (row.k === 'bad' ? broken(row) : 1) }],
    ['message', { message: (row) => (row.k === 'bad' ? broken(row) : 'm'), ordered: true }],
    ['severity', { severity: (row) => (row.k === 'bad' ? broken(row) : 's'), resolved: true }],
  ];

  it.each(throwing)('an error thrown by %s ends a plain pipe', (_name, options) => {
    const harness = open(options);
    harness.event(1, { k: 'bad', v: HOT });
    expect(harness.error).toMatchObject({ code: 'TIDEMARK_USER_FUNCTION', details: { operator: 'alertWhen-1', time: 1 } });
  });

  it.each(throwing)('an error thrown by %s, with onError: reject, leaves nothing behind', (_name, options) => {
    const harness = open({ ...options, onError: 'reject' });
    const empty = harness.state;
    harness.event(1, { k: 'bad', v: HOT });
    expect(harness.takeRejected()).toMatchObject([
      { reason: 'failed', time: 1, row: { k: 'bad' }, detail: { message: 'bad bad' } },
    ]);
    expect(harness.state).toEqual(empty);
    harness.event(2, { k: 'good', v: HOT });
    harness.watermark(100);
    expect(harness.takeRows()).toHaveLength(1);
    expectBalance(harness);
  });

  it('rejections of others pass', () => {
    const seen: string[] = [];
    of({ k: 'a', v: HOT, t: 5 }, { k: 'a', v: HOT, t: NaN })
      .pipe(withWatermark('t', 0), alertWhen<Row>({ when: hot }), outcomes())
      .subscribe((outcome) => seen.push(outcome.kind));
    expect(seen).toEqual(['row', 'rejected']);
  });

  it('two subscriptions share nothing', () => {
    const alerts$ = concat(of({ k: 'a', v: HOT, t: 1 }, { k: 'a', v: HOT, t: 2 }), NEVER).pipe(
      withWatermark('t', 0),
      alertWhen<Row>({ when: hot, coolDown: 100 }),
      rows(),
    );
    const counts = [0, 0];
    for (const i of [0, 1]) alerts$.subscribe(() => counts[i]!++).unsubscribe();
    expect(counts).toEqual([1, 1]);
  });
});

function inShort(): (source: Observable<Signal<Alert<Row>>>) => Observable<string | number> {
  return map((signal) =>
    signal.kind === 'event' ? shortOf(signal.row) : signal.kind === 'watermark' ? signal.time : signal.kind,
  );
}

function shortly(): (source: Observable<Alert<Row>>) => Observable<string> {
  return map(shortOf);
}
