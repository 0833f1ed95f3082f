import { agg, aggregate, sliding, type Signal, type Window } from 'tidemark';
import { operatorHarness, textOf } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { expectSame, operatorOf, type Case, type Out } from '../laws/cases';
import { oracle, type Row } from '../laws/oracle';
import { forSeeds, type Random } from '../laws/random';

/** Rows that come densely (many in a slice) or sparsely (gaps of whole windows), with some disorder. */
function signalsOf(random: Random, slide: number, size: number): Signal<Row>[] {
  const signals: Signal<Row>[] = [];
  const step = random.pick([slide / 3, slide * 2, slide * 20, size * 0.7]);
  let now = random.int(-1000, 1000);
  for (let id = 0; id < 60; id++) {
    now += Math.floor(random() * step * 2);
    if (random.chance(0.04)) now += Math.floor(size * random() * 2);
    const time = now - (random.chance(0.7) ? 0 : Math.floor(random() * size * 0.4));
    const v = random() < 0.1 ? null : (random() - 0.5) * 10 ** random.int(-3, 12);
    signals.push({ kind: 'event', time, row: { id, k: random.pick(['a', 'b']), j: 0, v, gap: null } });
    if (random.chance(0.3)) signals.push({ kind: 'watermark', time: now - Math.floor(random() * size * 0.5) });
  }
  signals.push({ kind: 'watermark', time: Infinity });
  return signals;
}

function play(one: Case, restart: () => boolean): { said: Signal<Out>[] } {
  const harness = operatorHarness(operatorOf(one, 'onClose'));
  for (const signal of one.signals) {
    harness.signal(signal);
    if (restart()) harness.restore(harness.snapshot());
  }
  return { said: harness.take() };
}

describe('[D29] large overlaps', () => {
  it.each([60, 720])('of %i windows agree with the oracle, dense and sparse', (overlap) => {
    forSeeds(overlap > 100 ? 4 : 20, (random) => {
      const slide = random.int(3, 9);
      const window = {
        kind: 'sliding',
        slide,
        size: slide * overlap - (random.chance(0.5) ? 0 : random.int(1, slide - 1)),
        offset: random.int(-2, 2),
      } as const;
      const one: Case = { window, key: random.pick([['k'], []]), select: 'lean', signals: signalsOf(random, slide, window.size) };
      const { said } = oracle(one.signals, { window, key: one.key, emit: 'onClose' });
      const rows = play(one, () => false).said.flatMap((signal) => (signal.kind === 'event' ? [signal.row] : []));
      expect(rows).toHaveLength(said.length);
      rows.forEach((row, i) => expectSame(row, said[i]!, one.key, 'lean'));
    });
  });

  it('the bits of float sums do not depend on restarts, or on where watermarks fall', () => {
    forSeeds(25, (random) => {
      const slide = random.int(3, 9);
      const window = {
        kind: random.pick(['sliding', 'cumulative'] as const),
        slide,
        size: slide * 60,
        offset: 0,
        max: slide * 60,
        step: slide,
      };
      const signals = signalsOf(random, slide, window.size).filter(
        (signal) => signal.kind === 'event' || (signal.kind === 'watermark' && signal.time === Infinity),
      );
      // A second trace with watermarks so far behind that nothing is late: the same arrivals, other moments.
      let max = -Infinity;
      const stepped = signals.flatMap((signal): Signal<Row>[] => {
        if (signal.kind !== 'event') return [signal];
        max = Math.max(max, signal.time);
        return random.chance(0.5) ? [signal, { kind: 'watermark', time: max - window.size }] : [signal];
      });
      const windowRows = (of: readonly Signal<Row>[], restart: () => boolean): string[] =>
        play({ window, key: ['k'], select: 'lean', signals: of }, restart)
          .said.flatMap((s) => (s.kind === 'event' ? [textOf(s)] : []))
          .sort();
      const straight = windowRows(signals, () => false);
      expect(windowRows(signals, () => random.chance(0.2))).toEqual(straight);
      const late = oracle(stepped, { window, key: ['k'], emit: 'onClose' }).refused.length;
      if (late === 0) expect(windowRows(stepped, () => random.chance(0.1))).toEqual(straight);
    });
  });
});

describe('work, not time', () => {
  it('a row updates one accumulator whatever the overlap, and a window costs a handful of merges', () => {
    const cost = (overlap: number): { adds: number; merges: number; windows: number } => {
      const made = { adds: 0, merges: 0, windows: 0 };
      const counted = agg.custom<{ t: number }, { n: number }, number>({
        create: () => ({ n: 0 }),
        add: (acc) => {
          made.adds++;
          acc.n++;
        },
        merge: (into, from) => {
          made.merges++;
          into.n += from.n;
        },
        result: ({ n }) => (made.windows++, n),
        commutative: true,
      });
      const harness = operatorHarness<{ t: number }, { window: Window; n: number }, 'event', 'event'>(
        aggregate({ window: sliding(overlap * 10, 10), select: { n: counted } } as never) as never,
      );
      for (let t = 0; t < 20_000; t += 5) {
        harness.event(t, { t });
        if (t % 10 === 0) harness.watermark(t);
      }
      expect(
        harness
          .takeRows()
          .slice(overlap)
          .every(({ n }) => n === overlap * 2),
      ).toBe(true);
      return made;
    };
    for (const overlap of [2, 12, 60, 720]) {
      const { adds, merges, windows } = cost(overlap);
      expect(adds).toBe(4000);
      expect(merges / windows, `overlap ${overlap}`).toBeLessThan(overlap <= 16 ? overlap + 1 : 8);
    }
  });

  it('state is one accumulator for each key and slice', () => {
    const harness = operatorHarness(
      aggregate({ key: 'k', window: sliding(100, 10), select: { n: agg.count<{ t: number; k: string }>() } } as never) as never,
    );
    for (let t = 0; t < 95; t++)
      for (const k of ['a', 'b', 'c']) (harness as unknown as { event(t: number, row: object): void }).event(t, { t, k });
    expect(harness.state).toMatchObject({ panes: 10, cells: 30, keys: 3 });
  });
});
