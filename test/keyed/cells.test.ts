import { describe, expect, it } from 'vitest';
import { PartCells } from '../../src/keyed/partCells';
import { ValueCells } from '../../src/keyed/valueCells';

describe('what has a time to live', () => {
  it('is over at its end, also before it is taken out', () => {
    let now = 100;
    const values = new ValueCells(1, () => now, 10);
    const parts = new PartCells(1, () => now, 10);
    values.set('k', 1);
    parts.set('k', 'a', 1);
    now = 109;
    expect([values.get('k')?.value, parts.get('k', 'a')?.value, [...parts.alive('k')].length]).toEqual([1, 1, 1]);
    now = 110;
    expect([values.get('k'), parts.get('k', 'a'), [...parts.alive('k')].length]).toEqual([undefined, undefined, 0]);
    expect([values.size, parts.size]).toEqual([1, 1]);
    expect([values.expire(now), parts.expire(now), values.size, parts.size]).toEqual([1, 1, 0, 0]);
  });

  it('asks no clock where nothing is to be forgotten', () => {
    const never = (): never => {
      throw new Error('asked');
    };
    const values = new ValueCells(1, never);
    values.set('k', 1);
    expect(values.get('k')?.value).toBe(1);
  });
});
