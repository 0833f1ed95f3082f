/** One entry of a table as plain data: the key's values, and the encoded value. */
export type StateEntry = readonly [key: readonly unknown[], value: unknown];

/**
 * One declared table of an operator's state. The operator keeps the live structure that suits it; the table is how the
 * rest of the engine sees it: counted, read out as plain data, loaded back. Values are JSON-compatible, but numbers may
 * be NaN, infinite or -0, and bigint, Date and Uint8Array may occur.
 */
export interface StateTable {
  /** Version of the entries' form; a snapshot of another version is refused. */
  readonly version: number;
  /** Live entries. */
  size(): number;
  /** Counters and the like, not rows: one entry, whatever the operator holds. */
  readonly isScalar?: boolean;
  /** All entries, in the order in which `load` must see them again. */
  entries(): Iterable<StateEntry>;
  /** Replaces the content; also with nothing, once a pipe has ended. */
  load(entries: Iterable<StateEntry>): void;
  /**
   * What was written and what was removed since the last call (or since `load`); the first call begins to record, and
   * gives everything. A table without it is compared whole at every barrier: right for small ones.
   */
  changes?(): TableChanges;
}

/** What can be walked: an array, a set, or entries that are made as they are asked for, which costs a collector nothing. */
export interface Walk<T> {
  forEach(visit: (item: T) => void): void;
}

/**
 * A delta of one table: first clear, then remove, then put. Keys put in the order in which they came to be. All are walked,
 * perhaps more than once, before the operator goes on.
 */
export interface TableChanges {
  /** Beginnings of keys: all that was under them is gone. */
  readonly cleared?: Walk<readonly unknown[]>;
  readonly removed: Walk<readonly unknown[]>;
  readonly put: Walk<StateEntry>;
}

/** A walk over what is given anew each time. */
export function walkOf<T>(items: () => Iterable<T>): Walk<T> {
  return {
    forEach: (visit) => {
      for (const item of items()) visit(item);
    },
  };
}

/** What a walk meets. */
export function listOf<T>(walk: Walk<T>): T[] {
  const items: T[] = [];
  walk.forEach((item) => void items.push(item));
  return items;
}

/** The tables of one operator by name. */
export type StateTables = Readonly<Record<string, StateTable>>;

/** A table of one entry: counters and other scalars of an operator. */
export function cell(version: number, read: () => unknown, write: (value: unknown) => void): StateTable {
  return {
    version,
    isScalar: true,
    size: () => 1,
    entries: () => [[[], read()]],
    load: (entries) => {
      for (const [, value] of entries) write(value);
    },
  };
}
