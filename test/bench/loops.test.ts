import { describe, expect, it } from 'vitest';
import { deliveries, metrics, type Shape } from './data';
import { w1Loop } from './loops/w1';
import { w2Loop } from './loops/w2';
import { w3Loop } from './loops/w3';
import { w4Loop } from './loops/w4';
import { w6Loop } from './loops/w6';
import { naiveDedup, naiveSessions, naiveWindows } from './naive';
import type { Alert, StatRow, TotalRow, Window } from './rows';

// The loops are the yardstick, so they are held against the most obvious form, with late rows of all kinds.

const shapes: Shape[] = [
  { events: 2000, keys: 5, stepMs: 20, delayMs: 500, jitterMs: 500, veryLateMs: 5000, seed: 1 },
  { events: 2000, keys: 40, stepMs: 100, delayMs: 2000, jitterMs: 6000, veryLateMs: 60_000, seed: 2 },
  { events: 400, keys: 3, stepMs: 4000, delayMs: 100, jitterMs: 9000, veryLateMs: 90_000, seed: 3 },
  { events: 3000, keys: 10, stepMs: 7, delayMs: 0, jitterMs: 4000, veryLateMs: 30_000, seed: 4 },
];
const cases = shapes.flatMap((shape) => [1, 7, 1000].map((every) => ({ ...shape, every, duplicates: 0.2 })));

function collect<R>(run: (onRow: (row: R) => void) => void): R[] {
  const out: R[] = [];
  run((row) => out.push(row));
  return out;
}

type Keyed = { readonly window: Window; readonly k: string };

function inOrder<R extends Keyed>(rows: readonly R[]): R[] {
  return [...rows].sort((a, b) => a.window.end - b.window.end || a.window.start - b.window.start || (a.k < b.k ? -1 : 1));
}

function totals(rows: readonly StatRow[]): TotalRow[] {
  return inOrder(rows).map(({ window, k, n, total }) => ({ window, k, n, total }));
}

describe.each(cases)('events $events, keys $keys, step $stepMs, delay $delayMs, W every $every', (shape) => {
  const { delayMs, every } = shape;
  const events = metrics(shape);
  const sent = deliveries(shape);

  it('W1: tumbling', () => {
    const loop = collect<TotalRow>((onRow) => w1Loop(events, 1000, delayMs, every, onRow));
    expect(inOrder(loop)).toEqual(totals(naiveWindows(events, 1000, 1000, delayMs, every)));
  });

  it.each([2, 12, 60])('W2: sliding, overlap %i', (overlap) => {
    const loop = collect<StatRow>((onRow) => w2Loop(events, 250 * overlap, 250, delayMs, every, onRow));
    expect(inOrder(loop)).toEqual(inOrder(naiveWindows(events, 250 * overlap, 250, delayMs, every)));
  });

  it('W3: sessions', () => {
    const loop = collect<TotalRow>((onRow) => w3Loop(events, 300, delayMs, every, onRow));
    expect(inOrder(loop)).toEqual(totals(naiveSessions(events, 300, delayMs, every)));
  });

  it('W4: dedup', () => {
    expect(collect((onRow) => w4Loop(sent, delayMs, every, onRow))).toEqual(naiveDedup(sent, delayMs, every));
  });

  it('W6: dedup, filter, map, sliding, alert', () => {
    const plan = { sizeMs: 6000, slideMs: 500, least: 500, threshold: 5500 };
    const loop = collect<Alert>((onRow) => w6Loop(sent, plan, delayMs, every, onRow));
    expect(inOrder(loop)).toEqual(inOrder(naiveAlerts(sent, plan, delayMs, every)));
  });
});

type Plan = Parameters<typeof w6Loop>[1];

/** The stages one after the other, each with the W that the rows at the head of the pipe cause. */
function naiveAlerts(events: ReturnType<typeof deliveries>, plan: Plan, delay: number, every: number): Alert[] {
  const fresh = new Set(naiveDedup(events, delay, every));
  // A row that is filtered out still moves W: it stays, with a key of its own that nobody looks at.
  const rest = events.map((row) => (fresh.has(row) && row.v !== null && row.v >= plan.least ? row : { ...row, k: '' }));
  return naiveWindows(rest, plan.sizeMs, plan.slideMs, delay, every)
    .filter((row) => row.k !== '' && row.mean !== null && row.mean > plan.threshold)
    .map(({ window, k, n, mean }) => ({ window, k, n, mean: mean ?? NaN }));
}
