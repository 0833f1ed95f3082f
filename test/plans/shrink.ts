import { check, type Trial } from './check';
import type { Batch, Input } from './data';
import { factsOf } from './facts';
import { inputsOf, type Plan } from './plan';

/** A smaller trial that fails too: fewer operators, batches, restarts, rows. */
export async function shrink(trial: Trial, most = 400): Promise<Trial> {
  let smallest = trial;
  let tries = 0;
  for (let found = true; found && tries < most;) {
    found = false;
    for (const candidate of smaller(smallest)) {
      if (++tries > most) break;
      if ((await check(candidate)) === undefined) continue;
      smallest = candidate;
      found = true;
      break;
    }
  }
  return smallest;
}

function* smaller(trial: Trial): Generator<Trial> {
  for (const plan of smallerPlans(trial.plan)) if (makesSense(plan)) yield { ...trial, plan };
  yield* fewerBatches(trial);
  for (const side of [0, 1] as const) {
    const { length } = trial.inputs[side].rows;
    for (let size = length; size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < length; from += size) yield without(trial, side, from, from + size);
    }
  }
}

function makesSense(plan: Plan): boolean {
  try {
    return Boolean(factsOf(plan));
  } catch {
    return false;
  }
}

/** An operator less: one of its inputs takes its place. */
function* smallerPlans(plan: Plan): Generator<Plan> {
  yield* inputsOf(plan);
  if (plan.op === 'source') return;
  for (const of of smallerPlans(plan.of)) yield { ...plan, of };
  if ('other' in plan) for (const other of smallerPlans(plan.other)) yield { ...plan, other };
}

function* fewerBatches(trial: Trial): Generator<Trial> {
  const { batches } = trial;
  const last = batches[batches.length - 1]!;
  if (batches.length > 1) yield { ...trial, batches: [last] };
  for (let i = 0; i < batches.length - 1; i++) yield { ...trial, batches: batches.filter((_batch, at) => at !== i) };
  for (const one of batches) {
    if (one.restart) yield { ...trial, batches: batches.map((batch) => (batch === one ? { ...batch, restart: false } : batch)) };
  }
}

function without(trial: Trial, side: 0 | 1, from: number, to: number): Trial {
  const input = trial.inputs[side];
  const inputs = [...trial.inputs] as [Input, Input];
  inputs[side] = { ...input, rows: input.rows.filter((_row, at) => at < from || at >= to) };
  const gone = (end: number): number => Math.max(0, Math.min(end, to) - from);
  const batches = trial.batches.map((batch): Batch => {
    const ends = [...batch.to] as [number, number];
    ends[side] -= gone(ends[side]);
    return { ...batch, to: ends };
  });
  return { ...trial, inputs, batches };
}
