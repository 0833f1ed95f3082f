/**
 * An exact sum of doubles: nothing is lost, so that the order of additions cannot matter.
 *
 * Source: Shewchuk 1997 (growing expansions), in the form of Python's `math.fsum`; very large numbers, whose partial sums
 * could overflow although the total does not, are kept apart in a bigint.
 */
export interface Expansion {
  /** Numbers that do not overlap, by rising magnitude; their sum is the exact sum of all inputs below `LARGE`. */
  partials: number[];
  /** Exact sum of the finite inputs from `LARGE` on, which are integers. */
  large: bigint;
  /** Sum of the infinite and NaN inputs; 0 when there are none. */
  special: number;
}

/** 2^53 terms below this cannot overflow. */
const LARGE = 2 ** 970;
/** Every finite double is a whole multiple of 2^-UNIT. */
const UNIT = 1074;

export function createExpansion(): Expansion {
  return { partials: [], large: 0n, special: 0 };
}

/** Adds one number. Cost: O(partials), nearly always 1 to 3. */
export function addExact(acc: Expansion, x: number): void {
  if (Math.abs(x) < LARGE) grow(acc.partials, x);
  else if (Number.isFinite(x)) acc.large += BigInt(x);
  else acc.special += x;
}

function grow(partials: number[], x: number): void {
  let kept = 0;
  for (let i = 0; i < partials.length; i++) {
    const y = partials[i]!;
    const high = x + y;
    const low = Math.abs(x) < Math.abs(y) ? x - (high - y) : y - (high - x);
    if (low !== 0) partials[kept++] = low;
    x = high;
  }
  if (x !== 0) partials[kept++] = x;
  if (kept < partials.length) partials.length = kept; // only if need be: setting the length is slow
}

/** Adds a sum to another; `from` stays as it is. */
export function mergeExact(into: Expansion, from: Readonly<Expansion>): void {
  for (const x of from.partials) grow(into.partials, x);
  into.large += from.large;
  into.special += from.special;
}

/** The double nearest to the exact sum, ties to even; never -0. The accumulator stays as it is. */
export function roundExact(acc: Readonly<Expansion>): number {
  if (acc.special !== 0) return acc.special;
  if (acc.large === 0n) return roundPartials(acc.partials);
  return roundUnits(acc.partials.reduce((sum, x) => sum + unitsOf(x), acc.large << BigInt(UNIT)));
}

function roundPartials(partials: readonly number[]): number {
  let i = partials.length - 1;
  let sum = partials[i] ?? 0;
  let low = 0;
  while (low === 0 && --i >= 0) {
    const y = partials[i]!;
    const high = sum + y;
    low = y - (high - sum);
    sum = high;
  }
  // A tie was rounded to even without looking at what is below it: if that has the sign of `low`, it was no tie.
  if (i > 0 && low < 0 === partials[i - 1]! < 0) {
    const twice = low * 2;
    const other = sum + twice;
    if (other - sum === twice) return other;
  }
  return sum;
}

/** A finite double as a whole number of 2^-1074. */
function unitsOf(x: number): bigint {
  let shift = UNIT;
  for (; !Number.isInteger(x); shift--) x *= 2;
  return BigInt(x) << BigInt(shift);
}

/** Rounds a whole number of 2^-1074. What is cut off leaves one sticky bit, so that the conversion rounds once and right. */
function roundUnits(units: bigint): number {
  const size = units < 0n ? -units : units;
  const cut = BigInt(Math.max(0, size.toString(16).length * 4 - 900));
  const kept = size >> cut;
  const rounded = Number(kept << cut === size ? kept : kept | 1n) * 2 ** -537 * 2 ** Number(cut - 537n);
  return units < 0n ? -rounded : rounded;
}
