import { describe, expect, it } from 'vitest';
import { Ascending } from '../../src/state/ascending';
import { forSeeds } from '../laws/random';

describe('numbers in ascending order', () => {
  it('are what a sorted list is, whatever is added, removed and taken', () => {
    forSeeds(200, (random) => {
      const numbers = new Ascending();
      let model: number[] = [];
      for (let i = 0; i < 300; i++) {
        const number = random.chance(0.7) ? i * 10 : random.int(-3000, 3000) + 0.5;
        if (random.chance(0.6) && !model.includes(number)) {
          numbers.add(number);
          model = [...model, number].sort((a, b) => a - b);
        }
        if (model.length > 0 && random.chance(0.1)) {
          const gone = random.pick(model);
          numbers.remove(gone);
          model = model.filter((one) => one !== gone);
        }
        if (model.length > 0 && random.chance(random.pick([0.1, 0.9]))) expect(numbers.takeFirst()).toBe(model.shift());
        if (random.chance(0.01)) {
          numbers.clear();
          model = [];
        }
        expect([numbers.size, numbers.first]).toEqual([model.length, model[0] ?? Infinity]);
      }
      expect([...numbers]).toEqual(model);
    });
  });

  it('may hold infinity', () => {
    const numbers = new Ascending();
    numbers.add(Infinity);
    expect([numbers.size, numbers.first, numbers.takeFirst(), numbers.size]).toEqual([1, Infinity, Infinity, 0]);
  });
});
