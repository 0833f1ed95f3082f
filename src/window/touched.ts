import type { Window } from '../element';
import { createKeyMap, type KeyOf } from '../key';
import type { Slicing } from './assigner';
import type { CellHolder, TouchedCells } from './cellLog';
import type { Pane } from './panes';
import type { Track } from './track';

/** The windows that the rows of a batch are part of: (key, window) pairs, each once. */
export interface Touched {
  readonly size: number;
  /** In (end, first row) order. */
  all(): readonly KeyWindow[];
}

export type KeyWindow = readonly [key: KeyOf, window: Window];

/** The same cells with the windows of their holders, sorted by end. */
export function windowsOf<H extends CellHolder>(batch: TouchedCells<H>, windowOf: (holder: H) => Window): Touched {
  return {
    size: batch.size,
    all() {
      const pairs: KeyWindow[] = [];
      batch.forEach((holder, key) => pairs.push([key, windowOf(holder)]));
      return byEnd(pairs);
    },
  };
}

/** Sorts by end and leaves equal ends as they are. */
export function byEnd(pairs: KeyWindow[]): readonly KeyWindow[] {
  return pairs.sort(([, a], [, b]) => a.end - b.end);
}

/** How many windows that hold the pane end after `after`. Ends are on a grid. */
function endsAfter({ firstEnd, lastEnd }: Pane, after: number, slicing: Slicing): number {
  if (lastEnd <= after) return 0;
  const step = slicing.nextEnd(firstEnd) - firstEnd;
  const first = after < firstEnd ? firstEnd : slicing.nextEnd(slicing.endAt(after));
  return (lastEnd - first) / step + 1;
}

/**
 * What the cells of a batch touched where a cell is part of many windows. Counted key by key as a union of spans on the grid
 * of ends, without naming a window: O(cells).
 */
export function touchedBySlices(batch: TouchedCells<Pane>, drop: number, slicing: Slicing, columns: number): Touched {
  return {
    get size() {
      const byKey = createKeyMap<Pane[]>(columns);
      batch.forEach((pane, key) => {
        const panes = byKey.get(key);
        if (panes === undefined) byKey.set(key, [pane]);
        else panes.push(pane);
      });
      let size = 0;
      byKey.forEach((panes) => {
        let after = drop;
        for (const pane of panes.sort((a, b) => a.start - b.start)) {
          size += endsAfter(pane, after, slicing);
          after = Math.max(after, pane.lastEnd);
        }
      });
      return size;
    },
    all() {
      const pairs: KeyWindow[] = [];
      const ends = createKeyMap<Set<number>>(columns);
      batch.forEach(({ firstEnd, lastEnd }, key) => {
        let known = ends.get(key);
        if (known === undefined) ends.set(key, (known = new Set()));
        for (let end = firstEnd; end <= lastEnd; end = slicing.nextEnd(end)) {
          if (end <= drop || known.has(end)) continue;
          known.add(end);
          pairs.push([key, { start: slicing.startOf(end), end }]);
        }
      });
      return byEnd(pairs);
    },
  };
}

/**
 * How many windows of a key begin to exist with its first row in a pane: those of the pane that end after `after` and that
 * no other pane of the key is part of. Both ends of a pane's span rise from pane to pane, so its neighbours say it all. O(1)
 * where keys enter panes in time order; an older pane looks for the neighbours that share a window with it.
 *
 * @param order - all panes by time; the key is in `pane` already
 */
export function newWindows(track: Track, pane: Pane, order: readonly Pane[], after: number, slicing: Slicing): number {
  const { latest, key } = track;
  if (latest === undefined || latest.start < pane.start) {
    track.latest = pane;
    return endsAfter(pane, Math.max(after, latest?.lastEnd ?? -Infinity), slicing);
  }
  const at = order.lastIndexOf(pane);
  let before = at - 1;
  while (before >= 0 && order[before]!.lastEnd >= pane.firstEnd && order[before]!.cells.get(key) === undefined) before--;
  let behind = at + 1;
  while (order[behind]!.start < latest.start && order[behind]!.cells.get(key) === undefined) behind++;
  const known = Math.max(after, order[before]?.lastEnd ?? -Infinity);
  const shared = endsAfter(pane, Math.max(known, order[behind]!.firstEnd - 1), slicing);
  return endsAfter(pane, known, slicing) - shared;
}
