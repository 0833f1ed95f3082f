import {
  aggregate,
  assigned,
  dropDuplicates,
  dropDuplicatesWithinWatermark,
  mapRows,
  onUpdate,
  previousRows,
  type Window,
} from 'tidemark';
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

export function distinctWithin({ id, columns }: OpOf<'dropDuplicatesWithinWatermark'>, given: PlanNode): PlanNode {
  const input = materialised(given);
  const names = columns ?? input.columns.names;
  input.columns.check(...names);
  return { ...input, open: once(() => input.open().pipe(dropDuplicatesWithinWatermark<Row>(names as never, named(id)))) };
}

/** The windows among the keys that carry event time. */
export function windowKeys({ keys }: OpOf<'aggregate'>, { columns, plainWindows }: PlanNode): readonly string[] {
  return keys.filter((key) => columns.isWindow(key) && !plainWindows?.includes(key));
}

/** In a query: groups by keys alone. Event time, or windows, among them say when a group is final. */
export function grouped({ keys, aggs, id }: OpOf<'aggregate'>, given: PlanNode, at: string): PlanNode {
  const input = materialised(given);
  const byTime = input.watermark && input.time !== undefined && keys.includes(input.time);
  const options = {
    ...named(id),
    ...keyed(keys, input.columns),
    ...(byTime ? { timeColumn: input.time } : {}),
    select: selectOf(aggs, input.columns, at),
  };
  const columns = new Columns(
    [...keys, ...Object.keys(aggs)],
    keys.filter((key) => input.columns.isWindow(key)),
  );
  const open = once(() => input.open().pipe(aggregate(options as never) as never));
  return { columns, timed: input.timed, watermark: input.watermark, isChange: true, open };
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
    open: once(() => (isNamed ? made() : renamed(made(), window))),
  };
}

/** A result under the names of the query: its window is called as the query calls it, and no longer `window`. */
function renamed(source: Stream, window: string): Stream {
  const rename = ({ window: _moved, ...row }: Row): Row => row;
  return withWindow(source, 'window', window).pipe(mapRows(rename));
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
