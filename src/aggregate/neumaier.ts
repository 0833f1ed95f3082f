/**
 * Compensated summation, over two fields of whatever object keeps the state, so that it costs no object of its own.
 *
 * Source: Neumaier 1974 (the improved Kahan-Babuska sum). The error is about `u * |sum| + n * u^2 * sum(|x|)` with
 * `u = 2^-53`; it is not associative, so that equal bits need equal order.
 */
export interface Compensated {
  /** The running sum as plain floating point gives it. */
  sum: number;
  /** What rounding has lost so far. Finite as long as every input is. */
  comp: number;
}

/**
 * Adds one number. Cost: O(1), four additions.
 *
 * Once the sum is infinite or NaN there is nothing to compensate: Infinity stays Infinity, Infinity and -Infinity give
 * NaN, as in plain floating point. (Unguarded, `Infinity - Infinity` would put NaN into the compensation.)
 *
 * @param acc - changed in place; starts as `{ sum: 0, comp: 0 }`
 * @param x - any number
 */
export function addCompensated(acc: Compensated, x: number): void {
  const before = acc.sum;
  const after = before + x;
  acc.sum = after;
  if (after - after !== 0) return;
  acc.comp += Math.abs(before) >= Math.abs(x) ? before - after + x : x - after + before;
}

/**
 * Adds a sum to another. Cost: O(1).
 *
 * @param into - changed in place
 * @param from - left as it is
 */
export function mergeCompensated(into: Compensated, from: Readonly<Compensated>): void {
  addCompensated(into, from.sum);
  into.comp += from.comp;
}

/**
 * The sum with what was lost put back.
 *
 * @example
 * ```ts
 * const acc = { sum: 0, comp: 0 };
 * for (const x of [1e100, 1, -1e100]) addCompensated(acc, x);
 * compensatedResult(acc); // => 1
 * ```
 */
export function compensatedResult(acc: Readonly<Compensated>): number {
  return acc.sum + acc.comp;
}
