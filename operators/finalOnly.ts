import type { OperatorFunction } from 'rxjs';
import { MAX_TIME, type Change, type Element } from '../src/element';
import { checkOption } from '../src/errors';
import { createKeyMap, keyFrom, type KeyMap, type KeyOf } from '../src/key';
import { operator, type OperatorOptions, type Processor } from '../src/operator';
import type { StateEntry, StateTable } from '../src/state/table';
import type { Traits } from '../src/traits';
import { Deadlines } from '../src/state/deadlines';

interface Entry {
  readonly key: readonly unknown[];
  readonly id: KeyOf;
  /** Which one it is by its first change: those of one time are said in this order. */
  readonly order: number;
  time: number;
  row: unknown;
  /** False once it was taken back. */
  live: boolean;
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
    create: ({ traits }) => finals<R>(traits.finality === 'window'),
  });
}

function finals<R>(byWindow: boolean): Processor<Change<R>, R> {
  let next = 0;
  let entries: KeyMap<Entry> | undefined; // how many columns a key has shows with the first one
  const wheel = new Deadlines<Entry>(1000, (entry) => (entry.live ? entry.time : NaN));
  const stampOf = (time: number): number => (byWindow ? time : MAX_TIME);
  const put = (change: Pick<Change<R>, 'key' | 'row'>, time: number): void => {
    entries ??= createKeyMap<Entry>(change.key.length);
    const id = keyFrom(change.key);
    const known = entries.get(id);
    if (known !== undefined) {
      known.row = change.row;
      if (stampOf(time) >= known.time) known.time = stampOf(time);
      return;
    }
    const entry: Entry = { key: change.key, id, order: next++, time: stampOf(time), row: change.row, live: true };
    entries.set(id, entry);
    wheel.add(entry);
  };
  const remove = (key: readonly unknown[]): void => {
    const entry = entries?.get(keyFrom(key));
    if (entry === undefined) return;
    entry.live = false;
    entries?.delete(entry.id);
  };
  return {
    speaksAt: 'drop',
    tables: {
      rows: tableOf(
        () => entries,
        put,
        () => {
          entries = undefined;
          wheel.clear();
        },
      ),
    },
    onEvent(time, change, out) {
      out.absorb(1);
      if (change.op === 'delete') remove(change.key);
      else put(change, time);
    },
    onWatermark(_emit, drop, out) {
      const due = wheel.take(drop - 1); // `time < drop` is `end <= drop`
      for (const { id } of due) entries?.delete(id);
      due.sort((a, b) => a.time - b.time || a.order - b.order);
      for (const entry of due) if (!out.closed) out.event(entry.time, entry.row as R);
    },
  };
}

function tableOf<R>(
  entries: () => KeyMap<Entry> | undefined,
  put: (change: Pick<Change<R>, 'key' | 'row'>, time: number) => void,
  clear: () => void,
): StateTable {
  return {
    version: 1,
    size: () => entries()?.size ?? 0,
    entries: () => [...(entries()?.entries() ?? [])].map(([, entry]): StateEntry => [entry.key, [entry.time, entry.row]]),
    load(saved) {
      clear();
      for (const [key, data] of saved) {
        const [time, row] = data as [number, R];
        put({ key, row }, time);
      }
    },
  };
}
