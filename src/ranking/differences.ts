import type { Change, Pane, Window } from '../element';
import type { Ranked } from './best';

type Row = Record<string, unknown>;

/** How ranked rows are said. */
export interface Wording {
  /** The column that the rank goes into, from 1; without it rows are said as they are, by arrival. */
  readonly rank?: string;
  readonly windowed: boolean;
}

export function rowOf({ row }: Ranked, rank: number, window: Window | undefined, wording: Wording): Row {
  return {
    ...(row as Row),
    ...(wording.windowed ? { window } : {}),
    ...(wording.rank === undefined ? {} : { [wording.rank]: rank }),
  };
}

/**
 * What turns one list of ranked rows into another: what has left is deleted first, then what is new is put. With a rank the
 * change's key ends with it, and every rank that another row has now is said again; without, it ends with the row's number.
 */
export function differences(
  before: readonly Ranked[],
  after: readonly Ranked[],
  identity: readonly unknown[],
  window: Window | undefined,
  wording: Wording,
  pane: Pane,
): Change<Row>[] {
  const change = (op: Change<Row>['op'], one: Ranked, at: number): Change<Row> => {
    const last = wording.rank === undefined ? one.arrival : at + 1;
    return { op, key: [...identity, last], row: rowOf(one, at + 1, window, wording), pane };
  };
  const has = (rows: readonly Ranked[], one: Ranked, at: number): boolean =>
    wording.rank === undefined ? rows.some(({ arrival }) => arrival === one.arrival) : rows[at]?.arrival === one.arrival;
  const gone = (one: Ranked, at: number): boolean => (wording.rank === undefined ? !has(after, one, at) : at >= after.length);
  return [
    ...before.flatMap((one, at) => (gone(one, at) ? [change('delete', one, at)] : [])),
    ...after.flatMap((one, at) => (has(before, one, at) ? [] : [change('upsert', one, at)])),
  ];
}
