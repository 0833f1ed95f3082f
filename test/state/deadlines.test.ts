import { describe, expect, it } from 'vitest';
import { forSeeds } from '../laws/random';
import { Calendar } from '../../src/state/calendar';
import { Deadlines } from '../../src/state/deadlines';

interface Thing {
  readonly id: number;
  at: number;
}

const wheelOf = (step: number): Deadlines<Thing> => new Deadlines<Thing>(step, ({ at }) => at);

/** How many there are, and how many the wheel thinks there are. */
function counted(wheel: Deadlines<Thing>): { there: number; count: number } {
  const { buckets, head, count } = wheel as unknown as {
    buckets: ReadonlyMap<number, readonly Thing[]>;
    head: { values: readonly Thing[]; next: number } | undefined;
    count: number;
  };
  const waiting = [...buckets.values()].reduce((sum, { length }) => sum + length, 0);
  return { there: waiting + (head === undefined ? 0 : head.values.length - head.next), count };
}

const idsOf = (things: readonly Thing[]): number[] => things.map(({ id }) => id).sort((a, b) => a - b);

describe('the timer wheel', () => {
  it('takes what is due, at its time exactly and not before', () => {
    const wheel = wheelOf(10);
    wheel.add({ id: 1, at: 25 });
    expect(wheel.isDue(19)).toBe(false);
    expect(wheel.take(24)).toEqual([]);
    expect(wheel.take(25)).toEqual([{ id: 1, at: 25 }]);
    expect(wheel.take(1000)).toEqual([]);
    expect(wheel.isDue(Infinity)).toBe(false);
  });

  it('forgets what says NaN, and follows what moved', () => {
    const wheel = wheelOf(10);
    const [gone, later, sooner] = [
      { id: 1, at: 5 },
      { id: 2, at: 5 },
      { id: 3, at: 8 },
    ];
    [gone, later, sooner].forEach((thing) => wheel.add(thing));
    gone.at = NaN;
    later.at = 55;
    expect(wheel.take(9)).toEqual([sooner]);
    expect(wheel.take(54)).toEqual([]);
    expect(wheel.take(55)).toEqual([later]);
    expect(wheel.isDue(Infinity)).toBe(false);
  });

  it('can be cleared', () => {
    const wheel = wheelOf(10);
    wheel.add({ id: 1, at: 5 });
    wheel.clear();
    expect(wheel.isDue(Infinity)).toBe(false);
    wheel.add({ id: 2, at: 5 });
    expect(wheel.take(5)).toHaveLength(1);
  });

  it('does as a plain list does, whatever the steps', () => {
    forSeeds(300, (random) => {
      const wheel = wheelOf(random.pick([1, 3, 10, 1000]));
      const model = new Set<Thing>();
      let now = random.int(-500, 0);
      for (let i = 0; i < 60; i++) {
        if (random.chance(0.6)) {
          const thing = { id: i, at: now + random.int(-5, 60) };
          wheel.add(thing);
          model.add(thing);
        }
        for (const thing of model) {
          if (random.chance(0.05)) thing.at += random.int(0, 80);
          else if (random.chance(0.03)) {
            thing.at = NaN;
            model.delete(thing);
          }
        }
        if (random.chance(0.4)) {
          now += random.int(0, 30);
          const due = [...model].filter(({ at }) => at <= now);
          due.forEach((thing) => model.delete(thing));
          if (due.length > 0) expect(wheel.isDue(now)).toBe(true);
          expect(
            wheel
              .take(now)
              .map(({ id }) => id)
              .sort((a, b) => a - b),
          ).toEqual(due.map(({ id }) => id));
          const { there, count } = counted(wheel);
          expect(count).toBe(there);
        }
      }
      expect(wheel.take(Infinity)).toHaveLength(model.size);
    });
  });

  it('looks at a thing a few times only, however often the watermark moves', () => {
    let looks = 0;
    const wheel = new Deadlines<Thing>(10_000, ({ at }) => {
      looks++;
      return at;
    });
    for (let id = 0; id < 1000; id++) wheel.add({ id, at: (id * 7919) % 10_000 });
    const taken: number[] = [];
    for (let now = 0; now < 10_000; now++) {
      for (const { at } of wheel.take(now)) taken.push(at - now);
      wheel.isDue(now);
    }
    expect(taken).toEqual(Array.from({ length: 1000 }, () => 0));
    expect(looks).toBeLessThanOrEqual(4000);
  });

  it('keeps the order of times that are no whole numbers', () => {
    const wheel = wheelOf(1000);
    const times = [10.5, 3.25, 900, 10.25, -0.5, 10.75];
    times.forEach((at, id) => wheel.add({ id, at }));
    expect(wheel.take(-0.5)).toHaveLength(1);
    expect(wheel.take(10.25).map(({ at }) => at)).toEqual([3.25, 10.25]);
    expect(wheel.take(10.5).map(({ at }) => at)).toEqual([10.5]);
    expect(wheel.take(1000).map(({ at }) => at)).toEqual([10.75, 900]);
  });

  it('does not stumble over what is to be forgotten at once', () => {
    const wheel = wheelOf(10);
    wheel.add({ id: 1, at: NaN });
    wheel.add({ id: 2, at: 5 });
    expect(wheel.take(5)).toEqual([{ id: 2, at: 5 }]);
  });

  it('lets go of what is of no use, long before its time, and of nothing else', () => {
    let looks = 0;
    const wheel = new Deadlines<Thing>(10, ({ at }) => (looks++, at));
    const held = (): number => wheel['count'];
    const kept = Array.from({ length: 100 }, (_, id) => ({ id, at: 1000 - id }));
    kept.forEach((thing) => wheel.add(thing));
    expect(idsOf(wheel.take(905))).toEqual([95, 96, 97, 98, 99]); // a part of a bucket
    for (let id = 100; id < 10_100; id++) {
      const thing = { id, at: 5_000_000 };
      wheel.add(thing);
      thing.at = NaN;
      wheel.forget();
      expect(held()).toBeLessThan(400);
    }
    expect(looks).toBeLessThan(60_000);
    expect(idsOf(wheel.take(910))).toEqual([90, 91, 92, 93, 94]);
    expect(wheel.take(4_999_999)).toHaveLength(90);
    wheel.clear();
    expect(held()).toBe(0);
  });

  it('takes in its turn what is added to, or moves within, the bucket at work', () => {
    const wheel = wheelOf(100);
    const [first, moves] = [
      { id: 1, at: 20 },
      { id: 2, at: 30 },
    ];
    wheel.add({ id: 0, at: 10 });
    wheel.add(first);
    wheel.add(moves);
    expect(wheel.take(15)).toHaveLength(1);
    wheel.add({ id: 3, at: 25 });
    wheel.add({ id: 4, at: 5 });
    moves.at = 60;
    expect(wheel.isDue(4)).toBe(false);
    expect(wheel.take(25).map(({ id }) => id)).toEqual([4, 1, 3]);
    expect(wheel.take(59)).toEqual([]);
    expect(wheel.take(60)).toEqual([moves]);
    expect(wheel.isDue(Infinity)).toBe(false);
  });
});

describe('things spread over many buckets', () => {
  const COUNT = 100_000; // a second each: what looks through all of them for one takes half a minute

  it('cost as much each as a few do, in deadlines', () => {
    const wheel = wheelOf(1000);
    let taken = 0;
    for (let id = 0; id < COUNT; id++) {
      wheel.add({ id, at: id * 1000 + 1 });
      taken += wheel.take((id - COUNT / 2) * 1000).length;
    }
    expect([taken, wheel.take(Infinity).length]).toEqual([COUNT / 2 - 1, COUNT / 2 + 1]);
  });

  it('and in the calendar', () => {
    const calendar = new Calendar<{ readonly time: number; readonly seq: number }>(1000);
    let taken = 0;
    for (let seq = 0; seq < COUNT; seq++) {
      calendar.add({ time: seq * 1000 + 1, seq });
      taken += calendar.take((seq - COUNT / 2) * 1000).length;
    }
    const rest = calendar.take(Infinity);
    expect([taken, rest.length]).toEqual([COUNT / 2 - 1, COUNT / 2 + 1]);
    expect(rest.every(({ seq }, i) => seq === COUNT / 2 - 1 + i)).toBe(true);
  });
});
