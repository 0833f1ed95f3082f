import { isLate, type Signal, type TieRule } from '../../src/element';
import { originOf } from '../../src/rx';
import type { Traits } from '../../src/traits';
import { operatorHarness, textOf, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { NEVER, type Observable } from 'rxjs';
import { events, fromSignals, type Element } from 'tidemark';
import { inQuery, timedSignals, twoSided, untimedSignals } from './inputs';
import { JOINS, tiesOf } from './joins';
import { HEADS, OPERATORS, type Any, type Entry } from './operators';
import { forSeeds, randomOf, type Random } from './random';

const UNTIMED = { kind: 'untimed', watermark: false } as const;
const FIRSTS = [...HEADS, ...OPERATORS.filter(({ takes }) => takes === 'event')];
const SECONDS = OPERATORS.filter(({ takes }) => takes === 'event');

/** What the operator says of its stream, statically. */
function traitsOf({ make, takes }: Entry): Traits {
  const source = takes === 'untimed' ? events<Any>(NEVER) : NEVER.pipe(fromSignals<Any>());
  return originOf<Any>(make()(source as Observable<Element<Any>>))!.traits;
}

function inputOf(entry: Entry, random: Random): Signal<Any>[] {
  if (entry.takes === 'untimed') return untimedSignals(random, 40);
  return timedSignals(random, 40, random.pick([0, 0, 15]));
}

function harnessOf(entry: Entry): OperatorHarness<Any, Any> {
  return operatorHarness<Any, Any, 'event', 'event'>(entry.make(), entry.takes === 'untimed' ? { traits: UNTIMED } : {});
}

function outputOf(harness: OperatorHarness<Any, Any>, input: readonly Signal<Any>[]): Signal<Any>[] {
  input.forEach((signal) => harness.signal(signal));
  return harness.take();
}

/** The rows that are on time as the stream itself judges them, and how often. */
function onTimeRows(signals: readonly Signal<Any>[], ties: TieRule): Set<Any> {
  const rows = new Set<Any>();
  let drop = -Infinity;
  for (const signal of signals) {
    if (signal.kind === 'watermark') drop = Math.max(drop, signal.drop ?? signal.time);
    if (signal.kind === 'event' && !isLate(signal.time, drop, ties)) rows.add(signal.row);
  }
  return rows;
}

describe('no operator emits an on-time row that its successor calls late', () => {
  it.each(FIRSTS.filter(({ gives, passes }) => gives === 'event' && !passes).map((entry) => [entry.name, entry] as const))(
    'no result is late in its own stream: %s',
    (_name, entry) => {
      const { ties } = traitsOf(entry);
      expect(ties).toBe('ordered');
      forSeeds(20, (random) => {
        let drop = -Infinity;
        for (const signal of outputOf(harnessOf(entry), inputOf(entry, random))) {
          if (signal.kind === 'watermark') drop = signal.drop ?? signal.time;
          if (signal.kind === 'event') expect(isLate(signal.time, drop, ties), `${textOf(signal)} behind ${drop}`).toBe(false);
        }
      });
    },
  );

  it.each(
    FIRSTS.filter(({ gives, passes, makesTime }) => gives === 'event' && passes && makesTime !== true).map(
      (e) => [e.name, e] as const,
    ),
  )('what was on time stays on time: %s', (_name, entry) => {
    forSeeds(20, (random) => {
      const input = inputOf(entry, random);
      const onTime = input.filter((signal) => signal.kind !== 'event' || onTimeRows(input, 'instant').has(signal.row));
      let drop = -Infinity;
      const { ties } = traitsOf(entry);
      for (const signal of outputOf(harnessOf(entry), onTime)) {
        if (signal.kind === 'watermark') drop = signal.drop ?? signal.time;
        if (signal.kind === 'event') expect(isLate(signal.time, drop, ties)).toBe(false);
      }
    });
  });

  it.each(JOINS.filter(({ passes }) => !passes).map((join) => [join.name, join] as const))(
    'no result of two streams is late in its own: %s',
    (_name, join) => {
      const ties = tiesOf(join);
      forSeeds(20, (random) => {
        const { build, traits } = join;
        const run = random.chance(0.5);
        const harness = operatorHarness<Any, Any, 'event'>(build, { inputs: 2, traits, run });
        const input = twoSided(random, 40, random.pick([0, 15]));
        for (const signal of run ? input.map(inQuery) : input) harness.signal(signal, signal.input);
        let drop = -Infinity;
        for (const signal of harness.take()) {
          if (signal.kind === 'watermark') drop = signal.drop ?? signal.time;
          if (signal.kind === 'event') expect(isLate(signal.time, drop, ties), `${textOf(signal)} behind ${drop}`).toBe(false);
        }
      });
    },
  );

  describe.each(FIRSTS.filter(({ gives }) => gives === 'event').map((entry) => [entry.name, entry] as const))(
    '%s',
    (_name, first) => {
      it('before every other operator', () => {
        const traits = traitsOf(first);
        for (const [i, second] of SECONDS.entries()) {
          forSeeds(1, (_random, seed) => {
            const random = randomOf(seed * 1000 + i);
            const between = outputOf(harnessOf(first), inputOf(first, random));
            const onTime = onTimeRows(between, traits.ties);
            const harness = operatorHarness<Any, Any, 'event', 'event'>(second.make(), { traits });
            for (const signal of outputOf(harness, between)) {
              if (signal.kind !== 'rejected' || signal.reason !== 'late' || signal.operator === 'upstream') continue;
              if (onTime.has(signal.row as Any) && !second.name.startsWith('finalOnly')) {
                expect.fail(`${first.name} → ${second.name}: ${textOf(signal)}`);
              }
            }
          });
        }
      });

      it('is the same fused with every other operator as with signals in between', () => {
        const traits = traitsOf(first);
        for (const [i, second] of SECONDS.entries()) {
          forSeeds(1, (_random, seed) => {
            const random = randomOf(seed * 1000 + i);
            const input = inputOf(first, random);
            const apart = outputOf(
              operatorHarness<Any, Any, 'event', 'event'>(second.make(), { traits }),
              outputOf(harnessOf(first), input),
            );
            const [a, b] = [first.make(), second.make()];
            const options = first.takes === 'untimed' ? { traits: UNTIMED } : {};
            const fused = outputOf(
              operatorHarness<Any, Any, 'event', 'event'>((source) => b(a(source)), options),
              input,
            );
            const unnamed = (signals: readonly Signal<Any>[]): string[] =>
              signals.map((s) => textOf(s.kind === 'rejected' ? { ...s, operator: '' } : s));
            expect(unnamed(fused), `${first.name} → ${second.name}`).toEqual(unnamed(apart));
          });
        }
      });
    },
  );
});
