import { stampOf, type Window } from '../element';
import { createKeyMap, keyFrom, keyValues, type KeyMap, type KeyOf } from '../key';
import type { Out, Processor, StateRows } from '../operator';
import { Recorder } from '../state/recorder';
import { cell, type StateTable, type StateTables } from '../state/table';
import { OnClose } from './onClose';
import { changeKeyOf, type SpeakParts } from './speak';
import type { KeyWindow } from './touched';

/** Append mode of a query: what `onClose` does, and counts what each batch touched. */
export class AppendPerBatch<T> extends OnClose<T> {
  private updated = 0;
  private removed = 0;

  constructor(private readonly parts: SpeakParts<T>) {
    super(parts);
    parts.store.count();
  }

  override onWatermark(emit: number, drop: number, out: Out<unknown>): void {
    const { store } = this.parts;
    this.updated += store.takeTouched(this.drop).size;
    const before = store.windows();
    super.onWatermark(emit, drop, out);
    this.removed += before - store.windows();
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

  constructor(private readonly parts: SpeakParts<T>) {
    parts.store.count();
    const drop = cell(
      1,
      () => this.drop,
      (value) => (this.drop = value as number),
    );
    this.tables = { ...parts.store.tables, ...parts.previous?.tables, drop };
  }

  onEvent(time: number, row: T, out: Out<unknown>): void {
    const { store, previous } = this.parts;
    if (store.add(time, row, this.drop, out) && previous !== undefined) store.gone?.((key, window) => previous.gone(key, window));
  }

  onWatermark(_emit: number, drop: number, out: Out<unknown>): void {
    const { store, previous } = this.parts;
    const touched = store.takeTouched(this.drop).all();
    sayAll(this.parts, touched, out);
    this.updated += touched.length;
    const before = store.windows();
    this.drop = drop;
    store.sweep(drop, drop, out);
    store.expire(drop, out);
    previous?.expire(drop, store);
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
  readonly tables: StateTables;
  /** Every window, by the change's key: a session that ends later is the same. */
  private readonly all: KeyMap<Window>;
  private readonly recorder: Recorder;
  private readonly columns: number;
  private updated = 0;

  constructor(private readonly parts: SpeakParts<T>) {
    parts.store.count();
    this.columns = parts.keyColumns.length + 1;
    this.all = createKeyMap(this.columns);
    this.recorder = new Recorder(this.columns);
    const { tables } = parts.store;
    // Some stores have a table of that name themselves.
    const name = 'windows' in tables ? 'table' : 'windows';
    this.tables = { ...tables, ...parts.previous?.tables, [name]: this.windowTable() };
  }

  private idOf(key: KeyOf, window: Window): KeyOf {
    return keyFrom(changeKeyOf(this.parts.assigner.kind, window, key, this.columns - 1));
  }

  onEvent(time: number, row: T, out: Out<unknown>): void {
    const { store } = this.parts;
    if (store.add(time, row, -Infinity, out)) store.gone?.(this.forget);
  }

  private readonly forget = (key: KeyOf, window: Window): void => {
    const id = this.idOf(key, window);
    if (this.all.delete(id)) this.recorder.gone(id);
    this.parts.previous?.gone(key, window);
  };

  onWatermark(_emit: number, _drop: number, out: Out<unknown>): void {
    const touched = this.parts.store.takeTouched(-Infinity).all();
    this.updated += touched.length;
    for (const [key, window] of touched) {
      const id = this.idOf(key, window);
      this.all.set(id, window);
      this.recorder.written(id);
    }
    sayAll(this.parts, this.inOrder(), out);
  }

  /** By (end, arrival). */
  private inOrder(): readonly KeyWindow[] {
    const pairs = [...this.all.entries()].map(([id, window]): KeyWindow => [
      keyFrom(keyValues(id, this.columns).slice(1)),
      window,
    ]);
    return pairs.sort(([, a], [, b]) => a.end - b.end);
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

  private windowTable(): StateTable {
    return this.recorder.table(
      2,
      this.all,
      (window) => window,
      (saved) => {
        this.all.clear();
        for (const [values, window] of saved) this.all.set(keyFrom(values), window as Window);
      },
    );
  }
}

function sayAll<T>({ store, build, previous }: SpeakParts<T>, windows: readonly KeyWindow[], out: Out<unknown>): void {
  for (const [key, window] of windows) {
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
