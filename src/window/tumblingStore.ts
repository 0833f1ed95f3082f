import type { Window } from '../element';
import type { KeyOf } from '../key';
import type { Out } from '../operator';
import { PaneStore, type Pane } from './panes';
import type { Visit } from './store';
import { windowsOf, type Touched } from './touched';

/** Windows that are slices themselves (tumbling, global): a pane is a window. */
export class TumblingStore<T> extends PaneStore<T> {
  /** End of the first pane that was not visited yet. */
  private due = Infinity;

  protected override opened(pane: Pane): void {
    pane.entered = pane.end <= this.sweptTo;
    if (!pane.entered && pane.end < this.due) this.due = pane.end;
  }

  protected override reset(): void {
    this.due = Infinity;
  }

  sweep(upTo: number, _drop: number, out: Out<unknown>, visit?: Visit): void {
    if (upTo > this.sweptTo) this.sweptTo = upTo;
    if (this.due > upTo || this.order.length === 0) return;
    this.due = Infinity;
    for (const pane of this.order) {
      if (pane.entered) continue;
      if (pane.end > upTo) {
        this.due = pane.end;
        return;
      }
      pane.entered = true;
      if (visit === undefined) continue;
      const window: Window = { start: pane.start, end: pane.end };
      pane.cells.forEach((acc, key) => {
        if (!out.closed) visit(key, window, acc);
      });
    }
  }

  restart(key: KeyOf, window: Window): void {
    const pane = this.paneAt(window.start);
    if (pane === undefined) return;
    pane.cells.set(key, this.folding.create());
    if (this.log.isOn) this.log.touch(pane, key);
  }

  override windows(): number {
    return this.order.reduce((sum, { cells }) => sum + cells.size, 0);
  }

  takeTouched(): Touched {
    return windowsOf(this.log.takeBatch(), ({ start, end }) => ({ start, end }));
  }

  peek(key: KeyOf, window: Window): unknown {
    return this.paneAt(window.start)?.cells.get(key);
  }
}
