import type { Folding } from '../aggregate/plan';
import type { Window } from '../element';
import { createKeyMap, type KeyMap, type KeyOf, type KeyReader } from '../key';
import type { Out } from '../operator';
import { Recorder } from '../state/recorder';
import { cell, type StateTables } from '../state/table';
import type { StoreParts } from './assigner';
import { RestingKeys } from './restingKeys';
import { SessionLog } from './sessionLog';
import { inOrder, lastBefore, sessionAt, takeOut, windowOf, type Owner, type Session } from './sessions';
import { closedTable, sessionTable, type SessionData } from './sessionTables';
import { lateDetail, type Visit, type WindowStore } from './store';
import { Deadlines } from '../state/deadlines';
import { byEnd, type Touched } from './touched';
import { Vanished } from './vanished';

/** The third was a watermark that nobody reads: what is written has its place, so that older state can be loaded. */
type Meta = [arrival: number, longestGap: number, unused: unknown, sweptTo: number];

/**
 * Sessions: a row is `[t, t + gap)`; windows of a key that overlap or touch merge (`next.start <= current.end`). A row is
 * late by its own end, before merging. Cost: O(1) amortised a row; a watermark looks only at sessions that may be due.
 *
 * Source: Spark's rules for session_window.
 */
export class SessionStore<T> implements WindowStore<T> {
  private readonly keys: KeyMap<Owner>;
  private readonly folding: Folding;
  private readonly reader: KeyReader<T>;
  private readonly columns: number;
  private readonly ending: Deadlines<Session>;
  /** Those that have spoken and may still be corrected. */
  private readonly closing: Deadlines<Session>;
  private arrival = 0;
  private longestGap = 0;
  private sweptTo = -Infinity;
  private readonly resting = new RestingKeys();
  private last: Session | undefined;
  private readonly vanished = new Vanished();
  private sessions = 0;
  private readonly log: SessionLog;
  /** Of the keys. */
  private readonly recorder: Recorder;
  private rows = 0;

  constructor(
    /** The gap of a row in ms; NaN when it is in no session. */
    private readonly gapOf: (row: T) => number,
    parts: StoreParts<T>,
    stepMs: number,
  ) {
    this.folding = parts.folding;
    this.reader = parts.reader;
    this.columns = parts.reader.columns.length;
    this.keys = createKeyMap(this.columns);
    this.log = new SessionLog(this.columns);
    this.recorder = new Recorder(this.columns);
    this.ending = new Deadlines<Session>(stepMs, (session) => (session.gone || session.spoken ? NaN : session.end));
    this.closing = new Deadlines<Session>(stepMs, (session) => (session.gone || !session.spoken ? NaN : session.end));
  }

  add(time: number, row: T, drop: number, out: Out<unknown>): boolean {
    const end = time + this.gapOf(row);
    if (end !== end) {
      out.reject('noWindow', time, row);
      return false;
    }
    if (end <= drop) {
      out.reject('late', time, row, lateDetail([{ start: time, end }], drop));
      return false;
    }
    const key = this.reader.read(row);
    const value = this.folding.read(row);
    if (end - time > this.longestGap) this.longestGap = end - time;
    const owner = this.ownerOf(key);
    const session = this.place(owner, time, end);
    this.folding.add(session.acc, value, this.arrival++);
    session.rows++;
    this.rows++;
    this.last = session;
    if (this.log.isOn) this.log.touch(session);
    return true;
  }

  private ownerOf(key: KeyOf): Owner {
    let owner = this.keys.get(key);
    if (owner === undefined) {
      owner = { key: Array.isArray(key) ? key.slice() : key, first: undefined, closedEnd: -Infinity };
      this.keys.set(key, owner);
      this.recorder.written(key);
    }
    return owner;
  }

  /** The session that `[start, end)` belongs to, after merging; a new one if it touches none. */
  private place(owner: Owner, start: number, end: number): Session {
    this.vanished.begin();
    let before: Session | undefined;
    let session = owner.first;
    while (session !== undefined && session.end < start) {
      before = session;
      session = session.next;
    }
    if (session === undefined || session.start > end) return this.schedule(this.insert(owner, before, session, start, end));
    if (start < session.start) this.moveStart(session, start);
    for (let { next } = session; next !== undefined && next.start <= Math.max(end, session.end); next = session.next) {
      session.next = next.next;
      this.merge(session, next);
    }
    if (end > session.end) this.extend(session, end);
    return session;
  }

  private insert(owner: Owner, before: Session | undefined, next: Session | undefined, start: number, end: number): Session {
    const session: Session = {
      owner,
      start,
      end,
      acc: this.folding.create(),
      rows: 0,
      arrival: this.arrival,
      spoken: false,
      overlapsClosed: start <= owner.closedEnd,
      gone: false,
      turn: -1,
      next,
    };
    if (before === undefined) owner.first = session;
    else before.next = session;
    this.sessions++;
    return session;
  }

  /** Behind the last sweep it has its turn at once: what is said of it now is a correction. */
  private schedule(session: Session): Session {
    session.spoken = session.end <= this.sweptTo;
    (session.spoken ? this.closing : this.ending).add(session);
    return session;
  }

  /** What was said under the old start is to be taken back. */
  private moveStart(session: Session, start: number): void {
    this.vanished.add(session);
    this.log.drop(session);
    session.start = start;
    if (session.start <= session.owner.closedEnd) session.overlapsClosed = true;
  }

  /** A session that ends later speaks again when that time comes. */
  private extend(session: Session, end: number): void {
    session.end = end; // its timer finds the new end
    if (session.spoken && end > this.sweptTo) this.schedule(session);
  }

  private merge(into: Session, from: Session): void {
    this.folding.merge(into.acc, from.acc);
    into.rows += from.rows;
    into.arrival = Math.min(into.arrival, from.arrival);
    from.gone = true;
    this.log.drop(from);
    this.sessions--;
    this.vanished.add(from);
    if (from.end > into.end) this.extend(into, from.end);
  }

  touched(_drop: number, visit: (key: KeyOf, window: Window) => void): void {
    const session = this.last as Session;
    visit(session.owner.key, windowOf(session));
  }

  gone(visit: (key: KeyOf, window: Window) => void): void {
    this.vanished.each(visit);
  }

  peek(key: KeyOf, window: Window): unknown {
    return this.at(key, window)?.acc;
  }

  restart(key: KeyOf, window: Window): void {
    const session = this.at(key, window);
    if (session === undefined) return;
    session.acc = this.folding.create();
    this.log.changed(session);
  }

  openEnd(key: KeyOf, start: number): number {
    let end = -Infinity;
    for (let one = this.keys.get(key)?.first; one !== undefined && one.start <= start; { next: one } = one) end = one.end;
    return end;
  }

  private at(key: KeyOf, window: Window): Session | undefined {
    return sessionAt(this.keys.get(key), window.start);
  }

  sweep(upTo: number, drop: number, out: Out<unknown>, visit?: Visit): void {
    if (upTo > this.sweptTo) this.sweptTo = upTo;
    if (!this.ending.isDue(upTo)) return;
    const due = inOrder(this.ending.take(upTo));
    for (const session of due) {
      session.spoken = true;
      if (session.end <= drop) this.close(session, out);
      else this.keepClosing(session);
    }
    for (const session of due) {
      if (out.closed || visit === undefined) return;
      visit(session.owner.key, windowOf(session), session.acc);
    }
  }

  /** It has spoken and may still be corrected. */
  private keepClosing(session: Session): void {
    this.closing.add(session);
    this.log.changed(session);
  }

  expire(drop: number, out: Out<unknown>): void {
    if (this.closing.isDue(drop)) {
      for (const session of this.closing.take(drop)) this.close(session, out);
    }
    this.purge(drop - this.longestGap);
  }

  private close(session: Session, out: Out<unknown>): void {
    if (session.gone) return; // it spoke twice, and has two timers
    const { owner } = session;
    takeOut(session);
    if (session === this.last) this.last = undefined;
    if (session.end > owner.closedEnd) owner.closedEnd = session.end;
    if (owner.first === undefined) this.resting.add(owner);
    this.recorder.written(owner.key);
    session.gone = true;
    this.log.drop(session);
    this.sessions--;
    this.rows -= session.rows;
    out.absorb(session.rows);
  }

  /** Keys without a session are kept for one gap, to tell when a late arrival overlaps what is final; then let go. */
  private purge(upTo: number): void {
    for (let owner = this.resting.take(upTo); owner !== undefined; owner = this.resting.take(upTo)) {
      if (this.keys.delete(owner.key)) this.recorder.gone(owner.key);
    }
  }

  held(): number {
    return this.rows;
  }

  windows(): number {
    return this.sessions;
  }

  count(): void {
    this.log.isOn = true;
  }

  takeTouched(): Touched {
    const batch = this.log.takeBatch();
    return { size: batch.length, all: () => byEnd(batch.map((session) => [session.owner.key, windowOf(session)])) };
  }

  get tables(): StateTables {
    const { keys, folding, log } = this;
    const meta = cell(
      2,
      () => [this.arrival, this.longestGap, null, this.sweptTo],
      (value) => ([this.arrival, this.longestGap, , this.sweptTo] = value as Meta),
    );
    return {
      meta,
      closed: closedTable(keys, this.columns, this.recorder, (key) => this.ownerOf(key)),
      sessions: sessionTable(keys, folding, log, {
        size: () => this.sessions,
        clear: () => this.clear(),
        load: (key, start, data) => this.loadSession(key, start, data),
        loaded: () => this.resting.load(keys),
      }),
    };
  }

  private clear(): void {
    this.ending.clear();
    this.closing.clear();
    this.sessions = 0;
    this.rows = 0;
  }

  /** In any order: a delta knows none within a key. */
  private loadSession(key: KeyOf, start: number, data: SessionData): void {
    const [end, rows, arrival, spoken, overlapsClosed, acc] = data;
    const owner = this.ownerOf(key);
    const before = lastBefore(owner, start);
    const session = this.insert(owner, before, before === undefined ? owner.first : before.next, start, end);
    Object.assign(session, { rows, arrival, spoken, overlapsClosed, acc: this.folding.decode(acc) });
    this.rows += rows;
    (spoken ? this.closing : this.ending).add(session);
  }
}
