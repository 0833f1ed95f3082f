import { merge } from 'rxjs';
import {
  filterChanges,
  flatMapChanges,
  filterRows,
  flatMapRows,
  limitRows,
  mapChanges,
  mapRows,
  mergeStreams,
  rows,
  sortRows,
  withTimestamps,
  type Clock,
} from 'tidemark';
import { malformed } from '../shape';
import { Columns, type Row } from './columns';
import { valueOf } from './expression';
import { keepsPending, materialised, named, once, untimed, withWindow, type PlanNode, type Stream } from './nodes';
import type { OpOf, Table } from './operators';
import { testOf } from './predicate';
import { lookupOf } from './staticJoin';

type Pairs = readonly (readonly [column: string, name: string])[];

export function filtered({ where }: OpOf<'filter'>, given: PlanNode, at: string): PlanNode {
  const input = keepsPending(given, mentioned(where, given.columns)) ? given : materialised(given);
  const test = testOf(where, input.columns, at);
  return { ...input, open: once(() => kept(input, test)) };
}

/** Changes are filtered and mapped by operators of their own. */
function kept(input: PlanNode, keep: (row: Row, clock: Clock) => boolean): Stream {
  const filter = input.isChange ? (filterChanges(keep) as never) : filterRows<Row, 'event'>(keep);
  return input.open().pipe(filter);
}

function mapped(input: PlanNode, map: (row: Row) => Row): Stream {
  return input.open().pipe(input.isChange ? (mapChanges(map) as never) : mapRows<Row, Row, 'event'>(map));
}

/** The whole table of complete mode. */
export function sorted({ by }: OpOf<'sort'>, given: PlanNode): PlanNode {
  const input = materialised(given);
  const keys = by.map(([column, direction]) => [input.columns.reader(column), direction] as const);
  return { ...input, open: once(() => input.open().pipe(sortRows(keys as never))) };
}

/** The first rows of the whole life of the query; in complete mode, of each table. */
export function limited({ n, id }: OpOf<'limit'>, given: PlanNode): PlanNode {
  const input = materialised(given);
  return { ...input, open: once(() => input.open().pipe(limitRows<Row, 'event'>(n, named(id)))) };
}

/** Fails at the first sight of a value, and never again. */
export function failingOnce({ column, equals }: OpOf<'failOnce'>, given: PlanNode, failed: Set<string>, at: string): PlanNode {
  const input = materialised(given);
  const read = input.columns.reader(column);
  const check = (row: Row): boolean => {
    if (failed.has(at) || read(row) !== equals) return true;
    failed.add(at);
    throw new Error(`${column} is ${String(equals)} for the first time`);
  };
  return { ...input, open: once(() => kept(input, check)) };
}

export function computed({ as, expr }: OpOf<'compute'>, given: PlanNode, at: string): PlanNode {
  const used = [...mentioned(expr, given.columns), ...(given.columns.has(as) ? [as] : [])];
  const input = keepsPending(given, used) ? given : materialised(given);
  const value = valueOf(expr, input.columns, at);
  const { time, ...rest } = input;
  return {
    ...rest,
    ...(time === undefined || time === as ? {} : { time }),
    columns: input.columns.with(as),
    open: once(() => mapped(input, (row) => ({ ...row, [as]: value(row) }))),
  };
}

/** Every text in a predicate or expression that is a column: more than are read, which only costs a shortcut. */
function mentioned(given: unknown, columns: Columns): readonly string[] {
  if (typeof given === 'string') return isColumn(given, columns) ? [given] : [];
  if (typeof given !== 'object' || given === null) return [];
  return Object.values(given).flatMap((part) => mentioned(part, columns));
}

function isColumn(name: string, columns: Columns): boolean {
  return columns.has(name) || columns.windows.some((window) => name === `${window}.start` || name === `${window}.end`);
}

export function selected({ columns: pairs }: OpOf<'select'>, given: PlanNode): PlanNode {
  given.columns.check(...pairs.map(([column]) => column));
  const window = pairs.find(([column]) => column === given.pending?.as);
  const others = pairs.filter((one) => one !== window);
  const otherColumns = others.map(([column]) => column);
  const isKept = window !== undefined && keepsPending(given, otherColumns);
  const input = isKept ? given : materialised(given);
  const { time: _time, pending: _pending, ...rest } = input;
  const time = pairs.find(([column]) => column === input.time)?.[1];
  return {
    ...rest,
    ...(time === undefined ? {} : { time }),
    ...(time === undefined && input.time !== undefined ? { isPastTime: true as const } : {}),
    ...(isKept ? { pending: { as: window[1], assigner: given.pending!.assigner } } : {}),
    plainWindows: pairs.filter(([column]) => input.plainWindows?.includes(column)).map(([, name]) => name),
    columns: selectedColumns(pairs, input.columns),
    open: once(() => projected(input, isKept ? others : pairs)),
  };
}

export function selectedColumns(pairs: Pairs, columns: Columns): Columns {
  const windows = pairs.filter(([column]) => columns.isWindow(column)).map(([, name]) => name);
  const names = pairs.map(([, name]) => name);
  return new Columns(names, windows);
}

/** A window that gets a new name is told to the library as one. */
function projected(input: PlanNode, pairs: Pairs): Stream {
  const project = projection(pairs, input.columns);
  const isMoved = ([column, name]: Pairs[number]): boolean =>
    column !== name && input.columns.isWindow(column) && !input.isChange && !input.plainWindows?.includes(column);
  return pairs.filter(isMoved).reduce((source, [, name]) => withWindow(source, name, name), mapped(input, project));
}

export function projection(pairs: Pairs, columns: Columns): (row: Row) => Row {
  const parts = pairs.map(([column, name]) => [name, columns.reader(column)] as const);
  return (row) => Object.fromEntries(parts.map(([name, read]) => [name, read(row)]));
}

export function joinedStatic(
  op: OpOf<'joinStatic'>,
  given: PlanNode,
  tables: Readonly<Record<string, Table>>,
  at: string,
): PlanNode {
  const input = materialised(given);
  const table = Object.hasOwn(tables, op.table) ? tables[op.table]! : malformed(at, `there is no table '${op.table}'`);
  const lookup = lookupOf(table, input.columns, op.type, op.on, at);
  const columns = op.type === 'left_semi' ? input.columns : input.columns.and(new Columns(table.columns));
  const join = input.isChange ? (flatMapChanges(lookup) as never) : flatMapRows<Row, Row, 'event'>(lookup);
  return { ...input, columns, open: once(() => input.open().pipe(join) as Stream) };
}

/** Inputs by position, under the names of the first. */
export function united(given: readonly [PlanNode, ...PlanNode[]], at: string, inQuery: boolean): PlanNode {
  const inputs = timedAlike(given);
  const [first] = inputs;
  const width = first.columns.names.length;
  if (inputs.some(({ columns }) => columns.names.length !== width)) malformed(at, 'the inputs have not the same columns');
  const isTimed = inputs.every(({ timed }) => timed);
  const streams = (): readonly Stream[] => inputs.map((node) => alike(node, first));
  // Rows that have no event time yet are an ordinary Observable.
  const open = (): Stream =>
    isTimed || inQuery ? mergeStreams(streams()) : untimed(merge(...streams().map((stream) => stream.pipe(rows()))));
  return { ...first, open: once(open) };
}

/** Where one input has event time, the others have it in the same place, though no watermark. */
function timedAlike(inputs: readonly [PlanNode, ...PlanNode[]]): readonly [PlanNode, ...PlanNode[]] {
  const timed = inputs.find(({ timed: isTimed, time }) => isTimed && time !== undefined);
  if (timed === undefined) return inputs;
  const place = timed.columns.names.indexOf(timed.time!);
  return inputs.map((input): PlanNode => {
    const time = input.columns.names[place];
    if (input.timed || time === undefined) return input;
    const give = withTimestamps(time as never, { maxFutureSkew: false });
    return { ...input, timed: true, time, open: once(() => input.open().pipe(give as never) as Stream) };
  }) as unknown as readonly [PlanNode, ...PlanNode[]];
}

function alike(node: PlanNode, first: PlanNode): Stream {
  const pairs = node.columns.names.map((name, i) => [name, first.columns.names[i]!] as const);
  return pairs.every(([a, b]) => a === b) ? node.open() : projected(node, pairs);
}
