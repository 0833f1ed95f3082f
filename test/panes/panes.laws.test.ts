/** Laws of panes over random windows, triggers and arrivals. The references are policies that have an oracle of their own. */
import {
  aggregate,
  onClose,
  onTime,
  onUpdate,
  panes,
  trigger,
  type Change,
  type Emit,
  type Signal,
  type PaneTrigger as Trigger,
} from 'tidemark';
import { assertSplitInvariant, operatorHarness, textOf } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import type { PaneMode } from '../../src/panes/processor';
import { assignerOf, randomCase, SELECTS, type Case, type Result } from '../laws/cases';
import { keyText, type Row } from '../laws/oracle';
import { forSeeds, type Random } from '../laws/random';

type Told = readonly Change<Result>[];

function operatorOf(one: Case, emit: Emit<'event' | 'change', Row>): never {
  const key = one.key.length === 0 ? {} : { key: one.key };
  return aggregate({ window: assignerOf(one.window), select: SELECTS[one.select], emit, ...key } as never) as never;
}

function play<R>(one: Case, emit: Emit<'event' | 'change', Row>, look?: (at: number, said: readonly Signal<R>[]) => void): R[] {
  const harness = operatorHarness<Row, R, 'event', 'event'>(operatorOf(one, emit));
  return one.signals.flatMap((signal, at) => {
    harness.advance(1); // a ms of processing time a signal
    harness.signal(signal);
    const said = harness.take();
    look?.(at, said);
    return said.flatMap((one) => (one.kind === 'event' ? [one.row] : []));
  });
}

const { afterCount, afterFirst, afterProcessingTime, afterWatermark, every, inOrder, never, orFinally, repeatedly, when } =
  trigger;

function randomTrigger(random: Random, depth = 2): Trigger<Row> {
  const part = (): Trigger<Row> => randomTrigger(random, depth - 1);
  const basic = [
    () => afterCount(random.int(1, 4)),
    () => every(random.int(3, 20)),
    () => every(random.int(2, 9), 'processingTime'),
    () => afterProcessingTime(random.int(1, 9)),
    () => when((row: Row) => row.id % 3 === 0),
    () => never(),
    () => afterWatermark(),
  ];
  const composed = [
    () => repeatedly(part()),
    () => afterFirst(part(), part()),
    () => orFinally(part(), part()),
    () => inOrder(part(), part(), part()),
    () => afterWatermark({ early: part(), late: part() }),
  ];
  return random.pick(depth === 0 ? basic : [...basic, ...composed])();
}

function randomPanes(random: Random, mode: PaneMode): Emit<'change', Row> {
  if (random.chance(0.5)) return panes<Row>({ trigger: randomTrigger(random), mode });
  return panes<Row>({ early: randomTrigger(random), late: randomTrigger(random), mode });
}

/** A case that comes to its end. */
function finished(random: Random, select?: Case['select']): Case {
  const one = randomCase(random, { lateness: true });
  return {
    ...one,
    ...(select === undefined ? {} : { select }),
    signals: [...one.signals, { kind: 'watermark', time: Infinity }],
  };
}

const keyOf = (one: Case, row: Result): string => keyText(one.key.map((column) => row[column]));
const nameOf = ({ key }: Change<Result>): string => `${String(key[0])} ${keyText(key.slice(1))}`;
const figures = (row: Result): string => textOf({ ...row, window: { start: row.window.start, end: row.window.end } });

/** The last word on each change key. */
function tableOf(told: Told): Map<string, Result> {
  const table = new Map<string, Result>();
  for (const change of told) {
    if (change.op === 'delete') table.delete(nameOf(change));
    else table.set(nameOf(change), change.row);
  }
  return table;
}

describe('panes, whatever the triggers', () => {
  it('with every row, and once more with every late one: what onUpdate and onTime say', () => {
    forSeeds(30, (random) => {
      const one = randomCase(random, { lateness: true });
      if (one.window.kind === 'session') return; // there they take back at once, panes when they speak
      // What is said at one moment of windows with one end comes in another order of keys.
      const sorted = (emit: Emit<'change', Row>): string[] => play(one, emit).map(textOf).sort();
      expect(sorted(panes({ early: afterCount(1), completeness: false }))).toEqual(sorted(onUpdate()));
      expect(sorted(panes({ completeness: false }))).toEqual(sorted(onTime()));
    });
  });

  it.each(['accumulating', 'retracting'] as const)('%s: the last word on every window is its final result', (mode) => {
    forSeeds(40, (random) => {
      const one = finished(random);
      const table = tableOf(play(one, randomPanes(random, mode)));
      const wanted = play<Result>(one, onClose());
      expect([...table.values()].map(figures).sort()).toEqual(wanted.map(figures).sort());
    });
  });

  it('retracting: every delete gives back exactly what stands, so the rows that stand are always one a window', () => {
    forSeeds(30, (random) => {
      const one = finished(random);
      const standing = new Map<string, string>();
      for (const change of play<Change<Result>>(one, randomPanes(random, 'retracting'))) {
        const text = textOf({ row: change.row, pane: change.pane });
        if (change.op === 'delete') {
          expect(text).toBe(standing.get(nameOf(change)));
          standing.delete(nameOf(change));
        } else {
          expect(standing.has(nameOf(change)), nameOf(change)).toBe(false);
          standing.set(nameOf(change), text);
        }
      }
    });
  });

  it('discarding: the panes of a window add up to its final result', () => {
    forSeeds(40, (random) => {
      const one = finished(random, 'full');
      const sums = new Map<string, { n: number; ids: number[] }>();
      // Sessions move their start: what they say adds up over the key.
      const group = (row: Result): string => {
        const { start, end } = row.window;
        return `${one.window.kind === 'session' ? '' : `${start}/${end}`} ${keyOf(one, row)}`;
      };
      const put = (row: Result): void => {
        const sum = sums.get(group(row)) ?? { n: 0, ids: [] };
        sums.set(group(row), { n: sum.n + (row.n ?? 0), ids: [...sum.ids, ...(row.ids ?? [])] });
      };
      const told = play<Change<Result>>(one, randomPanes(random, 'discarding'));
      for (const change of told) {
        expect(change.op).toBe('upsert');
        expect(change.row.n).toBeGreaterThan(0);
        put(change.row);
      }
      const parts = [...sums].map(([name, { n, ids }]) => textOf([name, n, ids.sort((a, b) => a - b)])).sort();
      sums.clear();
      play<Result>(one, onClose()).forEach(put);
      expect(parts).toEqual([...sums].map(([name, { n, ids }]) => textOf([name, n, ids.sort((a, b) => a - b)])).sort());
    });
  });

  it('panes are numbered from 0, timed by the watermark, at most one a watermark, and none after the last', () => {
    forSeeds(30, (random) => {
      const one = finished(random);
      const next = new Map<string, number>();
      let emit = -Infinity;
      let drop = -Infinity;
      play<Change<Result>>(one, randomPanes(random, 'accumulating'), (at, said) => {
        const signal = one.signals[at]!;
        const before = emit;
        const isMark = signal.kind === 'watermark';
        if (isMark) [emit, drop] = [Math.max(emit, signal.time), Math.max(drop, signal.drop ?? signal.time)];
        const seen = new Set<string>();
        for (const { row: change } of said.filter((s) => s.kind === 'event')) {
          const name = `${nameOf(change)} ${String(change.row.window.overlapsClosed)}`;
          if (change.op === 'delete') {
            next.delete(name);
            continue;
          }
          const { end } = change.row.window;
          const timing = end > emit ? 'early' : isMark && end > before ? 'onTime' : 'late';
          // Ticks of the clock come before the signal, and then the watermark was the one before.
          expect([timing, ...(end > before ? ['early'] : ['late'])]).toContain(change.pane.timing);
          expect(change.pane.index).toBe(next.get(name) ?? 0);
          expect(next.get(name)).not.toBe(NaN);
          next.set(name, change.pane.isLast ? NaN : change.pane.index + 1);
          if (change.pane.isLast) expect(end).toBeLessThanOrEqual(drop);
          if (isMark && change.pane.timing === timing && timing !== 'early') {
            expect(seen.has(name)).toBe(false);
            seen.add(name);
          }
        }
      });
    });
  });

  it.each(['accumulating', 'discarding', 'retracting'] as const)('%s: stopped anywhere and restored', (mode) => {
    forSeeds(6, (random, seed) => {
      const one = randomCase(random, { lateness: true });
      const emit = randomPanes(random, mode);
      assertSplitInvariant<Row, unknown, 'event', 'event'>(() => operatorOf(one, emit), one.signals, { seed, splits: 3 });
    });
  });
});
