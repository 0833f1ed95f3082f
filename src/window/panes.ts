import type { Folding } from '../aggregate/plan';
import type { Window } from '../element';
import { createKeyMap, keyFrom, keyValues, type KeyMap, type KeyOf, type KeyReader } from '../key';
import type { Out } from '../operator';
import { cell, type StateEntry, type StateTable, type TableChanges } from '../state/table';
import type { Assigner, Slicing, StoreParts } from './assigner';
import { CellLog, type CellHolder } from './cellLog';
import { lateDetail, type Visit, type WindowStore } from './store';
import type { Touched } from './touched';

/** One slice of time with the accumulators of its keys. */
export class Pane implements CellHolder {
  /** One that stays: D-056. */
  static readonly lasting: unknown = /* @__PURE__ */ new Pane(NaN, NaN, NaN, NaN, undefined as never);

  rows = 0;
  /** What the last delta said of `rows`. */
  savedRows = -1;
  logged: KeyMap<number> | undefined = undefined;
  gone = false;
  /** Its first window has been visited: what arrives now also concerns windows that have spoken. */
  entered = false;
  /** What a store keeps beside the cells. */
  extra: unknown[] | undefined;
  constructor(
    readonly start: number,
    readonly end: number,
    readonly firstEnd: number,
    readonly lastEnd: number,
    readonly cells: KeyMap<unknown>,
  ) {}
}

/**
 * State in slices: one accumulator update per row, whatever the overlap of the windows. The last pane is cached, because
 * most rows fall where the one before fell.
 */
export abstract class PaneStore<T> implements WindowStore<T> {
  /** All panes by time. */
  protected readonly order: Pane[] = [];
  protected readonly folding: Folding;
  protected readonly columns: number;
  protected readonly slicing: Slicing;
  protected sweptTo = -Infinity;
  protected readonly log: CellLog<Pane>;
  /** Panes to be taken out of the saved state; undefined before it is asked for. */
  private removedPanes: number[] | undefined;
  private readonly panes = new Map<number, Pane>();
  private readonly reader: KeyReader<T>;
  private last: Pane | undefined;
  private lastKey: KeyOf = null;
  private arrival = 0;

  constructor(
    private readonly assigner: Assigner<T>,
    parts: StoreParts<T>,
  ) {
    this.folding = parts.folding;
    this.reader = parts.reader;
    this.columns = parts.reader.columns.length;
    this.slicing = assigner.slicing as Slicing;
    this.log = new CellLog(this.columns);
  }

  // The usual way is short, and the others are apart, so that V8 makes one piece of it and the stage before.
  add(time: number, row: T, drop: number, out: Out<unknown>): boolean {
    const { last } = this;
    if (last === undefined || time < last.start || time >= last.end) return this.addElsewhere(time, row, drop, out);
    this.put(last, this.reader.read(row), this.folding.read(row), drop, out);
    return true;
  }

  private addElsewhere(time: number, row: T, drop: number, out: Out<unknown>): boolean {
    const start = this.slicing.sliceOf(time);
    if (start !== start) {
      out.reject('noWindow', time, row);
      return false;
    }
    const pane = this.panes.get(start);
    // A pane that exists has an open window; one that does not may be behind all of them.
    if (pane === undefined && this.slicing.lastEnd(start) <= drop) {
      out.reject('late', time, row, lateDetail(this.assigner.assign(time, row), drop));
      return false;
    }
    // The user's functions first: a row that fails leaves nothing behind.
    const key = this.reader.read(row);
    const value = this.folding.read(row);
    this.last = pane ?? this.open(start);
    this.put(this.last, key, value, drop, out);
    return true;
  }

  private put(pane: Pane, key: KeyOf, value: unknown, drop: number, out: Out<unknown>): void {
    this.lastKey = key;
    if (pane.firstEnd <= drop) out.partlyLate();
    let acc = pane.cells.get(key);
    if (acc === undefined) acc = this.begin(pane, key);
    else if (pane.entered) this.changed(key);
    this.folding.add(acc, value, this.arrival++);
    pane.rows++;
    if (this.log.isOn) this.log.touch(pane, key);
  }

  private begin(pane: Pane, key: KeyOf): unknown {
    const acc = this.folding.create();
    pane.cells.set(key, acc);
    this.created(pane, key, acc);
    return acc;
  }

  /** A key appeared in a pane. */
  protected created(_pane: Pane, _key: KeyOf, _acc: unknown): void {}
  /** A row changed a pane that windows have already been made of. */
  protected changed(_key: KeyOf): void {}
  /** A pane was opened, or restored. */
  protected abstract opened(pane: Pane): void;
  protected removed(_pane: Pane): void {}
  abstract sweep(upTo: number, drop: number, out: Out<unknown>, visit?: Visit): void;
  abstract peek(key: KeyOf, window: Window): unknown;

  private open(start: number): Pane {
    const { slicing } = this;
    const pane = new Pane(
      start,
      slicing.sliceEnd(start),
      slicing.firstEnd(start),
      slicing.lastEnd(start),
      createKeyMap(this.columns),
    );
    this.panes.set(start, pane);
    let i = this.order.length;
    while (i > 0 && this.order[i - 1]!.start > start) i--;
    this.order.splice(i, 0, pane);
    this.opened(pane);
    return pane;
  }

  touched(drop: number, visit: (key: KeyOf, window: Window) => void): void {
    const pane = this.last as Pane;
    const { slicing } = this;
    for (let end = pane.firstEnd; end <= pane.lastEnd; end = slicing.nextEnd(end)) {
      if (end > drop) visit(this.lastKey, { start: slicing.startOf(end), end });
      if (end === Infinity) return;
    }
  }

  protected paneAt(start: number): Pane | undefined {
    return this.panes.get(start);
  }

  expire(drop: number, out: Out<unknown>): void {
    const { order } = this;
    this.forgotten = drop;
    if (order.length === 0 || order[0]!.lastEnd > drop) return;
    let gone = 0;
    while (gone < order.length && order[gone]!.lastEnd <= drop) gone++;
    for (const pane of order.splice(0, gone)) {
      this.panes.delete(pane.start);
      if (this.last === pane) this.last = undefined;
      this.removed(pane);
      this.log.drop(pane);
      this.removedPanes?.push(pane.start);
      out.absorb(pane.rows);
    }
  }

  held(): number {
    let rows = 0;
    for (const pane of this.order) rows += pane.rows;
    return rows;
  }

  count(): void {
    this.log.isOn = true;
  }

  abstract takeTouched(drop: number): Touched;

  windows(): number {
    const open = new Map<number, KeyMap<true>>();
    for (const pane of this.order) {
      for (let end = pane.firstEnd; end <= pane.lastEnd; end = this.slicing.nextEnd(end)) {
        let keys = open.get(end);
        if (keys === undefined) open.set(end, (keys = createKeyMap(this.columns)));
        if (end > this.forgotten) pane.cells.forEach((_acc, key) => keys.set(key, true));
        if (end === Infinity) break;
      }
    }
    let windows = 0;
    for (const keys of open.values()) windows += keys.size;
    return windows;
  }

  /** The drop watermark up to which windows are gone. */
  protected forgotten = -Infinity;

  get tables(): Record<string, StateTable> {
    return {
      meta: cell(
        1,
        () => this.meta(),
        (value) => this.loadMeta(value),
      ),
      panes: this.paneTable(),
      cells: this.cellTable(),
    };
  }

  private meta(): unknown {
    return [this.arrival, this.sweptTo, this.forgotten];
  }

  private loadMeta(value: unknown): void {
    [this.arrival, this.sweptTo, this.forgotten] = value as [number, number, number];
  }

  private paneTable(): StateTable {
    return {
      version: 1,
      size: () => this.order.length,
      entries: () => this.order.map((pane): StateEntry => [[pane.start], pane.rows]),
      load: (entries) => {
        this.order.length = 0;
        this.panes.clear();
        this.last = undefined;
        this.reset();
        for (const [[start], rows] of entries) {
          const pane = this.open(start as number);
          pane.rows = pane.savedRows = rows as number;
        }
        this.removedPanes = [];
      },
      changes: () => this.paneChanges(),
    };
  }

  /** Panes are few: each is looked at. */
  private paneChanges(): TableChanges {
    const removed = (this.removedPanes ?? []).map((start) => [start]);
    this.removedPanes = [];
    const changed = this.order.filter(({ rows, savedRows }) => rows !== savedRows);
    for (const pane of changed) pane.savedRows = pane.rows;
    return { removed, put: changed.map(({ start, rows }): StateEntry => [[start], rows]) };
  }

  /** Forgets what is derived from the panes. */
  protected reset(): void {}

  private cellTable(): StateTable {
    return {
      version: 1,
      size: () => this.order.reduce((sum, pane) => sum + pane.cells.size, 0),
      entries: () => this.cellEntries(),
      load: (entries) => {
        for (const [[start, ...values], data] of entries) {
          const pane = this.panes.get(start as number) as Pane;
          const [key, acc] = [keyFrom(values), this.folding.decode(data)];
          pane.cells.set(key, acc);
          this.created(pane, key, acc);
        }
        this.log.begin();
      },
      changes: () =>
        this.log.take(
          () => this.cellEntries(),
          ({ start }) => [start],
          (acc) => this.folding.encode(acc),
        ),
    };
  }

  private *cellEntries(): Iterable<StateEntry> {
    for (const pane of this.order) {
      for (const [key, acc] of pane.cells.entries())
        yield [[pane.start, ...keyValues(key, this.columns)], this.folding.encode(acc)];
    }
  }
}
