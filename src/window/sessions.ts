import type { Window } from '../element';
import type { KeyOf } from '../key';
import { orderOf } from '../state/orderOf';

/** One session of a key. */
export interface Session {
  readonly owner: Owner;
  start: number;
  end: number;
  acc: unknown;
  rows: number;
  /** When its first row arrived: sessions with the same end speak in this order. */
  arrival: number;
  spoken: boolean;
  overlapsClosed: boolean;
  gone: boolean;
  /** In which turn of the log it was touched last. */
  turn: number;
  /** The next one of the key, by time. */
  next: Session | undefined;
}

/** One key: its sessions by time, nearly always one. */
export interface Owner {
  readonly key: KeyOf;
  first: Session | undefined;
  /** End of its last session that is final. */
  closedEnd: number;
}

/** By end and arrival. */
export function inOrder(sessions: readonly Session[]): readonly Session[] {
  const ends = new Float64Array(sessions.length);
  for (let i = 0; i < ends.length; i++) ends[i] = sessions[i]!.end;
  const order = orderOf(ends);
  const sorted = new Array<Session>(order.length);
  for (let i = 0; i < order.length; i++) {
    const session = sessions[order[i]!]!;
    let at = i;
    while (at > 0 && sorted[at - 1]!.end === session.end && sorted[at - 1]!.arrival > session.arrival) {
      sorted[at] = sorted[at - 1]!;
      at--;
    }
    sorted[at] = session;
  }
  return sorted;
}

/** The session of a key that starts there. */
export function sessionAt(owner: Owner | undefined, start: number): Session | undefined {
  let session = owner?.first;
  while (session !== undefined && session.start !== start) session = session.next;
  return session;
}

/** The last session of a key that starts before. */
export function lastBefore({ first }: Owner, start: number): Session | undefined {
  let before: Session | undefined;
  for (let session = first; session !== undefined && session.start < start; session = session.next) before = session;
  return before;
}

/** Out of the list of its key. */
export function takeOut(session: Session): void {
  const { owner } = session;
  if (owner.first === session) {
    owner.first = session.next;
    return;
  }
  let before = owner.first!;
  while (before.next !== session) before = before.next!;
  before.next = session.next;
}

export function windowOf(session: Session): Window {
  const { start, end } = session;
  return session.overlapsClosed ? { start, end, overlapsClosed: true } : { start, end };
}
