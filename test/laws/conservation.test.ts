import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import type { Tally } from '../../src/operator';
import { timedSignals, twoSided, untimedSignals } from './inputs';
import { JOINS } from './joins';
import { HEADS, OPERATORS, type Any } from './operators';
import { forSeeds } from './random';

const UNTIMED = { kind: 'untimed', watermark: false } as const;

/** in = forwarded + absorbed + held + filtered + rejected. */
function expectConserved(tally: Tally, where: string): void {
  const rejected = Object.values(tally.rejected).reduce((sum, count) => sum + count, 0);
  const used = tally.forwarded + tally.absorbed + tally.held + tally.filtered + rejected;
  if (used !== tally.in) expect.fail(`${where}: ${tally.in} rows in, ${used} accounted for: ${JSON.stringify(tally)}`);
}

function watch(harness: OperatorHarness<Any, Any>, at: number): void {
  harness.tallies.forEach((tally, stage) => expectConserved(tally, `after signal ${at}, stage ${stage}`));
}

describe('no row disappears: in = forwarded + absorbed + held + filtered + rejected, at every point', () => {
  it.each(OPERATORS.filter(({ takes }) => takes === 'event').map((entry) => [entry.name, entry] as const))(
    '%s',
    (_name, entry) => {
      forSeeds(15, (random) => {
        const signals = timedSignals(random, 60, random.pick([0, 15]));
        const harness = operatorHarness<Any, Any, 'event', 'event'>(entry.make());
        let rows = 0;
        let rejections = 0;
        signals.forEach((signal, at) => {
          harness.signal(signal);
          watch(harness, at);
          if (signal.kind === 'event') rows++;
          if (signal.kind === 'rejected') rejections++;
        });
        const said = harness.take();
        const first = harness.tallies[0] as Tally;
        expect(first.in).toBe(rows);
        // What is counted is what was handed on: rejections in band, rows by the two ways out.
        const tallied = harness.tallies.flatMap(({ rejected }) => Object.values(rejected)).reduce((sum, count) => sum + count, 0);
        expect(said.filter(({ kind }) => kind === 'rejected')).toHaveLength(tallied + rejections);
        expect(said.filter(({ kind }) => kind === 'event')).toHaveLength(harness.tally.forwarded + harness.tally.outputs);
      });
    },
  );

  it.each(HEADS.map((entry) => [entry.name, entry] as const))('%s', (_name, { make }) => {
    forSeeds(15, (random) => {
      const harness = operatorHarness<Any, Any, 'event', 'event'>(make(), { traits: UNTIMED });
      untimedSignals(random, 80).forEach((signal, at) => {
        harness.signal(signal);
        watch(harness, at);
      });
      harness.end();
      watch(harness, -1);
      const { tally } = harness;
      expect(tally.in).toBe(80);
      expect(tally.forwarded + (tally.rejected.invalid ?? 0)).toBe(80);
    });
  });

  it.each(JOINS.map((join) => [join.name, join] as const))('%s', (_name, { build, traits }) => {
    forSeeds(15, (random) => {
      const run = random.chance(0.5);
      const harness = operatorHarness<Any, Any, 'event'>(build, { inputs: 2, traits, run });
      const rows = { in: 0, rejected: 0 };
      twoSided(random, 40, random.pick([0, 15])).forEach((signal, at) => {
        harness.signal(signal, signal.input);
        watch(harness, at);
        if (signal.kind === 'event') rows.in++;
        if (signal.kind === 'rejected') rows.rejected++;
      });
      const said = harness.take();
      const tallied = harness.tallies.flatMap(({ rejected }) => Object.values(rejected)).reduce((sum, count) => sum + count, 0);
      expect(said.filter(({ kind }) => kind === 'rejected')).toHaveLength(tallied + rows.rejected);
      expect(said.filter(({ kind }) => kind === 'event')).toHaveLength(harness.tally.forwarded + harness.tally.outputs);
      expect(harness.tally.in).toBe(rows.in);
    });
  });

  it('a chain of operators: what one hands on the next takes in', () => {
    forSeeds(150, (random) => {
      const rowOperators = OPERATORS.filter(
        ({ takes, gives, name }) => takes === 'event' && gives === 'event' && !name.startsWith('finalOnly'),
      );
      const chain = Array.from({ length: 3 }, () => random.pick(rowOperators));
      const operators = chain.map(({ make }) => make());
      const harness = operatorHarness<Any, Any, 'event', 'event'>((source) =>
        operators.reduce((stream, operator) => operator(stream), source),
      );
      timedSignals(random, 60).forEach((signal, at) => {
        harness.signal(signal);
        watch(harness, at);
        const { tallies } = harness;
        for (let i = 1; i < tallies.length; i++) {
          const { forwarded, outputs } = tallies[i - 1] as Tally;
          const names = chain.map(({ name }) => name).join(' → ');
          if (forwarded + outputs !== tallies[i]?.in)
            expect.fail(`${names}: ${forwarded + outputs} handed on, ${tallies[i]?.in} taken`);
        }
      });
    });
  });

  it('the end of the input without a last watermark leaves rows held, and says nothing', () => {
    for (const { make, name } of OPERATORS.filter((entry) => entry.takes === 'event' && entry.name.startsWith('aggregate'))) {
      const harness = operatorHarness<Any, Any, 'event', 'event'>(make());
      harness.event(3, { t: 3, k: 'a', v: 1, gap: 5 });
      const before = harness.take();
      harness.end();
      expect(harness.ended, name).toBe(true);
      expect(harness.take(), name).toEqual([]);
      const held = name.includes('without a window') ? 0 : 1;
      expect(harness.tally.held, `${name} ${JSON.stringify(before)}`).toBe(held);
    }
  });
});
