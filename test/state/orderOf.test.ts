import fc from 'fast-check';
import { expect, it } from 'vitest';
import { orderOf } from '../../src/state/orderOf';

const stable = (times: readonly number[]): number[] =>
  times.map((_, i) => i).sort((a, b) => (times[a]! < times[b]! ? -1 : times[a]! > times[b]! ? 1 : a - b));

const anyTimes = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_020 }),
    fc.constantFrom(-Infinity, Infinity, -8.64e15, 8.64e15, 0.5, 0.25, -0.5),
  ),
);

it('is the order of a stable sort, whatever the range', () => {
  fc.assert(
    fc.property(anyTimes, (times) => {
      expect([...orderOf(Float64Array.from(times))]).toEqual(stable(times));
    }),
  );
});

it('holds where no time is whole', () => {
  expect([...orderOf(Float64Array.of(2.5, 1.25, 2.5, 1.75))]).toEqual([1, 3, 0, 2]);
});

it('holds where indices and times share the bits of a number', () => {
  const first = 1_700_000_000_000;
  for (const width of [2 ** 32 - 1, 2 ** 32, 2 ** 40]) {
    const times = [first + width, first, first + width, first + width - 1, first];
    expect([...orderOf(Float64Array.from(times))]).toEqual([1, 4, 3, 0, 2]);
  }
});

it('holds for more things than an index has room for', () => {
  for (const count of [2 ** 20, 2 ** 20 + 1]) {
    const times = Float64Array.from({ length: count }, (_, i) => (i === count - 1 ? 0 : 1));
    const order = orderOf(times);
    expect([order[0], order[1], order[count - 1]]).toEqual([count - 1, 0, count - 2]);
  }
});

it('has nothing to do for none', () => {
  expect(orderOf(new Float64Array(0))).toHaveLength(0);
});
