import { Subject } from 'rxjs';
import { outcomes, TidemarkError, type Change } from 'tidemark';
import { sameItems, sameSequence } from '../compare';
import { lacking, lackingIfListed, type Feature } from '../features';
import { UnknownColumn, type Columns, type Row } from '../query/columns';
import { sparkOperator, type QueryOperator, type Table } from '../query/operators';
import { sourceNode, type PlanNode } from '../query/nodes';
import { planOf, type Plan } from '../query/plan';
import { finished, ResultTable, tailPlan } from '../query/table';
import { anything, dictOf, isRecord, list, listOf, malformed, maybe, object, oneOf, text, type Shaped } from '../shape';
import { skipIfLacking } from '../verdict';
import { runGroupStateError, runGroupStateUpdate } from './groupState';
import { checkJoinWatermark } from './joinWatermark';
import { namesOf, rowOf, streamShape, tableShape } from './rows';
import { confShape, stepsOf, type Step, type StepOf } from './steps';

const about = {
  name: text,
  sparkTest: maybe(text),
  status: maybe(oneOf('verbatim', 'adapted', 'derived')),
  note: maybe(text),
  caveat: maybe(text),
  tags: maybe(listOf(text)),
};

const queryCase = object({
  ...about,
  differs: maybe(text),
  conf: maybe(confShape),
  outputMode: oneOf('append', 'update', 'complete'),
  streams: dictOf(streamShape),
  tables: maybe(dictOf(tableShape)),
  query: listOf(sparkOperator),
  steps: anything,
});
type QueryCase = Shaped<typeof queryCase>;

const tableCase = object({
  ...about,
  kind: oneOf('groupStateUpdate', 'groupStateError', 'joinOutputWatermark', 'eventTimeStats', 'durationMs'),
  table: anything,
});

/** The fields of a Spark file. */
export const sparkFile = object({
  format: oneOf(1),
  suite: text,
  origin: maybe(anything),
  commitRead: maybe(anything),
  note: maybe(text),
  cases: anything,
});

export function isSparkFile(file: unknown): boolean {
  return isRecord(file) && file['format'] !== undefined;
}

/** Runs one case of a Spark file; throws what is wrong with it. */
export function runSparkCase(given: unknown): void {
  if (isRecord(given) && given['kind'] !== undefined) return runTable(given);
  const one = queryCase(given, 'case');
  const steps = stepsOf(one.steps);
  const run = understood(one, steps);
  if (run === undefined) return;
  skipIfLacking(admitted(run.lacks(), one.tags ?? []));
  run.start();
  for (const step of steps) run.step(step);
  run.stop();
}

/** How the library refuses what the cases expect to be refused. */
const REFUSALS: Readonly<Record<string, readonly string[]>> = {
  'negative-delay': ['TIDEMARK_OPTION', 'TIDEMARK_DURATION'],
  'watermark-redefined': ['TIDEMARK_WATERMARK_REDEFINED'],
  'join-needs-equality': ['TIDEMARK_OPTION'],
};

/** The query, built; undefined when it was refused as the case expects. */
function understood(one: QueryCase, steps: readonly Step[]): BatchRun | undefined {
  try {
    return new BatchRun(one, steps);
  } catch (error) {
    const expected = steps.find((step) => step.kind === 'expectError')?.expectError.reason;
    if (expected === undefined) throw error;
    if (error instanceof UnknownColumn && expected === 'unknown-column') skipIfLacking([lacking('refusal unknown-column')]);
    if (error instanceof TidemarkError && REFUSALS[expected]?.includes(error.code) === true) return undefined;
    throw error;
  }
}

const TABLES: Readonly<Record<string, (row: unknown, at: string) => void>> = {
  groupStateUpdate: runGroupStateUpdate,
  groupStateError: runGroupStateError,
  joinOutputWatermark: checkJoinWatermark,
};

function runTable(given: unknown): void {
  const { kind, table, tags = [] } = tableCase(given, 'case');
  const rows = list(table, 'table');
  skipIfLacking(admitted([...lackingIfListed(`table ${kind}`)], tags));
  const run = TABLES[kind] ?? malformed('kind', `the table '${kind}' cannot be run`);
  rows.forEach((row, i) => run(row, `row ${i + 1}`));
}

/** What differs on purpose is only left out where the case says that it may be. */
function admitted(features: readonly Feature[], tags: readonly string[]): readonly Feature[] {
  const isOptional = tags.includes('optional') || tags.includes('limit');
  const listed = features.filter(({ kind }) => kind !== 'a' || isOptional);
  return [...listed].sort((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0));
}

type Tables = Readonly<Record<string, Table>>;

/** A query without a watermark: what it says does not hang on how its rows are cut into batches. */
class BatchRun {
  private readonly sources: ReadonlyMap<string, Subject<Row>>;
  private readonly tables: Tables;
  private readonly plan: Plan;
  private readonly columns: Columns;
  private readonly tailLacks: readonly Feature[];
  private readonly added: [name: string, row: Row][] = [];
  private readonly table = new ResultTable();
  private sink: Row[] = [];
  private failure: { readonly error: unknown } | undefined;
  private subscription: { unsubscribe(): void } | undefined;

  constructor(
    private readonly one: QueryCase,
    private readonly steps: readonly Step[],
  ) {
    const streams = Object.entries(one.streams);
    if (streams.length === 0) malformed('streams', 'there is none');
    this.sources = new Map(streams.map(([name]) => [name, new Subject<Row>()]));
    this.tables = Object.fromEntries(
      Object.entries(one.tables ?? {}).map(([name, spec]) => [name, tableOf(spec, `tables.${name}`)]),
    );
    const nodes = streams.map(([name, spec]): [string, PlanNode] => [name, sourceNode(namesOf(spec), this.sources.get(name)!)]);
    const mode = one.outputMode === 'append' ? 'append' : 'complete';
    this.plan = planOf(one.query as readonly QueryOperator[], { mode, streams: Object.fromEntries(nodes), tables: this.tables });
    const tail = tailPlan(this.plan.tail, this.plan.output.columns, new Subject<Row>(), this.tables);
    this.columns = tail.output.columns;
    this.tailLacks = tail.lacks;
    for (const step of steps) if (step.kind === 'add') this.rowsOf(step);
  }

  lacks(): readonly Feature[] {
    const { query, outputMode, conf } = this.one;
    const has = (op: QueryOperator['op']): boolean => query.some((one) => one.op === op);
    return [
      ...this.plan.lacks,
      ...this.tailLacks,
      ...(outputMode === 'update' ? [lacking('output mode update')] : []),
      ...(outputMode === 'append' && has('aggregate') ? [lacking('output mode append of an aggregate in batches')] : []),
      ...(has('withWatermark') ? [lacking('watermark in batches')] : []),
      ...(has('dropDuplicates') ? [lacking('operator dropDuplicates in batches')] : []),
      ...(has('dropDuplicatesWithinWatermark') ? [lacking('operator dropDuplicatesWithinWatermark in batches')] : []),
      ...(mentionsBatchTime(query) ? [lacking('batch time in a predicate')] : []),
      ...(conf === undefined ? [] : [lacking('conf of a query')]),
      ...this.steps.flatMap(lackedBy),
    ];
  }

  start(): void {
    const { output } = this.plan;
    const stream = output.open().pipe(outcomes());
    this.subscription = stream.subscribe({
      next: (outcome) => {
        if (outcome.kind !== 'row') return;
        if (output.isTable === true) this.table.take(outcome.row as unknown as Change<Row>);
        else this.sink.push(outcome.row);
      },
      error: (error: unknown) => (this.failure = { error }),
    });
  }

  stop(): void {
    this.subscription?.unsubscribe();
  }

  step(step: Step): void {
    if (step.kind === 'add') this.added.push(...this.rowsOf(step));
    else if (step.kind === 'run') this.run();
    else if (step.kind === 'expectNew') this.expectNew(step);
    else malformed(step.at, 'this step cannot be run');
  }

  private rowsOf({ at, add }: StepOf<'add'>): readonly [string, Row][] {
    return Object.entries(add).flatMap(([name, rows]) => {
      const spec = this.one.streams[name] ?? malformed(at, `there is no stream '${name}'`);
      return rows.map((values): [string, Row] => [name, rowOf(values, spec, at)]);
    });
  }

  private run(): void {
    const rows = this.added.splice(0);
    for (const [name, row] of rows) this.sources.get(name)!.next(row);
    if (this.failure !== undefined) throw this.failure.error;
    const { output, tail } = this.plan;
    if (output.isTable === true && rows.length > 0)
      this.sink = [...finished(tail, output.columns, this.table.rows(output.columns), this.tables)];
  }

  private expectNew({ at, expectNew, ordered }: StepOf<'expectNew'>): void {
    const readers = this.columns.names.map((name) => this.columns.reader(name));
    const got = this.sink.map((row) => readers.map((read) => plain(read(row))));
    this.sink = [];
    (ordered === true ? sameSequence : sameItems)(at, expectNew, got);
  }
}

/** A window column as the cases write it, where they do. */
function plain(value: unknown): unknown {
  return isRecord(value) && 'start' in value && 'end' in value ? [value['start'], value['end']] : value;
}

function tableOf(spec: Shaped<typeof tableShape>, at: string): Table {
  return { columns: namesOf(spec), rows: spec.rows.map((values) => rowOf(values, spec, at)) };
}

function mentionsBatchTime(given: unknown): boolean {
  if (typeof given !== 'object' || given === null) return false;
  return 'batchTimeMs' in given || Object.values(given).some(mentionsBatchTime);
}

function lackedBy(step: Step): readonly Feature[] {
  if (step.kind !== 'expectError') return lackingIfListed(`step ${step.kind}`);
  return [...lackingIfListed(`refusal ${step.expectError.reason}`), lacking('step expectError')];
}
