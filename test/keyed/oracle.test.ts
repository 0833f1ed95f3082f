import {
  flatMapGroupsWithState,
  keyedProcess,
  transformWithState,
  type Collector,
  type GroupState,
  type StateHandle,
  type Timers,
} from 'tidemark';
import { ManualRun, operatorHarness, textOf } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import type { StateTable } from '../../src/state/table';
import { forSeeds, type Random } from '../laws/random';
import { lay, NOTHING, plain, type PlainChanges } from '../state/changes';

/** A row tells the operator what to do. */
interface Order {
  readonly k: unknown;
  readonly act: 'value' | 'clear' | 'append' | 'put' | 'remove' | 'timer' | 'untimer';
  readonly n: number;
}

type Signal = readonly ['row', time: number, Order] | readonly ['watermark', number] | readonly ['clock', ms: number];

/** State and timers of a key, the plain way. */
class Model {
  value: [n: number, until: number] | undefined;
  list: [n: number, until: number][] = [];
  map = new Map<number, [n: number, until: number]>();
  timers: number[] = [];
}

const KEYS: readonly unknown[] = ['a', 'b', null, 7];
const TTL = 40;

function randomOrders(random: Random, count: number): Signal[] {
  let now = random.int(0, 50);
  let w = 0;
  return Array.from({ length: count }, (): Signal => {
    if (random.chance(0.2)) return ['watermark', (w = Math.max(w, now - random.int(0, 20)))];
    if (random.chance(0.15)) return ['clock', random.pick([1, 7, TTL - 1, TTL, 60])];
    now += random.int(0, 6);
    const act = random.pick(['value', 'clear', 'append', 'put', 'remove', 'timer', 'timer', 'untimer'] as const);
    const n = act === 'timer' || act === 'untimer' ? now + random.int(-10, 30) : random.int(0, 5);
    return ['row', now - random.int(0, 8), { k: random.pick(KEYS), act, n }];
  });
}

/** What is seen of a key's state. */
interface Seen {
  readonly value: number | undefined;
  readonly list: readonly number[];
  readonly map: readonly (readonly [number, number])[];
  readonly timers: readonly number[];
}

function operator(): unknown {
  return transformWithState<Order, 'k', unknown, unknown, 'eventTime'>(
    (handle: StateHandle) => {
      const value = handle.valueState<number>('value');
      const list = handle.listState<number>('list');
      const map = handle.mapState<number, number>('map');
      const seen = (timers: Timers): Seen => ({ value: value.get(), list: list.get(), map: [...map], timers: timers.list() });
      return {
        handleInputRows(k, [row], timers, out) {
          const { act, n } = row!;
          if (act === 'value') value.update(n);
          else if (act === 'append') list.append(n, n + 1);
          else if (act === 'put') map.put(n, n * 2);
          else if (act === 'remove') map.remove(n);
          else if (act === 'timer') timers.register(n);
          else if (act === 'untimer')
            timers
              .list()
              .slice(0, 1)
              .forEach((time) => timers.delete(time));
          else {
            value.clear();
            list.clear();
            if (n > 2) map.clear();
          }
          out(['row', k, seen(timers)]);
        },
        handleExpiredTimer(k, time, timers, out) {
          out(['timer', k, time, seen(timers)]);
          if (time % 5 === 0) timers.register(time + 3);
          if (time % 7 === 0) timers.register(time - 3);
        },
      };
    },
    { key: 'k', timeMode: 'eventTime', ttl: TTL },
  );
}

/** The same, from the rules alone. */
function expected(signals: readonly Signal[]): unknown[][] {
  const keys = new Map<unknown, Model>();
  let clock = 0;
  let w = -Infinity;
  const alive = <V extends readonly [number, number]>(entries: readonly V[]): V[] => entries.filter(([, until]) => until > clock);
  const seen = (model: Model): Seen => ({
    value: model.value === undefined || model.value[1] <= clock ? undefined : model.value[0],
    list: alive(model.list).map(([n]) => n),
    map: [...model.map].filter(([, [, until]]) => until > clock).map(([name, [n]]) => [name, n] as const),
    timers: [...model.timers].sort((a, b) => a - b),
  });
  const order = (k: unknown, { act, n }: Order): unknown[] => {
    const model = keys.get(k) ?? keys.set(k, new Model()).get(k)!;
    for (const [name, [, until]] of model.map) if (until <= clock) model.map.delete(name);
    if (act === 'value') model.value = [n, clock + TTL];
    else if (act === 'append') model.list.push([n, clock + TTL], [n + 1, clock + TTL]);
    else if (act === 'put') model.map.set(n, [n * 2, clock + TTL]);
    else if (act === 'remove') model.map.delete(n);
    else if (act === 'timer') model.timers = [...new Set([...model.timers, n])];
    else if (act === 'untimer') model.timers = [...model.timers].sort((a, b) => a - b).slice(1);
    else {
      model.value = undefined;
      model.list = [];
      if (n > 2) model.map.clear();
    }
    return ['row', k, seen(model)];
  };
  return signals.map((signal) => {
    if (signal[0] === 'clock') {
      clock += signal[1];
      return [];
    }
    if (signal[0] === 'row') return signal[1] <= w ? [] : [order(signal[2].k, signal[2])];
    if (signal[1] <= w) return []; // one that does not rise is not told
    w = signal[1];
    return fired(keys, w, seen);
  });
}

/** One after the other, always the soonest; what is set back waits for the next watermark. */
function fired(keys: ReadonlyMap<unknown, Model>, w: number, seen: (model: Model) => Seen): unknown[] {
  const said: unknown[] = [];
  const waiting = new Map<Model, number[]>();
  for (;;) {
    const due = [...keys].flatMap(([k, model]) =>
      model.timers
        .filter((time) => time < w && !(waiting.get(model) ?? []).includes(time))
        .map((time) => [time, k, model] as const),
    );
    due.sort(([a], [b]) => a - b);
    const [soonest] = due;
    if (soonest === undefined) return said;
    const [time, k, model] = soonest;
    said.push(['timer', k, time, seen(model)]);
    model.timers = model.timers.filter((one) => one !== time);
    if (time % 5 === 0 && !model.timers.includes(time + 3)) model.timers.push(time + 3);
    if (time % 7 === 0 && !model.timers.includes(time - 3)) {
      model.timers.push(time - 3);
      waiting.set(model, [...(waiting.get(model) ?? []), time - 3]);
    }
  }
}

/** What is said at each signal; timers of one instant in any order of keys. */
function said(
  signals: readonly Signal[],
  between: (harness: ReturnType<typeof operatorHarness<Order, unknown, 'event', 'event'>>) => void,
): unknown[][] {
  const harness = operatorHarness<Order, unknown, 'event', 'event'>(operator() as never);
  return signals.map((signal) => {
    if (signal[0] === 'clock') harness.advance(signal[1]);
    else if (signal[0] === 'row') harness.event(signal[1], signal[2]);
    else harness.watermark(signal[1]);
    const rows = harness.takeRows();
    between(harness);
    return rows;
  });
}

/** Timers of one time fire in the order of registration, which the model does not keep. */
const unordered = (rows: readonly unknown[]): string[] => rows.map(textOf).sort();

function expectAsModel(signals: readonly Signal[], got: readonly unknown[][]): void {
  expected(signals).forEach((wanted, at) => {
    if (unordered(wanted).join() !== unordered(got[at]!).join()) expect({ at, said: got[at] }).toEqual({ at, said: wanted });
    const times = got[at]!.flatMap((row) => ((row as unknown[])[0] === 'timer' ? [(row as [string, unknown, number])[2]] : []));
    expect(times).toEqual([...times].sort((x, y) => x - y));
  });
}

describe('transformWithState does as plain maps and lists do [L57]', () => {
  it('state of all kinds, time to live, timers', () => {
    forSeeds(150, (random) => {
      const signals = randomOrders(random, 80);
      expectAsModel(
        signals,
        said(signals, () => {}),
      );
    });
  });

  it('also when it is stopped and restored after any signal', () => {
    forSeeds(60, (random) => {
      const signals = randomOrders(random, 60);
      const got = said(signals, (harness) => {
        if (random.chance(0.4)) harness.restore(harness.snapshot());
      });
      expect(got.map((rows) => textOf(rows))).toEqual(said(signals, () => {}).map((rows) => textOf(rows)));
    });
  });

  it('also when its state is put together from changes, barrier by barrier', () => {
    forSeeds(60, (random) => {
      const signals = randomOrders(random, 80);
      const stored = new Map<string, Map<string, readonly [readonly unknown[], unknown]>>();
      const got = said(signals, (harness) => {
        if (!random.chance(0.5)) return;
        const processor = (harness as unknown as Inside).graph.shared.stages[0]!.processor;
        for (const [name, table] of Object.entries(processor.tables)) store(stored, name, table);
        if (!random.chance(0.3)) return;
        const [whole] = harness.snapshot();
        harness.restore([
          {
            ...whole!,
            tables: Object.fromEntries(
              Object.entries(whole!.tables).map(([name, { version }]) => [
                name,
                { version, entries: [...stored.get(name)!.values()] },
              ]),
            ),
          },
        ]);
      });
      expect(got.map((rows) => textOf(rows))).toEqual(said(signals, () => {}).map((rows) => textOf(rows)));
    });
  });
});

interface Inside {
  readonly graph: {
    readonly shared: { readonly stages: readonly { readonly processor: { readonly tables: Record<string, StateTable> } }[] };
  };
}

/** As a backend keeps it: what is removed goes, what is put keeps its place if it has one. */
function store(stored: Map<string, Map<string, readonly [readonly unknown[], unknown]>>, name: string, table: StateTable): void {
  const entries = stored.get(name) ?? new Map<string, readonly [readonly unknown[], unknown]>();
  stored.set(name, entries);
  if (table.changes === undefined) {
    entries.clear();
    for (const entry of table.entries()) entries.set(textOf(entry[0]), structuredClone(entry));
    return;
  }
  lay(table.changes(), entries);
  const order = [...table.entries()].map(([key]) => textOf(key));
  expect([...entries.keys()].sort()).toEqual(order.sort());
}

describe('changes()', () => {
  it('gives only what was written and removed since the last call', () => {
    const harness = operatorHarness<Order, unknown, 'event', 'event'>(operator() as never);
    const tables = (harness as unknown as Inside).graph.shared.stages[0]!.processor.tables;
    const changes = (name: string): PlainChanges => plain(tables[name]!.changes!());
    for (let i = 0; i < 100; i++) harness.event(10, { k: i, act: 'value', n: 1 });
    harness.event(10, { k: 3, act: 'timer', n: 50 });
    expect(changes('state:value').put).toHaveLength(100);
    expect(changes('timers')).toEqual({ ...NOTHING, put: [[[3, 50], 0]] });
    harness.event(10, { k: 7, act: 'value', n: 2 });
    harness.event(10, { k: 8, act: 'clear', n: 0 });
    harness.event(10, { k: 3, act: 'untimer', n: 0 });
    expect(changes('state:value')).toEqual({ ...NOTHING, removed: [[8]], put: [[[7], [2, TTL]]] });
    expect(changes('timers')).toEqual({ ...NOTHING, removed: [[3, 50]] });
    expect(changes('state:value')).toEqual(NOTHING);
  });
});

describe('flatMapGroupsWithState does as one map does', () => {
  /** Rows of a key count on; a timeout a while after the last row says the sum and forgets. */
  const groups = flatMapGroupsWithState<{ k: string; t: number }, 'k', number, readonly [string, number, string], 'eventTime'>({
    key: 'k',
    timeout: 'eventTime',
    update: (k, rows, state: GroupState<number>) => {
      if (state.hasTimedOut) {
        const n = state.get();
        state.remove();
        return [[k, n, 'over'] as const];
      }
      state.update((state.getOption() ?? 0) + rows.length);
      state.setTimeoutTimestamp(Math.max(rows[rows.length - 1]!.t + 10, state.getCurrentWatermarkMs()));
      return [[k, state.get(), 'on'] as const];
    },
  });

  it.each([false, true])('in batches: %s', (inBatches) => {
    forSeeds(100, (random) => {
      const run = new ManualRun();
      const harness = operatorHarness<{ k: string; t: number }, readonly [string, number, string], 'event', 'untimed'>(
        groups,
        inBatches ? { run } : {},
      );
      const model = new Map<string, { n: number; until: number }>();
      let w = 0;
      harness.watermark(0);
      harness.barrier(0);
      harness.take();
      for (let batch = 1; batch < 25; batch++) {
        const rows = Array.from({ length: random.int(0, 6) }, () => ({
          k: random.pick(['a', 'b', 'c']),
          t: w + random.int(-3, 20),
        }));
        const wanted: unknown[] = [];
        const next = w + random.int(0, 15);
        const taken = rows.filter(({ t }) => t > w);
        const call = (k: string, mine: typeof rows, at: number): void => {
          const n = (model.get(k)?.n ?? 0) + mine.length;
          model.set(k, { n, until: Math.max(mine[mine.length - 1]!.t + 10, at) });
          wanted.push([k, n, 'on']);
        };
        if (inBatches)
          for (const k of new Set(taken.map((row) => row.k)))
            call(
              k,
              taken.filter((row) => row.k === k),
              next,
            );
        else for (const row of taken) call(row.k, [row], w);
        w = next;
        const due = [...model].filter(([, { until }]) => until < w).sort(([, a], [, b]) => a.until - b.until);
        for (const [k, { n }] of due) {
          wanted.push([k, n, 'over']);
          model.delete(k);
        }
        run.batch = { id: batch, time: 0, late: w, watermark: w };
        for (const row of rows) harness.event(row.t, row);
        harness.watermark(w);
        harness.barrier(batch);
        const times = new Set(due.map(([, { until }]) => until));
        const got = harness.takeRows();
        if (times.size === due.length) expect(got).toEqual(wanted);
        else expect(unordered(got)).toEqual(unordered(wanted));
        expect(harness.state).toMatchObject({ state: model.size, timeouts: model.size });
        if (random.chance(0.3)) harness.restore(harness.snapshot());
      }
    });
  });
});

describe('a million timers', () => {
  it('are set, put off and fired in order, with one entry each', () => {
    const count = 1_000_000;
    const fired = { count: 0, last: -Infinity };
    const harness = operatorHarness<{ k: number; t: number }, never, 'event', 'event'>(
      keyedProcess<{ k: number; t: number }, 'k', never>(
        () => ({
          onRow: ({ t }, { eventTimers }) => eventTimers.register(t),
          onTimer({ time }, _context, _out: Collector<never>) {
            if (time < fired.last) expect.fail('out of order');
            fired.last = time;
            fired.count++;
          },
        }),
        { key: 'k' },
      ),
    );
    for (let k = 0; k < count; k++) harness.event(1, { k, t: 10 + ((k * 7919) % 3_600_000) });
    expect(harness.report['timers']).toBe(count);
    harness.watermark(1_800_000);
    const half = fired.count;
    expect(half).toBeGreaterThan(count / 3);
    harness.watermark(Infinity);
    expect(fired.count).toBe(count);
    expect(harness.report['timers']).toBe(0);
  });
});
