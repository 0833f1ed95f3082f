import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyFrom, type KeyOf } from '../../src/key';
import { SeenByTime } from '../../src/state/seenByTime';
import type { StateEntry } from '../../src/state/table';

/** What a Map tells apart. */
function nameOf(time: number, values: readonly unknown[]): string {
  const tell = (value: unknown): string => `${typeof value}:${Object.is(value, -0) ? 0 : String(value)}`;
  return [time, ...values.map(tell)].join('|');
}

/** Few times and many keys, so that one time has none, one, some and very many. */
const value = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constantFrom('0', '1', '', null, NaN, -0, true));
const pairOf = (columns: number): fc.Arbitrary<readonly [number, unknown[]]> =>
  fc.tuple(fc.constantFrom(0, 1, 59_999, 60_000, -1), fc.array(value, { minLength: columns, maxLength: columns }));

describe.each([1, 2])('keys of %i columns', (columns) => {
  it('is new exactly once, as in a set of pairs', () => {
    fc.assert(
      fc.property(fc.array(pairOf(columns), { maxLength: 80 }), (pairs) => {
        const [seen, model] = [new SeenByTime(columns), new Set<string>()];
        for (const [time, values] of pairs) {
          expect(seen.add(time, keyFrom(values))).toBe(!model.has(nameOf(time, values)));
          model.add(nameOf(time, values));
        }
        expect(seen.size).toBe(model.size);
        const names = [...seen.table.entries()].map(([[time, ...rest]]) => nameOf(time as number, rest));
        expect(names.sort()).toEqual([...model].sort());
      }),
    );
  });

  it('is the same behind a restart', () => {
    fc.assert(
      fc.property(fc.array(pairOf(columns), { maxLength: 40 }), fc.array(pairOf(columns), { maxLength: 40 }), (before, after) => {
        const whole = new SeenByTime(columns);
        for (const [time, values] of before) whole.add(time, keyFrom(values));
        const restarted = new SeenByTime(columns);
        restarted.table.load(structuredClone([...whole.table.entries()]) as StateEntry[]);
        for (const [time, values] of after) {
          const key = keyFrom(values);
          expect(restarted.add(time, key)).toBe(whole.add(time, key));
        }
      }),
    );
  });
});

it('keeps a copy of a key that is used again for the next row', () => {
  const seen = new SeenByTime(2);
  const scratch: [string, number] = ['a', 0];
  for (let n = 0; n < 12; n++) {
    scratch[1] = n;
    expect(seen.add(5, scratch)).toBe(true);
  }
  for (let n = 0; n < 12; n++) expect(seen.add(5, ['a', n] satisfies KeyOf)).toBe(false);
  expect(seen.size).toBe(12);
});

it('forgets whole minutes, and does not count what is past in the one that is left', () => {
  const seen = new SeenByTime(1);
  for (const time of [10, 20, 70_000, 80_000]) seen.add(time, 'a');
  seen.expire(59_998);
  expect(seen.size).toBe(2);
  seen.expire(59_999);
  seen.expire(70_000);
  expect(seen.size).toBe(1);
  expect(seen.add(10, 'a')).toBe(true);
});
