import { of, Subject, type Observable } from 'rxjs';
import {
  agg,
  aggregate,
  asOfJoin,
  broadcastJoin,
  events,
  explain,
  intervalJoin,
  outcomes,
  rows,
  tumbling,
  windowJoin,
  withTimestamps,
  withWatermark,
  type TidemarkError,
} from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { Side } from '../../src/join/side';
import { forSeeds } from '../laws/random';

const HOUR = 3_600_000;

function all<T>(stream: Observable<T>): T[] {
  const out: T[] = [];
  stream.subscribe((row) => out.push(row));
  return out;
}

function codeOf(build: () => unknown): string | undefined {
  try {
    build();
  } catch (error) {
    return (error as TidemarkError).code;
  }
  return undefined;
}

describe('bounds of a join', () => {
  const timed$ = of({ id: 1, t: 0 }).pipe(withWatermark('t', '2 hours'));
  const other$ = of({ id: 1, u: 0 }).pipe(withWatermark('u', '3 hours'));
  const free$ = of({ id: 1, u: 0 }).pipe(withTimestamps('u'));

  it('[L44] an inner join without a bound must be asked for, any other is refused, by name and where it is built', () => {
    for (const type of ['inner', 'left', 'right', 'full', 'leftSemi', 'leftAnti'] as const) {
      expect(codeOf(() => timed$.pipe(intervalJoin(free$, { on: 'id', within: { after: 5 }, type })))).toBe(
        'TIDEMARK_JOIN_UNBOUNDED',
      );
      expect(codeOf(() => timed$.pipe(intervalJoin(other$, { on: 'id', within: { min: 5 }, type })))).toBe(
        'TIDEMARK_JOIN_UNBOUNDED',
      );
      expect(codeOf(() => timed$.pipe(intervalJoin(other$, { on: 'id', within: { after: 5 }, type })))).toBeUndefined();
      const wanted = type === 'inner' ? undefined : 'TIDEMARK_JOIN_UNBOUNDED';
      expect(codeOf(() => timed$.pipe(intervalJoin(free$, { on: 'id', type, unbounded: true })))).toBe(wanted);
    }
    const [, , joined] = explain(timed$.pipe(intervalJoin(free$, { on: 'id', unbounded: true }))).operators.slice(-3);
    expect(joined!.description['state']).toMatchObject({ left: { kept: 'for ever' }, right: { kept: 'for ever' } });
  });

  it('[L44] a join without one end must be asked for, and is refused where rows would have to be told of that wait for ever', () => {
    const bounded = { min: ['inner', 'right'], max: ['inner', 'left', 'leftSemi', 'leftAnti'] } as const;
    for (const end of ['min', 'max'] as const) {
      for (const type of ['inner', 'left', 'right', 'full', 'leftSemi', 'leftAnti'] as const) {
        const build = (unbounded: boolean) => (): unknown =>
          timed$.pipe(intervalJoin(other$, { on: 'id', within: { [end]: 5 }, type, unbounded }));
        const isTold = (bounded[end] as readonly string[]).includes(type);
        expect(codeOf(build(false))).toBe('TIDEMARK_JOIN_UNBOUNDED');
        expect(codeOf(build(true)), `${type} ${end}`).toBe(isTold ? undefined : 'TIDEMARK_JOIN_UNBOUNDED');
      }
    }
  });

  it('[L46] [E3.7] explain prints the watermarks and how long rows are kept, in numbers', () => {
    const joined$ = timed$.pipe(intervalJoin(other$, { on: 'id', within: { after: '4 hours' }, id: 'orders' }));
    all(joined$.pipe(rows()));
    const { operators, text } = explain(joined$);
    const join = operators[operators.length - 1]!;
    expect(join.description['state']).toEqual({
      left: {
        kept: `while time > W - ${4 * HOUR + 1} ms`,
        retentionMs: 7 * HOUR + 1,
        retention: 'delay 3 hours + reach 4 hours 1 millisecond',
      },
      right: { kept: 'while time > W - 1 ms', retentionMs: 3 * HOUR + 1, retention: 'delay 3 hours + reach 1 millisecond' },
      watermark: `W - ${4 * HOUR + 1} ms`,
    });
    expect(text).toContain('withWatermark');
    expect(join.live?.watermark).toBe(Infinity);
  });

  it('[L46] state never holds more than delay and range allow, at a steady pace', () => {
    const harness = operatorHarness<{ k: string }, unknown, 'event'>(
      ([l, r]) =>
        l!.pipe(
          intervalJoin(r!, { on: 'k', within: { before: 3, after: 10 }, select: (a: object, b: object) => [a, b] } as never),
        ) as never,
      { inputs: 2 },
    );
    for (let t = 0; t < 5000; t++) {
      for (const input of [0, 1]) harness.event(t, { k: `${t}` }, input);
      for (const input of [0, 1]) harness.watermark(t - 100, t - 100, input);
      harness.take();
      expect(harness.state['left']).toBeLessThanOrEqual(100 + 10 + 1);
      expect(harness.state['right']).toBeLessThanOrEqual(100 + 3 + 1);
    }
    expect([harness.state['left'], harness.state['right']]).toEqual([111, 104]);
    expect(harness.tally.held).toBeLessThan(111 + 104 + 2 * 1000);
  });

  it('[L45] [E3.3] the smaller of two watermarks decides', () => {
    const a = new Subject<{ id: number; t: number }>();
    const b = new Subject<{ id: number; u: number }>();
    const joined$ = a.pipe(
      withWatermark('t', 1),
      intervalJoin(b.pipe(withWatermark('u', 2)), { on: 'id', within: { after: 5 }, type: 'left' }),
    );
    const out: unknown[] = [];
    joined$.pipe(rows()).subscribe((row) => out.push(row));
    a.next({ id: 1, t: 0 });
    a.next({ id: 2, t: 100 });
    expect(out).toEqual([]);
    b.next({ id: 9, u: 7 }); // W = 5: 0 + 5 is still possible
    expect(out).toEqual([]);
    b.next({ id: 9, u: 8 }); // W = 6
    expect(out).toEqual([{ id: 1, t: 0, u: null }]);
  });
});

describe('rows of a join', () => {
  it('refuses a name on both sides that is no key, and merges the key', () => {
    const left$ = of({ id: 1, v: 1, t: 0 }).pipe(withWatermark('t', 0));
    const right$ = of({ id: 1, v: 2, u: 0 }).pipe(withWatermark('u', 0));
    let error: unknown;
    left$.pipe(intervalJoin(right$, { on: 'id', within: { after: 1 } }), rows()).subscribe({ error: (e) => (error = e) });
    expect((error as TidemarkError).code).toBe('TIDEMARK_NAME_CLASH');
    expect((error as TidemarkError).details).toEqual({ columns: ['v'] });
  });

  it('[P2.3] a click within 30 min of its impression is attributed, a click before it is not', () => {
    const shown$ = of({ ad: 'a', shown: 0 }, { ad: 'b', shown: 40 }).pipe(withWatermark('shown', 100));
    const clicks$ = of({ ad: 'a', click: 30 }, { ad: 'b', click: 39 }, { ad: 'a', click: 31 }).pipe(withWatermark('click', 100));
    const out = all(shown$.pipe(intervalJoin(clicks$, { on: 'ad', within: { after: 30 } }), rows()));
    expect(out).toEqual([{ ad: 'a', shown: 0, click: 30 }]);
  });

  it('[P2.4] click-through rate by hour counts impressions nobody clicked, and is null without impressions', () => {
    const views$ = of({ ad: 'a', t: 1 }, { ad: 'a', t: 2 }, { ad: 'b', t: 3 }).pipe(withWatermark('t', 0));
    const clicks$ = of({ ad: 'a', t: 5 }, { ad: 'c', t: 6 }).pipe(withWatermark('t', 0));
    const count = { key: 'ad', window: tumbling(HOUR), select: { n: agg.count() } } as const;
    const rates = all(
      views$.pipe(
        aggregate(count),
        windowJoin(clicks$.pipe(aggregate(count)), {
          on: 'ad',
          type: 'full',
          select: (seen, clicked) => ({ ad: (seen ?? clicked)!.ad, ctr: seen === null ? null : (clicked?.n ?? 0) / seen.n }),
        }),
        rows(),
      ),
    );
    expect(rates.sort((a, b) => (a.ad < b.ad ? -1 : 1))).toEqual([
      { ad: 'a', ctr: 0.5 },
      { ad: 'b', ctr: 0 },
      { ad: 'c', ctr: null },
    ]);
  });

  it('[E5.3] a window with purchases only is still there, and its conversion rate is null', () => {
    const of15 = (times: number[]) =>
      of(...times.map((t) => ({ t }))).pipe(
        withWatermark('t', 0),
        aggregate({ window: tumbling('15 minutes'), select: { n: agg.count() } }),
      );
    const minute = 60_000;
    const out = all(
      of15([minute, 2 * minute]).pipe(
        windowJoin(of15([3 * minute, 20 * minute]), {
          type: 'full',
          select: (clicks, bought) => ({
            start: (clicks ?? bought)!.window.start,
            rate: clicks === null ? null : (bought?.n ?? 0) / clicks.n,
          }),
        }),
        rows(),
      ),
    );
    expect(out).toEqual([
      { start: 0, rate: 0.5 },
      { start: 15 * minute, rate: null },
    ]);
  });

  it('[E3.6] [E3.5] an unpaid order goes out once, only when no payment can come, and never also as a pair', () => {
    const orders = new Subject<{ order: number; at: number }>();
    const paid = new Subject<{ order: number; when: number }>();
    const time = { on: 'order', within: { after: 4 * HOUR } } as const;
    const orders$ = orders.pipe(withWatermark('at', 0));
    const paid$ = paid.pipe(withWatermark('when', 0));
    const pairs: number[] = [];
    const unpaid: number[] = [];
    orders$.pipe(intervalJoin(paid$, time), rows()).subscribe((row) => pairs.push(row.order));
    orders$.pipe(intervalJoin(paid$, { ...time, type: 'leftAnti' }), rows()).subscribe((row) => unpaid.push(row.order));
    orders.next({ order: 1, at: 0 });
    orders.next({ order: 2, at: 1 });
    paid.next({ order: 1, when: HOUR });
    orders.next({ order: 3, at: 9 * HOUR });
    paid.next({ order: 9, when: 4 * HOUR + 1 }); // W is exactly the last instant at which 2 could be paid
    expect(unpaid).toEqual([]);
    paid.next({ order: 9, when: 4 * HOUR + 2 });
    expect(unpaid).toEqual([2]);
    orders.complete();
    paid.complete();
    expect(pairs).toEqual([1]);
    expect(unpaid).toEqual([2, 3]);
  });

  it('joins streams without event time for as long as they run', () => {
    const joined$ = events(of({ k: 1, a: 1 }, { k: null, a: 2 })).pipe(
      intervalJoin(events(of({ k: 1, b: 1 }, { k: 1, b: 2 }, { k: null, b: 3 })), { on: 'k', unbounded: true }),
    );
    expect(all(joined$.pipe(rows()))).toEqual([
      { k: 1, a: 1, b: 1 },
      { k: 1, a: 1, b: 2 },
    ]);
  });
});

describe('a table in memory', () => {
  const airports = [
    { code: 'JFK', zone: 'EST' },
    { code: 'LAX', zone: 'PST' },
    { code: 'LAX', zone: 'PDT' },
    { code: null, zone: '?' },
  ];
  const flights$ = of({ t: 1, code: 'LAX' }, { t: 2, code: 'XXX' }, { t: 3, code: null }).pipe(withWatermark('t', 0));

  it('[D79] [L47] [E5.4] keeps unmatched rows with nulls, multiplies by duplicate keys; null finds nothing', () => {
    expect(all(flights$.pipe(broadcastJoin(airports, { on: 'code', type: 'left' }), rows()))).toEqual([
      { t: 1, code: 'LAX', zone: 'PST' },
      { t: 1, code: 'LAX', zone: 'PDT' },
      { t: 2, code: 'XXX', zone: null },
      { t: 3, code: null, zone: null },
    ]);
    expect(all(flights$.pipe(broadcastJoin(airports, { on: 'code' }), rows())).map(({ zone }) => zone)).toEqual(['PST', 'PDT']);
  });

  it('[L48] holds rows and watermarks until the first table is there, and fails by name when it cannot be', async () => {
    const source = new Subject<{ t: number; code: string }>();
    let give = (_rows: typeof airports): void => {};
    const loaded = new Promise<typeof airports>((resolve) => (give = resolve));
    const out: unknown[] = [];
    source
      .pipe(
        withWatermark('t', 0),
        broadcastJoin(() => loaded, { on: 'code' }),
        rows(),
      )
      .subscribe((row) => out.push(row.zone));
    source.next({ t: 1, code: 'JFK' });
    expect(out).toEqual([]);
    give(airports);
    await loaded;
    expect(out).toEqual(['EST']);
    const failing = flights$.pipe(
      broadcastJoin(
        (): typeof airports => {
          throw new Error('no file');
        },
        { on: 'code' },
      ),
      rows(),
    );
    let error: unknown;
    failing.subscribe({ error: (e) => (error = e) });
    expect((error as TidemarkError).code).toBe('TIDEMARK_TABLE');
  });

  it('[L48] loads again by interval and by signal; a failure keeps the old table; in a query the new one waits for the barrier', () => {
    let version = 0;
    const load = (): { k: string; v: number }[] => {
      version++;
      if (version === 3) throw new Error('broken');
      return [{ k: 'a', v: version }];
    };
    for (const run of [false, true]) {
      version = 0;
      const signal = new Subject<void>();
      const bySignal = operatorHarness<{ k: string }, { v: number }, 'event', 'event'>(
        broadcastJoin(load, { on: 'k' as never, reload: signal }) as never,
        { run },
      );
      const seen = (): number[] => {
        bySignal.event(1, { k: 'a' });
        return bySignal.takeRows().map(({ v }) => v);
      };
      expect(seen()).toEqual([1]);
      signal.next();
      expect(seen()).toEqual([run ? 1 : 2]);
      bySignal.barrier(1);
      expect(seen()).toEqual([2]);
      signal.next(); // fails
      bySignal.barrier(2);
      expect(seen()).toEqual([2]);
      expect(bySignal.report['table']).toMatchObject({ loads: 2, failures: 1 });
    }
    version = 0;
    const byTime = operatorHarness<{ k: string }, { v: number }, 'event', 'event'>(
      broadcastJoin(load, { on: 'k' as never, reload: '1 minute' }) as never,
    );
    byTime.advance(59_999);
    byTime.event(1, { k: 'a' });
    byTime.advance(1);
    byTime.event(1, { k: 'a' });
    expect(byTime.takeRows().map(({ v }) => v)).toEqual([1, 2]);
  });
});

describe('versions', () => {
  it('equal a look-up in the whole history, for any arrival order within the watermark', () => {
    forSeeds(300, (random) => {
      const harness = operatorHarness<{ k: string; v: number | null }, { v: number | null }, 'event'>(
        ([l, r]) =>
          l!.pipe(
            asOfJoin(r!, {
              on: 'k',
              type: 'left',
              deleted: (x: { v: number | null }) => x.v === null,
              select: (a: object, b: { v: number } | null) => ({ ...a, v: b?.v ?? null }),
            } as never),
          ) as never,
        { inputs: 2 },
      );
      const versions: { t: number; k: string; v: number | null }[] = [];
      const asked: { t: number; k: string }[] = [];
      let w = 0;
      for (let i = 0; i < 60; i++) {
        const t = w + 1 + random.int(0, 20);
        const k = random.pick(['a', 'b']);
        if (random.chance(0.5)) {
          const v = random.chance(0.2) ? null : i;
          versions.push({ t, k, v });
          harness.event(t, { k, v }, 1);
        } else {
          asked.push({ t, k });
          harness.event(t, { k, v: -1 }, 0);
        }
        if (random.chance(0.4)) {
          w += random.int(0, 15);
          for (const input of [0, 1]) harness.watermark(w, w, input);
        }
        if (random.chance(0.1)) harness.restore(harness.snapshot());
      }
      for (const input of [0, 1]) harness.watermark(Infinity, Infinity, input);
      const inForce = ({ t, k }: { t: number; k: string }): number | null => {
        const known = versions.filter((one) => one.k === k && one.t <= t);
        return known.sort((a, b) => a.t - b.t).pop()?.v ?? null;
      };
      const got = harness.take().flatMap((s) => (s.kind === 'event' ? [[s.time, s.row.v]] : []));
      expect(got).toEqual(asked.map((one) => [one.t, inForce(one)]).sort((a, b) => a[0]! - b[0]!));
      expect(harness.state).toMatchObject({ waiting: 0 });
      expect(harness.state['versions']).toBeLessThanOrEqual(2);
    });
  });

  it('a late row finds its version as long as it is known, else it is rejected as late', () => {
    const orders = new Subject<{ k: string; t: number }>();
    const rates = new Subject<{ k: string; u: number; r: number }>();
    const seen: unknown[] = [];
    orders
      .pipe(withWatermark('t', 0), asOfJoin(rates.pipe(withWatermark('u', 0)), { on: 'k' }), outcomes())
      .subscribe((one) => seen.push(one.kind === 'row' ? one.row.r : one.reason));
    for (const [u, r] of [
      [1, 10],
      [5, 50],
      [20, 200],
    ] as const)
      rates.next({ k: 'a', u, r });
    orders.next({ k: 'a', t: 20 });
    orders.next({ k: 'a', t: 6 });
    orders.next({ k: 'a', t: 3 });
    orders.next({ k: 'a', t: 21 });
    rates.next({ k: 'b', u: 30, r: 0 });
    expect(seen).toEqual(['late', 50, 200]);
  });
});

describe('the tables of a join', () => {
  it('add up from their changes to what is there', () => {
    forSeeds(100, (random) => {
      const side = new Side<{ k: number; t: number }>({ columns: 1, read: (row) => row.k, stepMs: 10 });
      const copy = new Map<unknown, unknown>();
      const sync = (): void => {
        const { removed, put } = side.table.changes!();
        removed.forEach(([seq]) => void copy.delete(seq));
        put.forEach(([[seq], value]) => void copy.set(seq, structuredClone(value)));
      };
      for (let i = 0, w = 0; i < 100; i++) {
        const row = { k: random.int(0, 5), t: w + random.int(1, 40) };
        side.add(row.k, row.t, row, random.chance(0.5));
        if (random.chance(0.3))
          for (const held of side.byKey.get(row.k)!.rows.slice(side.byKey.get(row.k)!.head)) side.match(held);
        if (random.chance(0.3)) side.expire((w += random.int(0, 20)));
        if (random.chance(0.2)) sync();
        expect(side.count).toBe([...side.table.entries()].length);
      }
      side.expire(10_000 - 1);
      sync();
      expect([...copy]).toEqual([...side.table.entries()].map(([[seq], value]) => [seq, value]));
      expect(side.count).toBe(0);
    });
  });

  it.each([10, Infinity])('lose the same rows whether these are given or counted, steps of %s ms', (stepMs) => {
    forSeeds(60, (random) => {
      const open = (): Side<{ k: number; t: number }> => new Side({ columns: 1, read: (row) => row.k, stepMs });
      const [given, counted] = [open(), open()];
      for (let i = 0, w = 0; i < 60; i++) {
        const row = { k: random.int(0, 5), t: w + random.int(1, 40) };
        for (const side of [given, counted]) side.add(row.k, row.t, row, false);
        if (random.chance(0.02)) counted.table.changes!();
        if (!random.chance(0.3)) continue;
        const bound = random.chance(0.2) ? Infinity : (w += random.int(0, 20));
        expect(counted.forget(bound)).toBe(given.expire(bound).length);
        expect([...counted.table.entries()]).toEqual([...given.table.entries()]);
        expect([counted.count, counted.stored, counted.removed]).toEqual([given.count, given.stored, given.removed]);
        expect(counted.byKey.size).toBe(given.byKey.size);
      }
    });
  });

  it('say what was forgotten at the end', () => {
    const side = new Side<{ k: number }>({ columns: 1, read: (row) => row.k, stepMs: Infinity });
    side.add(1, 5, { k: 1 }, false);
    expect([...side.table.entries()]).toHaveLength(1);
    side.table.changes!();
    expect(side.forget(Infinity)).toBe(1);
    const removed: unknown[] = [];
    side.table.changes!().removed.forEach((key) => removed.push(key));
    expect(removed).toEqual([[0]]);
  });
});
