import { describe, expect, it } from 'vitest';
import { TimingWheel, type Slot, type Wheeled } from '../../src/state/timingWheel';
import { forSeeds, randomOf, type Random } from '../laws/random';

class Thing implements Wheeled {
  slot: Slot | undefined = undefined;
  index = 0;
  constructor(
    readonly time: number,
    readonly id: number,
  ) {}
}

/** What is due, in the order in which it comes. */
function due(wheel: TimingWheel<Thing>, limit: number): Thing[] {
  const things: Thing[] = [];
  wheel.take(limit, (thing) => things.push(thing));
  return things;
}

const idsOf = (things: Iterable<Thing>): number[] => [...things].map(({ id }) => id);

/** The plain way: a list, sorted by time; those of one time stay in the order in which they were added. */
class Model {
  private things: Thing[] = [];

  add(thing: Thing): void {
    this.things.push(thing);
  }

  delete(thing: Thing): void {
    this.things = this.things.filter((one) => one !== thing);
  }

  due(limit: number): Thing[] {
    const due = this.things.filter(({ time }) => time < limit).sort((a, b) => a.time - b.time);
    this.things = this.things.filter(({ time }) => time >= limit);
    return due;
  }

  get all(): readonly Thing[] {
    return this.things;
  }
}

/** Times near by, a year away, before 1970, on the boundaries of slots, and as far as a Date goes. */
function timeFrom(random: Random, now: number): number {
  const near = Math.floor(now) + random.int(-3, 70);
  const width = 32 ** random.int(1, 5);
  const aligned = Math.ceil(near / width) * width;
  return random.pick([
    near,
    near,
    near + random.int(0, 5000),
    near + random.int(0, 4e10),
    aligned,
    random.pick([-8.64e15, 8.64e15]),
  ]);
}

describe('the timing wheel', () => {
  it('gives what is due, and not what is due at the limit', () => {
    const wheel = new TimingWheel<Thing>();
    wheel.add(new Thing(25, 1));
    expect(idsOf(due(wheel, 25))).toEqual([]);
    expect(wheel.next()).toBe(25);
    expect(idsOf(due(wheel, 25.5))).toEqual([1]);
    expect(wheel.next()).toBe(Infinity);
    expect(wheel.size).toBe(0);
  });

  it('keeps the order of adding for one time, through all levels', () => {
    const wheel = new TimingWheel<Thing>();
    for (let id = 0; id < 10; id++) wheel.add(new Thing(5_000_000, id));
    expect(idsOf(due(wheel, 4_999_990))).toEqual([]);
    for (let id = 10; id < 20; id++) wheel.add(new Thing(5_000_000, id));
    expect(idsOf(due(wheel, 5_000_001))).toEqual(Array.from({ length: 20 }, (_, id) => id));
  });

  it('does as a sorted list does, whatever the steps', () => {
    forSeeds(200, (random) => {
      const wheel = new TimingWheel<Thing>();
      const model = new Model();
      let now = random.pick([0, -5000, 1_447_000_000_000, -40]);
      for (let id = 0; id < 150; id++) {
        if (random.chance(0.7)) {
          const thing = new Thing(timeFrom(random, now), id);
          wheel.add(thing);
          model.add(thing);
        }
        if (random.chance(0.2) && model.all.length > 0) {
          const thing = random.pick(model.all);
          if (!wheel.delete(thing) || wheel.delete(thing)) expect.fail('deleted once, neither more nor less');
          model.delete(thing);
        }
        const soonest = Math.min(...model.all.map(({ time }) => time));
        if (wheel.size !== model.all.length) expect.fail(`${wheel.size} things, not ${model.all.length}`);
        if (wheel.next() > soonest) expect.fail(`next is ${wheel.next()}, after ${soonest}`);
        if (random.chance(0.4)) {
          now += random.pick([0, 1, 5, 31, 32, 33, 1000, 1024, 40_000_000, 0.5]);
          expect(idsOf(due(wheel, now))).toEqual(idsOf(model.due(now)));
        }
      }
      expect(idsOf(due(wheel, Infinity))).toEqual(idsOf(model.due(Infinity)));
    });
  });

  it('what is added between comes in its turn; what is added at or before the one just taken waits for the next call', () => {
    const wheel = new TimingWheel<Thing>();
    wheel.add(new Thing(100, 1));
    wheel.add(new Thing(1000, 2));
    const seen: number[] = [];
    wheel.take(2000, ({ id, time }) => {
      seen.push(id);
      if (id === 1) [150, 100, 50, 1500, 3000].forEach((at) => wheel.add(new Thing(at, at)));
      if (id === 2) wheel.add(new Thing(time, 9));
    });
    expect(seen).toEqual([1, 150, 2, 1500]);
    expect(idsOf(due(wheel, 2000))).toEqual([50, 100, 9]);
    expect(idsOf(due(wheel, Infinity))).toEqual([3000]);
  });

  it('what is overdue comes in the same order, with what is added meanwhile', () => {
    const wheel = new TimingWheel<Thing>();
    expect(due(wheel, 1000)).toEqual([]);
    [500, 300, 700].forEach((at) => wheel.add(new Thing(at, at)));
    const seen: number[] = [];
    wheel.take(600, ({ id }) => {
      seen.push(id);
      if (id === 300) [400, 300.5, 200, 2000].forEach((at) => wheel.add(new Thing(Math.floor(at), at)));
    });
    expect(seen).toEqual([300, 400, 500]);
    expect(wheel.size).toBe(4);
    expect(wheel.next()).toBeLessThanOrEqual(200);
    expect(idsOf(due(wheel, Infinity))).toEqual([200, 300.5, 700, 2000]);
    expect(wheel.size).toBe(0);
  });

  it('what is deleted while others are taken does not come', () => {
    const wheel = new TimingWheel<Thing>();
    const things = [1, 1, 1, 70].map((time, id) => new Thing(time, id));
    things.forEach((thing) => wheel.add(thing));
    const seen: number[] = [];
    wheel.take(100, ({ id }) => {
      seen.push(id);
      if (id === 0) [1, 3].forEach((other) => wheel.delete(things[other]!));
    });
    expect(seen).toEqual([0, 2]);
  });

  it('stops when it is told to, in the middle of one time too', () => {
    const wheel = new TimingWheel<Thing>();
    for (const [id, time] of [1, 1, 5].entries()) wheel.add(new Thing(time, id));
    const seen: number[] = [];
    wheel.take(100, ({ id }) => seen.push(id) < 1);
    expect(seen).toEqual([0]);
  });

  it('can be cleared', () => {
    const wheel = new TimingWheel<Thing>();
    wheel.add(new Thing(10, 1));
    expect(idsOf(due(wheel, 5))).toEqual([]);
    wheel.clear();
    wheel.add(new Thing(3, 2));
    expect(idsOf(due(wheel, Infinity))).toEqual([2]);
  });
});

describe('the work of a million timers', () => {
  /** Adds so many, and lets the time pass in so many steps; how often one was put into a slot, per timer. */
  function movesPerTimer(count: number, spreadMs: number, steps: number): number {
    const random = randomOf(count);
    const wheel = new TimingWheel<Thing>();
    const start = 1_447_000_000_000;
    wheel.take(start, () => expect.fail('nothing is there'));
    for (let id = 0; id < count; id++) wheel.add(new Thing(start + Math.floor(random() * spreadMs), id));
    let last = -Infinity;
    let fired = 0;
    for (let step = 1; step <= steps; step++) {
      wheel.take(start + (step * spreadMs) / steps, ({ time }) => {
        if (time < last) expect.fail('out of order');
        last = time;
        fired++;
      });
    }
    expect(fired).toBe(count);
    return wheel.moves / count;
  }

  it.each([
    ['a million within a day, a step a minute', 1_000_000, 86_400_000, 1440],
    ['within a second, ms by ms', 100_000, 1000, 1000],
    ['within a year, at one go', 100_000, 31_536_000_000, 1],
  ])('a constant a timer, whatever their number: %s', (_name, count, spreadMs, steps) => {
    const few = movesPerTimer(1000, spreadMs, steps);
    const many = movesPerTimer(count, spreadMs, steps);
    expect(many).toBeLessThan(8);
    expect(many).toBeLessThan(few * 1.5);
  });

  it('put off again and again, they leave nothing behind', () => {
    const wheel = new TimingWheel<Thing>();
    let thing = new Thing(0, 0);
    wheel.add(thing);
    for (let time = 1; time < 100_000; time++) {
      wheel.delete(thing);
      wheel.add((thing = new Thing(time * 40, 0)));
    }
    expect(wheel.size).toBe(1);
    expect(wheel.moves).toBe(100_000);
    expect(idsOf(due(wheel, Infinity))).toEqual([0]);
  });
});
