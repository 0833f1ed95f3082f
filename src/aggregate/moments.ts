import type { Numeric } from './numeric';

/** Mean and sum of squared distances from it, beside the other fields of a numeric accumulator. */
export interface Moments {
  add(acc: Numeric, value: number): void;
  merge(into: Numeric, from: Numeric): void;
}

export const moments: Moments = { add: addMoment, merge: mergeMoments };

/** Welford 1962: stable where the spread is tiny beside the values. `acc.n` already counts the value. */
function addMoment(acc: Numeric, x: number): void {
  if (acc.n === 1) acc.origin = x; // a mean near 1e9 is only known to 1e-7: keep it relative to a value
  const shifted = x - acc.origin;
  const delta = shifted - acc.mean;
  acc.mean += delta / acc.n;
  acc.m2 += delta * (shifted - acc.mean);
}

/** Chan, Golub, LeVeque 1979. `into.n` does not yet count `from`. */
function mergeMoments(into: Numeric, from: Numeric): void {
  const n = into.n + from.n;
  if (into.n === 0) into.origin = from.origin;
  const delta = from.origin - into.origin + from.mean - into.mean;
  into.mean += (delta * from.n) / n;
  into.m2 += from.m2 + (delta * delta * into.n * from.n) / n;
}
