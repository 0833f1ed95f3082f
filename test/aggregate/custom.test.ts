import { aggregate, session } from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import * as agg from '../../src/aggregate/index';
import { velocityOf } from '../../src/aggregate/velocity';
import { resultOf, valued } from './fold';

const refused = expect.objectContaining({ code: 'TIDEMARK_OPTION' });

describe('agg.custom', () => {
  it('[D39] needs create, add and result, and fills in the rest', () => {
    const list = agg.custom<{ v: number }, { at: Date; seen: (number | bigint)[] }, string>({
      create: () => ({ at: new Date(0), seen: [] }),
      add: (acc, { v }, arrival) => void acc.seen.push(v, BigInt(arrival)),
      result: ({ seen }) => seen.join(' '),
    });
    expect(resultOf(list, valued([5, NaN]))).toBe('5 1 NaN 2');
    expect(list.merge).toBeUndefined();
    expect([list.name, list.version, list.commutative]).toEqual(['custom', 1, false]);
  });

  it('[D39] copies plain data into the checkpoint, exactly, and stays apart from it', () => {
    const state = { n: [NaN, -0, Infinity], big: 5n, at: new Date(7), deep: { text: 'a', none: null } };
    const aggregate = agg.custom<unknown, typeof state, unknown>({
      create: () => structuredClone(state),
      add: (acc) => void acc.n.push(1),
      result: (acc) => acc,
    });
    const acc = aggregate.create();
    const encoded = aggregate.encode(acc);
    aggregate.add(acc, null, 1);
    acc.at.setTime(0);
    expect(encoded).toEqual(state);
    const restored = aggregate.decode(encoded);
    expect(restored).toEqual(state);
    aggregate.add(restored, null, 2);
    expect(encoded).toEqual(state);
  });

  it('[D39] refuses at once an accumulator it cannot store, and half a codec', () => {
    const base = { add: () => undefined, result: () => 0 };
    for (const value of [new Map(), new Set(), () => 1, Symbol('s'), { deep: [new Map()] }]) {
      expect(() => agg.custom({ ...base, create: () => value as unknown })).toThrow(refused);
    }
    expect(() => agg.custom({ ...base, create: () => ({}), encode: () => 0 })).toThrow(refused);
    expect(() => agg.custom({ ...base, create: () => ({}), decode: () => ({}) })).toThrow(refused);
    const coded = agg.custom<{ v: string }, Set<string>, number>({
      create: () => new Set(),
      add: (acc, { v }) => void acc.add(v),
      result: (acc) => acc.size,
      encode: (acc) => [...acc],
      decode: (data) => new Set(data as string[]),
    });
    expect(coded.result(coded.decode(coded.encode(new Set(['a', 'b']))))).toBe(2);
  });

  it('[D39] keeps `this` of a definition that is an object with methods', () => {
    class Total {
      readonly start = 10;
      create(): { sum: number } {
        return { sum: this.start };
      }
      add(acc: { sum: number }, { v }: { v: number }): void {
        acc.sum += v * this.start;
      }
      merge(into: { sum: number }, from: { sum: number }): void {
        into.sum += from.sum - this.start;
      }
      result(acc: { sum: number }): number {
        return acc.sum / this.start;
      }
    }
    const total = agg.custom(new Total());
    expect(resultOf(total, valued([1, 2]))).toBe(4);
    const into = total.create();
    total.merge!(into, { sum: 30 });
    expect(total.result(into)).toBe(3);
  });
});

describe('agg.velocity', () => {
  it('[D59] is the change as a fraction of what was', () => {
    expect(velocityOf(150, 100)).toBe(0.5);
    expect(velocityOf(0, 100)).toBe(-1);
    expect(velocityOf(100, 100)).toBe(0);
    expect(velocityOf(5, -10)).toBe(-1.5);
  });

  it('[D59] is null without a previous figure, and when that was 0', () => {
    expect(velocityOf(150, null)).toBeNull();
    expect(velocityOf(null, 150)).toBeNull();
    expect(velocityOf(150, 0)).toBeNull();
    expect(velocityOf(150, -0)).toBeNull();
    expect(velocityOf(0, 0)).toBeNull();
  });

  it('[D59] [D60] keeps the accumulator of the aggregate it compares, and says how far back it may look', () => {
    const views = agg.velocity(agg.sum<{ v: number }>('v'));
    expect(views.previous).toMatchObject({ maxGapMs: 0 });
    expect(resultOf(views, valued([1, 2]))).toBe(3);
    expect(agg.velocity(agg.avg<{ v: number }>('v'), { maxGap: '2 hours' }).previous.maxGapMs).toBe(7_200_000);
  });

  it('refuses a negative gap', () => {
    expect(() => agg.velocity(agg.sum<{ v: number }>('v'), { maxGap: -1 })).toThrow(refused);
  });
});

describe('an aggregate that cannot merge, in sessions, which must', () => {
  /** The rows in the order in which they were added. */
  const inOrder = (where?: (row: Visit) => boolean) => {
    const list = agg.custom<Visit, { ids: string[] }, string>({
      create: () => ({ ids: [] }),
      add: (acc, row) => void acc.ids.push(row.id),
      result: ({ ids }) => ids.join(''),
    });
    return where === undefined ? list : { ...list, value: (row: Visit) => row, where, addValue: list.add };
  };
  interface Visit {
    readonly id: string;
    readonly v: number | null;
  }
  const SELECTS: readonly (readonly [string, object, object])[] = [
    ['alone', { all: inOrder() }, { all: 'abcd' }],
    ['beside another', { all: inOrder(), top: agg.max<Visit>('v') }, { all: 'abcd', top: 9 }],
    [
      'beside others, of which some leave rows out',
      { all: inOrder(), n: agg.count<Visit>('v', { where: ({ id }) => id !== 'b' }), low: agg.min<Visit>('v') },
      { all: 'abcd', n: 2, low: 5 },
    ],
  ];

  it.each(SELECTS)('%s: what two sessions held is folded in order of arrival once they are one', (_name, select, expected) => {
    for (const restarts of [false, true]) {
      const harness = operatorHarness<Visit, object, 'event', 'event'>(
        aggregate({ window: session(10), select } as never) as never,
      );
      const add = (time: number, id: string, v: number | null): void => {
        harness.event(time, { id, v });
        if (restarts) harness.restore(harness.snapshot());
      };
      add(0, 'a', 5);
      add(18, 'b', 9);
      add(9, 'c', null);
      add(3, 'd', 7);
      harness.watermark(28);
      expect(harness.takeRows()).toEqual([{ window: { start: 0, end: 28 }, ...expected }]);
    }
  });
});
