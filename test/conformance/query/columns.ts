import type { Clock } from 'tidemark';
import { Malformed } from '../shape';

export type Row = Readonly<Record<string, unknown>>;
/** Reads a value of a row; the clock says the time of the batch. */
export type Read = (row: Row, clock?: Clock) => unknown;

/** A query names a column that is not there. */
export class UnknownColumn extends Malformed {}

/** The columns of a stream, in order. Some hold windows, whose ends are read as `w.start` and `w.end`. */
export class Columns {
  constructor(
    readonly names: readonly string[],
    readonly windows: readonly string[] = [],
  ) {
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw new Malformed(`two columns are called '${twice}'`);
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  isWindow(name: string): boolean {
    return this.windows.includes(name);
  }

  /** The column that `name` reads: itself, or the window in `w.start`. */
  source(name: string): string {
    if (this.has(name)) return name;
    const [, window] = /^(.+)\.(?:start|end)$/.exec(name) ?? [];
    if (window !== undefined && this.isWindow(window)) return window;
    throw new UnknownColumn(`unknown column '${name}' (known: ${this.names.join(', ')})`);
  }

  reader(name: string): Read {
    const source = this.source(name);
    if (source === name) return (row) => row[name] ?? null;
    const side = name.slice(source.length + 1);
    return (row) => (row[source] as Row | null | undefined)?.[side] ?? null;
  }

  check(...names: readonly string[]): void {
    for (const name of names) this.source(name);
  }

  /** With a further column, or with one replaced. */
  with(name: string, isWindow = false): Columns {
    const windows = this.windows.filter((one) => one !== name);
    return new Columns(this.has(name) ? this.names : [...this.names, name], isWindow ? [...windows, name] : windows);
  }

  and(other: Columns): Columns {
    return new Columns([...this.names, ...other.names], [...this.windows, ...other.windows]);
  }
}
