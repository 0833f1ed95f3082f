import { describe, expect, it } from 'vitest';
import { Calendar, type Dated } from '../../src/state/calendar';
import { forSeeds } from '../laws/random';

const inOrder = (a: Dated, b: Dated): number => a.time - b.time || a.seq - b.seq;

describe('the calendar', () => {
  it('gives what is due in the order of time and number, as a sorted list does, whatever the steps', () => {
    forSeeds(200, (random) => {
      const calendar = new Calendar<Dated>(random.pick([1, 7, 100, 5000]));
      let model: Dated[] = [];
      let now = random.int(-300, 300);
      for (let seq = 0; seq < 150; seq++) {
        if (random.chance(0.7)) {
          const item = { time: now + random.int(-40, 120), seq };
          calendar.add(item);
          model.push(item);
        }
        if (random.chance(0.02)) {
          calendar.clear();
          model = [];
        }
        if (!random.chance(0.3)) continue;
        now += random.int(0, 60);
        const due = model.filter(({ time }) => time <= now).sort(inOrder);
        expect(calendar.isDue(now)).toBe(due.length > 0);
        expect(calendar.take(now)).toEqual(due);
        expect(calendar.isDue(now)).toBe(false);
        model = model.filter((item) => !due.includes(item));
      }
      expect(calendar.take(Infinity)).toEqual([...model].sort(inOrder));
      expect(calendar.take(Infinity)).toEqual([]);
    });
  });
});
