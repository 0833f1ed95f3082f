import type { Aggregate } from 'tidemark';
import type { OperatorHarness } from 'tidemark/testing';
import { expect } from 'vitest';
import type { Folding } from '../../src/aggregate/plan';
import type { Out, Processor } from '../../src/operator';
import { textOf } from '../../src/testing';
import type { StateEntry, StateTables } from '../../src/state/table';
import { lay, NOTHING, plain, type PlainChanges } from '../state/changes';

/** The (last) operator of a harness: what a query asks of it, and a harness does not say. */
export function processorOf<I, O>(harness: OperatorHarness<I, O>): Processor<unknown, unknown> {
  return harness['stages'][0]!.processor;
}

/** What a table says has changed since it was asked last, as plain data. */
export function changesOf<I, O>(harness: OperatorHarness<I, O>, table: string): PlainChanges {
  return plain(processorOf(harness).tables![table]!.changes!());
}

/** Follows the state by its changes: asked for again and again, they must add up to what is there. */
export class Follower<I, O> {
  private readonly known = new Map<string, Map<string, StateEntry>>();

  constructor(private readonly harness: OperatorHarness<I, O>) {
    this.follow();
  }

  follow(): void {
    for (const [name, table] of Object.entries(processorOf(this.harness).tables!)) {
      if (table.changes === undefined) continue;
      const entries = this.known.get(name) ?? new Map<string, StateEntry>();
      this.known.set(name, entries);
      lay(table.changes(), entries);
      const texts = (all: Iterable<StateEntry>): string[] => [...all].map(textOf).sort();
      expect(texts(entries.values()), name).toEqual(texts(table.entries()));
    }
  }
}

/** Loads saved state over what is there, as a batch that is repeated does. */
export function reload<I, O>(harness: OperatorHarness<I, O>, work: () => void): void {
  const tables = Object.values(harness['stages'][0]!.stateTables());
  const saved = structuredClone(tables.map((table) => [...table.entries()]));
  work();
  tables.forEach((table, i) => table.load(structuredClone(saved[i]!)));
}

/** A folding whose merges are counted. */
export function counted(of: Folding): { folding: Folding; merges: () => number } {
  let merges = 0;
  const merge = (into: unknown, from: unknown): void => {
    merges++;
    of.merge(into, from);
  };
  return { folding: { ...of, merge }, merges: () => merges };
}

/** What a store tells the operator that it is part of. */
export interface HeardOut extends Out<unknown> {
  closed: boolean;
  absorbed: number;
  partly: number;
  readonly rejected: unknown[];
}

export function heardOut(): HeardOut {
  const heard = {
    closed: false,
    absorbed: 0,
    partly: 0,
    rejected: [] as unknown[],
    reject: (reason: string, time: number, _row: unknown, detail?: unknown) => void heard.rejected.push([reason, time, detail]),
    absorb: (rows: number) => void (heard.absorbed += rows),
    partlyLate: () => void heard.partly++,
  };
  return heard as Partial<HeardOut> as HeardOut;
}

/** Follows tables by their changes, each time it is called: they must add up to what is there, and say nothing twice. */
export function followTables(tables: () => StateTables): () => void {
  const known = new Map<string, Map<string, StateEntry>>();
  const texts = (all: Iterable<StateEntry>): string[] => [...all].map(textOf).sort();
  const follow = (): void => {
    for (const [name, table] of Object.entries(tables())) {
      if (table.changes === undefined) continue;
      const entries = known.get(name) ?? new Map<string, StateEntry>();
      known.set(name, entries);
      lay(table.changes(), entries);
      expect(texts(entries.values()), name).toEqual(texts(table.entries()));
      expect(table.size(), name).toBe(entries.size);
      expect(plain(table.changes()), `${name}: nothing has changed since`).toEqual(NOTHING);
    }
  };
  follow();
  return follow;
}

/** The times in the order of their arrival, as text: it neither merges nor commutes, so slices cannot be shared. */
export const order: Aggregate<{ readonly t: number }, { text: string }, string> = {
  name: 'order',
  version: 1,
  create: () => ({ text: '' }),
  add: (acc, { t }) => void (acc.text += `${t} `),
  result: ({ text }) => text,
  encode: ({ text }) => text,
  decode: (data) => ({ text: data as string }),
};
