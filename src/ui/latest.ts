import { enableMapSet, produce } from 'immer';
import type { Observable, OperatorFunction } from 'rxjs';
import type { Change, Element } from '../element';
import { checkOption } from '../errors';
import { normalKey } from '../key';
import { leaveBatched } from '../rx/batched';
import { parsePositive, type Duration } from '../time/duration';

/** Options of `latest`. */
export interface LatestOptions {
  /** How much to keep: so many windows for each key, or the windows that began within so long of the newest. Default: all. */
  readonly retain?: number | Duration;
}

/** One change's key as text: what the entries of the map are found under. */
export function changeKey(key: readonly unknown[]): string {
  return key
    .map((value) =>
      value instanceof Date ? value.toISOString() : typeof value === 'object' ? String(normalKey(value)) : String(value),
    )
    .join('|');
}

/**
 * The results of a ChangeStream as they stand: a map that is replaced, never changed, with structure shared between
 * emissions (what did not change is the same object), as user interfaces want it.
 *
 * Entries are found under the change's key as text, `'<window start>|<key>'`; they leave by `delete`, or by `retain`.
 * Changes of one call (one row, one tick of `onUpdate({ every })`, one watermark) make one emission.
 *
 * @param options - `retain`: a number of windows per key, or a duration in text; default: everything
 * @returns `ReadonlyMap<string, row>`, in order of first appearance
 * @throws `TIDEMARK_OPTION`, `TIDEMARK_DURATION` at call
 *
 * Cost: one `produce` of immer per emission, O(entries): for results of dashboard size, not for whole states.
 * @example
 * ```ts
 * const sizes: number[] = [];
 * of({ t: 1 }, { t: 2 }, { t: 12 }).pipe(
 *   withWatermark('t', 0), aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: onUpdate() }), latest({ retain: 1 }),
 * ).subscribe((table) => sizes.push(table.size));
 * sizes; // => [1, 1, 1]
 * ```
 */
export function latest<R>(options: LatestOptions = {}): OperatorFunction<Element<Change<R>, 'change'>, ReadonlyMap<string, R>> {
  enableMapSet(); // before the first produce: without it immer stops freezing
  const trim = trimmer<R>(options.retain);
  return (source: Observable<unknown>) => {
    let table: ReadonlyMap<string, R> = new Map();
    return leaveBatched<Change<R>, ReadonlyMap<string, R>>(source, (changes) => {
      table = produce(table, (draft) => {
        for (const change of changes) apply(draft as Map<string, R>, change);
        trim(draft as Map<string, R>);
      });
      return table;
    });
  };
}

function apply<R>(table: Map<string, R>, change: Change<R>): void {
  if (change.op === 'delete') table.delete(changeKey(change.key));
  else table.set(changeKey(change.key), change.row);
}

function trimmer<R>(retain: LatestOptions['retain']): (table: Map<string, R>) => void {
  if (retain === undefined) return () => {};
  if (typeof retain === 'number') {
    checkOption(Number.isInteger(retain) && retain > 0, 'retain is a whole number of windows above 0, or a duration in text', {
      retain,
    });
    return (table) => keepNewest(table, retain);
  }
  const ms = parsePositive(retain, 'retain');
  return (table) => {
    let newest = -Infinity;
    for (const id of table.keys()) newest = Math.max(newest, startOf(id));
    for (const id of [...table.keys()]) if (startOf(id) <= newest - ms) table.delete(id);
  };
}

function startOf(id: string): number {
  return Number.parseFloat(id); // windows of a custom rule are '<start>/<end>'
}

function keepNewest<R>(table: Map<string, R>, count: number): void {
  const byKey = new Map<string, string[]>();
  for (const id of table.keys()) {
    const key = id.includes('|') ? id.slice(id.indexOf('|') + 1) : '';
    const ids = byKey.get(key);
    if (ids === undefined) byKey.set(key, [id]);
    else ids.push(id);
  }
  for (const ids of byKey.values()) {
    if (ids.length <= count) continue;
    ids.sort((a, b) => startOf(a) - startOf(b));
    for (const id of ids.slice(0, ids.length - count)) table.delete(id);
  }
}
