import type { Delivery } from '../data';
import type { Alert, Window } from '../rows';
import { Seen } from './w4';

interface Pane {
  readonly start: number;
  n: number;
  total: number;
}

interface Key {
  readonly k: string;
  panes: Pane[];
  head: number;
  cursor: number;
  n: number;
  total: number;
}

/** What the whole pipe is asked for. */
export interface AlertPlan {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly least: number;
  readonly threshold: number;
}

type Emit = (row: Alert) => void;

/** Dedup, filter, map, sliding count and mean by key, alert above a threshold: all of it in one loop. */
export function w6Loop(events: readonly Delivery[], plan: AlertPlan, delay: number, every: number, onRow: Emit): void {
  const { sizeMs: size, slideMs: slide, least, threshold } = plan;
  const seen = new Seen();
  const keys = new Map<string, Key>();
  const active: Key[] = [];
  let max = -Infinity;
  let w = -Infinity;
  let given = -Infinity;
  let earliest = Infinity;
  let rows = 0;
  for (let i = 0; i < events.length; i++) {
    const { id, t, k, v } = events[i]!;
    if (t > w && seen.add(id, t) && v !== null && v >= least) {
      const start = t - (t % slide);
      if (start + size > w) {
        let key = keys.get(k);
        if (key === undefined) {
          keys.set(k, (key = { k, panes: [], head: 0, cursor: 0, n: 0, total: 0 }));
          active.push(key);
        }
        if (start < earliest) earliest = start;
        add(key, start, v, given - slide);
      }
    }
    if (t > max) max = t;
    if (++rows >= every && max - delay > w) {
      rows = 0;
      w = max - delay;
      seen.forget(w);
      given = advance(keys, active, given === -Infinity ? earliest : given, w, size, slide, threshold, onRow);
    }
  }
  advance(keys, active, given === -Infinity ? earliest : given, Infinity, size, slide, threshold, onRow);
}

function add(key: Key, start: number, v: number, entered: number): void {
  const { panes } = key;
  let at = panes.length - 1;
  while (at >= key.head && panes[at]!.start > start) at--;
  const found = at >= key.head ? panes[at]! : undefined;
  if (found !== undefined && found.start === start) {
    found.n++;
    found.total += v;
  } else {
    const pane = { start, n: 1, total: v };
    if (at + 1 === panes.length) panes.push(pane);
    else panes.splice(at + 1, 0, pane);
    if (start <= entered) key.cursor++;
  }
  if (start <= entered) {
    key.n++;
    key.total += v;
  }
}

// prettier-ignore
function advance(keys: Map<string, Key>, active: Key[], from: number, w: number, size: number, slide: number, threshold: number, onRow: Emit): number {
  const last = w === Infinity ? Infinity : w - (w % slide);
  let end = from + slide;
  while (end <= last && active.length > 0) {
    const any = giveWindow(keys, active, end, size, slide, threshold, onRow);
    end = any ? end + slide : Math.max(end, earliestOf(active)) + slide;
  }
  return last;
}

function earliestOf(active: readonly Key[]): number {
  let earliest = Infinity;
  for (const key of active) earliest = Math.min(earliest, key.panes[key.head]!.start);
  return earliest;
}

// prettier-ignore
function giveWindow(keys: Map<string, Key>, active: Key[], end: number, size: number, slide: number, threshold: number, onRow: Emit): boolean {
  const window: Window = { start: end - size, end };
  const newest = end - slide;
  let kept = 0;
  let any = false;
  for (let i = 0; i < active.length; i++) {
    const key = active[i]!;
    slideTo(key, window.start, newest);
    if (key.head < key.cursor) {
      any = true;
      const mean = key.total / key.n;
      if (mean > threshold) onRow({ window, k: key.k, n: key.n, mean });
    }
    if (key.head < key.panes.length) active[kept++] = key;
    else keys.delete(key.k);
  }
  active.length = kept;
  return any;
}

/** Panes before `start` leave, panes up to `newest` enter. */
function slideTo(key: Key, start: number, newest: number): void {
  const { panes } = key;
  while (key.head < key.cursor && panes[key.head]!.start < start) {
    const pane = panes[key.head++]!;
    key.n -= pane.n;
    key.total -= pane.total;
  }
  while (key.cursor < panes.length && panes[key.cursor]!.start <= newest) {
    const pane = panes[key.cursor++]!;
    key.n += pane.n;
    key.total += pane.total;
  }
  if (key.head > 32 || key.head === panes.length) {
    key.panes = panes.slice(key.head);
    key.cursor -= key.head;
    key.head = 0;
  }
}
