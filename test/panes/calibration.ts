import { Completeness } from '../../src/panes/completeness';
import type { Account } from '../../src/panes/ledger';

/** A pane said early: what it claimed to hold of its window, and what it turned out to hold. */
export interface EarlyPane {
  readonly claimed: number;
  readonly held: number;
}

export interface CalibrationOptions {
  readonly windowMs: number;
  /** A pane whenever the largest event time has gone on so far. */
  readonly paneEveryMs: number;
  /** A window takes rows until the largest event time is so far behind its end. */
  readonly delayMs: number;
}

type Open = Pick<Account, 'window' | 'rows' | 'claims'> & { rows: number; said: [claimed: number, rows: number][] };

/** Tumbling windows over all rows, early panes at intervals of event time, and what became of their claims. */
export function earlyPanes(times: ArrayLike<number>, { windowMs, paneEveryMs, delayMs }: CalibrationOptions): EarlyPane[] {
  const completeness = new Completeness();
  const open = new Map<number, Open>();
  const panes: EarlyPane[] = [];
  let max = -Infinity;
  let nextPane = -Infinity;
  const close = (start: number, one: Open): void => {
    open.delete(start);
    for (const [claimed, rows] of one.said) panes.push({ claimed, held: rows / one.rows });
    completeness.learn(one as unknown as Account);
  };
  for (let i = 0; i < times.length; i++) {
    const time = times[i]!;
    const start = Math.floor(time / windowMs) * windowMs;
    if (start + windowMs > max - delayMs) {
      let one = open.get(start);
      if (one === undefined) open.set(start, (one = { window: { start, end: start + windowMs }, rows: 0, claims: [], said: [] }));
      one.rows++;
      completeness.observe(time);
    }
    if (time <= max) continue;
    max = time;
    for (const [at, one] of [...open]) if (at + windowMs <= max - delayMs) close(at, one);
    if (max < nextPane) continue;
    nextPane = (Math.floor(max / paneEveryMs) + 1) * paneEveryMs;
    for (const one of open.values()) {
      const claimed = completeness.claim(one as unknown as Account);
      if (claimed !== undefined) one.said.push([claimed, one.rows]);
    }
  }
  for (const [start, one] of [...open]) close(start, one);
  return panes;
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
