import type { Metric } from '../data';
import type { StatRow, Window } from '../rows';

/** What one key got within one slide. */
interface Pane {
  readonly start: number;
  n: number;
  nulls: number;
  total: number;
  top: number;
}

/** One key: its panes by time, and the figures of the window that was given last. */
interface Key {
  readonly k: string;
  panes: Pane[];
  /** Panes before it have left the window. */
  head: number;
  /** Panes before it are in the running figures. */
  cursor: number;
  n: number;
  nulls: number;
  total: number;
  top: number;
}

type Emit = (row: StatRow) => void;

/**
 * Sliding windows with count(*), sum, avg and max by key: panes of one slide in a sorted list per key, and running figures
 * that a pane enters and leaves. Subtraction is exact because the values are whole numbers; the maximum is looked for
 * again only when the pane that held it leaves. Each window costs a key one comparison unless a pane enters or leaves.
 */
export function w2Loop(events: readonly Metric[], size: number, slide: number, delay: number, every: number, onRow: Emit): void {
  const keys = new Map<string, Key>();
  const active: Key[] = [];
  let max = -Infinity;
  let w = -Infinity;
  let given = -Infinity; // the last end that was given
  let earliest = Infinity; // the first pane, as long as no end was given
  let rows = 0;
  for (let i = 0; i < events.length; i++) {
    const { t, k, v } = events[i]!;
    const start = t - (t % slide);
    if (start + size > w) {
      let key = keys.get(k);
      if (key === undefined) {
        keys.set(k, (key = { k, panes: [], head: 0, cursor: 0, n: 0, nulls: 0, total: 0, top: -Infinity }));
        active.push(key);
      }
      if (start < earliest) earliest = start;
      add(key, start, v, given - slide);
    }
    if (t > max) max = t;
    if (++rows >= every && max - delay > w) {
      rows = 0;
      w = max - delay;
      given = advance(keys, active, given === -Infinity ? earliest : given, w, size, slide, onRow);
    }
  }
  advance(keys, active, given === -Infinity ? earliest : given, Infinity, size, slide, onRow);
}

/** Adds a value to its pane; panes up to `entered` are in the running figures, so a late row goes there too. */
function add(key: Key, start: number, v: number | null, entered: number): void {
  const { panes } = key;
  let at = panes.length - 1;
  while (at >= key.head && panes[at]!.start > start) at--;
  let pane = at >= key.head ? panes[at]! : undefined;
  if (pane === undefined || pane.start !== start) {
    pane = { start, n: 0, nulls: 0, total: 0, top: -Infinity };
    if (at + 1 === panes.length) panes.push(pane);
    else panes.splice(at + 1, 0, pane);
    if (start <= entered) key.cursor++;
  }
  count(pane, v);
  if (start <= entered) count(key, v);
}

function count(into: Pane | Key, v: number | null): void {
  into.n++;
  if (v === null) into.nulls++;
  else {
    into.total += v;
    if (v > into.top) into.top = v;
  }
}

/** Gives every window that ended after `from` and up to `w`; says the last such end. */
function advance(
  keys: Map<string, Key>,
  active: Key[],
  from: number,
  w: number,
  size: number,
  slide: number,
  onRow: Emit,
): number {
  const last = w === Infinity ? Infinity : w - (w % slide);
  let end = from + slide;
  while (end <= last && active.length > 0) {
    const any = giveWindow(keys, active, end, size, slide, onRow);
    // After a gap in the data the next window with a row is the one its earliest pane enters.
    end = any ? end + slide : Math.max(end, earliestOf(active)) + slide;
  }
  return last;
}

function earliestOf(active: readonly Key[]): number {
  let earliest = Infinity;
  for (const key of active) earliest = Math.min(earliest, key.panes[key.head]!.start);
  return earliest;
}

/** Gives the rows of one window, and forgets keys that have no pane left. */
function giveWindow(keys: Map<string, Key>, active: Key[], end: number, size: number, slide: number, onRow: Emit): boolean {
  const window: Window = { start: end - size, end };
  const newest = end - slide;
  let kept = 0;
  let any = false;
  for (let i = 0; i < active.length; i++) {
    const key = active[i]!;
    if (key.head < key.cursor && key.panes[key.head]!.start < window.start) leave(key, window.start);
    if (key.cursor < key.panes.length && key.panes[key.cursor]!.start <= newest) enter(key, newest);
    if (key.head < key.cursor) {
      any = true;
      const values = key.n - key.nulls;
      const { k, n, total, top } = key;
      onRow(
        values === 0 ? { window, k, n, total: null, mean: null, top: null } : { window, k, n, total, mean: total / values, top },
      );
    }
    if (key.head < key.panes.length) active[kept++] = key;
    else keys.delete(key.k);
  }
  active.length = kept;
  return any;
}

function enter(key: Key, newest: number): void {
  const { panes } = key;
  while (key.cursor < panes.length && panes[key.cursor]!.start <= newest) {
    const pane = panes[key.cursor++]!;
    key.n += pane.n;
    key.nulls += pane.nulls;
    key.total += pane.total;
    if (pane.top > key.top) key.top = pane.top;
  }
}

function leave(key: Key, start: number): void {
  const { panes } = key;
  let lostTop = false;
  while (key.head < key.cursor && panes[key.head]!.start < start) {
    const pane = panes[key.head++]!;
    key.n -= pane.n;
    key.nulls -= pane.nulls;
    key.total -= pane.total;
    if (pane.top === key.top) lostTop = true;
  }
  if (lostTop) {
    key.top = -Infinity;
    for (let i = key.head; i < key.cursor; i++) if (panes[i]!.top > key.top) key.top = panes[i]!.top;
  }
  if (key.head > 32 || key.head === panes.length) {
    key.panes = panes.slice(key.head);
    key.cursor -= key.head;
    key.head = 0;
  }
}
