import type { Change } from '../element';
import { createKeyMap, keyFrom, readerOf, type KeyMap, type KeyOf, type KeySpec } from '../key';
import type { OutputBatch } from './sink';

/** Takes back what a batch did. */
export type Undo = () => void;

/** Result rows as a sink holds them: added, replaced by key, or replaced as a whole. */
export class RowTable<R> {
  private list: R[] = [];
  /** By number of key columns: rows of a ChangeStream bring their own key. */
  private keyed = new Map<number, KeyMap<R>>();
  private snapshot: readonly R[] | undefined;

  private readonly ownKey: ChangeKey<R> | undefined;

  constructor(key: KeySpec<R> | undefined) {
    this.ownKey = key === undefined ? undefined : rowKey(key);
  }

  /** Applies a batch; O(rows of the batch). */
  apply(batch: OutputBatch<R>): Undo {
    this.snapshot = undefined;
    const undo = batch.mode === 'complete' ? this.replace(batch.rows) : this.merge(batch);
    return () => {
      this.snapshot = undefined;
      undo();
    };
  }

  /** The rows as they stand, an array of their own; the same array until the next change. */
  rows(): readonly R[] {
    if (this.snapshot !== undefined) return this.snapshot;
    const rows = [...this.list];
    for (const map of this.keyed.values()) map.forEach((row) => rows.push(row));
    return (this.snapshot = rows);
  }

  clear(): void {
    this.snapshot = undefined;
    this.list = [];
    this.keyed.clear();
  }

  private merge(batch: OutputBatch<R>): Undo {
    if (batch.mode === 'append') return this.add(batch.rows);
    if (this.ownKey !== undefined) return this.update(changesOf(batch), this.ownKey);
    return batch.changes === undefined ? this.add(batch.rows) : this.update(batch.changes, spokenKey);
  }

  private add(rows: readonly R[]): Undo {
    const { length } = this.list;
    for (const row of rows) this.list.push(row);
    return () => {
      this.list.length = length;
    };
  }

  private replace(rows: readonly R[]): Undo {
    const { list, keyed } = this;
    this.list = [...rows];
    this.keyed = new Map();
    return () => {
      this.list = list;
      this.keyed = keyed;
    };
  }

  private update(changes: readonly Change<R>[], keyOf: ChangeKey<R>): Undo {
    const before: (() => void)[] = [];
    for (const change of changes) {
      const [key, columns] = keyOf(change);
      const map = this.mapOf(columns);
      const old = map.get(key);
      before.push(old === undefined ? () => map.delete(key) : () => map.set(key, old));
      if (change.op === 'delete') map.delete(key);
      else map.set(key, change.row);
    }
    return () => {
      for (const back of before.reverse()) back();
    };
  }

  private mapOf(columns: number): KeyMap<R> {
    const known = this.keyed.get(columns);
    if (known !== undefined) return known;
    const map = createKeyMap<R>(columns);
    this.keyed.set(columns, map);
    return map;
  }
}

/** The key of a change, and how many columns it has. */
type ChangeKey<R> = (change: Change<R>) => readonly [KeyOf, number];

function rowKey<R>(spec: KeySpec<R>): ChangeKey<R> {
  const { read, columns } = readerOf<R>(spec);
  return ({ row }) => {
    const key = read(row);
    return [typeof key === 'object' && key !== null ? [...key] : key, columns.length]; // the reader only lends its array
  };
}

function spokenKey<R>({ key }: Change<R>): readonly [KeyOf, number] {
  return [keyFrom(key), key.length];
}

const PANE = { timing: 'onTime', index: 0, isLast: false } as const;

function changesOf<R>({ changes, rows }: OutputBatch<R>): readonly Change<R>[] {
  return changes ?? rows.map((row) => ({ op: 'upsert', key: [], row, pane: PANE }));
}
