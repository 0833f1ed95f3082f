import type { Metric } from '../data';
import type { TotalRow } from '../rows';

interface Acc {
  n: number;
  nulls: number;
  total: number;
}

type Panes = Map<number, Map<string, Acc>>;

/** Tumbling windows, count(*) and sum(v) by key: one Map a window, the window of the last row kept at hand. */
export function w1Loop(
  events: readonly Metric[],
  size: number,
  delay: number,
  every: number,
  onRow: (row: TotalRow) => void,
): void {
  const panes: Panes = new Map();
  let max = -Infinity;
  let w = -Infinity;
  let rows = 0;
  let lastStart = NaN;
  let last = new Map<string, Acc>();
  let nextEnd = Infinity;
  for (let i = 0; i < events.length; i++) {
    const { t, k, v } = events[i]!;
    const start = t - (t % size);
    if (start + size > w) {
      if (start !== lastStart) {
        last = paneOf(panes, start);
        lastStart = start;
        if (start + size < nextEnd) nextEnd = start + size;
      }
      const acc = last.get(k);
      if (acc === undefined) last.set(k, v === null ? { n: 1, nulls: 1, total: 0 } : { n: 1, nulls: 0, total: v });
      else {
        acc.n++;
        if (v === null) acc.nulls++;
        else acc.total += v;
      }
    }
    if (t > max) max = t;
    if (++rows >= every && max - delay > w) {
      rows = 0;
      w = max - delay;
      if (nextEnd <= w) {
        nextEnd = close(panes, size, w, onRow);
        if (lastStart + size <= w) lastStart = NaN;
      }
    }
  }
  close(panes, size, Infinity, onRow);
}

function paneOf(panes: Panes, start: number): Map<string, Acc> {
  let pane = panes.get(start);
  if (pane === undefined) panes.set(start, (pane = new Map()));
  return pane;
}

/** Gives the rows of all windows that have ended, and says which end is the next. */
function close(panes: Panes, size: number, w: number, onRow: (row: TotalRow) => void): number {
  const due = [...panes.keys()].filter((start) => start + size <= w).sort((a, b) => a - b);
  for (const start of due) {
    const pane = panes.get(start)!;
    panes.delete(start);
    emit(pane, { start, end: start + size }, onRow);
  }
  let next = Infinity;
  for (const start of panes.keys()) if (start + size < next) next = start + size;
  return next;
}

function emit(pane: Map<string, Acc>, window: TotalRow['window'], onRow: (row: TotalRow) => void): void {
  for (const [k, acc] of pane) onRow({ window, k, n: acc.n, total: acc.n === acc.nulls ? null : acc.total });
}
