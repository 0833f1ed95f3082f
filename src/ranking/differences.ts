import { copyOf } from '../copy';
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
  const said: Row = copyOf(row as Row);
  if (wording.windowed) said['window'] = window;
  if (wording.rank !== undefined) said[wording.rank] = rank;
  return said;
}

/** A list of ranked rows, and the window it is said with. */
export interface Standing {
  readonly rows: readonly Ranked[];
  readonly window: Window | undefined;
}

/**
 * What turns one list of ranked rows into another: what has left is deleted first, then what is new is put. With a rank the
 * change's key ends with it, and every rank that another row has now is said again; without, it ends with the row's number.
 * A session that has grown is said again as a whole.
 */
export function differences(
  before: Standing,
  after: Standing,
  identity: readonly unknown[],
  wording: Wording,
  pane: Pane,
): Change<Row>[] {
  const grew = before.window?.end !== after.window?.end;
  if (!grew && isSame(before.rows, after.rows)) return [];
  const byRank = wording.rank !== undefined;
  const changes: Change<Row>[] = [];
  const say = (op: Change<Row>['op'], { window }: Standing, one: Ranked, at: number): void => {
    changes.push({ op, key: [...identity, byRank ? at + 1 : one.arrival], row: rowOf(one, at + 1, window, wording), pane });
  };
  const had = byRank ? undefined : arrivalsOf(before.rows);
  const has = byRank ? undefined : arrivalsOf(after.rows);
  const isGone = ({ arrival }: Ranked, at: number): boolean => (has === undefined ? at >= after.rows.length : !has.has(arrival));
  const isNew = ({ arrival }: Ranked, at: number): boolean =>
    grew || (had === undefined ? before.rows[at]?.arrival !== arrival : !had.has(arrival));
  before.rows.forEach((one, at) => isGone(one, at) && say('delete', before, one, at));
  after.rows.forEach((one, at) => isNew(one, at) && say('upsert', after, one, at));
  return changes;
}

function isSame(before: readonly Ranked[], after: readonly Ranked[]): boolean {
  if (before.length !== after.length) return false;
  for (let i = 0; i < after.length; i++) if (before[i]!.arrival !== after[i]!.arrival) return false;
  return true;
}

function arrivalsOf(rows: readonly Ranked[]): ReadonlySet<number> {
  return new Set(rows.map(({ arrival }) => arrival));
}
