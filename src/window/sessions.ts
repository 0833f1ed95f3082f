import type { Window } from '../element';
import type { KeyOf } from '../key';

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

/** Room for the place in the list, below the end, in the 53 bits of a number. */
const PLACES = 2 ** 20;

/**
 * By end and arrival. Sorted as plain numbers (end, place in the list), which takes a fraction of the time that a
 * comparing function does; those with the same end are then put in order of arrival.
 */
export function inOrder(sessions: readonly Session[]): readonly Session[] {
  const { length } = sessions;
  let [first, last] = [Infinity, -Infinity];
  for (let i = 0; i < length; i++) {
    const { end } = sessions[i]!;
    if (end < first) first = end;
    if (end > last) last = end;
  }
  if (length >= PLACES || !(last - first < 2 ** 32))
    return sessions.slice().sort((a, b) => a.end - b.end || a.arrival - b.arrival);
  const keys = new Float64Array(length);
  for (let i = 0; i < length; i++) keys[i] = (sessions[i]!.end - first) * PLACES + i;
  keys.sort();
  const sorted = new Array<Session>(length);
  for (let i = 0; i < length; i++) {
    const session = sessions[keys[i]! % PLACES]!;
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
