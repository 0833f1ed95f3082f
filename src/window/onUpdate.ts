import type { Window } from '../element';
import { createKeyMap, keyFrom, ownKey, type KeyMap, type KeyOf } from '../key';
import type { Out, Processor } from '../operator';
import { Recorder } from '../state/recorder';
import { cell, type StateTable } from '../state/table';
import { Speaker, type SpeakParts } from './speak';
import { Deadlines } from '../state/deadlines';

/** A window that has changed since it last spoke. */
interface Pending {
  readonly id: KeyOf;
  readonly key: KeyOf;
  readonly order: number;
  window: Window;
  gone: boolean;
}

/** Speaks with every row, or every so often what changed; before the watermark passes a window, its last state goes out. */
export class OnUpdate<T> implements Processor<T, unknown> {
  readonly tables;
  private emit = -Infinity;
  private drop = -Infinity;
  private out: Out<unknown> | undefined;
  private readonly speaker: Speaker<T>;
  /** What changed since it last spoke, by the change's key. */
  private readonly pending: KeyMap<Pending>;
  private readonly recorder: Recorder;
  private readonly ending = new Deadlines<Pending>(1000, ({ gone, window }) => (gone ? NaN : window.end));
  private marks = 0;
  private readonly columns: number;

  constructor(
    private readonly parts: SpeakParts<T>,
    private readonly everyMs: number,
  ) {
    this.speaker = new Speaker(parts);
    this.columns = parts.keyColumns.length + 1;
    this.pending = createKeyMap(this.columns);
    this.recorder = new Recorder(this.columns);
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
      this.take(this.pending.get(this.idOf(key, window)));
      this.parts.previous?.gone(key, window);
      this.speaker.retract(key, window, out);
    });
    if (this.everyMs === 0) return store.touched(this.drop, this.update);
    store.touched(this.drop, this.mark);
    out.tickIn(this.everyMs);
  }

  private readonly mark = (key: KeyOf, window: Window): void => {
    this.speaker.extended(key, window);
    const known = this.pending.get(this.idOf(key, window));
    if (known === undefined) return this.put(key, window);
    known.window = window;
    this.recorder.written(known.id);
  };

  private put(key: KeyOf, window: Window): void {
    const id = this.idOf(key, window);
    const own = ownKey(key);
    const pending = { id, key: own, order: this.marks++, window, gone: false };
    this.pending.set(id, pending);
    this.ending.add(pending);
    this.recorder.written(id);
  }

  private take(pending: Pending | undefined): void {
    if (pending === undefined) return;
    pending.gone = true;
    this.pending.delete(pending.id);
    this.recorder.gone(pending.id);
  }

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
    if (!this.ending.isDue(upTo)) return;
    const due = this.ending.take(upTo);
    for (const one of due) this.take(one); // detached first
    due.sort((a, b) => a.window.end - b.window.end || a.order - b.order);
    for (const { key, window } of due) this.update(key, window);
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
    previous?.expire(drop, store);
  }

  private pendingTable(): StateTable {
    return this.recorder.table(
      1,
      this.pending,
      ({ window }) => window,
      (saved) => {
        this.pending.clear();
        this.ending.clear();
        for (const [values, window] of saved) this.put(keyFrom(values.slice(1)), window as Window);
      },
    );
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
