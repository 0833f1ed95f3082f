import type { Observable } from 'rxjs';
import {
  aggregate,
  assigned,
  assignWindows,
  dropDuplicates,
  events,
  filterRows,
  flatMapRows,
  mapRows,
  mergeStreams,
  onUpdate,
  session,
  sliding,
  tumbling,
  withTimestamps,
  withWatermark,
  type Assigner,
  type Element,
  type Window,
} from 'tidemark';
import { previousRows } from '../../../operators/previousRows';
import { lacking, lackingIfListed, type Feature } from '../features';
import { malformed } from '../shape';
import { columnsOf, selectOf } from './aggregates';
import { Columns, type Row } from './columns';
import { valueOf } from './expression';
import type { OpOf, QueryOperator, Table } from './operators';
import { testOf } from './predicate';
import { lookupOf } from './staticJoin';

type Stream = Observable<Element<Row>>;

/** Windows that a `window` operator stated and that nobody has asked for as a column yet. */
interface Pending {
  readonly as: string;
  readonly assigner: Assigner<Row>;
}

/** One operator's output: what is known of it, and how to make it. Nothing is made before the whole query is understood. */
export interface PlanNode {
  readonly columns: Columns;
  readonly timed: boolean;
  /** The column with the event time, where there is one. */
  readonly time?: string;
  readonly watermark: boolean;
  readonly pending?: Pending;
  /** Complete mode: changes whose last rows are the table. */
  readonly isTable?: true;
  /** The stream; without the pending windows. */
  readonly open: () => Stream;
}

export interface PlanContext {
  readonly mode: 'append' | 'complete';
  readonly streams: Readonly<Record<string, PlanNode>>;
  readonly tables: Readonly<Record<string, Table>>;
}

/** A query that is understood: its last node, and what the library lacks for it. */
export interface Plan {
  readonly output: PlanNode;
  readonly lacks: readonly Feature[];
  /** The operators behind the table of complete mode. */
  readonly tail: readonly QueryOperator[];
  readonly ids: readonly string[];
}

const OPTIONS = { maxFutureSkew: false } as const;

/** A stream of rows that come from outside. */
export function sourceNode(columns: readonly string[], source: Observable<Row>): PlanNode {
  return { columns: new Columns(columns), timed: false, watermark: false, open: () => events(source) as unknown as Stream };
}

export function planOf(query: readonly QueryOperator[], context: PlanContext): Plan {
  return new Planner(query, context).plan();
}

class Planner {
  private readonly named = new Map<string, PlanNode>();
  private readonly lacks: Feature[] = [];
  private before: PlanNode | undefined;

  constructor(
    private readonly query: readonly QueryOperator[],
    private readonly context: PlanContext,
  ) {
    for (const [name, node] of Object.entries(context.streams)) this.named.set(name, node);
  }

  plan(): Plan {
    const lastAggregate = this.query.map(({ op }) => op).lastIndexOf('aggregate');
    const end = this.context.mode === 'complete' && lastAggregate >= 0 ? lastAggregate + 1 : this.query.length;
    const ids: string[] = [];
    for (const [i, op] of this.query.slice(0, end).entries()) {
      this.before = this.node(op, `query[${i}] (${op.op})`);
      if (op.id === undefined) continue;
      if (this.named.has(op.id)) malformed(`query[${i}]`, `the id '${op.id}' is given twice`);
      this.named.set(op.id, this.before);
      ids.push(op.id);
    }
    return { output: this.before ?? this.only('query'), lacks: this.lacks, tail: this.query.slice(end), ids };
  }

  private only(at: string): PlanNode {
    const streams = Object.values(this.context.streams);
    return streams.length === 1 ? streams[0]! : malformed(at, `which stream? There are ${streams.length}`);
  }

  private streamOf(name: string, at: string): PlanNode {
    return this.named.get(name) ?? malformed(at, `there is no stream or operator '${name}'`);
  }

  private input({ in: name }: QueryOperator, at: string): PlanNode {
    return name === undefined ? (this.before ?? this.only(at)) : this.streamOf(name, at);
  }

  private lack(...features: readonly Feature[]): void {
    this.lacks.push(...features);
  }

  private node(op: QueryOperator, at: string): PlanNode {
    this.lack(...lackingIfListed(`operator ${op.op}`));
    switch (op.op) {
      case 'withWatermark':
        return this.withWatermark(op, this.input(op, at));
      case 'select':
        return selected(op, this.input(op, at));
      case 'filter':
        return filtered(op, this.input(op, at), at);
      case 'compute':
        return computed(op, this.input(op, at), at);
      case 'joinStatic':
        return this.joinStatic(op, this.input(op, at), at);
      case 'window':
      case 'sessionWindow':
        return this.window(op, this.input(op, at));
      case 'union':
        return this.union(op, at);
      case 'dropDuplicates':
        return distinct(op, this.input(op, at));
      case 'aggregate':
        return this.aggregate(op, this.input(op, at), at);
      case 'previousRows':
        return withPrevious(op, this.input(op, at), at);
      default:
        return this.notYet(op, at);
    }
  }

  private withWatermark({ column, delayMs, id }: OpOf<'withWatermark'>, given: PlanNode): PlanNode {
    const input = materialised(given);
    input.columns.check(column);
    const options = id === undefined ? OPTIONS : { ...OPTIONS, id };
    // Complete mode has no late rows and never closes a window.
    const watermark = this.context.mode === 'append';
    const give = watermark ? withWatermark<Stream>(column as never, delayMs, options) : withTimestamps<Stream>(column as never, options);
    return { ...input, timed: true, time: column, watermark, open: once(() => (input.open() as Observable<never>).pipe(give) as never) };
  }

  private window(op: OpOf<'window'> | OpOf<'sessionWindow'>, given: PlanNode): PlanNode {
    const { column, as } = op;
    const input = this.timedBy(column, materialised(given));
    const assigner = op.op === 'window' ? gridOf(op) : sessionOf(op, input.columns);
    return { ...input, columns: input.columns.with(as, true), pending: { as, assigner } };
  }

  /** Windows are over the event time; where a stream has none yet, the window's column is it. */
  private timedBy(column: string, input: PlanNode): PlanNode {
    input.columns.check(column);
    if (input.timed && input.time !== column) this.lack(lacking('window over another time'));
    if (input.timed) return input;
    const give = withTimestamps<Stream>(column as never, OPTIONS);
    return { ...input, timed: true, time: column, open: once(() => (input.open() as Observable<never>).pipe(give) as never) };
  }

  private joinStatic({ table: name, type, on }: OpOf<'joinStatic'>, given: PlanNode, at: string): PlanNode {
    const input = materialised(given);
    const table = this.context.tables[name] ?? malformed(at, `there is no table '${name}'`);
    const lookup = lookupOf(table, input.columns, type, on, at);
    const columns = input.columns.and(new Columns(table.columns));
    return { ...input, columns, open: once(() => input.open().pipe(flatMapRows(lookup))) };
  }

  private union({ inputs }: OpOf<'union'>, at: string): PlanNode {
    const given = inputs.map((name) => materialised(this.streamOf(name, at)));
    const [first] = given as [PlanNode, ...PlanNode[]];
    if (given.some(({ columns }) => columns.names.length !== first.columns.names.length)) malformed(at, 'the inputs have not the same columns');
    if (given.some(({ timed }) => !timed)) this.lack(lacking('union of rows without event time'));
    return { ...first, open: once(() => mergeStreams<Row>(given.map((node) => alike(node, first)))) };
  }

  private aggregate(op: OpOf<'aggregate'>, given: PlanNode, at: string): PlanNode {
    const isComplete = this.context.mode === 'complete';
    const windows = op.keys.filter((key) => given.columns.isWindow(key));
    given.columns.check(...op.keys);
    if (given.isTable) this.lack(lacking('complete mode of several aggregates'));
    if (windows.length > 1) this.lack(lacking('window of a window'));
    if (windows.length === 0 && !isComplete) this.lack(lacking('aggregate without a window in append mode'));
    return aggregated(op, given, windows[0], isComplete, at);
  }

  /** Operators that can be read and not run: their columns are worked out, so that the rest of the query can be checked. */
  private notYet(op: QueryOperator, at: string): PlanNode {
    switch (op.op) {
      case 'join':
        return this.join(op, at);
      case 'mapGroupsWithState':
      case 'flatMapGroupsWithState':
      case 'transformWithState': {
        const input = materialised(this.input(op, at));
        input.columns.check(...op.keys);
        return never({ columns: new Columns(['key', 'n']), timed: input.timed, watermark: input.watermark });
      }
      case 'windowTime': {
        const input = materialised(this.input(op, at));
        input.columns.check(op.window);
        return never({ ...input, columns: input.columns.with(op.as), time: op.as });
      }
      case 'sort': {
        const input = materialised(this.input(op, at));
        input.columns.check(...op.by.map(([column]) => column));
        return never(input);
      }
      case 'failOnce': {
        const input = materialised(this.input(op, at));
        input.columns.check(op.column);
        return never(input);
      }
      default: {
        const input = materialised(this.input(op, at));
        if (op.op === 'dropDuplicatesWithinWatermark') input.columns.check(...(op.columns ?? []));
        return never(input);
      }
    }
  }

  private join(op: OpOf<'join'>, at: string): PlanNode {
    const left = materialised(this.streamOf(op.left, at));
    const right = materialised(this.streamOf(op.right, at));
    left.columns.check(...op.on.map(([column]) => column), ...(op.timeRange === undefined ? [] : [op.timeRange.left]));
    right.columns.check(...op.on.map(([, column]) => column), ...(op.timeRange === undefined ? [] : [op.timeRange.right]));
    if (op.where?.left !== undefined) testOf(op.where.left, left.columns, `${at}.where.left`);
    if (op.where?.right !== undefined) testOf(op.where.right, right.columns, `${at}.where.right`);
    const columns = op.type === 'left_semi' ? left.columns : left.columns.and(right.columns);
    const { time } = left;
    return never({ columns, timed: left.timed || right.timed, watermark: left.watermark || right.watermark, ...(time === undefined ? {} : { time }) });
  }
}

function never(node: Omit<PlanNode, 'open'>): PlanNode {
  return { ...node, open: () => malformed('query', 'an operator that cannot be run') };
}

/** A stream is one object, however often it is asked for. */
function once(make: () => Stream): () => Stream {
  let made: Stream | undefined;
  return () => (made ??= make());
}

/** With the windows as a column. */
function materialised(node: PlanNode): PlanNode {
  const { pending, ...rest } = node;
  if (pending === undefined) return node;
  return { ...rest, open: once(() => node.open().pipe(assignWindows(pending.assigner, pending.as)) as unknown as Stream) };
}

function gridOf({ sizeMs, slideMs = sizeMs, offsetMs = 0 }: OpOf<'window'>): Assigner<Row> {
  // Spark's grid is modulo the slide; the library takes an offset within one.
  const options = { offset: offsetMs % slideMs };
  return slideMs === sizeMs ? tumbling(sizeMs, options) : sliding(sizeMs, slideMs, options);
}

function sessionOf({ gapMs, gapColumn }: OpOf<'sessionWindow'>, columns: Columns): Assigner<Row> {
  if ((gapMs === undefined) === (gapColumn === undefined)) malformed('sessionWindow', 'gapMs or gapColumn expected');
  return gapColumn === undefined ? session(gapMs as number) : session<Row>(columns.reader(gapColumn) as (row: Row) => number | null);
}

/** Windows that are not looked at stay pending: an aggregate further down can still make them itself. */
function keepsPending(node: PlanNode, used: readonly string[]): boolean {
  return node.pending !== undefined && !used.some((name) => node.columns.source(name) === node.pending!.as);
}

function filtered({ where }: OpOf<'filter'>, given: PlanNode, at: string): PlanNode {
  const input = keepsPending(given, mentioned(where, given.columns)) ? given : materialised(given);
  const test = testOf(where, input.columns, at);
  return { ...input, open: once(() => input.open().pipe(filterRows(test))) };
}

function computed({ as, expr }: OpOf<'compute'>, given: PlanNode, at: string): PlanNode {
  const input = keepsPending(given, [...mentioned(expr, given.columns), ...(given.columns.has(as) ? [as] : [])]) ? given : materialised(given);
  const value = valueOf(expr, input.columns, at);
  const { time, ...rest } = input;
  return {
    ...rest,
    ...(time === undefined || time === as ? {} : { time }),
    columns: input.columns.with(as),
    open: once(() => input.open().pipe(mapRows((row) => ({ ...row, [as]: value(row) })))),
  };
}

/** Every text in a predicate or expression that is a column: more than are read, which only costs a shortcut. */
function mentioned(given: unknown, columns: Columns): readonly string[] {
  if (typeof given === 'string') return columns.names.some((name) => given === name || given.startsWith(`${name}.`)) ? [given] : [];
  if (typeof given !== 'object' || given === null) return [];
  return Object.values(given).flatMap((part) => mentioned(part, columns)).filter((name) => isColumn(name, columns));
}

function isColumn(name: string, columns: Columns): boolean {
  return columns.has(name) || columns.windows.some((window) => name === `${window}.start` || name === `${window}.end`);
}

function selected({ columns: pairs }: OpOf<'select'>, given: PlanNode): PlanNode {
  given.columns.check(...pairs.map(([column]) => column));
  const window = pairs.find(([column]) => column === given.pending?.as);
  const others = pairs.filter((one) => one !== window);
  const isKept = window !== undefined && keepsPending(given, others.map(([column]) => column));
  const input = isKept ? given : materialised(given);
  const renamed = (name: string | undefined): string | undefined => pairs.find(([column]) => column === name)?.[1];
  const windows = pairs.filter(([column]) => input.columns.isWindow(column)).map(([, name]) => name);
  const { time: _time, pending: _pending, ...rest } = input;
  const time = renamed(input.time);
  const pending = isKept ? { as: window[1], assigner: given.pending!.assigner } : undefined;
  return {
    ...rest,
    ...(time === undefined ? {} : { time }),
    ...(pending === undefined ? {} : { pending }),
    columns: new Columns(pairs.map(([, name]) => name), windows),
    open: once(() => projected(input, isKept ? others : pairs)),
  };
}

/** A window that gets a new name is told to the library as one. */
function projected(input: PlanNode, pairs: readonly (readonly [string, string])[]): Stream {
  const parts = pairs.map(([column, name]) => [name, input.columns.reader(column)] as const);
  const stream = input.open().pipe(mapRows((row): Row => Object.fromEntries(parts.map(([name, read]) => [name, read(row)]))));
  const moved = pairs.filter(([column, name]) => column !== name && input.columns.isWindow(column));
  return moved.reduce((source, [, name]) => withWindow(source, name, name), stream as Stream);
}

function withWindow(source: Stream, from: string, as: string): Stream {
  return source.pipe(assignWindows(assigned<Row>(from as never), as)) as unknown as Stream;
}

/** An input of a union under the names of the first. */
function alike(node: PlanNode, first: PlanNode): Stream {
  const pairs = node.columns.names.map((name, i) => [name, first.columns.names[i]!] as const);
  return pairs.every(([a, b]) => a === b) ? node.open() : projected(node, pairs);
}

function distinct({ id, columns }: OpOf<'dropDuplicates'>, given: PlanNode): PlanNode {
  const input = materialised(given);
  const names = columns ?? input.columns.names;
  input.columns.check(...names);
  const byTime = input.watermark && input.time !== undefined && names.includes(input.time);
  const unbounded = !byTime && !names.some((name) => input.columns.isWindow(name));
  const options = {
    ...(id === undefined ? {} : { id }),
    ...(byTime ? { timeColumn: input.time as string } : {}),
    ...(unbounded ? { unbounded } : {}),
  };
  return { ...input, open: once(() => input.open().pipe(dropDuplicates<Row>(names, options))) };
}

type Windowed = Row & { readonly window: Window };

function aggregated(op: OpOf<'aggregate'>, given: PlanNode, windowColumn: string | undefined, isComplete: boolean, at: string): PlanNode {
  const { keys, aggs, id } = op;
  const specs = Object.values(aggs);
  const isDirect = given.pending !== undefined && given.pending.as === windowColumn && keepsPending(given, specs.flatMap(columnsOf));
  const input = isDirect ? given : materialised(given);
  const key = Object.fromEntries(keys.filter((name) => name !== windowColumn).map((name) => [name, input.columns.reader(name)]));
  const options = {
    ...(id === undefined ? {} : { id }),
    ...(Object.keys(key).length === 0 ? {} : { key }),
    ...(windowColumn === undefined ? {} : { window: isDirect ? given.pending!.assigner : assigned<Row>(windowColumn as never) }),
    select: selectOf(aggs, input.columns, at),
    ...(isComplete ? { emit: onUpdate() } : {}),
  };
  const columns = new Columns([...keys, ...Object.keys(aggs)], windowColumn === undefined ? [] : [windowColumn]);
  const made = (): Stream => input.open().pipe(aggregate(options as never) as never);
  if (isComplete) return { columns, timed: false, watermark: false, isTable: true, open: once(made) };
  const open = once(() => (windowColumn === undefined || windowColumn === 'window' ? made() : withWindow(made(), 'window', windowColumn)));
  return { columns, timed: true, watermark: input.watermark, open };
}

function withPrevious({ keys, n, aggs, id }: OpOf<'previousRows'>, given: PlanNode, at: string): PlanNode {
  const input = materialised(given);
  const key = Object.fromEntries(keys.map((name) => [name, input.columns.reader(name)]));
  const options = { ...(id === undefined ? {} : { id }), ...(keys.length === 0 ? {} : { key }), n, select: selectOf(aggs, input.columns, at) };
  const columns = Object.keys(aggs).reduce((known, name) => known.with(name), input.columns);
  return { ...input, columns, open: once(() => input.open().pipe(previousRows(options)) as unknown as Stream) };
}

/** A row of a result under the names of the query. */
export function namedRow(row: Row, columns: Columns): Row {
  const [window] = columns.windows;
  return window === undefined ? row : { ...row, [window]: (row as Windowed).window };
}

/** The output's rows, with the windows in it. */
export function outputOf(node: PlanNode): PlanNode {
  return materialised(node);
}
