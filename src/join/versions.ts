import { createKeyMap, type KeyMap, type KeyOf, type KeyReader } from '../key';
import type { StateEntry, StateTable } from '../state/table';
import { Calendar } from '../state/calendar';
import { Journal } from './journal';

interface Version<R> {
  readonly time: number;
  readonly row: R;
  readonly seq: number;
  readonly isDelete: boolean;
  readonly lane: Lane<R>;
}

/** The versions of one key, by time and arrival. */
interface Lane<R> {
  readonly key: KeyOf;
  readonly versions: Version<R>[];
}

/**
 * What was in force when: versions by key and time. A deletion is a version too. Of what is past (`settle`) each key keeps
 * the last version alone, and nothing when that is a deletion. Without times only the version that came last counts.
 */
export class History<R> {
  /** Number of versions. */
  size = 0;
  /** The least time of a version that was thrown away: a row after it that finds nothing may have missed it. */
  lost = Infinity;
  private next = 0;
  private dropped = 0;
  /** Times up to here are past. */
  settled = -Infinity;
  private readonly byKey: KeyMap<Lane<R>>;
  private readonly calendar = new Calendar<Version<R>>(1000);
  private readonly journal = new Journal<Version<R>>(entryOf);

  constructor(
    private readonly reader: KeyReader<R>,
    private readonly deleted: (row: R) => boolean,
    private readonly byArrival: boolean,
  ) {
    this.byKey = createKeyMap(reader.columns.length);
  }

  /** Adds a version; false when nothing was stored. */
  add(time: number, row: R): boolean {
    const at = this.byArrival ? 0 : time;
    const isDelete = this.deleted(row);
    const key = this.reader.read(row);
    if (this.byArrival && isDelete && this.byKey.get(key) === undefined) return false;
    const version = this.put(key, at, row, isDelete, this.next++);
    if (this.byArrival || at <= this.settled) this.prune(version.lane, this.byArrival ? 0 : this.settled);
    return true;
  }

  private put(key: KeyOf, time: number, row: R, isDelete: boolean, seq: number): Version<R> {
    let lane = this.byKey.get(key);
    if (lane === undefined) {
      lane = { key: typeof key === 'object' && key !== null ? key.slice() : key, versions: [] };
      this.byKey.set(key, lane);
    }
    const version = { time, row, seq, isDelete, lane };
    const { versions } = lane;
    let i = versions.length;
    while (i > 0 && versions[i - 1]!.time > time) i--;
    versions.splice(i, 0, version);
    if (!this.byArrival) this.calendar.add(version);
    this.size++;
    this.journal.wrote(version);
    return version;
  }

  /** The row in force; undefined when there was none, `'lost'` when it can no longer be told. */
  at(key: KeyOf, time: number): R | 'lost' | undefined {
    const versions = this.byKey.get(key)?.versions ?? [];
    let low = 0;
    let high = versions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.byArrival || versions[middle]!.time <= time) low = middle + 1;
      else high = middle;
    }
    const version = versions[low - 1];
    if (version !== undefined) return version.isDelete ? undefined : version.row;
    return !this.byArrival && time < this.settled && time >= this.lost ? 'lost' : undefined;
  }

  /** Nobody on time asks for what was before `upTo` any more. */
  settle(upTo: number): void {
    if (upTo > this.settled) this.settled = upTo;
    for (const { lane } of this.calendar.take(upTo)) this.prune(lane, upTo);
  }

  /** Of the versions with `time <= upTo` only the last one stays. */
  private prune(lane: Lane<R>, upTo: number): void {
    const { versions } = lane;
    let past = 0;
    while (past < versions.length && versions[past]!.time <= upTo) past++;
    const last = versions[past - 1];
    const gone = past - (last?.isDelete === true ? 0 : 1);
    if (gone <= 0) return;
    for (const version of versions.splice(0, gone)) {
      this.journal.forgot(version);
      if (version.time < this.lost) this.lost = version.time;
    }
    this.size -= gone;
    this.dropped += gone;
    if (versions.length === 0) this.byKey.delete(lane.key);
  }

  /** How many were thrown away since this was asked last. */
  takeDropped(): number {
    const { dropped } = this;
    this.dropped = 0;
    return dropped;
  }

  /** Versions by number: `[time, row]`; version 1. */
  get table(): StateTable {
    return {
      version: 1,
      size: () => this.size,
      entries: () => this.entries(),
      load: (entries) => this.load(entries),
      changes: () => this.journal.take(() => this.entries(), this.next),
    };
  }

  private *entries(): Iterable<StateEntry> {
    const all: Version<R>[] = [];
    this.byKey.forEach(({ versions }) => void all.push(...versions));
    for (const version of all.sort((a, b) => a.seq - b.seq)) yield entryOf(version);
  }

  private load(entries: Iterable<StateEntry>): void {
    this.byKey.clear();
    this.calendar.clear();
    this.size = this.next = 0;
    for (const [[seq], value] of [...entries].sort(([[a]], [[b]]) => (a as number) - (b as number))) {
      const [time, row] = value as [number, R];
      this.put(this.reader.read(row), time, row, this.deleted(row), seq as number);
      this.next = (seq as number) + 1;
    }
    this.journal.begin(this.next);
  }
}

function entryOf<R>({ seq, time, row }: Version<R>): StateEntry {
  return [[seq], [time, row]];
}
