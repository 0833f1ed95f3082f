import { createKeyMap, keyValues, type KeyMap, type KeyOf } from '../key';
import type { StateEntry, TableChanges } from '../state/table';

/** A part of a store that is forgotten as a whole: a pane, or a window. */
export interface CellHolder {
  readonly cells: KeyMap<unknown>;
  /** Its keys that are in the log, and in which turn they got there last. */
  logged: KeyMap<number> | undefined;
  gone: boolean;
}

/** A row was added to the cell of this key. */
export interface Touch<H> {
  readonly holder: H;
  readonly key: KeyOf;
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
  private touches: Touch<H>[] = [];
  /** Where in `touches` the batch begins. */
  private batchAt = 0;
  private dropped: H[] = [];

  /** @param columns - of a cell's key in its holder */
  constructor(private readonly columns: number) {}

  /** Call it only while `isOn`. The key may be a scratch array. */
  touch(holder: H, key: KeyOf): void {
    const logged = (holder.logged ??= createKeyMap<number>(this.columns));
    if (logged.get(key) === this.turn) return;
    logged.set(key, this.turn);
    this.touches.push({ holder, key: typeof key === 'object' && key !== null ? key.slice() : key });
  }

  /** The holder was forgotten with its cells. */
  drop(holder: H): void {
    holder.gone = true;
    if (this.isRecording) this.dropped.push(holder);
  }

  /** The cells touched since the last call; call it before what is over is dropped. */
  takeBatch(): readonly Touch<H>[] {
    const batch = this.touches.slice(this.batchAt);
    if (!this.isRecording) this.touches = [];
    this.batchAt = this.touches.length;
    this.turn++;
    return batch;
  }

  /** What is there now is known to whoever asks. */
  begin(): void {
    this.isOn = true;
    this.isRecording = true;
    this.touches = [];
    this.dropped = [];
    this.batchAt = 0;
    this.turn++;
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
    const { isRecording, touches, dropped } = this;
    this.begin();
    if (!isRecording) return { removed: [], put: [...all()] };
    const nameOf = (holder: H, key: KeyOf): unknown[] => [...idOf(holder), ...keyValues(key, this.columns)];
    const removed: unknown[][] = [];
    for (const holder of dropped) holder.cells.forEach((_acc, key) => removed.push(nameOf(holder, key)));
    const put: StateEntry[] = [];
    for (const { holder, key } of touches) {
      // The first of several turns takes it out.
      if (holder.gone || !holder.logged!.delete(key)) continue;
      put.push([nameOf(holder, key), encode(holder.cells.get(key))]);
    }
    return { removed, put };
  }
}
