import { createKeyMap, type KeyMap, type KeyOf } from '../key';
import type { StateEntry, StateTable } from '../state/table';
import { Calendar } from '../state/calendar';
import { Journal } from './journal';

const NONE: never[] = [];

/** The rows of one key on one side, by time and arrival; those before `head` are gone. */
export class Lane<T> {
  /** One that stays: D-056. */
  static readonly lasting: unknown = /* @__PURE__ */ new Lane(null);

  rows: Held<T>[] = NONE;
  head = 0;

  constructor(readonly key: KeyOf) {}
}

/** A row that waits for partners. */
export class Held<T> {
  /** One that stays: D-056. */
  static readonly lasting: unknown = /* @__PURE__ */ new Held(NaN, undefined, 0, undefined as never, false);

  constructor(
    readonly time: number,
    readonly row: T,
    readonly seq: number,
    readonly lane: Lane<T>,
    /** It has had a partner. */
    public matched: boolean,
  ) {}
}

/** What a side is made of. */
export interface SideOptions<T> {
  readonly columns: number;
  readonly read: (row: T) => KeyOf;
  /** Width of the pages in which rows are forgotten; Infinity: none is before the end. */
  readonly stepMs: number;
}

/**
 * The rows of one side of a join: by key, in a key by time, and in a calendar that forgets them. A probe is one Map access
 * and a walk over the rows it meets; nothing is allocated.
 */
export class Side<T> {
  readonly byKey: KeyMap<Lane<T>>;
  /** Rows that are there. */
  count = 0;
  /** Rows stored so far. */
  stored = 0;
  /** Rows forgotten so far. */
  removed = 0;
  private next = 0;
  /** Absent where rows wait for ever. */
  private readonly calendar: Calendar<Held<T>> | undefined;
  private readonly journal = new Journal<Held<T>>(entryOf);

  constructor(private readonly options: SideOptions<T>) {
    this.byKey = createKeyMap(options.columns);
    this.calendar = options.stepMs === Infinity ? undefined : new Calendar(options.stepMs);
  }

  add(key: KeyOf, time: number, row: T, matched: boolean): void {
    this.stored++;
    this.put(key, time, row, matched, this.next++);
  }

  private put(key: KeyOf, time: number, row: T, matched: boolean, seq: number): void {
    const lane = this.byKey.get(key);
    const held = lane === undefined ? this.first(key, time, row, matched, seq) : new Held(time, row, seq, lane, matched);
    if (lane !== undefined) insert(lane, held);
    this.calendar?.add(held);
    this.count++;
    this.journal.wrote(held);
  }

  /** Most keys have one row: the list is made with it, because an empty one that grows makes room for 17. */
  private first(key: KeyOf, time: number, row: T, matched: boolean, seq: number): Held<T> {
    const lane = new Lane<T>(typeof key === 'object' && key !== null ? key.slice() : key);
    const held = new Held(time, row, seq, lane, matched);
    lane.rows = [held];
    this.byKey.set(key, lane);
    return held;
  }

  match(held: Held<T>): void {
    if (held.matched) return;
    held.matched = true;
    this.journal.wrote(held);
  }

  /** Forgets rows with `time <= bound`, and gives them, in order. */
  expire(bound: number): readonly Held<T>[] {
    if (this.calendar === undefined) return bound === Infinity ? this.takeAll() : NONE;
    const gone = this.calendar.take(bound);
    for (const held of gone) this.drop(held);
    this.count -= gone.length;
    this.removed += gone.length;
    return gone;
  }

  /** The same where nobody asks for them: says how many. */
  forget(bound: number): number {
    const { count } = this;
    if (this.calendar !== undefined || this.journal.isOn || bound < Infinity) return this.expire(bound).length;
    this.byKey.clear();
    this.count = 0;
    this.removed += count;
    return count;
  }

  private takeAll(): readonly Held<T>[] {
    const gone = this.all().sort((a, b) => a.time - b.time || a.seq - b.seq);
    for (const held of gone) this.journal.forgot(held);
    this.byKey.clear();
    this.count = 0;
    this.removed += gone.length;
    return gone;
  }

  /** Rows leave their lane from its head on: all that are as old have left the calendar too. */
  private drop(held: Held<T>): void {
    const { lane } = held;
    lane.head++;
    this.journal.forgot(held);
    if (lane.head === lane.rows.length) {
      this.byKey.delete(lane.key);
    } else if (lane.head > 16 && lane.head * 2 > lane.rows.length) {
      lane.rows.splice(0, lane.head);
      lane.head = 0;
    }
  }

  /** Rows by number: `[time, matched, row]`; version 1. */
  get table(): StateTable {
    return {
      version: 1,
      size: () => this.count,
      entries: () => this.entries(),
      load: (entries) => this.load(entries),
      changes: () => this.journal.take(() => this.entries(), this.next),
    };
  }

  private *entries(): Iterable<StateEntry> {
    for (const held of this.all().sort((a, b) => a.seq - b.seq)) yield entryOf(held);
  }

  private all(): Held<T>[] {
    const all: Held<T>[] = [];
    this.byKey.forEach(({ rows, head }) => {
      for (let i = head; i < rows.length; i++) all.push(rows[i]!);
    });
    return all;
  }

  private load(entries: Iterable<StateEntry>): void {
    this.byKey.clear();
    this.calendar?.clear();
    this.count = this.next = 0;
    for (const [[seq], value] of [...entries].sort(([[a]], [[b]]) => (a as number) - (b as number))) {
      const [time, matched, row] = value as [number, number, T];
      this.put(this.options.read(row), time, row, matched === 1, seq as number);
      this.next = (seq as number) + 1;
    }
    this.journal.begin(this.next);
  }
}

function entryOf<T>({ seq, time, matched, row }: Held<T>): StateEntry {
  return [[seq], [time, matched ? 1 : 0, row]];
}

function insert<T>({ rows, head }: Lane<T>, held: Held<T>): void {
  let i = rows.length;
  while (i > head && rows[i - 1]!.time > held.time) i--;
  if (i === rows.length) rows.push(held);
  else rows.splice(i, 0, held);
}
