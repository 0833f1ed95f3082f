import { stampOf, type Window } from '../element';
import { createKeyMap, keyFrom, keyValues, type KeyMap, type KeyOf } from '../key';
import type { Out, Processor, StateRows } from '../operator';
import { cell, type StateEntry, type StateTable } from '../state/table';
import { OnClose } from './onClose';
import type { SpeakParts } from './speak';

/** Windows known by key, start and end; sessions, whose end moves, by key and start. */
class WindowSet {
  private readonly known: KeyMap<Window>;
  private readonly columns: number;

  private readonly isSession: boolean;

  constructor({ keyColumns, assigner }: Pick<SpeakParts<never>, 'keyColumns' | 'assigner'>) {
    this.isSession = assigner.kind === 'session';
    this.columns = keyColumns.length + 2;
    this.known = createKeyMap(this.columns);
  }

  private idOf(key: KeyOf, { start, end }: Window): KeyOf {
    return keyFrom([start, this.isSession ? null : end, ...keyValues(key, this.columns - 2)]);
  }

  readonly add = (key: KeyOf, window: Window): void => {
    const id = this.idOf(key, window);
    if (this.isSession || this.known.get(id) === undefined) this.known.set(id, window);
  };

  readonly delete = (key: KeyOf, window: Window): void => {
    this.known.delete(this.idOf(key, window));
  };

  get size(): number {
    return this.known.size;
  }

  /** In (end, arrival) order. */
  all(): (readonly [key: KeyOf, window: Window])[] {
    const all = [...this.known.entries()].map(([id, window]) => [keyFrom(keyValues(id, this.columns).slice(2)), window] as const);
    return all.sort(([, a], [, b]) => a.end - b.end);
  }

  clear(): void {
    this.known.clear();
  }

  table(): StateTable {
    return {
      version: 1,
      size: () => this.known.size,
      entries: () => [...this.known.entries()].map(([id, window]): StateEntry => [keyValues(id, this.columns), window]),
      load: (entries) => {
        this.known.clear();
        for (const [values, window] of entries) this.known.set(keyFrom(values), window as Window);
      },
    };
  }
}

/** Append mode of a query: what `onClose` does, and counts what each batch touched. */
export class AppendPerBatch<T> extends OnClose<T> {
  private readonly touched: WindowSet;
  private judgedBy = -Infinity;
  private updated = 0;
  private removed = 0;

  constructor(private readonly parts: SpeakParts<T>) {
    super(parts);
    this.touched = new WindowSet(parts);
  }

  override onEvent(time: number, row: T, out: Out<unknown>): void {
    const { store } = this.parts;
    if (!store.add(time, row, this.judgedBy, out)) return;
    store.gone?.(this.touched.delete);
    store.touched(this.judgedBy, this.touched.add);
  }

  override onWatermark(emit: number, drop: number, out: Out<unknown>): void {
    const before = this.parts.store.windows();
    super.onWatermark(emit, drop, out);
    this.judgedBy = drop;
    this.removed += before - this.parts.store.windows();
    this.updated += this.touched.size;
    this.touched.clear();
  }

  stateRows(): StateRows {
    const { updated, removed } = this;
    this.updated = this.removed = 0;
    return { total: this.parts.store.windows(), updated, removed };
  }
}

/**
 * Update mode of a query: at the end of a batch every window that its rows touched is said as it is then, before those
 * that the watermark has passed are forgotten. Source: Spark's update mode.
 */
export class UpdatePerBatch<T> implements Processor<T, unknown> {
  readonly tables;
  private drop = -Infinity;
  private updated = 0;
  private removed = 0;
  private readonly touched: WindowSet;

  constructor(private readonly parts: SpeakParts<T>) {
    this.touched = new WindowSet(parts);
    const drop = cell(
      1,
      () => this.drop,
      (value) => (this.drop = value as number),
    );
    this.tables = { ...parts.store.tables, ...parts.previous?.tables, drop };
  }

  onEvent(time: number, row: T, out: Out<unknown>): void {
    const { store } = this.parts;
    if (!store.add(time, row, this.drop, out)) return;
    store.gone?.(this.touched.delete);
    store.touched(this.drop, this.touched.add);
  }

  onWatermark(_emit: number, drop: number, out: Out<unknown>): void {
    const { store, previous } = this.parts;
    sayAll(this.parts, this.touched, out);
    this.updated += this.touched.size;
    this.touched.clear();
    const before = store.windows();
    this.drop = drop;
    store.sweep(drop, drop, out);
    store.expire(drop, out);
    previous?.expire(drop);
    this.removed += before - store.windows();
  }

  wantsBatch(w: number): boolean {
    return w > this.drop;
  }

  stateRows(): StateRows {
    const { updated, removed } = this;
    this.updated = this.removed = 0;
    return { total: this.parts.store.windows(), updated, removed };
  }

  held(): number {
    return this.parts.store.held();
  }

  report(): Readonly<Record<string, unknown>> {
    return { openWindows: this.parts.store.windows() };
  }
}

/** Complete mode of a query: the whole table after every batch; nothing is late, nothing is forgotten. Source: Spark's complete mode. */
export class CompletePerBatch<T> implements Processor<T, unknown> {
  readonly tables;
  private readonly all: WindowSet;
  private readonly touched: WindowSet;
  private updated = 0;

  constructor(private readonly parts: SpeakParts<T>) {
    this.all = new WindowSet(parts);
    this.touched = new WindowSet(parts);
    this.tables = { ...parts.store.tables, ...parts.previous?.tables, windows: this.all.table() };
  }

  onEvent(time: number, row: T, out: Out<unknown>): void {
    const { store } = this.parts;
    if (!store.add(time, row, -Infinity, out)) return;
    store.gone?.((key, window) => {
      this.all.delete(key, window);
      this.touched.delete(key, window);
    });
    store.touched(-Infinity, (key, window) => {
      this.all.add(key, window);
      this.touched.add(key, window);
    });
  }

  onWatermark(_emit: number, _drop: number, out: Out<unknown>): void {
    sayAll(this.parts, this.all, out);
    this.updated += this.touched.size;
    this.touched.clear();
  }

  wantsBatch(): boolean {
    return false;
  }

  stateRows(): StateRows {
    const { updated } = this;
    this.updated = 0;
    return { total: this.all.size, updated, removed: 0 };
  }

  held(): number {
    return this.parts.store.held();
  }
}

function sayAll<T>({ store, build, previous }: SpeakParts<T>, windows: WindowSet, out: Out<unknown>): void {
  for (const [key, window] of windows.all()) {
    const acc = store.peek(key, window);
    if (acc === undefined) continue;
    const row = build(window, key, acc);
    if (previous !== undefined) {
      previous.compare(row, key, window, acc);
      previous.remember(key, window, acc);
    }
    out.event(stampOf(window.end), row);
  }
}
