import type { Signal } from 'tidemark';
import { assertSplitInvariant, operatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { operatorOf, randomCase } from './cases';
import { timedSignals, twoSided, untimedSignals } from './inputs';
import { JOINS } from './joins';
import { HEADS, OPERATORS, type Any } from './operators';
import { forSeeds } from './random';

const UNTIMED = { kind: 'untimed', watermark: false } as const;

describe('an operator that is stopped anywhere and restored says what it says without', () => {
  it.each(OPERATORS.filter(({ takes }) => takes === 'event').map((entry) => [entry.name, entry] as const))(
    '%s',
    (_name, { make }) => {
      forSeeds(6, (random, seed) => {
        assertSplitInvariant<Any, Any, 'event', 'event'>(make, timedSignals(random, 60, random.pick([0, 15])), {
          seed,
          splits: 4,
        });
      });
    },
  );

  it.each(HEADS.map((entry) => [entry.name, entry] as const))('%s', (_name, { make }) => {
    forSeeds(6, (random, seed) => {
      assertSplitInvariant<Any, Any, 'event', 'event'>(make, untimedSignals(random, 150), { seed, splits: 4, traits: UNTIMED });
    });
  });

  it.each(JOINS.map((join) => [join.name, join] as const))('%s', (_name, { build, traits }) => {
    forSeeds(6, (random, seed) => {
      // Between the barriers of its two inputs an operator is never stopped.
      const input = twoSided(random, 40, random.pick([0, 15])).filter(({ kind }) => kind !== 'barrier');
      assertSplitInvariant<Any, 'event'>(() => build, input, { seed, splits: 4, inputs: 2, traits });
    });
  });

  it.each(['onClose', 'onTime', 'onUpdate'] as const)('any window, any key, %s: to the bits of its sums', (emit) => {
    forSeeds(60, (random, seed) => {
      const one = randomCase(random, { lateness: true });
      assertSplitInvariant(() => operatorOf(one, emit), one.signals, { seed, splits: 3 });
    });
  });

  it('also with many slices a window', () => {
    forSeeds(6, (random, seed) => {
      const window = { kind: 'sliding', size: 300, slide: 5, offset: 0 } as const;
      const { signals } = randomCase(random);
      assertSplitInvariant(() => operatorOf({ window, key: ['k'], select: 'lean' }, 'onClose'), signals, { seed, splits: 3 });
    });
  });
});

describe('a snapshot', () => {
  const stateful = OPERATORS.filter(({ name, takes }) => takes === 'event' && name.startsWith('aggregate'));

  it.each(stateful.map((entry) => [entry.name, entry] as const))(
    'is plain data and does not change afterwards: %s',
    (_name, { make }) => {
      forSeeds(3, (random) => {
        const signals = timedSignals(random, 40, 10);
        const harness = operatorHarness<Any, Any, 'event', 'event'>(make());
        const half = signals.slice(0, 20);
        half.forEach((signal) => harness.signal(signal));
        const before = harness.snapshot();
        const copy = structuredClone(before);
        signals.slice(20).forEach((signal) => harness.signal(signal));
        expect(before).toEqual(copy);
      });
    },
  );

  it.each(stateful.map((entry) => [entry.name, entry] as const))('of another version is refused: %s', (_name, { make }) => {
    const harness = operatorHarness<Any, Any, 'event', 'event'>(make());
    harness.event(1, { t: 1, k: 'a', v: 1 });
    const [only] = harness.snapshot();
    for (const name of Object.keys(only!.tables)) {
      const other = { ...only!, tables: { ...only!.tables, [name]: { ...only!.tables[name]!, version: 99 } } };
      expect(() => harness.restore([other])).toThrow(expect.objectContaining({ code: 'TIDEMARK_STATE' }) as Error);
      const { [name]: _missing, ...rest } = only!.tables;
      expect(() => harness.restore([{ ...only!, tables: rest }])).toThrow(
        expect.objectContaining({ code: 'TIDEMARK_STATE' }) as Error,
      );
    }
  });

  it.each(stateful.map((entry) => [entry.name, entry] as const))('keeps late late: %s', (_name, { make }) => {
    const harness = operatorHarness<Any, Any, 'event', 'event'>(make());
    const signals: Signal<Any>[] = [
      { kind: 'event', time: 5, row: { t: 5, k: 'a', v: 1, gap: 5 } },
      { kind: 'watermark', time: 500 },
    ];
    signals.forEach((signal) => harness.signal(signal));
    harness.restore(harness.snapshot());
    harness.take();
    const before = harness.tally.held;
    harness.event(4, { t: 4, k: 'a', v: 1, gap: 5 });
    const judged = harness.take().map(({ kind }) => kind);
    const endless = _name.includes('global') || _name.includes('without a window');
    expect(judged.includes('rejected')).toBe(!endless);
    if (!endless) expect(harness.tally.held).toBe(before);
  });
});
