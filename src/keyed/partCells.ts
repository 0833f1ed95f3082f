import { createKeyMap, keyFrom, keyValues, normalKey, ownKey, type KeyMap, type KeyOf, type Primitive } from '../key';
import type { StateEntry } from '../state/table';
import { Cell, Cells } from './cells';
import { joinedKey } from './keys';

/** What one key has. */
interface Group {
  readonly key: KeyOf;
  readonly cells: Map<Primitive, Cell>;
  /** For lists: the number of the next item. */
  next: number;
}

/** Several values a key, each under a name of its own (a map) or a number (a list), in order of insertion. */
export class PartCells extends Cells {
  size = 0;
  private readonly groups: KeyMap<Group>;

  /** @param keyColumns - of the key itself; in the table the part's name is one more */
  constructor(
    private readonly keyColumns: number,
    now: () => number,
    ttlMs = Infinity,
  ) {
    super(keyColumns + 1, ttlMs, now);
    this.groups = createKeyMap(keyColumns);
  }

  get(key: KeyOf, part: Primitive): Cell | undefined {
    const cell = this.groups.get(key)?.cells.get(part);
    return cell === undefined || this.isOver(cell) ? undefined : cell;
  }

  /** What is alive, in order of insertion. */
  *alive(key: KeyOf): Iterable<Cell> {
    const group = this.groups.get(key);
    if (group === undefined) return;
    for (const cell of group.cells.values()) if (!this.isOver(cell)) yield cell;
  }

  set(key: KeyOf, part: Primitive, value: unknown): void {
    const group = this.groups.get(key) ?? this.open(ownKey(key));
    let cell = group.cells.get(part);
    if (cell !== undefined && this.isOver(cell)) {
      this.remove(cell); // what has expired does not keep its place
      return this.set(key, part, value);
    }
    if (cell === undefined) cell = this.put(group, part, value);
    this.write(cell, value);
  }

  append(key: KeyOf, value: unknown): void {
    const group = this.groups.get(key) ?? this.open(ownKey(key));
    this.write(this.put(group, group.next, value), value);
  }

  delete(key: KeyOf, part: Primitive): boolean {
    const cell = this.groups.get(key)?.cells.get(part);
    if (cell !== undefined) this.remove(cell);
    return cell !== undefined;
  }

  /** Everything of a key; how many there were. */
  deleteAll(key: KeyOf): number {
    const cells = [...(this.groups.get(key)?.cells.values() ?? [])];
    for (const cell of cells) this.remove(cell);
    return cells.length;
  }

  private open(key: KeyOf): Group {
    const group = { key, cells: new Map<Primitive, Cell>(), next: 0 };
    this.groups.set(key, group);
    return group;
  }

  private put(group: Group, part: Primitive, value: unknown): Cell {
    const cell = new Cell(group.key, part, value);
    group.cells.set(part, cell);
    if (typeof part === 'number' && part >= group.next) group.next = part + 1;
    this.size++;
    return cell;
  }

  protected tableKey({ key, part }: Cell): KeyOf {
    return joinedKey(key, part, this.keyColumns);
  }

  protected valuesOf(tableKey: KeyOf): readonly unknown[] {
    return keyValues(tableKey, this.columns);
  }

  protected entryOf(tableKey: KeyOf): StateEntry {
    const values = this.valuesOf(tableKey);
    const cells = this.groups.get(keyFrom(values.slice(0, -1)))!.cells;
    return [values, this.encoded(cells.get(normalKey(values[this.keyColumns]))!)];
  }

  protected *entries(): Iterable<StateEntry> {
    for (const [, { cells }] of this.groups.entries()) {
      for (const cell of cells.values()) yield [this.valuesOf(this.tableKey(cell)), this.encoded(cell)];
    }
  }

  protected insert(values: readonly unknown[], value: unknown): Cell {
    const key = keyFrom(values.slice(0, -1));
    return this.put(this.groups.get(key) ?? this.open(key), normalKey(values[this.keyColumns]), value);
  }

  protected drop({ key, part }: Cell): void {
    const group = this.groups.get(key)!;
    group.cells.delete(part);
    this.size--;
    if (group.cells.size === 0) this.groups.delete(key);
  }

  protected clear(): void {
    this.groups.clear();
    this.size = 0;
  }
}
