import { createKeyMap, keyValues, type KeyMap, type KeyOf } from '../key';
import type { StateEntry, TableChanges } from './table';

/**
 * Which entries of a table were written and which were removed since it was asked last: what `StateTable.changes` gives.
 * Costs nothing before it is asked for the first time, afterwards one set insertion a write.
 */
export class Recorder {
  private readonly put: KeyMap<true>;
  private readonly removed: KeyMap<true>;
  private recording = false;

  /** @param columns - of the table's key */
  constructor(private readonly columns: number) {
    this.put = createKeyMap(columns);
    this.removed = createKeyMap(columns);
  }

  /** Somebody has asked: false while marks are ignored. */
  get isOn(): boolean {
    return this.recording;
  }

  written(key: KeyOf): void {
    if (this.recording) this.put.set(key, true);
  }

  /** Written again afterwards, it stands in both lists: an entry that came back is the youngest. */
  gone(key: KeyOf): void {
    if (!this.recording) return;
    this.put.delete(key);
    this.removed.set(key, true);
  }

  /** What is there now is known to whoever asks. */
  begin(): void {
    this.recording = true;
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
    values: (key: KeyOf) => readonly unknown[] = (key) => keyValues(key, this.columns),
  ): TableChanges {
    if (!this.recording) {
      this.begin();
      return { removed: [], put: [...all()] };
    }
    const removed = [...this.removed.entries()].map(([key]) => values(key));
    const put = [...this.put.entries()].map(([key]) => entry(key));
    this.begin();
    return { removed, put };
  }
}
