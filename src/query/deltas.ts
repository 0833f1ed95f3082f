import type { Json, OperatorDelta, StateImage, TableDelta } from '../checkpoint/records';
import { TidemarkError } from '../errors';
import type { Stage } from '../operator';
import { walkOf, type StateTable } from '../state/table';

type Stages = ReadonlyMap<string, Stage<unknown, unknown>>;

/** What each stateful operator's state is made for, by id. */
export function schemasOf(stages: Stages): Map<string, { type: string; schema: Json }> {
  const schemas = new Map<string, { type: string; schema: Json }>();
  for (const [id, { stateful, type, description }] of stages)
    if (stateful) schemas.set(id, { type, schema: description as Json });
  return schemas;
}

/** What changed in the state of all operators since the last call. */
export function deltasOf(stages: Stages): OperatorDelta[] {
  const deltas: OperatorDelta[] = [];
  for (const [id, stage] of stages) {
    if (!stage.stateful) continue;
    const tables: Record<string, TableDelta> = {};
    for (const [name, table] of Object.entries(stage.stateTables())) tables[name] = deltaOf(table);
    deltas.push({ id, type: stage.type, schema: stage.description as Json, tables });
  }
  return deltas;
}

/** Everything that the operators hold. Entries are made when they are asked for: not all of them at once. */
export function wholeOf(stages: Stages): OperatorDelta[] {
  const operators: OperatorDelta[] = [];
  for (const [id, stage] of stages) {
    if (!stage.stateful) continue;
    const tables: Record<string, TableDelta> = {};
    for (const [name, table] of Object.entries(stage.stateTables())) tables[name] = wholeTable(table);
    operators.push({ id, type: stage.type, schema: stage.description as Json, tables });
  }
  return operators;
}

function deltaOf(table: StateTable): TableDelta {
  const { version } = table;
  return table.changes === undefined ? wholeTable(table) : { version, whole: false, ...table.changes() };
}

function wholeTable(table: StateTable): TableDelta {
  return { version: table.version, whole: true, removed: [], put: walkOf(() => table.entries()) };
}

/** Loads the state of a commit into fresh operators. An operator that the state does not know starts empty. */
export function loadState(stages: Stages, image: StateImage): void {
  for (const [id, stage] of stages) {
    const saved = image.get(id);
    if (saved === undefined) continue;
    for (const [name, table] of Object.entries(stage.stateTables())) {
      const found = saved.tables[name];
      if (found === undefined || found.version !== table.version) {
        const details = { operator: id, table: name, found: found?.version, expected: table.version };
        throw new TidemarkError('TIDEMARK_STATE', `state '${name}' of '${id}' does not fit the operator`, details);
      }
      table.load(found.entries);
    }
    stage.restored();
  }
}
