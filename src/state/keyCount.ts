/** What a batch wrote and removed, from the number of keys before and after it: one look a batch, nothing a row but `written++`. */
export class KeyCount {
  written = 0;
  private known = 0;

  constructor(private readonly size: () => number) {}

  /** The state has been loaded. */
  restored(): void {
    this.known = this.size();
  }

  take(): { readonly total: number; readonly updated: number; readonly removed: number } {
    const total = this.size();
    const updated = this.written;
    const removed = this.known + updated - total;
    this.written = 0;
    this.known = total;
    return { total, updated, removed };
  }
}
