import type { OperatorFunction } from 'rxjs';
import {
  agg,
  aggregate,
  alertWhen,
  dropDuplicates,
  onUpdate,
  previousRows,
  session,
  threshold,
  trend,
  type Element,
  type Signal,
} from 'tidemark';
import { operatorHarness, textOf, type HarnessOptions, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import type { StateEntry, StateTable } from '../../src/state/table';
import { operatorOf, randomCase } from '../laws/cases';
import { timedSignals } from '../laws/inputs';
import { keyText, windowsOf, type Row } from '../laws/oracle';
import { OPERATORS, type Any } from '../laws/operators';
import { forSeeds, type Random } from '../laws/random';
import { lay, NOTHING, plain } from '../state/changes';

type Operator<R> = OperatorFunction<Element<R>, Element<unknown>>;
type Harness<R> = OperatorHarness<R, unknown>;

/** The saved state of all operators of a harness: a fold of what their tables say has changed. */
class Image<R> {
  private readonly tables = new Map<string, Map<string, StateEntry>>();

  constructor(private readonly harness: Harness<R>) {}

  private get stages(): { name: string; table: StateTable }[] {
    return this.harness['stages'].flatMap(({ processor }, i) =>
      Object.entries(processor.tables ?? {}).map(([name, table]) => ({ name: `${i} ${name}`, table })),
    );
  }

  follow(): void {
    for (const { name, table } of this.stages) {
      if (table.changes === undefined) continue;
      const known = this.tables.get(name) ?? new Map<string, StateEntry>();
      this.tables.set(name, known);
      lay(table.changes(), known);
      const texts = (entries: Iterable<StateEntry>): string[] => [...entries].map(textOf).sort();
      expect(texts(known.values()), name).toEqual(texts(table.entries()));
      expect(plain(table.changes()), `${name}: nothing has changed since`).toEqual(NOTHING);
    }
  }

  /** Goes on with new operators, loaded from the image. */
  restore(): void {
    const snapshot = this.harness.snapshot().map((stage, i) => ({
      ...stage,
      tables: Object.fromEntries(
        Object.entries(stage.tables).map(([name, table]) => {
          const known = this.tables.get(`${i} ${name}`);
          return [name, known === undefined ? table : { ...table, entries: [...known.values()] }];
        }),
      ),
    }));
    this.harness.restore(snapshot);
    for (const { name, table } of this.stages) {
      if (table.changes === undefined) continue;
      expect(plain(table.changes()), `${name}: what was loaded has not changed`).toEqual(NOTHING);
    }
  }
}

/** Plays the signals twice, once with barriers and restarts from the image, and expects the same words in the same order. */
function check<R>(make: () => Operator<R>, signals: readonly Signal<R>[], random: Random, options?: HarnessOptions): void {
  const straight = operatorHarness<R, unknown, 'event', 'event'>(make(), options) as Harness<R>;
  signals.forEach((signal) => straight.signal(signal));
  const harness = operatorHarness<R, unknown, 'event', 'event'>(make(), options) as Harness<R>;
  const image = new Image(harness);
  const share = random.pick([0.05, 0.3, 1]);
  for (const signal of signals) {
    harness.signal(signal);
    // In a run a barrier follows the watermark that ends a batch.
    if (!random.chance(share) || (options?.run === true && signal.kind !== 'watermark')) continue;
    image.follow();
    if (random.chance(0.2)) image.restore();
  }
  expect(harness.take().map(textOf)).toEqual(straight.take().map(textOf));
  harness.close();
  straight.close();
}

/** Plays the signals, takes the operators back to where they were on the way, in place, and plays the rest again. */
function checkReplaced<R>(make: () => Operator<R>, signals: readonly Signal<R>[], random: Random): void {
  const harness = operatorHarness<R, unknown, 'event', 'event'>(make()) as Harness<R>;
  const on = random.int(0, signals.length - 1);
  signals.slice(0, on).forEach((signal) => harness.signal(signal));
  harness.take();
  const tables = harness['stages'].flatMap((stage) => Object.values(stage.stateTables()));
  const saved = structuredClone(tables.map((table) => [...table.entries()]));
  const rest = (): string[] => {
    signals.slice(on).forEach((signal) => harness.signal(signal));
    return harness.take().map(textOf);
  };
  const once = rest();
  tables.forEach((table, i) => table.load(structuredClone(saved[i]!)));
  expect(rest()).toEqual(once);
  harness.close();
}

const high = threshold<Any>({ metric: (row) => row.v ?? 0, threshold: 60 });
const rise = trend<Any>({ metric: (row) => row.v ?? 0, threshold: 0.5 });
const key = (row: Any): unknown => row.k;
const alerts = (options: object) => (): Operator<Any> => alertWhen<Any>({ when: high, key, ...options } as never) as never;

/** Stateful operators that the table of the laws does not have. */
const OTHERS: readonly (readonly [name: string, make: () => Operator<Any>])[] = [
  ['previousRows', () => previousRows({ key, n: 2, select: { s: agg.sum<Any>((row) => row.v ?? null) } } as never) as never],
  [
    'onUpdate now and then',
    () =>
      aggregate({ key, window: session(8), select: { n: agg.count() }, emit: onUpdate({ every: '1 hour' }) } as never) as never,
  ],
  ['alertWhen', alerts({ for: 5, resolved: true })],
  ['alertWhen, in order', alerts({ for: 5, resolved: true, ordered: true })],
  ['alertWhen, in groups', alerts({ for: 5, coolDown: 7, groupBy: (row: Any) => row.gap })],
  ['alertWhen, with a trend', alerts({ when: rise, resolved: true, forgetAfter: 20 })],
];

const RUNS = (['append', 'update', 'complete'] as const).map((outputMode) => ({ run: true, outputMode }) as const);

describe('what tables say has changed adds up to the state, and operators go on from it as if nothing had happened', () => {
  it.each(OPERATORS.filter(({ takes }) => takes === 'event').map((entry) => [entry.name, entry] as const))(
    '%s',
    (_name, { make }) => {
      forSeeds(2, (random) => check<Any>(make, timedSignals(random, 60, random.pick([0, 15])), random));
    },
  );

  it.each(OTHERS)('%s', (_name, make) => {
    forSeeds(10, (random) => check<Any>(make, timedSignals(random, 60, random.pick([0, 15])), random));
  });

  it.each(['onClose', 'onTime', 'onUpdate'] as const)('any window, any key, %s', (emit) => {
    forSeeds(20, (random) => {
      const one = randomCase(random, { lateness: true });
      check<Row>(() => operatorOf(one, emit), one.signals, random);
    });
  });

  it.each(RUNS)('any window, any key, in a query, $outputMode', (options) => {
    forSeeds(20, (random) => {
      const one = randomCase(random);
      check<Row>(() => aggregateOf(one), one.signals, random, options);
    });
  });

  it.each(RUNS)('groups without windows, in a query, $outputMode', (options) => {
    forSeeds(20, (random) => {
      const make = (): Operator<Any> => aggregate({ key: ['t', 'k'], select: { n: agg.count() } } as never) as never;
      check<Any>(make, timedSignals(random, 60), random, { ...options, traits: { timeColumn: 't' } });
    });
  });

  it('dropDuplicates with the event time, over minutes', () => {
    forSeeds(10, (random) => {
      const slow = timedSignals(random, 80).map((signal) => stretched(signal, 20_000));
      check<Any>(() => dropDuplicates<Any>(['t', 'k'], { timeColumn: 't' }), slow, random);
    });
  });
});

describe('loading a state replaces the one that is there', () => {
  it.each(OPERATORS.filter(({ takes }) => takes === 'event').map((entry) => [entry.name, entry] as const))(
    '%s',
    (_name, { make }) => {
      forSeeds(4, (random) => checkReplaced<Any>(make, timedSignals(random, 60, random.pick([0, 15])), random));
    },
  );

  it.each(OTHERS)('%s', (_name, make) => {
    forSeeds(10, (random) => checkReplaced<Any>(make, timedSignals(random, 60, random.pick([0, 15])), random));
  });

  it.each(['onClose', 'onTime', 'onUpdate'] as const)('any window, any key, %s', (emit) => {
    forSeeds(30, (random) => {
      const one = randomCase(random, { lateness: true });
      checkReplaced<Row>(() => operatorOf(one, emit), one.signals, random);
    });
  });
});

function stretched(signal: Signal<Any>, by: number): Signal<Any> {
  return signal.kind === 'event' || signal.kind === 'watermark' ? { ...signal, time: signal.time * by } : signal;
}

/** Without `emit`, so that the output mode decides. */
function aggregateOf(one: ReturnType<typeof randomCase>): Operator<Row> {
  return operatorOf(one, undefined);
}

describe('a query counts the windows of its state, those that a batch touched and those that it forgot', () => {
  it.each(RUNS)('$outputMode', (options) => {
    forSeeds(80, (random) => {
      const one = randomCase(random);
      if (one.window.kind === 'session') return;
      const harness = operatorHarness<Row, unknown, 'event', 'event'>(aggregateOf(one), options) as Harness<Row>;
      const image = new Image(harness);
      const open = new Map<string, number>(); // window and key, its end
      const touched = new Set<string>();
      let drop = -Infinity;
      for (const signal of one.signals) {
        harness.signal(signal);
        if (signal.kind === 'event') {
          const key = keyText(one.key.map((column) => signal.row[column]));
          for (const { start, end } of windowsOf(one.window, signal.time, signal.row)) {
            if (options.outputMode !== 'complete' && end <= drop) continue;
            open.set(`${start} ${end} ${key}`, end);
            touched.add(`${start} ${end} ${key}`);
          }
        }
        if (signal.kind !== 'watermark') continue;
        drop = Math.max(drop, signal.time);
        const over = [...open].filter(([, end]) => options.outputMode !== 'complete' && end <= drop);
        for (const [id] of over) open.delete(id);
        const rows = harness['stages'][0]!.processor.stateRows!();
        expect(rows).toEqual({ total: open.size, updated: touched.size, removed: over.length });
        touched.clear();
        if (!random.chance(0.2)) continue;
        image.follow();
        image.restore();
        expect(harness['stages'][0]!.processor.stateRows!()).toEqual({ total: open.size, updated: 0, removed: 0 });
      }
      harness.close();
    });
  });

  it.each(['update', 'complete'] as const)('a session that grows is one, and said once: %s', (outputMode) => {
    const select = { n: agg.count() };
    const operator = aggregate({ key: 'k', window: session(5), select } as never) as never as Operator<Any>;
    const harness = operatorHarness<Any, unknown, 'event', 'event'>(operator, { run: true, outputMode }) as Harness<Any>;
    [1, 4, 8].forEach((time) => harness.event(time, { k: 'a' }));
    harness.watermark(0);
    expect(harness.takeRows()).toEqual([{ window: { start: 1, end: 13 }, k: 'a', n: 3 }]);
    expect(harness['stages'][0]!.processor.stateRows!()).toEqual({ total: 1, updated: 1, removed: 0 });
  });
});
