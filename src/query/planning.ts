import type { Json } from '../checkpoint/records';
import { TidemarkError } from '../errors';
import type { PlanNode } from '../traits';
import type { Pipeline } from './pipeline';

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
    description: description as Json,
    inputs: inputs.map((input) => input.id),
  }));
  return { operators: nodes, outputs: pipeline.outputs.map(({ name, mode, plan }) => ({ name, mode, from: plan.id })) };
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

const TIMEKEEPERS = new Set(['withWatermark', 'withTimestamps', 'reassignWatermark', 'mergeStreams']);
