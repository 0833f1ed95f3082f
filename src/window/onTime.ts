import type { Window } from '../element';
import type { KeyOf } from '../key';
import type { Out, Processor } from '../operator';
import { cell } from '../state/table';
import { Speaker, type SpeakParts } from './speak';
import type { Visit } from './store';

/** Speaks once `end <= emit`, corrects at once with every later row until `end <= drop`. */
export class OnTime<T> implements Processor<T, unknown> {
  readonly tables;
  private emit = -Infinity;
  private drop = -Infinity;
  private out: Out<unknown> | undefined;
  private readonly speaker: Speaker<T>;

  constructor(private readonly parts: SpeakParts<T>) {
    this.speaker = new Speaker(parts);
    this.tables = {
      ...parts.store.tables,
      ...parts.previous?.tables,
      firings: this.speaker.firings.table,
      watermarks: cell(
        1,
        () => [this.emit, this.drop],
        (value) => ([this.emit, this.drop] = value as [number, number]),
      ),
    };
  }

  onEvent(time: number, row: T, out: Out<unknown>): void {
    this.out = out;
    const { store } = this.parts;
    if (!store.add(time, row, this.drop, out)) return;
    store.gone?.((key, window) => {
      this.parts.previous?.gone(key, window);
      this.speaker.retract(key, window, out);
    });
    store.touched(this.drop, this.correct);
  }

  private readonly correct = (key: KeyOf, window: Window): void => {
    if (window.end > this.emit) return this.speaker.extended(key, window);
    const acc = this.parts.store.peek(key, window);
    this.speaker.upsert(key, window, acc, 'late', false, this.out!);
    this.parts.previous?.corrected(key, window, acc, this.again);
  };

  /** The window after a corrected one compares with it, so it is said again. */
  private readonly again = (key: KeyOf, window: Window): void => {
    const acc = window.end <= this.emit ? this.parts.store.peek(key, window) : undefined;
    if (acc !== undefined) this.speaker.upsert(key, window, acc, 'late', false, this.out!);
  };

  onWatermark(emit: number, drop: number, out: Out<unknown>): void {
    const { store, previous } = this.parts;
    this.emit = emit;
    this.drop = drop;
    this.out = out;
    store.sweep(emit, drop, out, this.speak);
    store.expire(drop, out);
    this.speaker.firings.expire(drop);
    previous?.expire(drop, store);
  }

  private readonly speak: Visit = (key, window, acc) => {
    this.speaker.upsert(key, window, acc, 'onTime', window.end <= this.drop, this.out!);
    this.parts.previous?.remember(key, window, acc);
  };

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
