import { stampOf } from '../element';
import type { Out, Processor } from '../operator';
import type { SpeakParts } from './speak';
import type { Visit } from './store';

/** One final row per key and window, once `end <= drop`; windows of one step in (end, key arrival) order. */
export class OnClose<T> implements Processor<T, unknown> {
  readonly speaksAt = 'drop';
  readonly tables;
  private drop = -Infinity;
  private out: Out<unknown> | undefined;

  constructor(private readonly parts: SpeakParts<T>) {
    this.tables = { ...parts.store.tables, ...parts.previous?.tables };
  }

  onEvent(time: number, row: T, out: Out<unknown>): void {
    this.parts.store.add(time, row, this.drop, out);
  }

  onWatermark(_emit: number, drop: number, out: Out<unknown>): void {
    const { store, previous } = this.parts;
    this.drop = drop;
    this.out = out;
    store.sweep(drop, out, this.speak);
    store.expire(drop, out);
    previous?.expire(drop);
  }

  private readonly speak: Visit = (key, window, acc) => {
    const { build, previous } = this.parts;
    const row = build(window, key, acc);
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
    return this.parts.store.held();
  }

  report(): Readonly<Record<string, unknown>> {
    return { openWindows: this.parts.store.windows() };
  }
}
