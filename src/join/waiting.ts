import type { StateTable } from '../state/table';

/** The right rows of a batch: they come after all its left rows. */
export class Waiting<R> {
  times: number[] = [];
  rows: R[] = [];

  add(time: number, row: R): void {
    this.times.push(time);
    this.rows.push(row);
  }

  get size(): number {
    return this.rows.length;
  }

  /** Gives the rows and forgets them. */
  each(visit: (time: number, row: R) => void): void {
    const { times, rows } = this;
    this.times = [];
    this.rows = [];
    for (let i = 0; i < rows.length; i++) visit(times[i]!, rows[i]!);
  }

  /** Empty at every barrier; there for snapshots between them. */
  get table(): StateTable {
    return {
      version: 1,
      size: () => this.size,
      entries: () => this.rows.map((row, i) => [[i], [this.times[i], row]]),
      load: (entries) => {
        this.times = [];
        this.rows = [];
        for (const [, value] of entries) this.add(...(value as [number, R]));
      },
    };
  }
}
