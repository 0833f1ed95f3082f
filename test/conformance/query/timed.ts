import type { Observable } from 'rxjs';
import {
  flatMapRows,
  mapRows,
  reassignTimestamps,
  session,
  sliding,
  tumbling,
  windowTime,
  withTimestamps,
  withWatermark,
  type Assigner,
} from 'tidemark';
import { malformed } from '../shape';
import type { Columns, Row } from './columns';
import { isNull } from './compare';
import { materialised, named, once, type PlanNode, type Stream } from './nodes';
import type { OpOf } from './operators';

const OPTIONS = { maxFutureSkew: false } as const;

type Timing = (rows: Observable<never>) => Observable<unknown>;

function timed(input: PlanNode, time: string, watermark: boolean, give: Timing): PlanNode {
  return { ...input, timed: true, time, watermark, open: once(() => give(input.open() as Observable<never>) as Stream) };
}

/** Where nothing is ever late it takes the times, and no watermark. */
export function watermarked({ column, delayMs, id }: OpOf<'withWatermark'>, given: PlanNode, neverLate: boolean): PlanNode {
  const input = materialised(given);
  const options = { ...OPTIONS, ...named(id) };
  const give = neverLate ? withTimestamps(column as never, options) : withWatermark(column as never, delayMs, options);
  return { ...timed(input, column, !neverLate, give as Timing), delayMs };
}

/** The column is the event time from here on, and there is no watermark. */
export function stampedBy(input: PlanNode, column: string): PlanNode {
  input.columns.check(column);
  const stamp = input.timed ? reassignTimestamps : withTimestamps;
  return timed(input, column, false, stamp(column as never, OPTIONS) as unknown as Timing);
}

/** Windows are over the event time; where a stream has none yet, the window's column is it. */
export function windowed(op: OpOf<'window'> | OpOf<'sessionWindow'>, given: PlanNode): PlanNode {
  const { column, as } = op;
  const rows = materialised(given);
  rows.columns.check(column);
  const input = rows.timed ? rows : stampedBy(rows, column);
  const assigner = op.op === 'window' ? gridOf(op) : sessionOf(op, input.columns);
  return { ...input, columns: input.columns.with(as, true), pending: { as, assigner } };
}

/** Sessions over a column that is not the event time: from there on it is, and there is no watermark. */
export function sessionsAnew(op: OpOf<'sessionWindow'>, given: PlanNode): PlanNode {
  return windowed(op, stampedBy(materialised(given), op.column));
}

/** Windows over a column that is not the event time: columns like others, which say nothing of when a group is final. */
export function windowedBeside(op: OpOf<'window'>, given: PlanNode): PlanNode {
  const { column, as } = op;
  const input = materialised(given);
  const read = input.columns.reader(column);
  const assigner = gridOf(op);
  const windows = (row: Row): readonly Row[] => {
    const time = read(row);
    return typeof time === 'number' ? assigner.assign(time, row).map((window) => ({ ...row, [as]: window })) : [];
  };
  return {
    ...input,
    columns: input.columns.with(as, true),
    plainWindows: [...(input.plainWindows ?? []), as],
    open: once(() => input.open().pipe(flatMapRows(windows))),
  };
}

/** The last instant of a window as a column, and, if the window is over event time, as the event time. */
export function windowTimed({ window, as }: OpOf<'windowTime'>, given: PlanNode): PlanNode {
  const input = materialised(given);
  const end = input.columns.reader(`${window}.end`);
  const columns = input.columns.with(as);
  if (input.timed && input.plainWindows?.includes(window) !== true) {
    const restamp = windowTime<Row, string>(window as never, as);
    return { ...input, columns, time: as, open: once(() => input.open().pipe(restamp) as unknown as Stream) };
  }
  const map = (row: Row): Row => ({ ...row, [as]: isNull(end(row)) ? null : (end(row) as number) - 1 });
  return { ...input, columns, open: once(() => input.open().pipe(mapRows<Row, Row, 'event'>(map))) };
}

function gridOf({ sizeMs, slideMs = sizeMs, offsetMs = 0 }: OpOf<'window'>): Assigner<Row> {
  // Spark's grid is modulo the slide; the library takes an offset within one.
  const options = { offset: offsetMs % slideMs };
  return slideMs === sizeMs ? tumbling(sizeMs, options) : sliding(sizeMs, slideMs, options);
}

function sessionOf({ gapMs, gapColumn }: OpOf<'sessionWindow'>, columns: Columns): Assigner<Row> {
  if ((gapMs === undefined) === (gapColumn === undefined)) malformed('sessionWindow', 'gapMs or gapColumn expected');
  // A row whose gap is none is in no session.
  if (gapColumn === undefined) return (gapMs as number) > 0 ? session(gapMs as number) : session<Row>(() => gapMs as number);
  return session<Row>(columns.reader(gapColumn) as (row: Row) => number | null);
}
