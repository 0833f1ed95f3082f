import { createKeyMap, type KeyMap, type KeyOf } from '../key';
import type { StateEntry, TableChanges } from './table';

/**
 * Which entries of a table were written and which were removed since it was asked last: what `StateTable.changes` gives.
 * Costs nothing before it is asked for the first time.
 */
export class Recorder {
  private readonly put: KeyMap<true>;
  private readonly removed: KeyMap<true>;
  private isOn = false;

  constructor(columns: number) {
    this.put = createKeyMap(columns);
    this.removed = createKeyMap(columns);
  }

  written(key: KeyOf): void {
    if (this.isOn) this.put.set(key, true);
  }

  /** Written again afterwards, it stands in both lists: an entry that came back is the youngest. */
  gone(key: KeyOf): void {
    if (!this.isOn) return;
    this.put.delete(key);
    this.removed.set(key, true);
  }

  /** What is there now is known to whoever asks. */
  begin(): void {
    this.isOn = true;
    this.put.clear();
    this.removed.clear();
  }

  /**
   * @param all - the whole table, for the first time
   * @param entry - one entry of it, as it is now
   * @param values - a key as plain data
   */
  take(
    all: () => Iterable<StateEntry>,
    entry: (key: KeyOf) => StateEntry,
    values: (key: KeyOf) => readonly unknown[],
  ): TableChanges {
    if (!this.isOn) {
      this.begin();
      return { removed: [], put: [...all()] };
    }
    const removed = [...this.removed.entries()].map(([key]) => values(key));
    const put = [...this.put.entries()].map(([key]) => entry(key));
    this.begin();
    return { removed, put };
  }
}
