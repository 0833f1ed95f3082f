import type { Folding } from '../aggregate/plan';
import type { Window } from '../element';
import { createKeyMap, keyFrom, keyValues, type KeyMap, type KeyOf, type KeyReader } from '../key';
import type { Out } from '../operator';
import { cell, type StateEntry, type StateTable, type StateTables } from '../state/table';
import type { Assigner, StoreParts } from './assigner';
import { lateDetail, type Visit, type WindowStore } from './store';

interface Open {
  readonly window: Window;
  readonly cells: KeyMap<unknown>;
  /** Rows whose last window this is. */
  rows: number;
  visited: boolean;
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
  private due = Infinity; // the first end that was not swept
  private firstEnd = Infinity;
  private lastKey: KeyOf = null;
  private lastWindows: readonly Window[] = [];

  constructor(
    private readonly assigner: Assigner<T>,
    parts: StoreParts<T>,
  ) {
    this.folding = parts.folding;
    this.reader = parts.reader;
    this.columns = parts.reader.columns.length;
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
    let entry: Open | undefined;
    let last: Open | undefined;
    for (const window of open) {
      entry = this.open(window);
      let acc = entry.cells.get(key);
      if (acc === undefined) entry.cells.set(key, (acc = this.folding.create()));
      this.folding.add(acc, value, this.arrival);
      if (last === undefined || window.end >= last.window.end) last = entry;
    }
    last!.rows++;
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
        visited: window.end <= this.sweptTo,
      };
      byStart.set(window.start, entry);
    }
    return entry;
  }

  private opened(end: number, byStart: Map<number, Open>): void {
    this.byEnd.set(end, byStart);
    this.firstEnd = Math.min(this.firstEnd, end);
    if (end > this.sweptTo) this.due = Math.min(this.due, end);
  }

  touched(_drop: number, visit: (key: KeyOf, window: Window) => void): void {
    for (const window of this.lastWindows) visit(this.lastKey, window);
  }

  restart(key: KeyOf, window: Window): void {
    this.byEnd.get(window.end)?.get(window.start)?.cells.set(key, this.folding.create());
  }

  peek(key: KeyOf, window: Window): unknown {
    return this.byEnd.get(window.end)?.get(window.start)?.cells.get(key);
  }

  sweep(upTo: number, _drop: number, out: Out<unknown>, visit?: Visit): void {
    if (upTo > this.sweptTo) this.sweptTo = upTo;
    if (this.due > upTo) return;
    this.due = [...this.byEnd.keys()].reduce((due, end) => (end > upTo && end < due ? end : due), Infinity);
    const ends = [...this.byEnd.keys()].filter((end) => end <= upTo).sort((a, b) => a - b);
    for (const end of ends) {
      for (const entry of this.byEnd.get(end)!.values()) {
        if (entry.visited) continue;
        entry.visited = true;
        if (visit === undefined) continue;
        entry.cells.forEach((acc, key) => {
          if (!out.closed) visit(key, entry.window, acc);
        });
      }
    }
  }

  expire(drop: number, out: Out<unknown>): void {
    if (this.firstEnd > drop) return;
    this.firstEnd = Infinity;
    for (const [end, byStart] of this.byEnd) {
      if (end > drop) {
        this.firstEnd = Math.min(this.firstEnd, end);
        continue;
      }
      this.byEnd.delete(end);
      for (const entry of byStart.values()) out.absorb(entry.rows);
    }
  }

  held(): number {
    let rows = 0;
    for (const entry of this.entries()) rows += entry.rows;
    return rows;
  }

  windows(): number {
    let windows = 0;
    for (const entry of this.entries()) windows += entry.cells.size;
    return windows;
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
      entries: () => [...this.entries()].map((e): StateEntry => [[e.window.end, e.window.start], e.rows]),
      load: (entries) => {
        this.byEnd.clear();
        for (const [[end, start], rows] of entries)
          this.open({ start: start as number, end: end as number }).rows = rows as number;
      },
    };
  }

  private cellTable(): StateTable {
    return {
      version: 1,
      size: () => this.windows(),
      entries: () => this.cellEntries(),
      load: (entries) => {
        for (const [[end, start, ...values], data] of entries) {
          this.open({ start: start as number, end: end as number }).cells.set(keyFrom(values), this.folding.decode(data));
        }
      },
    };
  }

  private *cellEntries(): Iterable<StateEntry> {
    for (const { window, cells } of this.entries()) {
      for (const [key, acc] of cells.entries()) {
        yield [[window.end, window.start, ...keyValues(key, this.columns)], this.folding.encode(acc)];
      }
    }
  }
}
