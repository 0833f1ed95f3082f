import { describe, expect, it } from 'vitest';
import { createList, decodeList, encodeList, push, pushAll, sortedView } from '../../src/aggregate/numbers';
import { forSeeds, type Random } from '../laws/random';

const ODD = [NaN, -0, 0, Infinity, -Infinity, 1e-300];
const anyNumber = (random: Random): number => (random.chance(0.2) ? random.pick(ODD) : random.int(-20, 20) / 4);

describe('a list of numbers', () => {
  it('is sorted as a whole is, however many came since it was read last', () => {
    forSeeds(300, (random) => {
      let list = createList();
      const model: number[] = [];
      for (let round = 0; round < 12; round++) {
        const fresh = Array.from({ length: random.pick([0, 1, 1, 2, 5, 60]) }, () => anyNumber(random));
        model.push(...fresh);
        if (random.chance(0.7)) fresh.forEach((x) => push(list, x));
        else {
          const other = createList();
          fresh.forEach((x) => push(other, x));
          if (random.chance(0.5)) sortedView(other);
          pushAll(list, other);
        }
        if (random.chance(0.2)) list = decodeList(encodeList(list));
        if (random.chance(0.7)) expect([...sortedView(list)]).toEqual([...Float64Array.from(model).sort()]);
      }
      expect(encodeList(list)).toEqual([...Float64Array.from(model).sort()]);
    });
  });
});
