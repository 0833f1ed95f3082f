import { agg, assigned, type Window } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { foldingOf } from '../../src/aggregate/plan';
import { readerOf } from '../../src/key';
import type { WindowStore } from '../../src/window/store';
import { randomOf } from '../laws/random';
import { heardOut } from './inside';

interface Row {
  readonly k: string;
  readonly j: number;
  readonly w: Window;
}

const storeOf = (columns: readonly ('k' | 'j')[]): WindowStore<Row> =>
  assigned<Row>('w').store({ folding: foldingOf<Row>({ n: agg.count() }), reader: readerOf<Row>(columns) });

/** Saves and loads, as a batch that is repeated does: into the store that has more by then. */
function saved(store: WindowStore<Row>): () => void {
  const tables = Object.values(store.tables);
  const entries = tables.map((table) => structuredClone([...table.entries()]));
  return () => tables.forEach((table, i) => table.load(entries[i]!));
}

describe('the end of the last open window of a key', () => {
  const columns = { 'one column': ['k'], 'two columns': ['k', 'j'] } as const;
  it.each(Object.entries(columns))('is that of a search through all of them, %s', (_name, names) => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = randomOf(seed);
      const store = storeOf(names);
      let open: Row[] = [];
      let drop = 0;
      let [load, then] = [saved(store), open];
      for (let step = 0; step < 60; step++) {
        const start = drop + random.int(0, 20) - 5;
        const row = { k: 'ab'[random.int(0, 1)]!, j: random.int(0, 1), w: { start, end: start + 1 + random.int(0, 20) } };
        const what = random.int(0, 20);
        if (what === 0) [load, then] = [saved(store), open];
        else if (what === 1) {
          load();
          open = then;
        } else if (what < 5) {
          drop = Math.max(drop, start);
          store.sweep(drop, drop, heardOut());
          store.expire(drop, heardOut());
          open = open.filter(({ w }) => w.end > drop);
        } else if (store.add(start, row, drop, heardOut())) open = [...open, row];

        const mine = open.filter(({ k, j, w }) => k === row.k && (names.length === 1 || j === row.j) && w.start <= start);
        const key = names.length === 1 ? row.k : [row.k, row.j];
        expect(store.openEnd!(key, start), `seed ${seed}, step ${step}`).toBe(Math.max(-Infinity, ...mine.map(({ w }) => w.end)));
      }
    }
  });
});
