import type { Primitive, KeyOf } from '../key';
import { Recorder } from '../state/recorder';
import type { StateEntry, StateTable } from '../state/table';
import { TimingWheel, type Slot, type Wheeled } from '../state/timingWheel';

/** One value in a state, and when it is forgotten. */
export class Cell implements Wheeled {
  slot: Slot | undefined = undefined;
  index = 0;
  /** Gone from this instant of processing time on; Infinity: never. */
  time = Infinity;

  constructor(
    readonly key: KeyOf,
    readonly part: Primitive,
    public value: unknown,
  ) {}
}

/** What all kinds of state share: cells that are forgotten after their time to live, and a table of them. */
export abstract class Cells {
  abstract readonly size: number;
  protected readonly recorder: Recorder;
  private readonly expiring = new TimingWheel<Cell>();

  constructor(
    /** Columns of the table's key. */
    protected readonly columns: number,
    private readonly ttlMs: number,
    /** Processing time. Not asked while nothing is to be forgotten. */
    private readonly now: () => number,
  ) {
    this.recorder = new Recorder(columns);
  }

  /** Forgets what has `time <= now`; how many there were. */
  expire(now: number): number {
    let count = 0;
    this.expiring.take(Math.floor(now) + 1, (cell) => {
      this.remove(cell);
      count++;
    });
    return count;
  }

  /** No later than the soonest expiry. */
  nextExpiry(): number {
    return this.expiring.next();
  }

  get table(): StateTable {
    return {
      version: 1,
      size: () => this.size,
      entries: () => this.entries(),
      load: (entries) => {
        this.clear();
        this.expiring.clear();
        for (const [values, data] of entries) {
          const [value, time = Infinity] = data as [unknown, number?];
          this.keepUntil(this.insert(values, value), time);
        }
        this.recorder.begin();
      },
      changes: () =>
        this.recorder.take(
          () => this.entries(),
          (key) => this.entryOf(key),
          (key) => this.valuesOf(key),
        ),
    };
  }

  protected isOver(cell: Cell): boolean {
    return this.expiring.size > 0 && cell.time <= this.now();
  }

  protected write(cell: Cell, value: unknown): void {
    cell.value = value;
    if (this.ttlMs < Infinity) this.keepUntil(cell, Math.floor(this.now() + this.ttlMs));
    if (this.recorder.isOn) this.recorder.written(this.tableKey(cell));
  }

  private keepUntil(cell: Cell, time: number): void {
    this.expiring.delete(cell);
    cell.time = time;
    if (time < Infinity) this.expiring.add(cell);
  }

  /** Takes it out of the structure. */
  protected remove(cell: Cell): void {
    this.expiring.delete(cell);
    if (this.recorder.isOn) this.recorder.gone(this.tableKey(cell));
    this.drop(cell);
  }

  protected encoded({ value, time }: Cell): unknown {
    return time === Infinity ? [value] : [value, time];
  }

  protected abstract tableKey(cell: Cell): KeyOf;
  protected abstract valuesOf(tableKey: KeyOf): readonly unknown[];
  protected abstract entryOf(tableKey: KeyOf): StateEntry;
  protected abstract entries(): Iterable<StateEntry>;
  /** Puts a cell from a snapshot into the structure. */
  protected abstract insert(values: readonly unknown[], value: unknown): Cell;
  protected abstract drop(cell: Cell): void;
  protected abstract clear(): void;
}
