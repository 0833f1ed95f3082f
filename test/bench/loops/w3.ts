import type { Metric } from '../data';
import type { TotalRow } from '../rows';

interface Session {
  readonly k: string;
  start: number;
  end: number;
  n: number;
  nulls: number;
  total: number;
  /** False once it is given or has become part of another. */
  open: boolean;
  /** The key's other open session, if there is one. */
  next: Session | undefined;
}

type Wheel = Map<number, Session[]>;

/**
 * Sessions by key with count(*) and sum: a short list per key, and a wheel of buckets by end. A session that grows stays
 * in its bucket and moves when that comes up, so a row costs no work on the wheel.
 */
export function w3Loop(
  events: readonly Metric[],
  gap: number,
  delay: number,
  every: number,
  onRow: (row: TotalRow) => void,
): void {
  const keys = new Map<string, Session>();
  const wheel: Wheel = new Map();
  const width = Math.max(1, Math.floor(gap / 4));
  let max = -Infinity;
  let w = -Infinity;
  let rows = 0;
  let turned = Infinity; // the first bucket that may hold something
  for (let i = 0; i < events.length; i++) {
    const { t, k, v } = events[i]!;
    if (t + gap > w) {
      const first = keys.get(k);
      const into = first === undefined ? undefined : join(first, t, t + gap);
      if (into !== undefined) {
        into.n++;
        if (v === null) into.nulls++;
        else into.total += v;
      } else {
        const session = { k, start: t, end: t + gap, n: 1, nulls: v === null ? 1 : 0, total: v ?? 0, open: true, next: first };
        keys.set(k, session);
        const bucket = Math.floor(session.end / width);
        if (bucket < turned) turned = bucket;
        put(wheel, bucket, session);
      }
    }
    if (t > max) max = t;
    if (++rows >= every && max - delay > w) {
      rows = 0;
      w = max - delay;
      turned = turn(keys, wheel, width, turned, w, onRow);
    }
  }
  for (const first of keys.values())
    for (let rest: Session | undefined = first; rest !== undefined; rest = rest.next) say(rest, onRow);
}

/** The session that `[start, end)` belongs to (touching is enough), grown by it and joined with all others it reaches. */
function join(first: Session, start: number, end: number): Session | undefined {
  if (first.next === undefined) {
    if (start > first.end || end < first.start) return undefined;
    if (start < first.start) first.start = start;
    if (end > first.end) first.end = end;
    return first;
  }
  return joinMany(first, start, end);
}

function joinMany(first: Session, start: number, end: number): Session | undefined {
  let into: Session | undefined;
  let before: Session | undefined;
  for (let session: Session | undefined = first; session !== undefined; session = session.next) {
    const reached = start <= session.end && end >= session.start;
    if (reached && into !== undefined) {
      absorb(into, session);
      before!.next = session.next;
      continue;
    }
    if (reached) {
      into = session;
      // Sessions of a key never touch, so the grown one reaches others only by the row's own interval.
      if (start < into.start) into.start = start;
      if (end > into.end) into.end = end;
    }
    before = session;
  }
  return into;
}

function absorb(into: Session, session: Session): void {
  session.open = false;
  if (session.start < into.start) into.start = session.start;
  if (session.end > into.end) into.end = session.end;
  into.n += session.n;
  into.nulls += session.nulls;
  into.total += session.total;
}

function put(wheel: Wheel, bucket: number, session: Session): void {
  const list = wheel.get(bucket);
  if (list === undefined) wheel.set(bucket, [session]);
  else list.push(session);
}

/** Gives the sessions that ended up to `w`; says the bucket to go on with. */
function turn(
  keys: Map<string, Session>,
  wheel: Wheel,
  width: number,
  from: number,
  w: number,
  onRow: (row: TotalRow) => void,
): number {
  const to = Math.floor(w / width);
  for (let bucket = from; bucket <= to; bucket++) {
    const list = wheel.get(bucket);
    if (list === undefined) continue;
    wheel.delete(bucket);
    for (let i = 0; i < list.length; i++) {
      const session = list[i]!;
      if (!session.open) continue;
      if (session.end <= w) give(keys, session, onRow);
      else put(wheel, Math.floor(session.end / width), session);
    }
  }
  return Math.max(from, to);
}

function give(keys: Map<string, Session>, session: Session, onRow: (row: TotalRow) => void): void {
  session.open = false;
  const first = keys.get(session.k)!;
  if (first === session) {
    if (session.next === undefined) keys.delete(session.k);
    else keys.set(session.k, session.next);
  } else {
    let before = first;
    while (before.next !== session) before = before.next!;
    before.next = session.next;
  }
  say(session, onRow);
}

function say({ k, start, end, n, nulls, total }: Session, onRow: (row: TotalRow) => void): void {
  onRow({ window: { start, end }, k, n, total: n === nulls ? null : total });
}
