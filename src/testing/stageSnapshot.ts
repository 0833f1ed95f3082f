import { TidemarkError } from '../errors';
import type { Stage } from '../operator';
import type { StateEntry, StateTable, StateTables } from '../state/table';

/** The state of one operator as plain data. */
export interface StageSnapshot {
  readonly emit: number;
  readonly drop: number;
  readonly tables: Readonly<Record<string, { readonly version: number; readonly entries: readonly StateEntry[] }>>;
}

/** An operator of a graph. An asynchronous one has no tables: a barrier waits until nothing is on its way. */
type Restorable = Pick<Stage<unknown, unknown>, 'id' | 'emit' | 'drop'> & Partial<Stage<unknown, unknown>>;

/** The operator's own tables and, apart, the adapter's. */
function tablesOf(stage: Restorable): { readonly tables: StateTables; readonly watermarks: StateTable | undefined } {
  const { 'tidemark:watermarks': watermarks, ...tables } = stage.stateTables?.() ?? {};
  return { tables, watermarks };
}

export function snapshotOf(stage: Restorable): StageSnapshot {
  const tables: Record<string, { version: number; entries: StateEntry[] }> = {};
  for (const [name, table] of Object.entries(tablesOf(stage).tables)) {
    tables[name] = { version: table.version, entries: [...table.entries()] };
  }
  return { emit: stage.emit, drop: stage.drop, tables };
}

/** @throws TIDEMARK_STATE the operator has a table that is not there, or is of another version */
export function restoreStage(stage: Restorable, snapshot: StageSnapshot): void {
  const { tables, watermarks } = tablesOf(stage);
  for (const [name, table] of Object.entries(tables)) {
    const saved = snapshot.tables[name];
    if (saved === undefined || saved.version !== table.version) {
      const details = { found: saved?.version, expected: table.version };
      throw new TidemarkError('TIDEMARK_STATE', `state '${name}' of '${stage.id}' does not fit`, details);
    }
    table.load(saved.entries);
  }
  const { emit, drop } = snapshot;
  stage.emit = emit;
  stage.drop = drop;
  // An operator that makes its own watermark waits for those from upstream anew.
  const came = stage.processor?.ownsWatermark ? [-Infinity, -Infinity] : [emit, drop];
  watermarks?.load([[[], [emit, drop, ...came]]]);
  stage.restored?.();
}
