import { textOf } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { readerOf } from '../../src/key';
import type { Out, Processor } from '../../src/operator/processor';
import { pattern } from '../../src/pattern/pattern';
import { PatternMatcher } from '../../src/pattern/processor';
import { KeepOne } from '../../src/ranking/keep';
import { RunningTop } from '../../src/ranking/running';
import type { StateTable } from '../../src/state/table';
import { forSeeds } from '../laws/random';
import type { StateEntry } from '../../src/state/table';
import { lay, NOTHING, plain } from './changes';

interface Row {
  readonly k: string;
  readonly v: number;
}

const ranking = { value: (row: unknown) => (row as Row).v, n: () => 2, direction: -1 } as const;
const stages = pattern('low', (row: Row) => row.v < 5).followedBy('high', (row) => row.v >= 5).stages;
const plan = { stages, within: { ms: 6, from: 'first' }, afterMatch: 'noSkip', maxPartialMatches: 100, timeouts: true } as const;
const reader = readerOf<Row>('k');

const PROCESSORS: Readonly<Record<string, () => Processor<Row, unknown>>> = {
  matchPattern: () => new PatternMatcher<Row>(plan, reader, 'instant', 'error', 'p'),
  deduplicate: () => new KeepOne<Row>({ keep: 'last', retracts: false, ttlMs: 8 }, reader, 'instant') as Processor<Row, unknown>,
  topN: () => new RunningTop<Row>(reader, ranking, { windowed: false }, 'instant') as Processor<Row, unknown>,
};

/** A copy of a table, kept by its deltas. */
class Copy {
  private readonly entries = new Map<string, StateEntry>();

  constructor(private readonly table: StateTable) {}

  follow(): void {
    lay(this.table.changes!(), this.entries);
    const texts = (entries: Iterable<StateEntry>): string[] => [...entries].map(textOf).sort();
    expect(texts(this.entries.values())).toEqual(texts(this.table.entries()));
  }
}

describe('the delta of a table brings a copy up to date, and holds no more than what has changed', () => {
  it.each(Object.entries(PROCESSORS))('%s', (_name, make) => {
    forSeeds(20, (random) => {
      let now = 0;
      const ignore = (): void => undefined;
      const out = { event: ignore, reject: ignore, absorb: ignore, tickIn: ignore, now: () => now, closed: false };
      const processor = make();
      const tables = Object.values(processor.tables!).filter(({ changes }) => changes !== undefined);
      expect(tables.length).toBeGreaterThan(0);
      const copies = tables.map((table) => new Copy(table));
      for (let step = 0; step < 60; step++) {
        now++;
        const sink = out as unknown as Out<unknown>;
        const row = { k: random.pick(['a', 'b', 'c']), v: random.int(0, 9) };
        if (random.chance(0.7)) processor.onEvent(now - random.int(0, 2), row, sink, 0);
        if (random.chance(0.3)) processor.onWatermark?.(now - 3, now - 3, sink);
        if (random.chance(0.2)) processor.onTick?.(now, sink);
        if (random.chance(0.4)) for (const copy of copies) copy.follow();
      }
      for (const copy of copies) copy.follow();
      for (const table of tables) expect(plain(table.changes!())).toEqual(NOTHING);
    });
  });
});
