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
  /** Replaces the content. */
  load(entries: Iterable<StateEntry>): void;
  /**
   * What was written and what was removed since the last call (or since `load`); the first call begins to record, and
   * gives everything. A table without it is compared whole at every barrier: right for small ones.
   */
  changes?(): TableChanges;
}

/** A delta of one table: first remove, then put, in this order. Keys put in the order in which they came to be. */
export interface TableChanges {
  readonly removed: Iterable<readonly unknown[]>;
  readonly put: Iterable<StateEntry>;
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
