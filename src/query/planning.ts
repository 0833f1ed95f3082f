import type { OperatorState } from '../checkpoint';
import type { Json } from '../checkpoint/records';
import { checkOption, TidemarkError } from '../errors';
import type { PlanNode } from '../traits';
import type { Pipeline } from './pipeline';
import type { Settings } from './settings';

/** The operators of all outputs, each once, upstream first. */
export function nodesOf(pipeline: Pipeline): PlanNode[] {
  const seen = new Set<PlanNode>();
  const gather = (node: PlanNode): void => {
    if (seen.has(node)) return;
    node.inputs.forEach(gather);
    seen.add(node);
  };
  pipeline.outputs.forEach(({ plan }) => gather(plan));
  return [...seen];
}

/** The plan as plain data: compared with the one a checkpoint was written by. */
export function planOf(pipeline: Pipeline): Json {
  const nodes = nodesOf(pipeline).map(({ id, type, description, inputs }) => ({
    id,
    type,
    description: plain(description),
    inputs: inputs.map((input) => input.id),
  }));
  return { operators: nodes, outputs: pipeline.outputs.map(({ name, mode, plan }) => ({ name, mode, from: plan.id })) };
}

/** An operator may be described by a number that JSON does not have: a threshold that is never reached. */
function plain(value: unknown): Json {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value as Json;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
}

/** State that outlives the process is found by its operator's id, so the user names it. Watermarks keep nothing of value. */
export function checkIds(pipeline: Pipeline): void {
  const nameless = nodesOf(pipeline).filter(({ stateful, named, type }) => stateful && named !== true && !TIMEKEEPERS.has(type));
  const [first] = nameless;
  if (first === undefined) return;
  const key = first.description['key'] ?? first.description['columns'];
  const proposal = [first.type, ...(Array.isArray(key) ? (key as string[]) : [])].join('-');
  throw new TidemarkError(
    'TIDEMARK_ID_REQUIRED',
    `with a durable checkpoint '${first.type}' needs an id: add id: '${proposal}'`,
    { operator: first.id, proposal },
  );
}

/** The operators as the checkpoint compares them: those whose state has been migrated have a later version. */
export function withMigrations(
  schemas: ReadonlyMap<string, Pick<OperatorState, 'type' | 'schema'>>,
  migrate: Settings['migrate'],
): Map<string, OperatorState> {
  const operators = new Map<string, OperatorState>(schemas);
  for (const [id, { version, steps }] of Object.entries(migrate)) {
    const operator = operators.get(id);
    const known = [...operators.keys()];
    checkOption(operator !== undefined, `migrate: no stateful operator has the id '${id}'`, { id, known });
    operators.set(id, { ...operator, version, migrate: steps });
  }
  return operators;
}

/** The watermark itself is in plans and commits: with another delay, or at another place, it goes on from there. */
export const TIMEKEEPERS: ReadonlySet<string> = new Set(['withWatermark', 'withTimestamps', 'reassignWatermark', 'mergeStreams']);
