import { merge } from 'rxjs';
import { filterRows, flatMapRows, mapRows, mergeStreams, rows } from 'tidemark';
import { malformed } from '../shape';
import { Columns, type Row } from './columns';
import { valueOf } from './expression';
import { keepsPending, materialised, once, untimed, withWindow, type PlanNode, type Stream } from './nodes';
import type { OpOf, Table } from './operators';
import { testOf } from './predicate';
import { lookupOf } from './staticJoin';

type Pairs = readonly (readonly [column: string, name: string])[];

export function filtered({ where }: OpOf<'filter'>, given: PlanNode, at: string): PlanNode {
  const input = keepsPending(given, mentioned(where, given.columns)) ? given : materialised(given);
  const test = testOf(where, input.columns, at);
  return { ...input, open: once(() => input.open().pipe(filterRows(test))) };
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
    open: once(() => input.open().pipe(mapRows((row) => ({ ...row, [as]: value(row) })))),
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
    ...(isKept ? { pending: { as: window[1], assigner: given.pending!.assigner } } : {}),
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
  const moved = pairs.filter(([column, name]) => column !== name && input.columns.isWindow(column));
  return moved.reduce((source, [, name]) => withWindow(source, name, name), input.open().pipe(mapRows(project)));
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
  const columns = input.columns.and(new Columns(table.columns));
  return { ...input, columns, open: once(() => input.open().pipe(flatMapRows(lookup))) };
}

/** Inputs by position, under the names of the first. */
export function united(inputs: readonly [PlanNode, ...PlanNode[]], at: string): PlanNode {
  const [first] = inputs;
  const width = first.columns.names.length;
  if (inputs.some(({ columns }) => columns.names.length !== width)) malformed(at, 'the inputs have not the same columns');
  const isTimed = inputs.every(({ timed }) => timed);
  if (!isTimed && inputs.some(({ timed }) => timed)) malformed(at, 'some inputs have event time and some have none');
  const streams = (): readonly Stream[] => inputs.map((node) => alike(node, first));
  // Rows that have no event time yet are an ordinary Observable.
  const open = (): Stream =>
    isTimed ? mergeStreams(streams()) : untimed(merge(...streams().map((stream) => stream.pipe(rows()))));
  return { ...first, open: once(open) };
}

function alike(node: PlanNode, first: PlanNode): Stream {
  const pairs = node.columns.names.map((name, i) => [name, first.columns.names[i]!] as const);
  return pairs.every(([a, b]) => a === b) ? node.open() : projected(node, pairs);
}
