import type { Delivery, Metric } from './data';
import type { StatRow } from './rows';

/**
 * The same results in the most obvious way, for the tests only: every row is put into every window it belongs to, and
 * every open window is looked at whenever W moves.
 */

interface Group {
  readonly k: string;
  start: number;
  end: number;
  values: (number | null)[];
}

type Interval = readonly [start: number, end: number];

/** Calls `onEvent` with the W that judges the row, and `onMove` when W moves, the last time with +Infinity. */
export function withClock<T extends Metric>(
  events: readonly T[],
  delay: number,
  every: number,
  onEvent: (event: T, w: number) => void,
  onMove: (w: number) => void,
): void {
  let [max, w, rows] = [-Infinity, -Infinity, 0];
  for (const event of events) {
    onEvent(event, w);
    max = Math.max(max, event.t);
    rows++;
    if (rows < every || max - delay <= w) continue;
    w = max - delay;
    rows = 0;
    onMove(w);
  }
  onMove(Infinity);
}

export function slidingIntervals(t: number, size: number, slide: number): Interval[] {
  const out: Interval[] = [];
  for (let start = Math.floor(t / slide) * slide; start > t - size; start -= slide) out.push([start, start + size]);
  return out;
}

/** Sliding windows; tumbling ones are those with `slide === size`. */
export function naiveWindows(events: readonly Metric[], size: number, slide: number, delay: number, every: number): StatRow[] {
  const out: StatRow[] = [];
  const groups = new Map<string, Group>();
  const onEvent = ({ t, k, v }: Metric, w: number): void => {
    for (const [start, end] of slidingIntervals(t, size, slide)) {
      if (end <= w) continue;
      const group = groups.get(`${start} ${k}`);
      if (group === undefined) groups.set(`${start} ${k}`, { k, start, end, values: [v] });
      else group.values.push(v);
    }
  };
  withClock(events, delay, every, onEvent, (w) => {
    for (const [name, group] of groups) {
      if (group.end > w) continue;
      out.push(rowOf(group));
      groups.delete(name);
    }
  });
  return out;
}

export function naiveSessions(events: readonly Metric[], gap: number, delay: number, every: number): StatRow[] {
  const out: StatRow[] = [];
  let groups: Group[] = [];
  const onEvent = ({ t, k, v }: Metric, w: number): void => {
    if (t + gap <= w) return;
    const near = groups.filter((g) => g.k === k && t <= g.end && g.start <= t + gap);
    const start = Math.min(t, ...near.map((g) => g.start));
    const end = Math.max(t + gap, ...near.map((g) => g.end));
    groups = groups.filter((g) => !near.includes(g));
    groups.push({ k, start, end, values: [...near.flatMap((g) => g.values), v] });
  };
  withClock(events, delay, every, onEvent, (w) => {
    out.push(...groups.filter((g) => g.end <= w).map(rowOf));
    groups = groups.filter((g) => g.end > w);
  });
  return out;
}

export function naiveDedup(events: readonly Delivery[], delay: number, every: number): Delivery[] {
  const out: Delivery[] = [];
  const seen = new Set<string>();
  const onEvent = (event: Delivery, w: number): void => {
    const key = JSON.stringify([event.id, event.t]);
    if (event.t <= w || seen.has(key)) return;
    seen.add(key);
    out.push(event);
  };
  withClock(events, delay, every, onEvent, () => undefined);
  return out;
}

function rowOf({ k, start, end, values }: Group): StatRow {
  const numbers = values.filter((v) => v !== null);
  const total = numbers.length === 0 ? null : numbers.reduce((a, b) => a + b, 0);
  const mean = total === null ? null : total / numbers.length;
  return { window: { start, end }, k, n: values.length, total, mean, top: total === null ? null : Math.max(...numbers) };
}
