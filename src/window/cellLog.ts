import { createKeyMap, keyValues, type KeyMap, type KeyOf } from '../key';
import { walkOf, type StateEntry, type TableChanges } from '../state/table';

/** A part of a store that is forgotten as a whole: a pane, or a window. */
export interface CellHolder {
  readonly cells: KeyMap<unknown>;
  /** Its keys that are in the log, in the order in which they got there, and the turn in which they got there last. */
  logged: KeyMap<number> | undefined;
  gone: boolean;
}

/** The cells that the rows of a batch were added to, each once, in the order of the first rows. */
export interface TouchedCells<H> {
  readonly size: number;
  forEach(visit: (holder: H, key: KeyOf) => void): void;
}

/**
 * Which cells rows were added to, for two readers: a query counts, and says, what each batch touched; a barrier writes what
 * has changed since the one before. A cell is logged once a turn, in the order of the first rows, which is also the order in
 * which new cells came to be. Costs one compare a row while nobody reads, one look-up otherwise.
 */
export class CellLog<H extends CellHolder> {
  /** Somebody reads it. */
  isOn = false;
  private isRecording = false;
  private turn = 0;
  /** Those with keys in the log: since the last barrier or, where nobody records, since the last batch. */
  private holders: H[] = [];
  /** The batch: each cell's holder and its key. */
  private batchHolders: H[] = [];
  private batchKeys: KeyOf[] = [];
  private dropped: H[] = [];

  /** @param columns - of a cell's key in its holder */
  constructor(private readonly columns: number) {}

  /** Call it only while `isOn`. The key may be a scratch array. */
  touch(holder: H, key: KeyOf): void {
    let { logged } = holder;
    if (logged === undefined) {
      holder.logged = logged = createKeyMap<number>(this.columns);
      this.holders.push(holder);
    } else if (logged.get(key) === this.turn) return;
    logged.set(key, this.turn);
    this.batchHolders.push(holder);
    this.batchKeys.push(typeof key === 'object' && key !== null ? key.slice() : key);
  }

  /** The holder was forgotten with its cells. */
  drop(holder: H): void {
    holder.gone = true;
    if (this.isRecording) this.dropped.push(holder);
  }

  /** The cells touched since the last call; call it before what is over is dropped. */
  takeBatch(): TouchedCells<H> {
    const { batchHolders: holders, batchKeys: keys } = this;
    this.turn++;
    this.batchHolders = [];
    this.batchKeys = [];
    if (!this.isRecording) this.clear();
    return { size: keys.length, forEach: (visit) => keys.forEach((key, i) => visit(holders[i]!, key)) };
  }

  private clear(): void {
    for (const holder of this.holders) holder.logged = undefined;
    this.holders = [];
  }

  /** What is there now is known to whoever asks. */
  begin(): void {
    this.isOn = true;
    this.isRecording = true;
    this.clear();
    this.takeBatch();
    this.dropped = [];
  }

  /**
   * @param all - every cell, for the first time
   * @param idOf - what stands before the key's values in the table's key
   */
  take(
    all: () => Iterable<StateEntry>,
    idOf: (holder: H) => readonly unknown[],
    encode: (acc: unknown) => unknown,
  ): TableChanges {
    const { isRecording, dropped } = this;
    const written = this.holders.map((holder) => ({ holder, keys: holder.logged! }));
    this.begin();
    if (!isRecording) return { removed: [], put: walkOf(all) };
    const eachPut = (visit: (entry: StateEntry) => void): void => {
      for (const { holder, keys } of written) {
        if (holder.gone) continue;
        const id = idOf(holder);
        keys.forEach((_turn, key) => visit([id.concat(keyValues(key, this.columns)), encode(holder.cells.get(key))]));
      }
    };
    return { cleared: dropped.map(idOf), removed: [], put: { forEach: eachPut } };
  }
}
