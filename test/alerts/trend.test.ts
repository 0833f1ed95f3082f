import { describe, expect, it } from 'vitest';
import { trend, type TrendOptions } from '../../src/alerts';

interface Row {
  readonly v: number | null;
}

function verdicts(values: readonly unknown[], options: Partial<TrendOptions<Row>> = {}): boolean[] {
  const condition = trend<Row>({ metric: 'v', threshold: 0.5, ...options });
  const history: number[] = [];
  return values.map((v) => condition.test(history, condition.read({ v } as Row)));
}

describe('trend', () => {
  it('[D66] the first two values never alert, and are stored', () => {
    expect(verdicts([1, 1000])).toEqual([false, false]);
    expect(verdicts([100, 100, 151])).toEqual([false, false, true]);
  });

  it('[D67] compares with the mean of the last values, strictly', () => {
    expect(verdicts([100, 100, 150])).toEqual([false, false, false]);
    expect(verdicts([100, 100, 50])).toEqual([false, false, false]);
    expect(verdicts([100, 100, 49])).toEqual([false, false, true]);
  });

  it('[D67] the whole sequence', () => {
    const [T, F] = [true, false];
    expect(verdicts([100, 100, 151, 100, 100, 300, 100, 50, 49])).toEqual([F, F, T, F, F, T, F, T, T]);
  });

  it('[D67] only three values count: 1000 is forgotten after three more', () => {
    // Means: 100, 400, 400, 400, 100.
    expect(verdicts([100, 100, 1000, 100, 100, 100, 151])).toEqual([false, false, true, true, true, true, true]);
    expect(verdicts([100, 100, 1000, 100, 100, 100, 150]).at(-1)).toBe(false);
  });

  it('[D68] keeps at most ten values, the current one after the test', () => {
    const condition = trend<Row>({ metric: 'v', threshold: 0.5 });
    const history: number[] = [];
    for (let v = 1; v <= 25; v++) {
      condition.test(history, v);
      expect(history.length).toBe(Math.min(v, 10));
      expect(history.at(-1)).toBe(v);
    }
    expect(history).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
  });

  it('[D69] with mean 0 any value but 0 alerts', () => {
    expect(verdicts([0, 0, 0.001])).toEqual([false, false, true]);
    expect(verdicts([0, 0, 0])).toEqual([false, false, false]);
    expect(verdicts([-5, 5, 1])).toEqual([false, false, true]);
  });

  it('[D69] what alerts with mean 0 can be chosen', () => {
    expect(verdicts([0, 0, 1e9], { onZeroMean: 'never' })).toEqual([false, false, false]);
    expect(verdicts([0, 0, 3], { onZeroMean: 3 })).toEqual([false, false, false]);
    expect(verdicts([0, 0, -4], { onZeroMean: 3 })).toEqual([false, false, true]);
  });

  it('judges by the magnitude when the mean is negative', () => {
    expect(verdicts([-100, -100, -150])).toEqual([false, false, false]);
    expect(verdicts([-100, -100, -151])).toEqual([false, false, true]);
  });

  it('null, NaN, infinite and missing values neither alert nor count', () => {
    expect(verdicts([100, null, 100, NaN, Infinity, undefined, '7', 151])).toEqual([...Array<boolean>(7).fill(false), true]);
  });

  it('refuses options out of range', () => {
    const refused = expect.objectContaining({ code: 'TIDEMARK_OPTION' });
    expect(() => trend<Row>({ metric: 'v', threshold: -1 })).toThrow(refused);
    expect(() => trend<Row>({ metric: 'v', threshold: NaN })).toThrow(refused);
    expect(() => trend<Row>({ metric: 'v', threshold: 1, onZeroMean: NaN })).toThrow(refused);
  });
});
