/** Mulberry32: 32-bit integer arithmetic only, so a seed gives the same numbers in every engine. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A measured distribution: the values at some quantiles, from 0 to 1. */
export type Quantiles = readonly (readonly [share: number, value: number])[];

/**
 * Draws from a measured distribution: linear between the quantiles, in the logarithm where all values are above 0, because
 * views, durations and delays spread over powers of ten.
 */
export function drawFrom(quantiles: Quantiles, random: () => number): number {
  const share = random();
  const at = Math.max(
    1,
    quantiles.findIndex(([q]) => q >= share),
  );
  const [q0, v0] = quantiles[at - 1]!;
  const [q1, v1] = quantiles[at]!;
  const part = (share - q0) / (q1 - q0);
  return v0 > 0 ? v0 * (v1 / v0) ** part : v0 + part * (v1 - v0);
}
