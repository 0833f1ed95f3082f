import type { Exact, Folding } from '../aggregate/plan';

const NEVER: Exact = { isWhole: () => false, leave: () => false };

/** Up to so many panes a window is simply folded from left to right. */
const FEW = 16;

/**
 * The panes of one key put together, remembered from window to window. The bits of a float sum are the same whatever the
 * chunking or the restarts: how panes are associated depends only on which panes there are and where they lie. Few panes
 * are folded from left to right; many as (suffix up to the boundary) + (prefix from it), where the boundary is a fixed
 * multiple of the window's size inside the window, so that each pane is merged about three times in all. Where all panes
 * are whole numbers, how they are associated makes no difference: what leaves is subtracted, what enters is added.
 *
 * Source: two-stacks aggregation with fixed blocks (van Herk 1992, Gil and Werman 1993).
 */
export class Combined {
  /** One that stays: D-056. */
  static readonly lasting: unknown = /* @__PURE__ */ new Combined({} as never);

  private acc: unknown = undefined;
  private owned = false;
  /** The panes in acc: from `head` to before `end`. */
  private head = 0;
  private end = 0;
  /** They may be taken out again. */
  private exact = false;
  private suffixes: unknown[] | undefined = undefined; // suffixes[i]: panes i … before the boundary
  private suffixAt = NaN;
  private split = 0; // the first pane from the boundary on, while suffixAt holds
  private prefix: unknown = undefined;
  private prefixCount = -1;

  private readonly exactly: Exact;

  constructor(private readonly folding: Folding) {
    this.exactly = folding.exact ?? NEVER;
  }

  /** Nothing may be added before this time without `forget`. */
  get closedBefore(): number {
    return this.suffixAt;
  }

  /** A pane changed, or one came in between, or all were moved: nothing remembered is true any more. */
  forget(): void {
    this.end = 0;
    this.suffixAt = NaN;
    this.prefixCount = -1;
  }

  /** The panes from `head` on as one accumulator; valid until the next call, not to be changed. */
  of(starts: readonly number[], accs: readonly unknown[], head: number, boundary: number): unknown {
    const count = accs.length - head;
    if (!this.moved(accs, head)) {
      if (count === 1) this.keep(accs[head], false);
      else if (count <= FEW) this.fold(accs, head);
      else this.halves(starts, accs, head, boundary);
    }
    this.head = head;
    this.end = accs.length;
    return this.acc;
  }

  /** Whether what is remembered could be made to fit: panes leave at the head and enter at the end. */
  private moved(accs: readonly unknown[], head: number): boolean {
    const { folding } = this;
    if (this.end <= head) return false;
    if (head > this.head) {
      if (!this.owned || !this.exact) return false;
      for (let i = this.head; i < head; i++) if (!this.exactly.leave(this.acc, accs[i])) return false;
    } else if (!this.exact && accs.length - head > FEW) return false;
    if (this.end === accs.length) return true;
    if (!this.owned) {
      // Only one pane was in it, and that pane must stay as it is.
      const into = folding.create();
      folding.merge(into, this.acc);
      this.keep(into, true);
    }
    for (let i = this.end; i < accs.length; i++) this.enter(accs[i]);
    return true;
  }

  private keep(acc: unknown, owned: boolean): void {
    this.acc = acc;
    this.owned = owned;
    this.exact = this.exactly.isWhole(acc);
  }

  private enter(acc: unknown): void {
    this.exact &&= this.exactly.isWhole(acc);
    this.folding.merge(this.acc, acc);
  }

  private fold(accs: readonly unknown[], head: number): void {
    this.keep(this.folding.create(), true);
    for (let i = head; i < accs.length; i++) this.enter(accs[i]);
  }

  private halves(starts: readonly number[], accs: readonly unknown[], head: number, boundary: number): void {
    if (this.suffixAt !== boundary) {
      let at = head;
      while (at < starts.length && starts[at]! < boundary) at++;
      this.split = at;
      this.makeSuffixes(accs, head, at, boundary);
    }
    const { split, folding } = this;
    this.growPrefix(accs, split);
    const into = folding.create();
    if (split > head) folding.merge(into, this.suffixes![this.suffixes!.length - (split - head)]);
    if (this.prefixCount > 0) folding.merge(into, this.prefix);
    this.acc = into;
    this.owned = true;
    this.exact = true;
    for (let i = head; i < accs.length && this.exact; i++) this.exact = this.exactly.isWhole(accs[i]);
  }

  private makeSuffixes(accs: readonly unknown[], head: number, split: number, boundary: number): void {
    const { folding } = this;
    this.suffixAt = boundary;
    this.prefixCount = -1;
    const suffixes = (this.suffixes = new Array<unknown>(split - head));
    for (let i = split - 1; i >= head; i--) {
      const into = folding.create();
      folding.merge(into, accs[i]);
      if (i + 1 < split) folding.merge(into, suffixes[i + 1 - head]);
      suffixes[i - head] = into;
    }
  }

  private growPrefix(accs: readonly unknown[], split: number): void {
    const { folding } = this;
    if (this.prefixCount < 0) {
      this.prefix = folding.create();
      this.prefixCount = 0;
    }
    for (let i = split + this.prefixCount; i < accs.length; i++) folding.merge(this.prefix, accs[i]);
    this.prefixCount = accs.length - split;
  }
}
