import type { Folding } from '../aggregate/plan';
import type { KeyOf } from '../key';
import { Combined } from './combined';
import type { Pane } from './panes';
import type { Memo } from './store';

/** The panes of one key that are inside the window last visited, oldest first. */
export class Track implements Memo {
  /** One that stays: D-056. */
  static readonly lasting: unknown = /* @__PURE__ */ new Track(null, 0, {} as never);

  readonly starts: number[] = [];
  readonly accs: unknown[] = [];
  readonly combined: Combined;
  head = 0;
  /** What `combined` gave for the window before, … */
  acc: unknown = undefined;
  /** … which is good for windows that begin up to here: the start of its oldest pane, while none has entered or changed. */
  freshUntil = -Infinity;
  figures: unknown[] | undefined = undefined;
  isRead = false;
  /** Panes that hold the key, also those that no window has reached. */
  panes = 0;
  active = false;
  /** The youngest of them, while windows are counted. */
  latest: Pane | undefined = undefined;

  constructor(
    readonly key: KeyOf,
    /** When the key arrived: windows with the same end speak in this order. */
    readonly arrival: number,
    folding: Folding,
  ) {
    this.combined = new Combined(folding);
  }

  insert(start: number, acc: unknown): void {
    let i = this.starts.length;
    while (i > this.head && this.starts[i - 1]! > start) i--;
    this.freshUntil = -Infinity;
    if (i < this.starts.length || start < this.combined.closedBefore) {
      this.combined.forget();
      this.starts.splice(i, 0, start);
      this.accs.splice(i, 0, acc);
    } else {
      this.starts.push(start);
      this.accs.push(acc);
    }
  }

  /** A pane changed. */
  forget(): void {
    this.freshUntil = -Infinity;
    this.combined.forget();
  }

  /** What its panes in the window that begins at `start` make together; false when there is none. */
  refresh(start: number, boundary: number): boolean {
    this.advance(start);
    if (this.head === this.starts.length) return false;
    this.acc = this.combined.of(this.starts, this.accs, this.head, boundary);
    this.freshUntil = this.starts[this.head]!;
    this.isRead = false;
    return true;
  }

  /** Leaves the panes before `start` behind. */
  private advance(start: number): void {
    const { starts } = this;
    let { head } = this;
    while (head < starts.length && starts[head]! < start) head++;
    if (head > 64 && head * 2 > starts.length) {
      starts.splice(0, head);
      this.accs.splice(0, head);
      this.combined.forget();
      head = 0;
    }
    this.head = head;
  }
}
