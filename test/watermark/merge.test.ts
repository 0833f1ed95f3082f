import { describe, expect, it } from 'vitest';
import { WatermarkMerge, type WatermarkMergeOptions } from '../../src/watermark';
import { throughJson } from './pipe';
import { seeded } from './traces';

function mergeOf(inputs: number, options?: WatermarkMergeOptions): WatermarkMerge {
  const merge = new WatermarkMerge(options);
  for (let i = 0; i < inputs; i++) merge.addInput();
  return merge;
}
/** Gives a watermark without lateness. */
const give = (merge: WatermarkMerge, input: number, w: number): boolean => merge.watermark(input, w, w);

describe.each(['per-split', 'between-operators'] as const)('[D20] WatermarkMerge %s', (variant) => {
  it('says nothing before every input has a watermark, then the lowest', () => {
    const merge = mergeOf(2, { variant });
    expect([give(merge, 0, 20), merge.emit]).toEqual([false, -Infinity]);
    expect([give(merge, 1, 10), merge.emit]).toEqual([true, 10]);
    expect([give(merge, 1, 30), merge.emit]).toEqual([true, 20]);
  });

  it('ignores a watermark that falls, and NaN', () => {
    const merge = mergeOf(1, { variant });
    give(merge, 0, 25);
    expect([give(merge, 0, 18), give(merge, 0, NaN), merge.emit]).toEqual([false, false, 25]);
  });

  it('combines emit and drop each by itself', () => {
    const merge = mergeOf(2, { variant });
    merge.watermark(0, 20, 5);
    expect(merge.watermark(1, 12, 12)).toBe(true);
    expect([merge.emit, merge.drop]).toEqual([12, 5]);
    expect(merge.watermark(0, 20, 8)).toBe(true);
    expect([merge.emit, merge.drop]).toEqual([12, 8]);
  });

  it('takes an idle input out of the minimum, also one that never had a watermark', () => {
    const merge = mergeOf(3, { variant });
    give(merge, 0, 15);
    give(merge, 1, 10);
    expect([merge.idle(2, true), merge.emit, merge.isIdle]).toEqual([true, 10, false]);
    expect([merge.idle(1, true), merge.emit]).toEqual([true, 15]);
    expect(merge.idle(1, true)).toBe(false);
  });

  it('is idle only when all are, and active as soon as one is', () => {
    const merge = mergeOf(2, { variant });
    expect([merge.idle(1, true), merge.isIdle]).toEqual([false, false]);
    expect([merge.idle(0, true), merge.isIdle]).toEqual([true, true]);
    expect([merge.activity(1), merge.isIdle]).toEqual([true, false]);
    expect([merge.activity(1), merge.activity(0), merge.isIdle]).toEqual([false, false, false]);
  });

  it('[D16 of the Flink cases] counts a completed input as +Infinity at once', () => {
    const merge = mergeOf(2, { variant });
    give(merge, 0, 5);
    give(merge, 1, 9);
    expect([merge.complete(0), merge.emit]).toEqual([true, 9]);
    expect([merge.complete(1), merge.emit, merge.drop, merge.isIdle]).toEqual([true, Infinity, Infinity, false]);
    expect([merge.complete(1), give(merge, 1, 99), merge.idle(1, true)]).toEqual([false, false, false]);
  });

  it('takes a watermark of +Infinity as completion', () => {
    const merge = mergeOf(2, { variant });
    give(merge, 0, 5);
    give(merge, 1, 9);
    expect([merge.watermark(0, Infinity, Infinity), merge.emit]).toEqual([true, 9]);
    const half = mergeOf(2, { variant });
    half.idle(1, true);
    half.watermark(0, Infinity, Infinity);
    expect([half.emit, half.isIdle]).toEqual([-Infinity, true]);
  });

  it('does not let the drop of an input fall while its emit rises', () => {
    const merge = mergeOf(2, { variant });
    merge.watermark(0, 10, 8);
    merge.watermark(0, 20, 6);
    merge.watermark(1, 30, 10);
    expect([merge.emit, merge.drop]).toEqual([20, 8]);
  });

  it('never reaches +Infinity because the inputs that are left are idle', () => {
    const merge = mergeOf(2, { variant });
    give(merge, 0, 5);
    give(merge, 1, 5);
    merge.idle(0, true);
    expect([merge.complete(1), merge.emit, merge.isIdle]).toEqual([true, 5, true]);
    expect([merge.activity(0), give(merge, 0, 7), merge.emit]).toEqual([true, true, 7]);
  });

  it('does nothing without inputs', () => {
    const merge = mergeOf(0, { variant });
    expect([give(merge, 0, 5), merge.idle(0, true), merge.complete(0), merge.removeInput(0)]).toEqual(Array(4).fill(false));
    expect([merge.emit, merge.isIdle, merge.holder()]).toEqual([-Infinity, false, undefined]);
  });

  it('follows a removal at the next watermark', () => {
    const merge = mergeOf(2, { variant });
    give(merge, 0, 1);
    give(merge, 1, 8);
    expect([merge.removeInput(0), merge.emit]).toEqual([false, 1]);
    expect([give(merge, 1, 9), merge.emit]).toEqual([true, 9]);
  });

  it('follows a removal at once when the others have completed: no watermark will come', () => {
    const merge = mergeOf(2, { variant });
    merge.complete(0);
    expect([merge.removeInput(1), merge.emit]).toEqual([true, Infinity]);
  });

  it('lets an added input hold W, with a number of its own', () => {
    const merge = mergeOf(1, { variant });
    give(merge, 0, 5);
    merge.removeInput(0);
    const added = merge.addInput();
    expect(added).toBe(1);
    expect([give(merge, added, 3), merge.emit]).toEqual([false, 5]);
    expect([give(merge, added, 6), merge.emit]).toEqual([true, 6]);
  });

  it('is active again when an input is added to idle ones', () => {
    const merge = mergeOf(1, { variant });
    merge.idle(0, true);
    merge.addInput();
    expect(merge.isIdle).toBe(false);
  });

  it('never lets emit or drop fall, keeps drop <= emit, and goes on from a snapshot (random runs)', () => {
    for (let seed = 1; seed <= 40; seed++) {
      for (const policy of ['min', 'max'] as const) randomRun(seeded(seed), { variant, policy });
    }
  });
});

/** Makes 60 random calls on a merge and on one that is restored from a snapshot each time; both must agree. */
function randomRun(random: () => number, options: WatermarkMergeOptions): void {
  const merge = mergeOf(2, options);
  let twin = mergeOf(2, options);
  const pick = (n: number): number => Math.floor(random() * n);
  let inputs = 2;
  for (let step = 0; step < 60; step++) {
    const { emit, drop, isIdle } = merge;
    const [input, w, lag, kind] = [pick(inputs), step + pick(20), pick(5), pick(20)];
    const call = (m: WatermarkMerge): unknown => {
      if (kind < 12) return m.watermark(input, w, w - lag);
      if (kind < 15) return m.idle(input, true);
      if (kind < 17) return m.activity(input);
      if (kind === 17) return m.complete(input);
      return kind === 18 ? m.removeInput(input) : m.addInput();
    };
    const changed = call(merge);
    if (kind === 19) inputs++;
    else expect(changed).toBe(merge.emit !== emit || merge.drop !== drop || merge.isIdle !== isIdle);
    expect(merge.emit).toBeGreaterThanOrEqual(emit);
    expect(merge.drop).toBeGreaterThanOrEqual(drop);
    expect(merge.drop).toBeLessThanOrEqual(merge.emit);
    const snapshot = throughJson(twin.encode());
    twin = new WatermarkMerge(options);
    twin.decode(snapshot);
    expect(call(twin)).toBe(changed);
    expect(twin.encode()).toEqual(merge.encode());
    expect(twin.holder()).toEqual(merge.holder());
  }
}

describe('WatermarkMerge, per split (default)', () => {
  it('[D14 of the Flink cases] lets a watermark or a row reactivate an idle input', () => {
    const merge = mergeOf(1);
    merge.idle(0, true);
    expect([give(merge, 0, 0), merge.emit, merge.isIdle]).toEqual([true, 0, false]);
    merge.idle(0, true);
    // The watermark does not rise, but the output is active again.
    expect([give(merge, 0, -5), merge.emit, merge.isIdle]).toEqual([true, 0, false]);
  });

  it('[D15 of the Flink cases] lets a resumed lagging input take part at once and hold W', () => {
    const merge = mergeOf(2);
    give(merge, 0, 2);
    give(merge, 1, 5);
    merge.idle(0, true);
    expect(merge.emit).toBe(5);
    expect([give(merge, 0, 3), give(merge, 1, 9), merge.emit]).toEqual([false, false, 5]);
    expect([give(merge, 0, 7), merge.emit]).toEqual([true, 7]);
  });

  it('[D13 of the Flink cases] holds W when all are idle', () => {
    const merge = mergeOf(2);
    give(merge, 0, 3);
    give(merge, 1, 10);
    merge.idle(1, true);
    expect([merge.idle(0, true), merge.emit, merge.isIdle]).toEqual([true, 3, true]);
  });
});

describe('WatermarkMerge, between operators', () => {
  const valve = (inputs: number): WatermarkMerge => mergeOf(inputs, { variant: 'between-operators' });

  it('ignores the watermarks of an idle input', () => {
    const merge = valve(1);
    give(merge, 0, 25);
    merge.idle(0, true);
    expect([give(merge, 0, 50), merge.emit, merge.isIdle]).toEqual([false, 25, true]);
    merge.idle(0, false);
    expect([give(merge, 0, 50), merge.emit]).toEqual([true, 50]);
  });

  it('leaves a resumed input out until it has caught up', () => {
    const merge = valve(2);
    give(merge, 0, 7);
    give(merge, 1, 3);
    merge.idle(1, true);
    merge.idle(1, false);
    expect([give(merge, 1, 5), give(merge, 0, 12), merge.emit]).toEqual([false, true, 12]);
    expect(merge.holder()?.input).toBe(0);
    expect([give(merge, 1, 13), give(merge, 0, 20), merge.emit]).toEqual([false, true, 13]);
    expect(merge.holder()?.input).toBe(1);
  });

  it('counts as caught up what stands exactly on the output', () => {
    const merge = valve(2);
    give(merge, 0, 7);
    merge.idle(1, true);
    merge.idle(1, false);
    expect([give(merge, 1, 7), give(merge, 0, 12), merge.emit]).toEqual([false, false, 7]);
  });

  it('nor has one to catch up that stood exactly on the output when it fell silent', () => {
    const merge = valve(2);
    give(merge, 0, 7);
    give(merge, 1, 7);
    merge.idle(1, true);
    merge.idle(1, false);
    expect([give(merge, 0, 12), merge.emit]).toEqual([false, 7]);
  });

  it('releases the highest watermark when the last input goes idle', () => {
    const merge = valve(2);
    give(merge, 0, 10);
    give(merge, 1, 3);
    merge.idle(0, true);
    expect([merge.idle(1, true), merge.emit, merge.isIdle]).toEqual([true, 10, true]);
  });
});

describe('WatermarkMerge, policy max', () => {
  it('follows the fastest input and waits for nobody', () => {
    const merge = mergeOf(2, { policy: 'max' });
    expect([merge.watermark(0, 4, 1), merge.emit, merge.drop]).toEqual([true, 4, 1]);
    expect([merge.watermark(1, 9, 2), merge.emit, merge.drop]).toEqual([true, 9, 2]);
    expect([give(merge, 0, 6), merge.emit, merge.drop]).toEqual([true, 9, 6]);
    expect(merge.holder()).toBeUndefined();
  });

  it('does not end with the first input that completes', () => {
    const merge = mergeOf(2, { policy: 'max' });
    give(merge, 0, 4);
    expect([merge.complete(1), merge.emit]).toEqual([false, 4]);
    expect([merge.complete(0), merge.emit]).toEqual([true, Infinity]);
  });
});

describe('holder', () => {
  it('names the input that holds W back and since when its watermark stands', () => {
    const merge = new WatermarkMerge();
    merge.addInput(100);
    merge.addInput(100);
    merge.watermark(0, 20, 20, 110);
    expect(merge.holder()).toEqual({ input: 1, emit: -Infinity, since: 100 });
    merge.watermark(1, 10, 10, 120);
    merge.watermark(1, 10, 10, 130); // no news
    merge.watermark(0, 30, 30, 140);
    expect(merge.holder()).toEqual({ input: 1, emit: 10, since: 120 });
    merge.idle(1, true, 150);
    expect(merge.holder()).toEqual({ input: 0, emit: 30, since: 140 });
    merge.activity(1, 160);
    expect(merge.holder()).toEqual({ input: 1, emit: 10, since: 160 });
    merge.complete(1);
    merge.idle(0, true, 170);
    expect(merge.holder()).toBeUndefined();
  });

  it('names the first of several', () => {
    const merge = mergeOf(2);
    give(merge, 1, 5);
    give(merge, 0, 5);
    expect(merge.holder()?.input).toBe(0);
  });

  it('counts calls where no time is given', () => {
    const merge = mergeOf(2);
    give(merge, 1, 5);
    give(merge, 0, 4);
    expect(merge.holder()).toEqual({ input: 0, emit: 4, since: 4 });
  });
});

describe('WatermarkMerge as an object', () => {
  it('forgets what it was when it takes over a snapshot', () => {
    const merge = mergeOf(3);
    merge.decode(mergeOf(1).encode());
    expect([give(merge, 0, 5), merge.emit, merge.addInput()]).toEqual([true, 5, 1]);
  });

  it('refuses options that are none of its words', () => {
    const refused = expect.objectContaining({ code: 'TIDEMARK_OPTION' });
    expect(() => mergeOf(0, { policy: 'avg' as 'min' })).toThrow(refused);
    expect(() => mergeOf(0, { variant: 'other' as 'per-split' })).toThrow(refused);
  });

  it('refuses a snapshot of something else', () => {
    expect(() => mergeOf(0).decode(null)).toThrow(expect.objectContaining({ code: 'TIDEMARK_STATE' }));
  });
});

describe('[D20] between operators, an input that was idle', () => {
  it('takes part again as soon as it is where the output is, not before', () => {
    const merge = mergeOf(2, { variant: 'between-operators' });
    give(merge, 0, 10);
    give(merge, 1, 10);
    merge.idle(1, true);
    give(merge, 0, 20);
    merge.idle(1, false);
    give(merge, 1, 19);
    give(merge, 0, 21);
    expect(merge.emit).toBe(21);
    give(merge, 1, 21);
    give(merge, 0, 30);
    expect(merge.emit).toBe(21);
  });
});
