import { describe, expect, it } from 'vitest';
import { TidemarkError, type TidemarkErrorCode } from '../../src/errors';
import {
  adaptive,
  fixedDelay,
  fixedDelayWatermark,
  monotonous,
  punctuated,
  quality,
  type WatermarkStrategy,
} from '../../src/watermark';
import { Pipe, throughJson } from './pipe';
import { seeded } from './traces';

const codeOf = (run: () => unknown): TidemarkErrorCode | undefined => {
  try {
    run();
  } catch (error) {
    return error instanceof TidemarkError ? error.code : undefined;
  }
  return undefined;
};

describe('fixedDelay', () => {
  it('[D20] [D23] stays exactly the delay behind the largest event time and never falls', () => {
    const pipe = new Pipe(fixedDelay('10 minutes'));
    const seen = [3_600_000, 1_800_000, 3_660_000, 3_659_999].map((time) => (pipe.push(time, undefined), pipe.watermark));
    expect(seen).toEqual([3_000_000, 3_000_000, 3_060_000, 3_060_000]);
  });

  it('calls a row on the watermark late, and one a millisecond above it on time', () => {
    const pipe = new Pipe(fixedDelay(10));
    expect([100, 91, 90].map((time) => pipe.push(time, undefined))).toEqual([false, false, true]);
  });

  it('tells withWatermark that it may compute W by itself', () => {
    const strategy = fixedDelay('1 second');
    expect([strategy.fixedDelayMs, strategy.ties, strategy.create().delayMs]).toEqual([1000, 'instant', 1000]);
  });

  it('refuses a negative delay and text without a fixed length', () => {
    expect(codeOf(() => fixedDelay(-1))).toBe('TIDEMARK_OPTION');
    expect(codeOf(() => fixedDelay('2 months' as '2 days'))).toBe('TIDEMARK_DURATION');
  });
});

describe('fixedDelayWatermark', () => {
  it("[D23] gives the brief's bare calculation, current - delay", () => {
    const low = fixedDelayWatermark('10 minutes');
    expect(low.watermark).toBe(-Infinity);
    expect(low.next(3_600_000)).toBe(3_000_000);
    expect(low.watermark).toBe(3_000_000);
  });

  it('[D23] does not fall when the clock goes back, nor on NaN', () => {
    const low = fixedDelayWatermark(10);
    expect([100, 50, NaN, 99, 101].map((current) => low.next(current))).toEqual([90, 90, 90, 90, 91]);
  });

  it('refuses a negative delay', () => expect(codeOf(() => fixedDelayWatermark(-1))).toBe('TIDEMARK_OPTION'));
});

describe('monotonous', () => {
  it('gives W = max with ties on time', () => {
    const pipe = new Pipe(monotonous());
    expect([5, 5, 7, 6, 7].map((time) => pipe.push(time, undefined))).toEqual([false, false, false, true, false]);
    expect(pipe.watermark).toBe(7);
  });
});

describe('punctuated', () => {
  const marks = (): Pipe<number | null | undefined> => new Pipe(punctuated((row: number | null | undefined) => row));

  it('gives W as the function returns it, and ignores a lower mark', () => {
    const pipe = marks();
    expect([11, 5, 12].map((mark, i) => (pipe.push(20 + i, mark), pipe.watermark))).toEqual([11, 11, 12]);
  });

  it('keeps the highest mark itself', () => {
    const { generator } = marks();
    expect([11, 5, null].map((mark) => generator.observe(20, mark, 20, false))).toEqual([11, 11, 11]);
  });

  it('takes null, undefined, NaN and infinities as no statement', () => {
    const pipe = marks();
    for (const mark of [null, undefined, NaN, Infinity, -Infinity]) pipe.push(1, mark);
    expect([pipe.watermark, pipe.generator.delayMs]).toEqual([-Infinity, Infinity]);
    pipe.push(10, 4);
    pipe.push(12, null);
    expect([pipe.watermark, pipe.generator.delayMs]).toEqual([4, 8]);
  });

  it('survives as JSON before the first row, and before the first mark', () => {
    const again = marks();
    for (const rows of [0, 1]) {
      const { generator } = marks();
      if (rows > 0) generator.observe(20, null, 20, false);
      again.generator.decode(JSON.parse(JSON.stringify(generator.encode())));
      expect(again.generator.delayMs).toBe(Infinity);
      expect(again.generator.encode()).toEqual(generator.encode());
    }
    expect(again.generator.observe(21, 5, 21, false)).toBe(5);
  });

  it('gives the row and its time to the function, and judges the row by the marks before', () => {
    const pipe = new Pipe(punctuated((row: string, time) => (row === 'mark' ? time : undefined)));
    expect([pipe.push(3, 'mark'), pipe.push(3, 'row'), pipe.push(4, 'mark')]).toEqual([false, true, false]);
  });

  it('refuses what is no function', () => {
    expect(codeOf(() => punctuated(undefined as unknown as () => number))).toBe('TIDEMARK_OPTION');
  });
});

/** Every strategy, with options under which 3000 rows reach each part of its state. */
const ALL: Readonly<Record<string, () => WatermarkStrategy<number>>> = {
  fixedDelay: () => fixedDelay(50),
  monotonous,
  punctuated: () => punctuated((row: number) => (row % 7 === 0 ? row - 40 : null)),
  adaptive: () => adaptive({ base: 1, max: 9, unit: 10, every: 50 }),
  quality: () => quality({ maxLoss: 0.02, maxDelay: 100, horizon: 20, every: 50, halfLife: 300 }),
};

describe.each(Object.entries(ALL))('%s as a strategy', (kind, make) => {
  /** Disorder that grows in the middle, so that adaptive delays go up and down. */
  const random = seeded(7);
  const times = Array.from({ length: 3000 }, (_, i) => 10 * i - Math.floor(random() * (i > 1000 && i < 2000 ? 160 : 30)));

  it('[D20] never lets the watermark fall', () => {
    const pipe = new Pipe(make());
    let before = -Infinity;
    for (const time of times) {
      pipe.push(time, time);
      expect(pipe.watermark).toBeGreaterThanOrEqual(before);
      before = pipe.watermark;
    }
    expect(before).toBeGreaterThan(0);
  });

  it('gives each subscription its own generator', () => {
    const strategy = make();
    const [one, other] = [new Pipe(strategy), new Pipe(strategy)];
    for (const time of times) one.push(time, time);
    other.push(0, 0);
    const fresh = new Pipe(make());
    fresh.push(0, 0);
    expect(other.generator.encode()).toEqual(fresh.generator.encode());
  });

  it('goes on from a snapshot as if nothing had happened', () => {
    const straight = new Pipe(make());
    let restored = new Pipe(make());
    times.forEach((time, i) => {
      if (i % 333 === 0) {
        const { watermark, max, generator } = restored;
        const snapshot = generator.encode();
        // The old generator goes on, and another one from the same snapshot: it must not share anything with them.
        for (let j = 0; j < 100; j++) generator.observe(0, 0, 1e6, true);
        generator.decode(snapshot);
        for (let j = 0; j < 100; j++) generator.observe(0, 0, 1e6, true);
        restored = Object.assign(new Pipe(make()), { watermark, max });
        restored.generator.decode(throughJson(snapshot));
        expect(restored.generator.encode()).toEqual(straight.generator.encode());
        expect(restored.generator.delayMs).toBe(straight.generator.delayMs);
      }
      expect(restored.push(time, time)).toBe(straight.push(time, time));
      expect(restored.watermark).toBe(straight.watermark);
    });
    expect(restored.generator.encode()).toEqual(straight.generator.encode());
    expect(restored.generator.status?.()).toEqual(straight.generator.status?.());
  });

  it('describes itself in frozen plain data', () => {
    const description = make().describe();
    expect(description['kind']).toBe(kind);
    expect(Object.isFrozen(description)).toBe(true);
    expect(throughJson(description)).toEqual(description);
  });

  it('refuses the snapshot of another strategy', () => {
    const isStateless = make().create().encode() === null;
    const code = codeOf(() => make().create().decode({ kind: 'other' }));
    expect(code).toBe(isStateless ? undefined : 'TIDEMARK_STATE');
  });
});
