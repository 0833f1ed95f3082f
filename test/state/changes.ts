import { textOf } from '../../src/testing';
import { listOf, type StateEntry, type TableChanges } from '../../src/state/table';

/** A delta as plain data. */
export interface PlainChanges {
  readonly cleared: readonly (readonly unknown[])[];
  readonly removed: readonly (readonly unknown[])[];
  readonly put: readonly StateEntry[];
}

/** What a table says has changed; nothing that the operator does afterwards reaches it. */
export function plain({ cleared = [], removed, put }: TableChanges): PlainChanges {
  return structuredClone({ cleared: listOf(cleared), removed: listOf(removed), put: listOf(put) });
}

/** No change at all. */
export const NOTHING: PlainChanges = { cleared: [], removed: [], put: [] };

/** Brings a copy of a table, by the text of its keys, up to date. */
export function lay(changes: TableChanges, copy: Map<string, StateEntry>): void {
  const { cleared, removed, put } = plain(changes);
  for (const beginning of cleared) {
    for (const [name, [key]] of copy) if (textOf(key.slice(0, beginning.length)) === textOf(beginning)) copy.delete(name);
  }
  for (const key of removed) copy.delete(textOf(key));
  for (const entry of put) copy.set(textOf(entry[0]), entry);
}
