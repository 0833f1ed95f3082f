import { parseDuration } from '../../src/time/duration';
import { describe, expect, it } from 'vitest';
import { agg, aggregate, panes, session, trigger, tumbling, type Change } from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { isPresent, RECORDINGS, timesOf } from '../watermark/recorded';
import { STATIONARY, trace } from '../watermark/traces';
import { earlyPanes, mean, type EarlyPane } from './calibration';

const SHARES = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999];

/** Panes that claim a share, taken together, hold what they claim: the greatest miss, in points. */
function worstMiss(said: readonly EarlyPane[]): number {
  const misses = SHARES.map((share) => {
    const claiming = said.filter(({ claimed }) => claimed >= share);
    return Math.abs(mean(claiming.map(({ held }) => held)) - mean(claiming.map(({ claimed }) => claimed)));
  });
  return 100 * Math.max(...misses);
}

describe('how complete a pane says it is', () => {
  it.each([...STATIONARY, 'outage', 'shift', 'drift'] as const)('holds within a point over the trace %s', (name) => {
    const said = earlyPanes(trace(name, 1, 120_000), { windowMs: 60_000, paneEveryMs: 5000, delayMs: 120_000 });
    expect(said.length).toBeGreaterThan(500);
    expect(worstMiss(said)).toBeLessThan(1);
  });

  // Not held over the other recordings (bursts held back for hours, a tail of months): there the law that was learned is not the law to come.
  const flights = RECORDINGS.find(({ name }) => name === 'flights-2015-sample')!;
  const there = isPresent(flights);
  it.skipIf(!there)(`holds within a point over recorded flights${there ? '' : ' (skipped: no shared data beside it)'}`, () => {
    const { windowMs, maxDelay } = flights;
    const said = earlyPanes(timesOf(flights), { windowMs, paneEveryMs: windowMs / 10, delayMs: parseDuration(maxDelay) });
    expect(said.length).toBeGreaterThan(10_000);
    expect(worstMiss(said)).toBeLessThan(1);
  });

  const harnessOf = (window: unknown): OperatorHarness<object, Change<{ n: number }>> =>
    operatorHarness(
      aggregate({ window, select: { n: agg.count() }, emit: panes({ early: trigger.every(10) }) } as never) as never,
    ) as never;

  it('says nothing before it knows how late rows come, then a share, and nothing in the last pane', () => {
    const harness = harnessOf(tumbling(100));
    const shares: (number | undefined)[] = [];
    for (let t = 0; t < 1000; t++) {
      harness.event(t, {});
      harness.watermark(t - 5, t - 20);
      shares.push(...harness.takeRows().map(({ pane }) => pane.completeness));
    }
    expect(shares[0]).toBeUndefined();
    const late = shares.slice(-12).filter((share) => share !== undefined);
    expect(late.length).toBeGreaterThan(8);
    // Half way through a window in order, half of it has come.
    expect(late.every((share) => Math.abs(share * 10 - Math.round(share * 10)) < 0.8 && share <= 1)).toBe(true);
    harness.event(1000, {});
    harness.watermark(Infinity);
    expect(harness.takeRows().every(({ pane }) => pane.isLast && pane.completeness === undefined)).toBe(true);
  });

  it('sessions have no end to be measured by', () => {
    const harness = harnessOf(session(5));
    for (let t = 0; t < 300; t++) harness.event(t, {});
    harness.watermark(295);
    expect(harness.takeRows().map(({ pane }) => pane.completeness)).toEqual([undefined]);
  });
});
