import { createKeyMap, keyValues, type KeyMap, type KeyOf } from '../key';
import type { StateEntry, TableChanges } from './table';

/**
 * Which entries of a table were written or removed since it was asked last: a table's `changes()` by dirty keys. It records
 * from the first call (or `load`) on, so a pipe without checkpoints pays nothing.
 */
export class ChangeLog {
  private dirty: KeyMap<true> | undefined;

  /** @param columns - of the table's key */
  constructor(private readonly columns: number) {}

  /** The entry was written or removed. */
  mark(id: KeyOf): void {
    this.dirty?.set(id, true);
  }

  /** The table was loaded: changes count from here. */
  loaded(): void {
    this.dirty = createKeyMap(this.columns);
  }

  /**
   * @param entryOf - the entry of a key; `undefined` when it is gone
   * @param all - every entry, for the first call
   */
  take(entryOf: (id: KeyOf) => StateEntry | undefined, all: () => Iterable<StateEntry>): TableChanges {
    const { dirty } = this;
    this.loaded();
    if (dirty === undefined) return { removed: [], put: [...all()] };
    const removed: unknown[][] = [];
    const put: StateEntry[] = [];
    for (const [id] of dirty.entries()) {
      const entry = entryOf(id);
      if (entry === undefined) removed.push(keyValues(id, this.columns));
      else put.push(entry);
    }
    return { removed, put };
  }
}
