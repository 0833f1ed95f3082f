import type { Journal } from './source';

/** A journal in memory, for sources without a durable checkpoint: it lives as long as its source. */
export class ListJournal implements Journal {
  begin = 0;
  private readonly entries: unknown[] = [];

  get end(): number {
    return this.begin + this.entries.length;
  }

  append(rows: readonly unknown[]): Promise<number> {
    for (const row of rows) this.entries.push(row);
    return Promise.resolve(this.end);
  }

  async *read(from: number, to: number): AsyncIterable<readonly unknown[]> {
    if (to > from) yield this.entries.slice(from - this.begin, to - this.begin);
  }

  forget(to: number): Promise<void> {
    if (to > this.begin) this.entries.splice(0, to - this.begin);
    this.begin = Math.max(this.begin, to);
    return Promise.resolve();
  }
}
