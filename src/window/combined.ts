import type { Folding } from '../aggregate/plan';

/** Up to so many panes a window is simply folded from left to right. */
const FEW = 16;

/**
 * The panes of one key put together, remembered from window to window. How they are associated depends only on which
 * panes there are and where they lie, so the bits of a float sum are the same whatever the chunking or the restarts:
 * few panes are folded from left to right; many as (suffix up to the boundary) + (prefix from it), where the boundary is
 * a fixed multiple of the window's size inside the window, so that each pane is merged about three times in all.
 *
 * Source: two-stacks aggregation with fixed blocks (van Herk 1992, Gil and Werman 1993).
 */
export class Combined {
  private acc: unknown;
  private owned = false;
  private from = -1; // start of the first pane in acc
  private count = 0;
  private suffixes: unknown[] = []; // suffixes[i]: panes i … before the boundary
  private suffixAt = NaN;
  private prefix: unknown;
  private prefixCount = -1;

  constructor(private readonly folding: Folding) {}

  /** Nothing may be added before this time without `forget`. */
  get closedBefore(): number {
    return this.suffixAt;
  }

  /** A pane changed, or one came in between: nothing remembered is true any more. */
  forget(): void {
    this.count = 0;
    this.suffixAt = NaN;
    this.prefixCount = -1;
  }

  /** The panes from `head` on as one accumulator; valid until the next call, not to be changed. */
  of(starts: readonly number[], accs: readonly unknown[], head: number, boundary: number): unknown {
    const count = starts.length - head;
    if (this.count === count && this.from === starts[head]) return this.acc;
    const grown = this.count > 0 && this.count < count && count <= FEW && this.from === starts[head];
    if (count === 1) this.keep(accs[head], false);
    else if (count <= FEW) this.fold(accs, grown ? head + this.count : head, grown);
    else this.halves(starts, accs, head, boundary);
    this.from = starts[head]!;
    this.count = count;
    return this.acc;
  }

  private keep(acc: unknown, owned: boolean): void {
    this.acc = acc;
    this.owned = owned;
  }

  private fold(accs: readonly unknown[], begin: number, grown: boolean): void {
    const { folding } = this;
    if (!grown || !this.owned) {
      const into = folding.create();
      // Only one pane was in it, and that pane must stay as it is.
      if (grown) folding.merge(into, this.acc);
      this.keep(into, true);
    }
    for (let i = begin; i < accs.length; i++) folding.merge(this.acc, accs[i]);
  }

  private halves(starts: readonly number[], accs: readonly unknown[], head: number, boundary: number): void {
    let split = head;
    while (split < starts.length && starts[split]! < boundary) split++;
    if (this.suffixAt !== boundary) this.makeSuffixes(starts, accs, head, split, boundary);
    this.growPrefix(accs, split);
    const into = this.folding.create();
    if (split > head) this.folding.merge(into, this.suffixes[this.suffixes.length - (split - head)]);
    if (this.prefixCount > 0) this.folding.merge(into, this.prefix);
    this.keep(into, true);
  }

  private makeSuffixes(starts: readonly number[], accs: readonly unknown[], head: number, split: number, boundary: number): void {
    const { folding } = this;
    this.suffixAt = boundary;
    this.prefixCount = -1;
    this.suffixes = new Array<unknown>(split - head);
    for (let i = split - 1; i >= head; i--) {
      const into = folding.create();
      folding.merge(into, accs[i]);
      if (i + 1 < split) folding.merge(into, this.suffixes[i + 1 - head]);
      this.suffixes[i - head] = into;
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
