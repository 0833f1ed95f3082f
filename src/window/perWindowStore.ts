import type { Folding } from '../aggregate/plan';
import type { Window } from '../element';
import { createKeyMap, keyFrom, keyValues, type KeyOf, type KeyReader } from '../key';
import type { Out } from '../operator';
import { Recorder } from '../state/recorder';
import { cell, type StateEntry, type StateTable, type StateTables } from '../state/table';
import type { Assigner, StoreParts } from './assigner';
import { CellLog, type CellHolder } from './cellLog';
import { OpenByKey } from './openByKey';
import { lateDetail, type Visit, type WindowStore } from './store';
import { Deadlines } from '../state/deadlines';
import { windowsOf, type Touched } from './touched';

interface Open extends CellHolder {
  readonly window: Window;
  /** Rows whose last window this is. */
  rows: number;
}

/**
 * One accumulator for every key and window: for windows that share no slices (custom, assigned), and for aggregates that
 * depend on the order of arrival. Cost: one update a window of the row.
 */
export class PerWindowStore<T> implements WindowStore<T> {
  private readonly byEnd = new Map<number, Map<number, Open>>(); // end, start
  private readonly folding: Folding;
  private readonly reader: KeyReader<T>;
  private readonly columns: number;
  private arrival = 0;
  private sweptTo = -Infinity;
  /** Ends that were not swept, and ends of which windows are not forgotten. */
  private readonly ending = new Deadlines<number>(1000, (end) => end);
  private readonly closing = new Deadlines<number>(1000, (end) => end);
  private lastKey: KeyOf = null;
  private lastWindows: readonly Window[] = [];
  private readonly log: CellLog<Open>;
  /** Of the windows themselves, by end and start. */
  private readonly recorder = new Recorder(2);
  /** Windows over all keys. */
  private cells = 0;
  /** Made when somebody asks for it. */
  private openByKey: OpenByKey | undefined;

  constructor(
    private readonly assigner: Assigner<T>,
    parts: StoreParts<T>,
  ) {
    this.folding = parts.folding;
    this.reader = parts.reader;
    this.columns = parts.reader.columns.length;
    this.log = new CellLog(this.columns);
  }

  add(time: number, row: T, drop: number, out: Out<unknown>): boolean {
    const windows = this.assigner.assign(time, row);
    const open = windows.filter((window) => window.end > drop);
    if (open.length === 0) {
      if (windows.length === 0) out.reject('noWindow', time, row);
      else out.reject('late', time, row, lateDetail(windows, drop));
      return false;
    }
    const key = this.reader.read(row);
    const value = this.folding.read(row);
    if (open.length < windows.length) out.partlyLate();
    let last!: Open; // by end: that is where the row is counted
    for (const window of open) {
      last = this.open(window);
      let acc = last.cells.get(key);
      if (acc === undefined) this.put(last, key, (acc = this.folding.create()));
      if (this.log.isOn) this.log.touch(last, key);
      this.folding.add(acc, value, this.arrival);
    }
    last.rows++;
    if (this.recorder.isOn) this.recorder.written(idOf(last));
    this.arrival++;
    this.lastKey = key;
    this.lastWindows = open;
    return true;
  }

  private open(window: Window): Open {
    let byStart = this.byEnd.get(window.end);
    if (byStart === undefined) this.opened(window.end, (byStart = new Map()));
    let entry = byStart.get(window.start);
    if (entry === undefined) {
      entry = {
        window: { start: window.start, end: window.end },
        cells: createKeyMap(this.columns),
        rows: 0,
        logged: undefined,
        gone: false,
      };
      byStart.set(window.start, entry);
      this.recorder.written(idOf(entry));
    }
    return entry;
  }

  private put(entry: Open, key: KeyOf, acc: unknown): void {
    entry.cells.set(key, acc);
    this.cells++;
    this.openByKey?.add(key, entry.window);
  }

  private opened(end: number, byStart: Map<number, Open>): void {
    this.byEnd.set(end, byStart);
    this.closing.add(end);
    if (end > this.sweptTo) this.ending.add(end);
  }

  touched(_drop: number, visit: (key: KeyOf, window: Window) => void): void {
    for (const window of this.lastWindows) visit(this.lastKey, window);
  }

  restart(key: KeyOf, window: Window): void {
    const entry = this.byEnd.get(window.end)?.get(window.start);
    if (entry === undefined) return;
    entry.cells.set(key, this.folding.create());
    if (this.log.isOn) this.log.touch(entry, key);
  }

  peek(key: KeyOf, window: Window): unknown {
    return this.byEnd.get(window.end)?.get(window.start)?.cells.get(key);
  }

  openEnd(key: KeyOf, start: number): number {
    this.openByKey ??= this.indexed();
    return this.openByKey.lastEnd(key, start);
  }

  private indexed(): OpenByKey {
    const index = new OpenByKey(this.columns);
    for (const { window, cells } of this.entries()) cells.forEach((_acc, key) => index.add(key, window));
    return index;
  }

  sweep(upTo: number, _drop: number, out: Out<unknown>, visit?: Visit): void {
    if (upTo > this.sweptTo) this.sweptTo = upTo;
    if (!this.ending.isDue(upTo)) return;
    const ends = this.ending.take(upTo).sort((a, b) => a - b);
    if (visit === undefined) return;
    for (const end of ends) {
      for (const entry of this.byEnd.get(end)!.values()) {
        entry.cells.forEach((acc, key) => {
          if (!out.closed) visit(key, entry.window, acc);
        });
      }
    }
  }

  expire(drop: number, out: Out<unknown>): void {
    if (!this.closing.isDue(drop)) return;
    for (const end of this.closing.take(drop)) {
      const byStart = this.byEnd.get(end)!;
      this.byEnd.delete(end);
      for (const entry of byStart.values()) this.forget(entry, out);
    }
  }

  private forget(entry: Open, out: Out<unknown>): void {
    this.cells -= entry.cells.size;
    const { openByKey } = this;
    if (openByKey !== undefined) entry.cells.forEach((_acc, key) => openByKey.remove(key, entry.window));
    this.log.drop(entry);
    this.recorder.gone(idOf(entry));
    out.absorb(entry.rows);
  }

  held(): number {
    let rows = 0;
    for (const entry of this.entries()) rows += entry.rows;
    return rows;
  }

  windows(): number {
    return this.cells;
  }

  count(): void {
    this.log.isOn = true;
  }

  takeTouched(): Touched {
    return windowsOf(this.log.takeBatch(), ({ window }) => window);
  }

  private *entries(): Iterable<Open> {
    for (const byStart of this.byEnd.values()) yield* byStart.values();
  }

  get tables(): StateTables {
    const meta = cell(
      1,
      () => [this.arrival, this.sweptTo],
      (value) => ([this.arrival, this.sweptTo] = value as [number, number]),
    );
    return { meta, windows: this.windowTable(), cells: this.cellTable() };
  }

  private windowTable(): StateTable {
    return {
      version: 1,
      size: () => [...this.entries()].length,
      entries: () => this.windowEntries(),
      load: (entries) => {
        this.byEnd.clear();
        this.ending.clear();
        this.closing.clear();
        this.cells = 0;
        this.openByKey = undefined;
        for (const [[end, start], rows] of entries)
          this.open({ start: start as number, end: end as number }).rows = rows as number;
        this.recorder.begin();
      },
      changes: () =>
        this.recorder.take(
          () => this.windowEntries(),
          (id) => this.windowEntry(id as readonly [end: number, start: number]),
        ),
    };
  }

  private windowEntries(): StateEntry[] {
    return [...this.entries()].map((entry) => [idOf(entry), entry.rows]);
  }

  private windowEntry([end, start]: readonly [end: number, start: number]): StateEntry {
    return [[end, start], this.byEnd.get(end)!.get(start)!.rows];
  }

  private cellTable(): StateTable {
    return {
      version: 1,
      size: () => this.windows(),
      entries: () => this.cellEntries(),
      load: (entries) => {
        for (const [[end, start, ...values], data] of entries) {
          this.put(this.open({ start: start as number, end: end as number }), keyFrom(values), this.folding.decode(data));
        }
        this.log.begin();
      },
      changes: () =>
        this.log.take(
          () => this.cellEntries(),
          idOf,
          (acc) => this.folding.encode(acc),
        ),
    };
  }

  private *cellEntries(): Iterable<StateEntry> {
    for (const entry of this.entries()) {
      for (const [key, acc] of entry.cells.entries()) {
        yield [[...idOf(entry), ...keyValues(key, this.columns)], this.folding.encode(acc)];
      }
    }
  }
}

function idOf({ window }: Open): readonly [end: number, start: number] {
  return [window.end, window.start];
}
