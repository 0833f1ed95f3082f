import type { OperatorHarness } from 'tidemark/testing';
import { expect } from 'vitest';
import type { Processor } from '../../src/operator';
import { textOf } from '../../src/testing';
import type { StateEntry } from '../../src/state/table';

/** The (last) operator of a harness: what a query asks of it, and a harness does not say. */
export function processorOf<I, O>(harness: OperatorHarness<I, O>): Processor<unknown, unknown> {
  return harness['stages'][0]!.processor;
}

/** What a table says has changed since it was asked last, as plain data. */
export function changesOf<I, O>(harness: OperatorHarness<I, O>, table: string): { removed: unknown[]; put: StateEntry[] } {
  const { removed, put } = processorOf(harness).tables![table]!.changes!();
  return structuredClone({ removed: [...removed], put: [...put] });
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
      const { removed, put } = changesOf(this.harness, name);
      for (const key of removed) entries.delete(textOf(key));
      for (const entry of put) entries.set(textOf(entry[0]), entry);
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
