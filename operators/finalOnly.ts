import type { OperatorFunction } from 'rxjs';
import { MAX_TIME, type Change, type Element } from '../src/element';
import { checkOption } from '../src/errors';
import { createKeyMap, keyFrom, type KeyOf } from '../src/key';
import { operator, type OperatorOptions, type Out, type Processor } from '../src/operator';
import { Deadlines } from '../src/state/deadlines';
import { Recorder } from '../src/state/recorder';
import type { StateEntry, StateTable } from '../src/state/table';
import type { Traits } from '../src/traits';

interface Entry {
  readonly key: readonly unknown[];
  readonly id: KeyOf;
  /** Which one it is by its first change: those of one time are said in this order. */
  readonly order: number;
  time: number;
  row: unknown;
  /** It was taken back, or said. */
  isGone: boolean;
}

/**
 * From a ChangeStream to an EventStream: the last row of each key, once nothing more can be said about it.
 *
 * For windows that is when `end <= drop`; for groups without a window only the end of the stream (watermark +Infinity).
 * Rows that were taken back by a `delete` do not come.
 *
 * ```
 * changes    -(u0)-(u1)--W---|     u0, u1: upserts of one window; W passes its end
 * out        ----------(u1 W)|
 * ```
 *
 * @returns the rows, stamped as the changes were (`end - 1`); forwards the drop watermark
 *
 * Cost: O(1) amortised a change; holds one row for each key that is not final.
 *
 * State: table `rows`, version 1.
 * @example
 * ```ts
 * const out: number[] = [];
 * of({ t: 1 }, { t: 2 }, { t: 12 }).pipe(
 *   withWatermark('t', 0), aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: onUpdate() }), finalOnly(), rows(),
 * ).subscribe((row) => out.push(row.n));
 * out; // => [2, 1]
 * ```
 */
export function finalOnly<R>(options?: OperatorOptions): OperatorFunction<Element<Change<R>, 'change'>, Element<R>> {
  return operator<Change<R>, R, 'change', 'event'>({
    type: 'finalOnly',
    options,
    accepts: ['change'],
    stateful: true,
    traits: ([input]) => {
      const { finality: _final, isPartial, ...rest } = input as Traits;
      checkOption(isPartial !== true, 'the last of discarding panes is a part only; use another mode, or add the panes up');
      return { ...rest, kind: 'event', ties: 'ordered' };
    },
    create: ({ traits }) => new Finals<R>(traits.finality === 'window'),
  });
}

/** The last rows of the keys that are not final. How many columns a key has shows with the first one. */
class Finals<R> implements Processor<Change<R>, R> {
  readonly speaksAt = 'drop';
  readonly tables = { rows: this.table() };
  private entries = createKeyMap<Entry>(0);
  private recorder = new Recorder(0);
  private columns: number | undefined;
  private next = 0;
  private readonly ending = new Deadlines<Entry>(1000, ({ isGone, time }) => (isGone ? NaN : time));

  constructor(private readonly byWindow: boolean) {}

  onEvent(time: number, change: Change<R>, out: Out<R>): void {
    out.absorb(1);
    this.learn(change.key);
    const id = keyFrom(change.key);
    const known = this.entries.get(id);
    if (change.op !== 'delete') this.put(id, known, change, this.byWindow ? time : MAX_TIME);
    else if (known !== undefined) {
      this.take(known);
      this.ending.forget();
    }
  }

  private learn(key: readonly unknown[]): void {
    if (this.columns !== undefined) return;
    const { isOn } = this.recorder;
    this.columns = key.length;
    this.entries = createKeyMap(key.length);
    this.recorder = new Recorder(key.length);
    if (isOn) this.recorder.begin();
  }

  private put(id: KeyOf, known: Entry | undefined, { key, row }: Pick<Change<R>, 'key' | 'row'>, time: number): void {
    this.recorder.written(id);
    if (known !== undefined) {
      known.row = row;
      if (time > known.time) known.time = time;
      return;
    }
    const entry = { key, id, order: this.next++, time, row, isGone: false };
    this.entries.set(id, entry);
    this.ending.add(entry);
  }

  private take(entry: Entry): void {
    entry.isGone = true;
    this.entries.delete(entry.id);
    this.recorder.gone(entry.id);
  }

  onWatermark(_emit: number, drop: number, out: Out<R>): void {
    const due = this.ending.take(drop - 1); // `time < drop` is `end <= drop`
    for (const entry of due) this.take(entry);
    due.sort((a, b) => a.time - b.time || a.order - b.order);
    for (const { time, row } of due) if (!out.closed) out.event(time, row as R);
  }

  private table(): StateTable {
    const entryOf = ({ key, time, row }: Entry): StateEntry => [key, [time, row]];
    const entries = (): StateEntry[] => [...this.entries.entries()].map(([, entry]) => entryOf(entry));
    return {
      version: 1,
      size: () => this.entries.size,
      entries,
      load: (saved) => {
        this.entries.clear();
        this.ending.clear();
        for (const [key, data] of saved) {
          const [time, row] = data as [number, R];
          this.learn(key);
          this.put(keyFrom(key), undefined, { key, row }, time);
        }
        this.recorder.begin();
      },
      changes: () => this.recorder.take(entries, (id) => entryOf(this.entries.get(id)!)),
    };
  }
}
