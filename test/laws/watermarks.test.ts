import type { Signal } from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { timedSignals, twoSided, untimedSignals } from './inputs';
import { JOINS } from './joins';
import { HEADS, OPERATORS, type Any } from './operators';
import { forSeeds } from './random';

const TIMED = OPERATORS.filter(({ takes }) => takes === 'event');
/** What gives no event time hands no watermark on; in a run it ends its batches all the same. */
const PASSING = TIMED.filter(({ gives }) => gives !== 'untimed');

/** Checks what was said for one signal against the largest watermarks so far. */
class Watch {
  emit = -Infinity;
  drop = -Infinity;

  see(said: readonly Signal<Any>[], where: string): void {
    for (const signal of said) {
      if (signal.kind !== 'watermark') continue;
      const { time, drop = time } = signal;
      const rises = time >= this.emit && drop >= this.drop && (time > this.emit || drop > this.drop);
      if (!rises) expect.fail(`${where}: (${time}, ${drop}) after (${this.emit}, ${this.drop})`);
      if (drop > time) expect.fail(`${where}: drop ${drop} is above emit ${time}`);
      this.emit = time;
      this.drop = drop;
    }
  }
}

describe('watermarks only rise', () => {
  it.each(PASSING.map((entry) => [entry.name, entry] as const))(
    'and never exceed those of the input: %s',
    (_name, { make, makesTime }) => {
      forSeeds(15, (random) => {
        const harness = operatorHarness<Any, Any, 'event', 'event'>(make());
        const watch = new Watch();
        let emit = -Infinity;
        let drop = -Infinity;
        for (const signal of timedSignals(random, 60, random.pick([0, 15]))) {
          harness.signal(signal);
          if (signal.kind === 'watermark') {
            emit = Math.max(emit, signal.time);
            drop = Math.max(drop, signal.drop ?? signal.time);
          }
          watch.see(harness.take(), _name);
          if (makesTime === true) continue;
          expect(watch.emit).toBeLessThanOrEqual(emit);
          expect(watch.drop).toBeLessThanOrEqual(drop);
          // Nothing keeps time back either: the drop side always goes on.
          expect(watch.drop).toBe(drop);
        }
      });
    },
  );

  it.each(JOINS.map((join) => [join.name, join] as const))(
    'and lag behind the least of the inputs by what the operator holds: %s',
    (_name, { build, traits, follows, hold }) => {
      forSeeds(15, (random) => {
        const harness = operatorHarness<Any, Any, 'event'>(build, { inputs: 2, traits });
        const watch = new Watch();
        const drops = [-Infinity, -Infinity];
        // An idle input does not count, which is what test/watermark/ is about.
        for (const signal of twoSided(random, 40, random.pick([0, 15])).filter(({ kind }) => kind !== 'idle')) {
          harness.signal(signal, signal.input);
          const input = signal.input ?? 0;
          if (signal.kind === 'watermark') drops[input] = Math.max(drops[input]!, signal.drop ?? signal.time);
          watch.see(harness.take(), _name);
          expect(watch.drop).toBe(Math.min(...drops.filter((_drop, i) => follows.includes(i))) - hold);
        }
      });
    },
  );

  it.each(HEADS.map((entry) => [entry.name, entry] as const))('and stay behind the rows until the end: %s', (_name, { make }) => {
    forSeeds(15, (random) => {
      const harness = operatorHarness<Any, Any, 'event', 'event'>(make(), { traits: { kind: 'untimed', watermark: false } });
      const watch = new Watch();
      let max = -Infinity;
      for (const signal of untimedSignals(random, 80)) {
        harness.signal(signal);
        const said = harness.take();
        for (const each of said) if (each.kind === 'event') max = Math.max(max, each.time);
        // A row goes first, then the watermark that it causes.
        const kinds = said.map(({ kind }) => kind);
        expect(['', 'event', 'event watermark', 'rejected']).toContain(kinds.join(' '));
        watch.see(said, _name);
        expect(watch.emit).toBeLessThanOrEqual(max);
      }
      harness.end();
      expect(harness.take()).toEqual([{ kind: 'watermark', time: Infinity }]);
      expect(harness.ended).toBe(true);
    });
  });

  it.each(TIMED.map((entry) => [entry.name, entry] as const))(
    'an unchanged one is said again in a run, to end the batch: %s',
    (_name, entry) => {
      const harness = operatorHarness<Any, Any, 'event', 'event'>(entry.make(), { run: true });
      harness.take(); // the watermark of the start
      harness.watermark(10);
      const first = harness.take().filter(({ kind }) => kind === 'watermark');
      harness.watermark(10);
      const again = harness.take().filter(({ kind }) => kind === 'watermark');
      expect(again).toEqual(first);
      expect(first).toHaveLength(1);
      const plain = operatorHarness<Any, Any, 'event', 'event'>(entry.make());
      plain.watermark(10);
      plain.take();
      plain.watermark(10);
      expect(plain.take()).toEqual([]);
    },
  );
});
