import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Subject } from 'rxjs';
import { outcomes, type Change, type Outcome } from 'tidemark';
import { sameValue } from '../compare';
import { placeFor, type Backend } from '../query/backends';
import type { Columns, Row } from '../query/columns';
import { goldenOperator, summaryOperator, type QueryOperator, type Table } from '../query/operators';
import { sourceNode } from '../query/nodes';
import { planOf, type Plan } from '../query/plan';
import { finished, ResultTable, tailPlan } from '../query/table';
import {
  anything,
  dictOf,
  flag,
  index,
  isRecord,
  listOf,
  malformed,
  maybe,
  object,
  oneOf,
  positive,
  someOf,
  tagged,
  text,
  type Shape,
  type Shaped,
} from '../shape';
import { Skip, skipIfLacking } from '../verdict';
import { deliver, type Arriving } from './arrival';
import { batchesOf, runBatches } from './batches';
import { checkColumns, checkOutput, expectation } from './expect';
import { columnNames, isInstalled, load, sourceShape, type SourceSpec } from './source';
import { checkSummary, summarise } from './summary';

const batchBy: Shape<number | string> = (value, at) => (typeof value === 'string' ? value : positive(value, at));

const caseShape = object({
  name: text,
  note: maybe(text),
  origin: maybe(anything),
  tags: maybe(listOf(text)),
  differs: maybe(text),
  needs: maybe(text),
  streams: dictOf(sourceShape),
  tables: maybe(dictOf(sourceShape)),
  query: listOf(goldenOperator),
  outputMode: oneOf('append', 'update', 'complete'),
  execution: tagged('mode', { element: {}, microbatch: { batchBy } }),
  flush: flag,
  summary: maybe(someOf(summaryOperator)),
  expect: expectation,
  expectLate: maybe(dictOf(index)),
});
type GoldenCase = Shaped<typeof caseShape>;

/** The fields of a golden file. */
export const goldenFile = object({
  format: oneOf(1),
  suite: text,
  data: text,
  origin: maybe(anything),
  note: maybe(text),
  cases: anything,
});

export function isGoldenFile(file: unknown): boolean {
  return isRecord(file) && file['format'] !== undefined && file['data'] !== undefined;
}

/** Where the files of a golden file lie. A root that nobody gave may be missing: then there is nothing to run on. */
export interface DataRoot {
  readonly path: string;
  readonly isMissing: boolean;
}

export function dataRootOf(data: string, folder: string, given: string | undefined): DataRoot {
  const path = given ?? resolve(folder, data);
  return { path, isMissing: given === undefined && !existsSync(path) };
}

/** Runs one case of a golden file; throws what is wrong with it. */
export async function runGoldenCase(given: unknown, root: DataRoot, backend: Backend): Promise<void> {
  const one = caseShape(given, 'case');
  if (Object.keys(one.streams).length === 0) malformed('streams', 'there is none');
  const sources = new Map(Object.entries(one.streams).map(([name]) => [name, new Subject<Row>()]));
  const isThere = one.needs === undefined || isInstalled(one.needs, 'needs');
  const plan = understood(one, sources);
  if (one.differs !== undefined) throw new Skip('differs', one.differs);
  if (!isThere) throw new Skip(`(c) needs ${one.needs}`, 'the package is not installed');
  skipIfLacking(plan.lacks);
  if (root.isMissing) throw new Skip('(c) data', 'the data are not beside the checkout');
  const batchBy = batchesOfQuery(one);
  return batchBy === undefined ? execute(one, plan, sources, root.path) : executeInBatches(one, batchBy, root.path, backend);
}

/**
 * How a case is cut into batches, if it runs as a query: micro-batches do. Complete mode does not depend on batching. Several
 * aggregates in it are a plain pipe: all but the last wait for the end; a query, as Spark, has one table. Update mode row by
 * row is a plain pipe too; only a query says groups by the event time itself before they are over, and judges their rows.
 */
function batchesOfQuery({ execution, outputMode, query }: GoldenCase): number | string | undefined {
  if (outputMode === 'complete' && query.filter(({ op }) => op === 'aggregate').length > 1) return undefined;
  if (execution.mode === 'microbatch') return execution.batchBy;
  return outputMode === 'update' && isByTime(query) ? 1 : undefined;
}

function isByTime(query: GoldenCase['query']): boolean {
  const times = query.flatMap((op) => (op.op === 'withWatermark' ? [op.column] : []));
  return query.some((op) => op.op === 'aggregate' && op.keys.some((key) => times.includes(key)));
}

/** In complete mode nothing is late, and nothing hangs on a watermark but the rows of an outer join that stay alone. */
function isNeverLate({ outputMode, query }: GoldenCase): boolean {
  return outputMode === 'complete' && !query.some((op) => op.op === 'join' && op.type === 'left_outer');
}

/** Reads the whole case against its columns, so that what is malformed shows before anything is skipped or run. */
function understood(one: GoldenCase, sources: ReadonlyMap<string, Subject<Row>>): Plan {
  const hasAggregate = one.query.some(({ op }) => op === 'aggregate');
  if (one.outputMode !== 'append' && !hasAggregate) malformed('outputMode', `${one.outputMode} mode needs an aggregate`);
  const empty = tablesOf(one.tables ?? {}, (spec) => ({ columns: columnNames(spec), rows: [] }));
  const { plan, columns } = planned(one, sources, empty);
  const output = checkSummary(one.summary ?? [], columns, empty);
  checkColumns(one.expect, output);
  const unknown = Object.keys(one.expectLate ?? {}).find((id) => !plan.ids.includes(id));
  if (unknown !== undefined) malformed('expectLate', `there is no operator '${unknown}'`);
  const { execution } = one;
  if (execution.mode === 'microbatch' && typeof execution.batchBy === 'string') {
    for (const spec of Object.values(one.streams))
      if (!columnNames(spec).includes(execution.batchBy)) malformed('execution', `no column '${execution.batchBy}'`);
  }
  return plan;
}

type Tables = Readonly<Record<string, Table>>;

function tablesOf(specs: Readonly<Record<string, SourceSpec>>, make: (spec: SourceSpec, name: string) => Table): Tables {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, make(spec, name)]));
}

function planned(one: GoldenCase, sources: ReadonlyMap<string, Subject<Row>>, tables: Tables): { plan: Plan; columns: Columns } {
  const streams = Object.fromEntries(
    Object.entries(one.streams).map(([name, spec]) => [name, sourceNode(columnNames(spec), sources.get(name)!)]),
  );
  const mode = one.outputMode;
  const inQuery = batchesOfQuery(one) === undefined ? {} : ({ inQuery: true } as const);
  const neverLate = isNeverLate(one) ? ({ neverLate: true } as const) : {};
  const countsLate = one.expectLate === undefined ? {} : ({ countsLate: true } as const);
  const context = { mode, ...inQuery, ...neverLate, ...countsLate, streams, tables };
  const plan = planOf(one.query as readonly QueryOperator[], context);
  const tail = tailPlan(plan.tail, plan.output.columns, new Subject<Row>(), tables);
  return {
    plan: { ...plan, lacks: [...plan.lacks, ...tail.lacks], ids: [...plan.ids, ...tail.ids] },
    columns: tail.output.columns,
  };
}

function arrivingOf({ streams }: GoldenCase, root: string): readonly Arriving[] {
  return Object.entries(streams).map(([name, spec]) => ({
    name,
    rows: load(spec, root, `streams.${name}`).rows,
    arrival: spec.arrival,
  }));
}

function execute(one: GoldenCase, { ids }: Plan, sources: ReadonlyMap<string, Subject<Row>>, root: string): void {
  const tables = tablesOf(one.tables ?? {}, (spec, name) => load(spec, root, `tables.${name}`));
  const arriving = arrivingOf(one, root);
  const { plan, columns } = planned(one, sources, tables);
  const collected = new Collected(plan, ids, one.outputMode === 'update');
  deliver(arriving, (name, row) => {
    sources.get(name)!.next(row);
    collected.check();
  });
  if (one.flush || one.outputMode === 'complete') for (const source of sources.values()) source.complete();
  const output = { columns, rows: collected.rows(plan, tables) };
  collected.close();
  checkOutput(one.expect, summarise(one.summary ?? [], output, tables), root);
  for (const [id, late] of Object.entries(one.expectLate ?? {})) sameValue(`late rows of '${id}'`, late, collected.late.get(id));
}

/** The same as a streaming query. */
async function executeInBatches(one: GoldenCase, batchBy: number | string, root: string, backend: Backend): Promise<void> {
  const { query, outputMode, flush } = one;
  const tables = tablesOf(one.tables ?? {}, (spec, name) => load(spec, root, `tables.${name}`));
  const streams = Object.fromEntries(Object.entries(one.streams).map(([name, spec]) => [name, columnNames(spec)]));
  const batches = batchesOf(arrivingOf(one, root), batchBy);
  const place = placeFor(backend);
  try {
    const neverLate = isNeverLate(one);
    const spec = { streams, tables, query, outputMode, neverLate, keepsRejected: one.expectLate !== undefined };
    const { columns, rows, late } = await runBatches(spec, batches, flush, place.location);
    checkOutput(one.expect, summarise(one.summary ?? [], { columns, rows }, tables), root);
    for (const [id, expected] of Object.entries(one.expectLate ?? {})) {
      sameValue(`late rows of '${id}'`, expected, late.get(id) ?? 0);
    }
  } finally {
    await place.remove();
  }
}

/** What comes out of a query while it runs. */
class Collected {
  readonly late: Map<string, number>;
  private readonly table;
  private readonly appended: Row[] = [];
  private failure: { readonly error: unknown } | undefined;
  private readonly subscription;

  constructor({ output }: Plan, ids: readonly string[], keepsDeleted: boolean) {
    this.table = new ResultTable(keepsDeleted);
    this.late = new Map(ids.map((id) => [id, 0]));
    const stream = output.open().pipe(outcomes());
    this.subscription = stream.subscribe({
      next: (outcome) => this.take(outcome, output.isTable === true),
      error: (error: unknown) => (this.failure = { error }),
    });
  }

  private take(outcome: Outcome<Row>, isTable: boolean): void {
    if (outcome.kind === 'row') {
      if (isTable) this.table.take(outcome.row as unknown as Change<Row>);
      else this.appended.push(outcome.row);
    } else if (outcome.reason === 'late') {
      this.late.set(outcome.operator, (this.late.get(outcome.operator) ?? 0) + 1);
    }
  }

  /** A query that failed is not fed on. */
  check(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }

  rows({ output, tail }: Plan, tables: Tables): readonly Row[] {
    this.check();
    return output.isTable === true ? finished(tail, output.columns, this.table.rows, tables) : this.appended;
  }

  close(): void {
    this.subscription.unsubscribe();
  }
}
