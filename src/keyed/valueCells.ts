import { createKeyMap, keyFrom, keyValues, ownKey, type KeyMap, type KeyOf } from '../key';
import type { StateEntry } from '../state/table';
import { Cell, Cells } from './cells';

/** One value a key. */
export class ValueCells extends Cells {
  private readonly cells: KeyMap<Cell>;

  constructor(columns: number, now: () => number, ttlMs = Infinity) {
    super(columns, ttlMs, now);
    this.cells = createKeyMap(columns);
  }

  get size(): number {
    return this.cells.size;
  }

  get(key: KeyOf): Cell | undefined {
    const cell = this.cells.get(key);
    return cell === undefined || this.isOver(cell) ? undefined : cell;
  }

  set(key: KeyOf, value: unknown): void {
    let cell = this.cells.get(key);
    if (cell === undefined) this.cells.set(key, (cell = new Cell(ownKey(key), null, value)));
    this.write(cell, value);
  }

  /** False when there was none. */
  delete(key: KeyOf): boolean {
    const cell = this.cells.get(key);
    if (cell !== undefined) this.remove(cell);
    return cell !== undefined;
  }

  protected tableKey({ key }: Cell): KeyOf {
    return key;
  }

  protected valuesOf(key: KeyOf): readonly unknown[] {
    return keyValues(key, this.columns);
  }

  protected entryOf(key: KeyOf): StateEntry {
    return [this.valuesOf(key), this.encoded(this.cells.get(key)!)];
  }

  protected *entries(): Iterable<StateEntry> {
    for (const [key] of this.cells.entries()) yield this.entryOf(key);
  }

  protected insert(values: readonly unknown[], value: unknown): Cell {
    const key = keyFrom(values);
    const cell = new Cell(key, null, value);
    this.cells.set(key, cell);
    return cell;
  }

  protected drop({ key }: Cell): void {
    this.cells.delete(key);
  }

  protected clear(): void {
    this.cells.clear();
  }
}
