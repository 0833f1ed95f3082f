import {
  agg,
  aggregate,
  assigned,
  deduplicate,
  globalWindow,
  session,
  sliding,
  topN,
  tumbling,
  type Change,
  type Signal,
} from 'tidemark';
import { assertSplitInvariant, operatorHarness, textOf, type OperatorHarness } from 'tidemark/testing';
import type { Observable, OperatorFunction } from 'rxjs';
import type { Element } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { forSeeds, type Random } from '../laws/random';

interface Row {
  readonly k: string;
  readonly v: number | null;
  readonly id?: number;
}
type Ranked = Row & { readonly rank?: number; readonly window?: { readonly start: number; readonly end: number } };

const harnessOf = <R>(operator: unknown): OperatorHarness<Row, R> => operatorHarness(operator as never) as never;
const say = ({ op, row, key }: Change<Ranked>): string => `${op === 'delete' ? '-' : '+'}${row.v} ${String(key.at(-1))}`;

describe('topN', () => {
  it('without a rank: what is displaced is deleted before what takes its place; of equals the first stays', () => {
    const harness = harnessOf<Change<Ranked>>(topN({ key: 'k', n: 2, by: 'v' } as never));
    [5, 7, 5, 6, 1].forEach((v, t) => harness.event(t, { k: 'a', v }));
    expect(harness.takeRows().map(say)).toEqual(['+5 0', '+7 1', '-5 0', '+6 3']);
    harness.event(9, { k: 'b', v: 0 });
    expect(harness.takeRows().map(({ key }) => key)).toEqual([['b', 5]]);
    expect(harness.tally).toMatchObject({ in: 6, absorbed: 6 });
  });

  it('with a rank: every rank that another row has now is said again', () => {
    const harness = harnessOf<Change<Ranked>>(topN({ key: 'k', n: 3, by: 'v', order: 'asc', rank: 'rank' } as never));
    [5, 7, 6, 1].forEach((v, t) => harness.event(t, { k: 'a', v }));
    expect(harness.takeRows().map(say)).toEqual(['+5 1', '+7 2', '+6 2', '+7 3', '+1 1', '+5 2', '+6 3']);
  });

  it('null and NaN have no rank; n may depend on the row, and shrink', () => {
    const n = ({ v }: Row): number => (v === 0 ? 1 : 2);
    const harness = harnessOf<Change<Ranked>>(topN({ key: 'k', n, by: 'v' } as never));
    [null, NaN, 3, 4, 0].forEach((v, t) => harness.event(t, { k: 'a', v }));
    expect(harness.takeRows().map(say)).toEqual(['+3 2', '+4 3', '-3 2']);
  });

  it('in windows: the best rows once, best first, when the window is over', () => {
    const harness = harnessOf<Ranked>(topN({ n: 2, by: 'v', window: tumbling(10), rank: 'rank' } as never));
    [5, 9, 7].forEach((v, t) => harness.event(t, { k: 'a', v }));
    harness.event(11, { k: 'a', v: 100 });
    harness.watermark(10);
    const window = { start: 0, end: 10 };
    expect(harness.take()).toEqual([
      { kind: 'event', time: 9, row: { k: 'a', v: 9, window, rank: 1 } },
      { kind: 'event', time: 9, row: { k: 'a', v: 7, window, rank: 2 } },
      { kind: 'watermark', time: 10 },
    ]);
    harness.event(3, { k: 'a', v: 1 });
    expect(harness.takeRejected()).toMatchObject([{ reason: 'late' }]);
  });

  it('on results of an aggregate, within the windows they have', () => {
    const operator = (source: Observable<Element<Row>>): unknown =>
      source.pipe(
        aggregate({ key: 'k', window: tumbling(10), select: { n: agg.count() } }),
        topN({ n: 1, by: 'n', window: assigned('window') }),
      );
    const harness = harnessOf<{ k: string; n: number }>(operator);
    ['a', 'b', 'b'].forEach((k, t) => harness.event(t, { k, v: 1 }));
    harness.watermark(20);
    expect(harness.takeRows()).toEqual([{ window: { start: 0, end: 10 }, k: 'b', n: 2 }]);
  });

  it('refuses what makes no sense', () => {
    const option = expect.objectContaining({ code: 'TIDEMARK_OPTION' }) as Error;
    for (const given of [{ n: 1.5 }, { n: -1 }, { by: 3 }, { order: 'up' }, { emit: 'onClose' }])
      expect(() => topN({ n: 1, by: 'v', ...given } as never), JSON.stringify(given)).toThrow(option);
    const clash = { n: 1, by: 'v', window: tumbling(1), rank: 'window' };
    expect(() => topN(clash as never)).toThrow(expect.objectContaining({ code: 'TIDEMARK_NAME_CLASH' }) as Error);
    const bad = harnessOf(topN({ n: () => NaN, by: 'v' } as never));
    bad.event(1, { k: 'a', v: 1 });
    expect(bad.error).toMatchObject({ code: 'TIDEMARK_OPTION' });
  });
});

function signalsOf(random: Random, lateness = 0): Signal<Row>[] {
  const signals: Signal<Row>[] = [];
  let now = 0;
  for (let id = 0; id < 60; id++) {
    now += random.int(0, 4);
    const v = random.chance(0.1) ? null : random.int(0, 9);
    const row = { k: random.pick(['a', 'b']), v, id };
    signals.push({ kind: 'event', time: now - random.int(0, 10), row });
    if (random.chance(0.2)) signals.push({ kind: 'watermark', time: now - 6, drop: now - 6 - lateness });
  }
  return [...signals, { kind: 'watermark', time: Infinity }];
}

/** What stands of the changes. */
function standing(told: readonly Change<Ranked>[]): Map<string, Ranked> {
  const table = new Map<string, Ranked>();
  for (const { op, key, row } of told) {
    if (op === 'delete') expect(textOf(table.get(textOf(key)))).toBe(textOf(row));
    if (op === 'delete') table.delete(textOf(key));
    else table.set(textOf(key), row);
  }
  return table;
}

const WINDOWS = { none: undefined, tumbling: tumbling(9), sliding: sliding(12, 4), session: session(3) } as const;

describe('topN against sorting', () => {
  it.each(Object.keys(WINDOWS) as (keyof typeof WINDOWS)[])('%s: what stands is the sorted head of what was taken', (name) => {
    forSeeds(40, (random) => {
      const window = WINDOWS[name];
      const n = random.int(0, 4);
      const order = random.pick(['asc', 'desc'] as const);
      const withWindow = window === undefined ? {} : { window, emit: 'onUpdate' };
      const harness = harnessOf<Change<Ranked>>(topN({ key: 'k', n, by: 'v', order, ...withWindow } as never));
      const lists = harnessOf<{ window: unknown; k: string; rows: Row[] }>(
        aggregate({
          key: 'k',
          window: window ?? globalWindow(),
          select: { rows: agg.collectList((row: unknown) => row) },
        } as never),
      );
      const told: Change<Ranked>[] = [];
      for (const signal of signalsOf(random, 5)) {
        harness.signal(signal);
        const said = harness.take();
        told.push(...said.flatMap((one) => (one.kind === 'event' ? [one.row] : [])));
        // Without a window a row behind the watermark is late; the reference has one window for all.
        if (window !== undefined || signal.kind !== 'event' || !said.some(({ kind }) => kind === 'rejected'))
          lists.signal(signal);
      }
      const sign = order === 'asc' ? 1 : -1;
      const best = lists.takeRows().flatMap(({ rows }) =>
        rows
          .filter(({ v }) => v !== null)
          .sort((a, b) => sign * (a.v! - b.v!) || a.id! - b.id!)
          .slice(0, n),
      );
      const got = [...standing(told).values()].map(({ id }) => id!).sort((a, b) => a - b);
      expect(got).toEqual(best.map(({ id }) => id!).sort((a, b) => a - b));
    });
  });

  it('with ranks the table is the sorted list itself', () => {
    forSeeds(40, (random) => {
      const harness = harnessOf<Change<Ranked>>(topN({ key: 'k', n: 3, by: 'v', rank: 'rank' } as never));
      const rows: Row[] = [];
      const table = new Map<string, number>();
      for (let id = 0; id < 40; id++) {
        const row = { k: 'a', v: random.int(0, 9), id };
        rows.push(row);
        harness.event(id, row);
        for (const change of harness.takeRows()) table.set(String(change.key.at(-1)), change.row.id!);
        const best = [...rows].sort((a, b) => b.v! - a.v! || a.id! - b.id!).slice(0, 3);
        expect([...table].map(textOf).sort()).toEqual(best.map((one, i) => textOf([String(i + 1), one.id])));
      }
    });
  });

  it('stopped anywhere and restored', () => {
    const options: object[] = [
      { key: 'k', n: 2, by: 'v' },
      { n: 2, by: 'v', rank: 'r', window: sliding(12, 4) },
      { key: 'k', n: 2, by: 'v', window: session(3), emit: 'onUpdate' },
    ];
    forSeeds(6, (random, seed) => {
      for (const one of options) {
        const make = (): OperatorFunction<Element<Row>, Element<unknown>> => topN(one as never) as never;
        assertSplitInvariant(make, signalsOf(random, 5), { seed, splits: 3 });
      }
    });
  });
});

describe('deduplicate', () => {
  it.each(['first', 'last'] as const)('keeps the %s by event time, whatever the order', (keep) => {
    forSeeds(40, (random) => {
      const harness = harnessOf<Change<Row>>(deduplicate<Row>({ key: 'k', keep, mode: 'retracting' }));
      const kept = new Map<string, { time: number; id: number }>();
      const told: Change<Row>[] = [];
      for (const signal of signalsOf(random)) {
        harness.signal(signal);
        const said = harness.take();
        told.push(...said.flatMap((one) => (one.kind === 'event' ? [one.row] : [])));
        if (signal.kind !== 'event' || said.some(({ kind }) => kind === 'rejected')) continue;
        const known = kept.get(signal.row.k);
        const better = known === undefined || (keep === 'first' ? signal.time < known.time : signal.time >= known.time);
        if (better) kept.set(signal.row.k, { time: signal.time, id: signal.row.id! });
      }
      const got = [...standing(told).values()].map(({ k, id }) => textOf([k, id]));
      expect(got.sort()).toEqual([...kept].map(([k, { id }]) => textOf([k, id])).sort());
    });
  });

  it('accumulating: the upsert alone; a key that was silent for the ttl begins anew', () => {
    const harness = harnessOf<Change<Row>>(deduplicate<Row>({ key: 'k', keep: 'last', ttl: 10 }));
    harness.event(1, { k: 'a', v: 1 });
    harness.event(2, { k: 'a', v: 2 });
    harness.advance(9);
    harness.event(1, { k: 'a', v: 0 });
    expect(harness.takeRows().map(({ op, row, pane }) => [op, row.v, pane.index])).toEqual([
      ['upsert', 1, 0],
      ['upsert', 2, 1],
    ]);
    harness.advance(1);
    expect(harness.state['kept']).toBe(0);
    harness.event(1, { k: 'a', v: 3 });
    expect(harness.takeRows().map(({ row, pane }) => [row.v, pane.index])).toEqual([[3, 0]]);
  });

  it('rejects late rows, and refuses what makes no sense', () => {
    const harness = harnessOf<Change<Row>>(deduplicate<Row>({ key: 'k', keep: 'first' }));
    harness.watermark(5);
    harness.event(5, { k: 'a', v: 1 });
    expect(harness.takeRejected()).toMatchObject([{ reason: 'late', detail: { behindMs: 0, missingDelayMs: 1 } }]);
    const option = expect.objectContaining({ code: 'TIDEMARK_OPTION' }) as Error;
    for (const given of [{ keep: 'any' }, { mode: 'x' }, { ttl: 0 }, { key: [] }])
      expect(() => deduplicate({ key: 'k', keep: 'last', ...given } as never)).toThrow(option);
  });

  it('stopped anywhere and restored', () => {
    forSeeds(6, (random, seed) => {
      const make = (): OperatorFunction<Element<Row>, Element<unknown>> => deduplicate<Row>({ key: 'k', keep: 'last' }) as never;
      assertSplitInvariant(make, signalsOf(random), { seed, splits: 3 });
    });
  });
});
