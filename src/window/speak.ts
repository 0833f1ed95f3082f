import type { Change, Pane, PaneTiming, Window } from '../element';
import { stampOf } from '../element';
import { createKeyMap, keyFrom, keyValues, type KeyMap, type KeyOf } from '../key';
import type { Out, Processor } from '../operator';
import { Recorder } from '../state/recorder';
import type { StateTable } from '../state/table';
import type { Assigner, StoreParts } from './assigner';
import type { Previous } from '../aggregate/previous';
import type { ResultRow, RowBuilder } from './resultRow';
import type { WindowStore } from './store';
import { Deadlines } from '../state/deadlines';

/** What an emit policy works with. */
export interface SpeakParts<T> extends StoreParts<T> {
  readonly store: WindowStore<T>;
  readonly assigner: Assigner<T>;
  readonly build: RowBuilder;
  readonly keyColumns: readonly string[];
  /** Present when a column compares with the key's previous window. */
  readonly previous?: Previous;
}

export type ProcessorMaker = <T>(parts: SpeakParts<T>) => Processor<T, unknown>;

interface Fired {
  readonly id: KeyOf;
  index: number;
  end: number;
  gone: boolean;
}

/** How often each open key and window has spoken: the index of a pane. */
export class Firings {
  private readonly fired: KeyMap<Fired>;
  private readonly ending = new Deadlines<Fired>(1000, ({ gone, end }) => (gone ? NaN : end));
  private readonly recorder: Recorder;

  /** @param columns - of the change's key */
  constructor(columns: number) {
    this.fired = createKeyMap(columns);
    this.recorder = new Recorder(columns);
  }

  /** Counts a firing and gives its index, from 0. A session may end later than it did before. */
  next(id: KeyOf, end: number): number {
    this.recorder.written(id);
    const known = this.fired.get(id);
    if (known === undefined) return this.open(id, 0, end);
    known.end = end; // its timer finds the new end
    return ++known.index;
  }

  private open(id: KeyOf, index: number, end: number): number {
    const fired = { id, index, end, gone: false };
    this.fired.set(id, fired);
    this.ending.add(fired);
    return index;
  }

  /** A session that has spoken was extended: it is remembered until its new end has passed. */
  extend(id: KeyOf, end: number): void {
    const known = this.fired.get(id);
    if (known === undefined || known.end >= end) return;
    known.end = end;
    this.recorder.written(id);
  }

  /** Forgets a window that no longer exists; true if it had spoken. */
  take(id: KeyOf): boolean {
    const known = this.fired.get(id);
    if (known === undefined) return false;
    known.gone = true;
    this.fired.delete(id);
    this.recorder.gone(id);
    return true;
  }

  expire(drop: number): void {
    if (!this.ending.isDue(drop)) return;
    for (const { id } of this.ending.take(drop)) this.take(id);
  }

  get table(): StateTable {
    return this.recorder.table(
      1,
      this.fired,
      ({ index, end }) => [index, end],
      (entries) => {
        this.fired.clear();
        this.ending.clear();
        for (const [values, data] of entries) this.open(keyFrom(values), ...(data as [index: number, end: number]));
      },
    );
  }
}

/** A change's key: the window's start, then the key's values. Cumulative windows share a start: theirs is the end. */
export function changeKeyOf(kind: Assigner['kind'], { start, end }: Window, key: KeyOf, columns: number): unknown[] {
  const window = kind === 'cumulative' ? end : kind === 'custom' || kind === 'assigned' ? `${start}/${end}` : start;
  return [window, ...keyValues(key, columns)];
}

/** Says changes: makes `{ op, key, row, pane }` of windows. */
export class Speaker<T> {
  readonly firings: Firings;
  private readonly columns: number;

  constructor(private readonly parts: SpeakParts<T>) {
    this.columns = parts.keyColumns.length;
    this.firings = new Firings(this.columns + 1);
  }

  identity(key: KeyOf, window: Window): unknown[] {
    return changeKeyOf(this.parts.assigner.kind, window, key, this.columns);
  }

  upsert(key: KeyOf, window: Window, acc: unknown, timing: PaneTiming, isLast: boolean, out: Out<unknown>): void {
    const identity = this.identity(key, window);
    const pane: Pane = { timing, index: this.firings.next(keyFrom(identity), window.end), isLast };
    const row = this.parts.build(window, key, acc);
    this.parts.previous?.compare(row, key, window, acc);
    out.event(stampOf(window.end), { op: 'upsert', key: identity, row, pane } satisfies Change<unknown>);
  }

  /** The window of a row that was added ends there now. */
  extended(key: KeyOf, window: Window): void {
    if (this.parts.assigner.kind === 'session') this.firings.extend(keyFrom(this.identity(key, window)), window.end);
  }

  /** Takes back what was said of a window that does not exist any more; the row holds window and key only. */
  retract(key: KeyOf, window: Window, out: Out<unknown>): void {
    const identity = this.identity(key, window);
    if (!this.firings.take(keyFrom(identity))) return;
    const row: ResultRow = { window };
    this.parts.keyColumns.forEach((name, i) => (row[name] = identity[i + 1]));
    const pane: Pane = { timing: 'late', index: 0, isLast: true };
    out.event(stampOf(window.end), { op: 'delete', key: identity, row, pane } satisfies Change<unknown>);
  }
}
