import type { Window } from '../element';
import { createKeyMap, keyFrom, keyValues, type KeyMap, type KeyOf } from '../key';
import type { Out, Processor } from '../operator';
import { cell, type StateEntry, type StateTable } from '../state/table';
import { Speaker, type SpeakParts } from './speak';

/** Speaks with every row, or every so often what changed; before the watermark passes a window, its last state goes out. */
export class OnUpdate<T> implements Processor<T, unknown> {
  readonly tables;
  private emit = -Infinity;
  private drop = -Infinity;
  private out: Out<unknown> | undefined;
  private readonly speaker: Speaker<T>;
  /** What changed since it last spoke, by the change's key. */
  private readonly pending: KeyMap<Window>;
  private pendingEnd = Infinity;
  private readonly columns: number;

  constructor(
    private readonly parts: SpeakParts<T>,
    private readonly everyMs: number,
  ) {
    this.speaker = new Speaker(parts);
    this.columns = parts.keyColumns.length + 1;
    this.pending = createKeyMap(this.columns);
    this.tables = {
      ...parts.store.tables,
      ...parts.previous?.tables,
      firings: this.speaker.firings.table,
      pending: this.pendingTable(),
      watermarks: cell(
        1,
        () => [this.emit, this.drop],
        (value) => ([this.emit, this.drop] = value as [number, number]),
      ),
    };
  }

  onRestore(out: Out<unknown>): void {
    if (this.pending.size > 0) out.tickIn(this.everyMs);
  }

  onEvent(time: number, row: T, out: Out<unknown>): void {
    this.out = out;
    const { store } = this.parts;
    if (!store.add(time, row, this.drop, out)) return;
    store.gone?.((key, window) => {
      this.pending.delete(this.idOf(key, window));
      this.speaker.retract(key, window, out);
    });
    if (this.everyMs === 0) return store.touched(this.drop, this.update);
    store.touched(this.drop, this.mark);
    out.tickIn(this.everyMs);
  }

  private readonly mark = (key: KeyOf, window: Window): void => {
    this.speaker.extended(key, window);
    this.pending.set(this.idOf(key, window), window);
    this.pendingEnd = Math.min(this.pendingEnd, window.end);
  };

  private idOf(key: KeyOf, window: Window): KeyOf {
    return keyFrom(this.speaker.identity(key, window));
  }

  private readonly update = (key: KeyOf, window: Window): void => {
    const acc = this.parts.store.peek(key, window);
    if (acc === undefined) return;
    this.say(key, window, acc);
    this.parts.previous?.corrected(key, window, acc, this.again);
  };

  private readonly again = (key: KeyOf, window: Window): void => {
    const acc = this.parts.store.peek(key, window);
    if (acc !== undefined) this.say(key, window, acc);
  };

  private say(key: KeyOf, window: Window, acc: unknown): void {
    // Never the last word: whatever is said here is open still.
    this.speaker.upsert(key, window, acc, window.end <= this.emit ? 'late' : 'early', false, this.out!);
  }

  onTick(_now: number, out: Out<unknown>): void {
    this.out = out;
    this.flush(Infinity);
  }

  /** Says what changed in the windows with `end <= upTo`, in (end, key arrival) order. */
  private flush(upTo: number): void {
    if (this.pendingEnd > upTo) return;
    this.pendingEnd = Infinity;
    const due: [KeyOf, Window][] = [];
    for (const [id, window] of this.pending.entries()) {
      if (window.end <= upTo) due.push([id, window]);
      else this.pendingEnd = Math.min(this.pendingEnd, window.end);
    }
    for (const [id] of due) this.pending.delete(id); // detached first
    due.sort(([, a], [, b]) => a.end - b.end);
    for (const [id, window] of due) this.update(keyFrom(keyValues(id, this.columns).slice(1)), window);
  }

  onWatermark(emit: number, drop: number, out: Out<unknown>): void {
    const { store, previous } = this.parts;
    this.out = out;
    // Judged by the watermark before: what is flushed here was on time.
    this.flush(emit);
    this.emit = emit;
    this.drop = drop;
    store.sweep(drop, drop, out); // nothing is said again, but sessions close
    store.expire(drop, out);
    this.speaker.firings.expire(drop);
    previous?.expire(drop);
  }

  private pendingTable(): StateTable {
    return {
      version: 1,
      size: () => this.pending.size,
      entries: () => this.pendingEntries(),
      load: (entries) => {
        this.pending.clear();
        for (const [values, window] of entries) {
          this.pending.set(keyFrom(values), window as Window);
          this.pendingEnd = Math.min(this.pendingEnd, (window as Window).end);
        }
      },
    };
  }

  private *pendingEntries(): Iterable<StateEntry> {
    for (const [id, window] of this.pending.entries()) yield [keyValues(id, this.columns), window];
  }

  held(): number {
    return this.parts.store.held();
  }

  stateSize(): number {
    return this.parts.store.windows();
  }

  report(): Readonly<Record<string, unknown>> {
    return { openWindows: this.parts.store.windows() };
  }
}
