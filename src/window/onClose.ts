import { stampOf } from '../element';
import type { Out, Processor } from '../operator';
import { cell } from '../state/table';
import type { Previous } from '../aggregate/previous';
import type { RowBuilder } from './resultRow';
import type { SpeakParts } from './speak';
import type { Visit, WindowStore } from './store';

/** One final row per key and window, once `end <= drop`; windows of one step in (end, key arrival) order. */
export class OnClose<T> implements Processor<T, unknown> {
  readonly speaksAt = 'drop';
  readonly tables;
  protected drop = -Infinity;
  private out: Out<unknown> | undefined;
  private readonly store: WindowStore<T>;
  private readonly build: RowBuilder;
  private readonly previous: Previous | undefined;

  constructor(parts: SpeakParts<T>) {
    this.store = parts.store;
    this.build = parts.build;
    this.previous = parts.previous;
    const drop = cell(
      1,
      () => this.drop,
      (value) => (this.drop = value as number),
    );
    this.tables = { ...parts.store.tables, ...parts.previous?.tables, drop };
  }

  onEvent(time: number, row: T, out: Out<unknown>): void {
    this.store.add(time, row, this.drop, out);
  }

  onWatermark(_emit: number, drop: number, out: Out<unknown>): void {
    const { store, previous } = this;
    this.drop = drop;
    this.out = out;
    store.sweep(drop, drop, out, this.speak);
    store.expire(drop, out);
    previous?.expire(drop, store);
  }

  private readonly speak: Visit = (key, window, acc, memo) => {
    const { previous } = this;
    const row = this.build(window, key, acc, memo);
    if (previous !== undefined) {
      previous.compare(row, key, window, acc);
      previous.remember(key, window, acc);
    }
    this.out!.event(stampOf(window.end), row);
  };

  /** Spark's no-data batch: when the watermark moved on and something may be due. */
  wantsBatch(w: number): boolean {
    return w > this.drop;
  }

  held(): number {
    return this.store.held();
  }

  stateSize(): number {
    return this.store.windows();
  }

  report(): Readonly<Record<string, unknown>> {
    return { openWindows: this.store.windows() };
  }
}
