import { alertWhen, dropDuplicates, limitRows, previousRows, agg } from 'tidemark';
import { operatorHarness, textOf, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import type { Stage } from '../../src/operator';
import type { StateEntry, StateTable } from '../../src/state/table';
import { restoreStage } from '../../src/testing/stageSnapshot';
import { timedSignals } from './inputs';
import { OPERATORS, type Any } from './operators';
import { forSeeds, type Random } from './random';
import { lay, NOTHING, plain } from '../state/changes';

type Harness = OperatorHarness<Any, Any>;

const MORE: readonly (readonly [string, () => unknown])[] = [
  ['dropDuplicates by time', () => dropDuplicates<Any>(['k', 't'], { timeColumn: 't' })],
  ['dropDuplicates by time alone', () => dropDuplicates<Any>(['t'], { timeColumn: 't' })],
  ['dropDuplicates, unbounded', () => dropDuplicates<Any>(['k'], { unbounded: true })],
  ['dropDuplicates of two columns', () => dropDuplicates<Any>(['k', 'gap'], { unbounded: true })],
  [
    'previousRows',
    () => previousRows({ key: 'k', n: 3, select: { n: agg.count<Any>(), v: agg.sum<Any>('v' as never) } } as never),
  ],
  ['limitRows', () => limitRows(30)],
  [
    'alertWhen',
    () => alertWhen<Any>({ key: 'k', when: ({ v }) => (v ?? 0) > 30, for: 5, coolDown: 20, resolved: true, ordered: true }),
  ],
];
const STATEFUL = [...OPERATORS.filter(({ takes }) => takes === 'event').map(({ name, make }) => [name, make] as const), ...MORE];

const open = (make: () => unknown): Harness => operatorHarness<Any, Any, 'event', 'event'>(make() as never);
/** The operator itself: what a checkpoint reads and loads. */
const stagesOf = (harness: Harness): readonly Stage<Any, Any>[] =>
  (harness as unknown as { stages: readonly Stage<Any, Any>[] }).stages;

function tablesOf(harness: Harness): (readonly [name: string, table: StateTable])[] {
  return stagesOf(harness).flatMap((stage, i) =>
    Object.entries(stage.processor.tables ?? {}).map(([name, table]) => [`${i} ${name}`, table] as const),
  );
}

const lineOf = ([key, value]: StateEntry): string => `${textOf(key)} ${textOf(value)}`;
const contentOf = (harness: Harness): unknown[] =>
  tablesOf(harness).map(([name, table]) => [name, table.size(), [...table.entries()].map(lineOf).sort()]);

/** A copy of a table, kept by what the table says has changed. */
class Copy {
  private readonly entries = new Map<string, StateEntry>();

  constructor(
    private readonly name: string,
    private readonly table: StateTable,
    known: Iterable<StateEntry> = [],
  ) {
    for (const entry of known) this.entries.set(textOf(entry[0]), entry);
  }

  follow(): void {
    lay(this.table.changes!(), this.entries);
    expect([...this.entries.values()].map(lineOf).sort(), this.name).toEqual([...this.table.entries()].map(lineOf).sort());
  }

  /** Asked again at once, nothing has changed. */
  expectQuiet(): void {
    expect(plain(this.table.changes!()), this.name).toEqual(NOTHING);
  }
}

const recording = (harness: Harness): (readonly [string, StateTable])[] =>
  tablesOf(harness).filter(([, { changes }]) => changes !== undefined);

/** Rows of keys of their own, and watermarks that leave something to be said. */
function drive(harness: Harness, random: Random, name: string, lateness = 0): void {
  for (const signal of timedSignals(random, 30, lateness)) {
    if (signal.kind === 'event') harness.signal({ ...signal, row: { ...signal.row, k: `${name} ${String(signal.row.k)}` } });
    else if (signal.kind === 'watermark' && signal.time < Infinity) harness.signal(signal);
  }
}

describe('the tables of an operator', () => {
  it.each(STATEFUL)('hold what they are loaded with, and nothing else: %s', (_name, make) => {
    forSeeds(2, (random) => {
      const [one, other] = [open(make), open(make)];
      drive(one, random, 'ours');
      drive(other, random, 'theirs');
      const wanted = contentOf(one);
      const saved = one.snapshot();
      stagesOf(other).forEach((stage, i) => restoreStage(stage, structuredClone(saved[i]!)));
      expect(contentOf(other)).toEqual(wanted);
      // Nor does anything else of what was there speak once time goes on.
      for (const harness of [one, other]) harness.take();
      for (const harness of [one, other]) harness.watermark(Infinity);
      expect(other.takeRows().map(textOf)).toEqual(one.takeRows().map(textOf));
    });
  });

  it.each(STATEFUL)('say what has changed since they were asked last: %s', (_name, make) => {
    forSeeds(2, (random) => {
      const harness = open(make);
      const copies = recording(harness).map(([name, table]) => new Copy(name, table));
      for (const signal of timedSignals(random, 40, random.pick([0, 15]))) {
        harness.signal(signal);
        if (random.chance(0.3)) for (const copy of copies) copy.follow();
      }
      for (const copy of copies) copy.follow();
      for (const copy of copies) copy.expectQuiet();
    });
  });

  it.each(STATEFUL)('say what has changed since they were loaded: %s', (_name, make) => {
    forSeeds(2, (random) => {
      const harness = open(make);
      drive(harness, random, 'before');
      harness.restore(harness.snapshot());
      const copies = recording(harness).map(([name, table]) => new Copy(name, table, table.entries()));
      for (const copy of copies) copy.expectQuiet();
      drive(harness, random, 'after', 15);
      for (const copy of copies) copy.follow();
    });
  });
});
