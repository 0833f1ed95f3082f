import { createKeyMap, type KeyMap, type KeyReader } from '../key';
import type { Out, Processor } from '../operator/processor';
import { hasNull } from './keys';
import type { Results } from './result';

type Index<R> = KeyMap<R[]>;

/** The rows of a table by key; a null in a key is never found. */
export function indexOf<R>(rows: readonly R[], reader: KeyReader<R>): Index<R> {
  const index = createKeyMap<R[]>(reader.columns.length);
  for (const row of rows) {
    const key = reader.read(row);
    if (hasNull(key)) continue;
    const known = index.get(key);
    if (known === undefined) index.set(key, [row]);
    else known.push(row);
  }
  return index;
}

/** Each row with the rows of a table that have its key. A new table comes in whole: between rows, in a query at a barrier. */
export class Lookup<L, R, O> implements Processor<L, O> {
  /** Rows of the table in force. */
  private size = 0;
  private loads = 0;
  private failures = 0;
  private index: Index<R> | undefined;
  private next: { readonly index: Index<R>; readonly size: number } | undefined;
  /** Called for each tick: time to load again. */
  reload: (() => void) | undefined;

  constructor(
    private readonly left: KeyReader<L>,
    private readonly right: KeyReader<R>,
    private readonly results: Results<L, R, O>,
    private readonly keepsAll: boolean,
    private readonly isRun: boolean,
    private readonly everyMs: number,
  ) {}

  take(rows: readonly R[]): void {
    const next = { index: indexOf(rows, this.right), size: rows.length };
    if (rows[0] !== undefined) this.results.learn(false, rows[0]);
    this.loads++;
    this.next = next;
    if (!this.isRun || this.index === undefined) this.swap();
  }

  failed(): void {
    this.failures++;
  }

  private swap(): void {
    if (this.next === undefined) return;
    this.index = this.next.index;
    this.size = this.next.size;
    this.next = undefined;
  }

  onStart(out: Out<O>): void {
    if (this.everyMs < Infinity) out.tickIn(this.everyMs);
  }

  onTick(_now: number, out: Out<O>): void {
    out.tickIn(this.everyMs);
    this.reload?.();
  }

  onEvent(time: number, row: L, out: Out<O>): void {
    const key = this.left.read(row);
    this.results.learn(true, row);
    const found = hasNull(key) ? undefined : this.index?.get(key);
    if (found === undefined) {
      if (this.keepsAll) out.forward(time, this.results.build(row, null));
      else out.filter();
      return;
    }
    if (found.length === 1) return out.forward(time, this.results.build(row, found[0]!));
    const made = found.map((other) => this.results.build(row, other));
    out.absorb(1);
    for (const each of made) {
      if (out.closed) return;
      out.event(time, each);
    }
  }

  onBarrier(): void {
    this.swap();
  }

  report(): Readonly<Record<string, unknown>> {
    return { table: { rows: this.size, loads: this.loads, failures: this.failures } };
  }
}
