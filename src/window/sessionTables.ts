import type { Folding } from '../aggregate/plan';
import { keyFrom, keyValues, type KeyMap, type KeyOf } from '../key';
import type { Recorder } from '../state/recorder';
import type { StateEntry, StateTable } from '../state/table';
import type { SessionLog } from './sessionLog';
import type { Owner, Session } from './sessions';

/** One session as plain data. */
export type SessionData = [end: number, rows: number, arrival: number, spoken: boolean, overlapsClosed: boolean, acc: unknown];

/** The keys, each with the end of its last session that is final. */
export function closedTable(
  keys: KeyMap<Owner>,
  columns: number,
  recorder: Recorder,
  ownerOf: (key: KeyOf) => Owner,
): StateTable {
  const entryOf = (key: KeyOf): StateEntry => [keyValues(key, columns), keys.get(key)!.closedEnd];
  const entries = (): StateEntry[] => [...keys.entries()].map(([key]) => entryOf(key));
  return {
    version: 1,
    size: () => keys.size,
    entries,
    load: (saved) => {
      keys.clear();
      for (const [values, closedEnd] of saved) ownerOf(keyFrom(values)).closedEnd = closedEnd as number;
      recorder.begin();
    },
    changes: () => recorder.take(entries, entryOf),
  };
}

/** What the table of sessions asks of their store. */
export interface SessionHome {
  size(): number;
  clear(): void;
  load(key: KeyOf, start: number, data: SessionData): void;
  /** That was all. */
  loaded(): void;
}

/** The sessions that are not over. */
export function sessionTable(keys: KeyMap<Owner>, folding: Folding, log: SessionLog, home: SessionHome): StateTable {
  const entryOf = (session: Session): StateEntry => {
    const { end, rows, arrival, spoken, overlapsClosed, acc } = session;
    const data: SessionData = [end, rows, arrival, spoken, overlapsClosed, folding.encode(acc)];
    return [log.nameOf(session), data];
  };
  function* entries(): Iterable<StateEntry> {
    for (const [, owner] of keys.entries()) {
      for (let session = owner.first; session !== undefined; session = session.next) yield entryOf(session);
    }
  }
  return {
    version: 1,
    size: () => home.size(),
    entries,
    load: (saved) => {
      home.clear();
      for (const [[start, ...values], data] of saved) home.load(keyFrom(values), start as number, data as SessionData);
      home.loaded();
      log.begin();
    },
    changes: () => log.take(entries, entryOf),
  };
}
