import type { Window } from '../element';
import { createKeyMap, keyFrom, ownKey, type KeyMap, type KeyOf } from '../key';
import { Recorder } from '../state/recorder';
import { cell, type StateTables } from '../state/table';
import type { Assigner } from '../window/assigner';
import type { ResultRow } from '../window/resultRow';
import type { WindowStore } from '../window/store';
import { velocityOf } from './growth';
import type { Folding } from './plan';
import { Deadlines } from '../state/deadlines';

interface Remembered {
  readonly window: Window;
  readonly values: readonly unknown[];
}

/** The windows of one key that the next one may be compared with, by end. */
interface Memory {
  readonly key: KeyOf;
  readonly windows: Remembered[];
  /** Until when an open window may still be compared with the last of them. */
  awaits: number;
}

/** The last window of each key, for columns that compare with it (`agg.velocity`). */
export class Previous {
  private readonly byKey: KeyMap<Memory>;
  private readonly purging = new Deadlines<Memory>(1000, (memory) => this.staleFrom(memory));
  private readonly recorder: Recorder;
  private readonly columns: readonly {
    readonly name: string;
    readonly read: (acc: unknown) => unknown;
    readonly maxGapMs: number;
  }[];
  private readonly maxGapMs: number;
  /** What tells sessions apart is where they begin: they grow. */
  private readonly isSession: boolean;
  private longestMs = 0;

  constructor(
    folding: Folding,
    private readonly assigner: Assigner<never>,
    keyColumns: number,
  ) {
    this.isSession = assigner.kind === 'session';
    this.byKey = createKeyMap(keyColumns);
    this.recorder = new Recorder(keyColumns);
    this.columns = folding.columns.flatMap((column, i) =>
      column.velocity === undefined ? [] : [{ name: column.name, read: folding.reads[i]!, maxGapMs: column.velocity.maxGapMs }],
    );
    this.maxGapMs = Math.max(0, ...this.columns.map((column) => column.maxGapMs));
  }

  /** Puts the growth since the key's previous window into the row; null where there is none close enough. */
  compare(row: ResultRow, key: KeyOf, window: Window, acc: unknown): void {
    const before = this.before(key, window);
    this.columns.forEach(({ name, read, maxGapMs }, i) => {
      const near = before !== undefined && this.distance(before.window, window) <= maxGapMs;
      row[name] = near ? velocityOf(read(acc) as number | null, before.values[i] as number | null) : null;
    });
  }

  /** The window becomes the one that the next is compared with. */
  remember(key: KeyOf, window: Window, acc: unknown): void {
    const entry: Remembered = { window, values: this.columns.map(({ read }) => read(acc)) };
    this.longestMs = Math.max(this.longestMs, window.end - window.start);
    this.recorder.written(key);
    const { windows } = this.byKey.get(key) ?? this.open(key, [entry]);
    this.takeOut(windows, window);
    let i = windows.length;
    while (i > 0 && windows[i - 1]!.window.end >= window.end) i--;
    const replaces = windows[i]?.window.end === window.end ? 1 : 0;
    windows.splice(i, replaces, entry);
  }

  /** A session that grew is not compared with what it was. */
  private takeOut(windows: Remembered[], window: Window): void {
    const at = this.isSession ? windows.findIndex((other) => other.window.start === window.start) : -1;
    if (at >= 0) windows.splice(at, 1);
  }

  /** A session that became part of another one, or begins elsewhere now. */
  gone(key: KeyOf, window: Window): void {
    const memory = this.byKey.get(key);
    if (memory === undefined) return;
    this.takeOut(memory.windows, window);
    if (memory.windows.length > 0) return this.recorder.written(memory.key);
    this.byKey.delete(key);
    this.recorder.gone(memory.key);
  }

  private open(key: KeyOf, windows: Remembered[]): Memory {
    const memory = { key: ownKey(key), windows, awaits: -Infinity };
    this.byKey.set(memory.key, memory);
    this.purging.add(memory);
    return memory;
  }

  /** A window that had spoken changed: the one after it is to be said again. */
  corrected(key: KeyOf, window: Window, acc: unknown, again: (key: KeyOf, window: Window) => void): void {
    this.remember(key, window, acc);
    const after = this.byKey.get(key)?.windows.find((other) => other.window.end > window.end);
    if (after !== undefined) again(key, after.window);
  }

  private before(key: KeyOf, window: Window): Remembered | undefined {
    let found: Remembered | undefined;
    for (const other of this.byKey.get(key)?.windows ?? []) {
      if (other.window.end < window.end && !(this.isSession && other.window.start === window.start)) found = other;
    }
    return found;
  }

  /** How far apart two windows are: 0 for neighbours, on the grid of their ends where there is one. */
  private distance(before: Window, window: Window): number {
    const next = this.assigner.slicing?.nextEnd(before.end);
    return next === undefined ? window.start - before.end : window.end - next;
  }

  /** From which watermark on no window to come is compared with this one. */
  private until(window: Window): number {
    // Without a grid the next window only has to begin in time; it may end any length later.
    return (this.assigner.slicing?.nextEnd(window.end) ?? window.end + this.longestMs) + this.maxGapMs;
  }

  /** When the first of a key's windows may be of no use: no window to come is compared with it, nor the one behind it. */
  private staleFrom({ windows: [first, second], awaits }: Memory): number {
    return first === undefined ? NaN : Math.max(this.until(first.window), second?.window.end ?? -Infinity, awaits);
  }

  /** Forgets what no window to come can be compared with. */
  expire(drop: number, store: WindowStore<never>): void {
    if (!this.purging.isDue(drop)) return;
    for (const memory of this.purging.take(drop)) this.purge(memory, drop, store);
  }

  private purge(memory: Memory, drop: number, store: WindowStore<never>): void {
    const { key, windows } = memory;
    const last = windows[windows.length - 1]!.window;
    memory.awaits = store.openEnd?.(key, last.end + this.maxGapMs) ?? -Infinity;
    if (memory.awaits <= drop && this.until(last) <= drop) {
      this.byKey.delete(key);
      return this.recorder.gone(key);
    }
    const keep = windows.findIndex((_one, i) => i === windows.length - 1 || windows[i + 1]!.window.end > drop);
    if (keep > 0) this.recorder.written(key);
    windows.splice(0, keep);
    this.purging.add(memory);
  }

  get tables(): StateTables {
    const previous = this.recorder.table(
      1,
      this.byKey,
      ({ windows }) => windows.slice(),
      (entries) => {
        this.byKey.clear();
        this.purging.clear();
        for (const [values, windows] of entries) this.open(keyFrom(values), [...(windows as Remembered[])]);
      },
    );
    const longest = cell(
      1,
      () => this.longestMs,
      (value) => (this.longestMs = value as number),
    );
    return { previous, longest };
  }
}
