import { lackingIfListed, type Feature } from '../features';
import { placeFor, type Backend } from '../query/backends';
import { isRecord, list, malformed } from '../shape';
import { Skip, skipIfLacking } from '../verdict';
import { queryCase, tableCase } from './case';
import { runDurations } from './durations';
import { runGroupStateError, runGroupStateUpdate } from './groupState';
import { checkJoinWatermark } from './joinWatermark';
import { SparkRun } from './sparkRun';
import { stepsOf, type Step } from './steps';

/** Runs one case of a Spark file; throws what is wrong with it. */
export async function runSparkCase(given: unknown, backend: Backend): Promise<void> {
  if (isRecord(given) && given['kind'] !== undefined) return runTable(given);
  const one = queryCase(given, 'case');
  const steps = stepsOf(one.steps);
  if (Object.keys(one.streams).length === 0) malformed('streams', 'there is none');
  const place = placeFor(backend);
  try {
    const run = new SparkRun(one, place.location);
    run.check(steps);
    if (one.differs !== undefined) throw new Skip('differs', one.differs);
    skipIfLacking(admitted([...(run.plan?.lacks ?? []), ...steps.flatMap(lackedBy)], one.tags ?? []));
    await run.run(steps);
  } finally {
    await place.remove();
  }
}

type RunRows = (rows: readonly unknown[]) => void;

const each =
  (run: (row: unknown, at: string) => void): RunRows =>
  (rows) =>
    rows.forEach((row, i) => run(row, `row ${i + 1}`));

const TABLES: Readonly<Record<string, RunRows>> = {
  groupStateUpdate: each(runGroupStateUpdate),
  groupStateError: each(runGroupStateError),
  joinOutputWatermark: each(checkJoinWatermark),
  durationMs: runDurations,
};

function runTable(given: unknown): void {
  const { kind, table, tags = [] } = tableCase(given, 'case');
  const rows = list(table, 'table');
  skipIfLacking(admitted(lackingIfListed(`table ${kind}`), tags));
  const run = TABLES[kind] ?? malformed('kind', `the table '${kind}' cannot be run`);
  run(rows);
}

/** What differs on purpose is only left out where the case says that it may be. */
function admitted(features: readonly Feature[], tags: readonly string[]): readonly Feature[] {
  const isOptional = tags.includes('optional') || tags.includes('limit');
  const listed = features.filter(({ kind }) => kind !== 'a' || isOptional);
  return [...listed].sort((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0));
}

function lackedBy(step: Step): readonly Feature[] {
  return step.kind === 'expectError' ? lackingIfListed(`refusal ${step.expectError.reason}`) : [];
}
