import {
  aggregate,
  assigned,
  dropDuplicates,
  dropDuplicatesWithinWatermark,
  finalOnly,
  mapChanges,
  mapRows,
  onClose,
  onUpdate,
  previousRows,
  reassignTimestamps,
  withTimestamps,
} from 'tidemark';
import { columnsOf, selectOf } from './aggregates';
import { Columns, type Read, type Row } from './columns';
import { keepsPending, materialised, named, once, withWindow, type PlanNode, type Stream } from './nodes';
import type { OpOf } from './operators';

export function distinct({ id, columns }: OpOf<'dropDuplicates'>, given: PlanNode): PlanNode {
  const input = timeless(materialised(given));
  const names = columns ?? input.columns.names;
  input.columns.check(...names);
  const byTime = input.watermark && input.time !== undefined && names.includes(input.time);
  const unbounded = !byTime && !names.some((name) => input.columns.isWindow(name));
  const options = { ...named(id), ...(byTime ? { timeColumn: input.time as string } : {}), ...(unbounded ? { unbounded } : {}) };
  return { ...input, open: once(() => input.open().pipe(dropDuplicates<Row, 'event'>(names as never, options))) };
}

/** Rows whose event time was left out, and no window of it is there: they are of one time. */
function timeless(input: PlanNode): PlanNode {
  if (input.isPastTime !== true || input.columns.names.some((name) => input.columns.isWindow(name))) return input;
  const stamp = reassignTimestamps<Row>(() => 0, { maxFutureSkew: false });
  return { ...input, watermark: false, open: once(() => input.open().pipe(stamp as never) as Stream) };
}

export function distinctWithin({ id, columns }: OpOf<'dropDuplicatesWithinWatermark'>, given: PlanNode): PlanNode {
  const input = materialised(given);
  const names = columns ?? input.columns.names;
  input.columns.check(...names);
  const { delayMs } = input;
  // A union may have watermarks of several delays; then it has to be said which one counts.
  const options = { ...named(id), ...(delayMs === undefined || delayMs < 0 ? {} : { within: delayMs }) };
  return { ...input, open: once(() => input.open().pipe(dropDuplicatesWithinWatermark<Row>(names as never, options))) };
}

/** The windows among the keys that carry event time. */
export function windowKeys({ keys }: OpOf<'aggregate'>, { columns, plainWindows }: PlanNode): readonly string[] {
  return keys.filter((key) => columns.isWindow(key) && !plainWindows?.includes(key));
}

/**
 * How an aggregate is to speak: `final` rows once they are, `asTheQuery` whose output mode says it, a `table` that changes,
 * or, where only the last aggregate is a table, `atTheEnd` of the input.
 */
export type Speech = 'final' | 'asTheQuery' | 'table' | 'atTheEnd';

/** Groups by keys alone. Event time, or windows, among them say when a group is final. */
export function grouped({ keys, aggs, id }: OpOf<'aggregate'>, given: PlanNode, speech: Speech, at: string): PlanNode {
  const input = materialised(given);
  const windows = keys.filter((key) => input.columns.isWindow(key));
  const byTime = input.watermark && input.time !== undefined && keys.includes(input.time);
  const isFinal = speech === 'final' && input.watermark && (byTime || windows.some((key) => !input.plainWindows?.includes(key)));
  const options = {
    ...named(id),
    ...keyed(keys, input.columns),
    ...(byTime ? { timeColumn: input.time } : {}),
    ...(isFinal ? { emit: onClose() } : {}),
    select: selectOf(aggs, input.columns, at),
  };
  const columns = new Columns([...keys, ...Object.keys(aggs)], windows);
  const made = (): Stream => input.open().pipe(aggregate(options as never) as never);
  const base = { columns, watermark: input.watermark, plainWindows: input.plainWindows ?? [] };
  if (isFinal) return { ...base, timed: true, ...(byTime ? { time: input.time! } : {}), open: once(made) };
  if (speech === 'atTheEnd') {
    // Only a stream with event time has an end: rows without get one that says nothing.
    const rows = (): Stream => (input.timed ? input.open() : (input.open().pipe(withTimestamps(() => 0) as never) as Stream));
    return { ...base, timed: true, open: once(() => rows().pipe(aggregate(options as never), finalOnly() as never) as Stream) };
  }
  return { ...base, timed: input.timed, ...(speech === 'table' ? { isTable: true } : {}), isChange: true, open: once(made) };
}

/** The columns of a key by name; nothing where there is none. */
function keyed(keys: readonly string[], columns: Columns): { readonly key?: Readonly<Record<string, Read>> } {
  return keys.length === 0 ? {} : { key: Object.fromEntries(keys.map((name) => [name, columns.reader(name)])) };
}

/** Windows that are still pending are made by the aggregate itself; others stand in a column. */
export function aggregated(op: OpOf<'aggregate'>, given: PlanNode, window: string, speech: Speech, at: string): PlanNode {
  const { keys, aggs, id } = op;
  const isDirect = given.pending?.as === window && keepsPending(given, Object.values(aggs).flatMap(columnsOf));
  const input = isDirect ? given : materialised(given);
  const others = keys.filter((name) => name !== window);
  const options = {
    ...named(id),
    ...keyed(others, input.columns),
    window: isDirect ? given.pending!.assigner : assigned<Row>(window as never),
    select: selectOf(aggs, input.columns, at),
    ...(speech === 'table' ? { emit: onUpdate() } : {}),
  };
  const columns = new Columns([...keys, ...Object.keys(aggs)], [window]);
  const made = (): Stream => input.open().pipe(aggregate(options as never) as never);
  if (speech === 'table') {
    const open = once(() => made().pipe(mapChanges(moved(window)) as never) as Stream);
    return { columns, timed: false, watermark: false, isTable: true, isChange: true, open };
  }
  const open = once(() => (window === 'window' ? made() : renamed(made(), window)));
  return { columns, timed: true, watermark: input.watermark, open };
}

/** A result under the names of the query: its window is called as the query calls it, and no longer `window`. */
function renamed(source: Stream, window: string): Stream {
  const rename = ({ window: _moved, ...row }: Row): Row => row;
  return withWindow(source, 'window', window).pipe(mapRows(rename));
}

function moved(name: string): (row: Row) => Row {
  return ({ window, ...row }) => ({ [name]: window, ...row });
}

export function withPrevious({ keys, n, aggs, id }: OpOf<'previousRows'>, given: PlanNode, at: string): PlanNode {
  const input = materialised(given);
  const options = { ...named(id), ...keyed(keys, input.columns), n, select: selectOf(aggs, input.columns, at) };
  const columns = Object.keys(aggs).reduce((known, name) => known.with(name), input.columns);
  return { ...input, columns, open: once(() => input.open().pipe(previousRows(options)) as unknown as Stream) };
}
