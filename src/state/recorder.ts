import { createKeyMap, keyValues, type KeyMap, type KeyOf } from '../key';
import { walkOf, type StateEntry, type StateTable, type TableChanges } from './table';

/**
 * Which entries of a table were written and which were removed since it was asked last: what `StateTable.changes` gives.
 * Costs nothing before it is asked for the first time, afterwards one set insertion a write.
 */
export class Recorder {
  private put: KeyMap<true>;
  private removed: KeyMap<true>;
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
    // Not cleared: a delta that was taken is still walked.
    if (this.put.size > 0) this.put = createKeyMap(this.columns);
    if (this.removed.size > 0) this.removed = createKeyMap(this.columns);
  }

  /**
   * The table of a map whose writes are recorded here.
   *
   * @param version - of `encode`
   * @param encode - a value as plain data
   * @param load - replaces the content of the map
   */
  table<V>(
    version: number,
    map: KeyMap<V>,
    encode: (value: V) => unknown,
    load: (entries: Iterable<StateEntry>) => void,
  ): StateTable {
    const { columns } = this;
    function* entries(): Iterable<StateEntry> {
      for (const [key, value] of map.entries()) yield [keyValues(key, columns), encode(value)];
    }
    return {
      version,
      size: () => map.size,
      entries,
      load: (saved) => {
        load(saved);
        this.begin();
      },
      changes: () => this.take(entries, (key) => [keyValues(key, columns), encode(map.get(key)!)]),
    };
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
    const { recording, removed, put } = this;
    this.begin();
    if (!recording) return { removed: [], put: walkOf(all) };
    return {
      removed: { forEach: (visit) => removed.forEach((_, key) => visit(values(key))) },
      put: { forEach: (visit) => put.forEach((_, key) => visit(entry(key))) },
    };
  }
}
