import { aggregate, assigned, dropDuplicates, onUpdate, previousRows, type Window } from 'tidemark';
import { columnsOf, selectOf } from './aggregates';
import { Columns, type Read, type Row } from './columns';
import { keepsPending, materialised, named, once, withWindow, type PlanNode, type Stream } from './nodes';
import type { OpOf } from './operators';

export function distinct({ id, columns }: OpOf<'dropDuplicates'>, given: PlanNode): PlanNode {
  const input = materialised(given);
  const names = columns ?? input.columns.names;
  input.columns.check(...names);
  const byTime = input.watermark && input.time !== undefined && names.includes(input.time);
  const unbounded = !byTime && !names.some((name) => input.columns.isWindow(name));
  const options = { ...named(id), ...(byTime ? { timeColumn: input.time as string } : {}), ...(unbounded ? { unbounded } : {}) };
  return { ...input, open: once(() => input.open().pipe(dropDuplicates<Row, 'event'>(names as never, options))) };
}

/** The columns of a key by name; nothing where there is none. */
function keyed(keys: readonly string[], columns: Columns): { readonly key?: Readonly<Record<string, Read>> } {
  return keys.length === 0 ? {} : { key: Object.fromEntries(keys.map((name) => [name, columns.reader(name)])) };
}

/** Windows that are still pending are made by the aggregate itself; others stand in a column. */
export function aggregated(
  op: OpOf<'aggregate'>,
  given: PlanNode,
  window: string | undefined,
  isComplete: boolean,
  at: string,
): PlanNode {
  const { keys, aggs, id } = op;
  const isDirect = given.pending?.as === window && keepsPending(given, Object.values(aggs).flatMap(columnsOf));
  const input = isDirect ? given : materialised(given);
  const others = keys.filter((name) => name !== window);
  const options = {
    ...named(id),
    ...keyed(others, input.columns),
    ...(window === undefined ? {} : { window: isDirect ? given.pending!.assigner : assigned<Row>(window as never) }),
    select: selectOf(aggs, input.columns, at),
    ...(isComplete ? { emit: onUpdate() } : {}),
  };
  const columns = new Columns([...keys, ...Object.keys(aggs)], window === undefined ? [] : [window]);
  const made = (): Stream => input.open().pipe(aggregate(options as never) as never);
  if (isComplete) return { columns, timed: false, watermark: false, isTable: true, open: once(made) };
  const isNamed = window === undefined || window === 'window';
  return {
    columns,
    timed: true,
    watermark: input.watermark,
    open: once(() => (isNamed ? made() : withWindow(made(), 'window', window))),
  };
}

/** A row of a result under the names of the query. */
export function namedRow(row: Row, columns: Columns): Row {
  const [window] = columns.windows;
  return window === undefined ? row : { ...row, [window]: row['window'] as Window };
}

export function withPrevious({ keys, n, aggs, id }: OpOf<'previousRows'>, given: PlanNode, at: string): PlanNode {
  const input = materialised(given);
  const options = { ...named(id), ...keyed(keys, input.columns), n, select: selectOf(aggs, input.columns, at) };
  const columns = Object.keys(aggs).reduce((known, name) => known.with(name), input.columns);
  return { ...input, columns, open: once(() => input.open().pipe(previousRows(options)) as unknown as Stream) };
}
