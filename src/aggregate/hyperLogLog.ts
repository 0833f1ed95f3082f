/**
 * A HyperLogLog sketch. The first 64 different hashes (m / 8 if that is more) are kept as they are, and counted exactly;
 * then registers take over, one byte each. The form depends on nothing but the set of hashes, so that a union of sketches
 * equals the sketch of everything, bit for bit.
 *
 * Source: Flajolet et al. 2007; estimator without tables of bias: Ertl 2017, "New cardinality estimation algorithms for
 * HyperLogLog sketches", algorithm 6.
 */
export interface HyperLogLog {
  /** Number of registers `m = 2^precision`; the standard error is 1.04 / sqrt(m). */
  readonly precision: number;
  sparse: Set<number> | undefined;
  /** Per register the largest rank (leading zeros + 1) of a hash that fell into it; used once `sparse` is undefined. */
  dense: Uint8Array;
}

/** Bits of a hash. */
const BITS = 53;

export function createSketch(precision: number): HyperLogLog {
  return { precision, sparse: new Set(), dense: new Uint8Array(0) };
}

/** Adds one 53-bit hash. Cost: O(1). */
export function addHash(sketch: HyperLogLog, hash: number): void {
  const { sparse, precision } = sketch;
  if (!sparse) return addToRegister(sketch, hash);
  sparse.add(hash);
  if (sparse.size > Math.max(64, 2 ** precision / 8)) densify(sketch);
}

function densify(sketch: HyperLogLog): void {
  const hashes = sketch.sparse!;
  sketch.sparse = undefined;
  sketch.dense = new Uint8Array(2 ** sketch.precision);
  for (const hash of hashes) addToRegister(sketch, hash);
}

function addToRegister({ precision, dense }: HyperLogLog, hash: number): void {
  const high = Math.floor(hash / 0x200000); // the first 32 bits; 21 follow
  const index = high >>> (32 - precision);
  const rest = high << precision;
  // The last 32 bits of the hash begin with 11 of `rest`.
  const rank = 1 + (rest !== 0 ? Math.clz32(rest) : 32 - precision + Math.clz32(hash) - 11);
  if (rank > dense[index]!) dense[index] = rank;
}

/** Makes `into` the sketch of both; `from` stays as it is. Both have the same precision. */
export function mergeSketches(into: HyperLogLog, from: HyperLogLog): void {
  if (from.sparse) {
    for (const hash of from.sparse) addHash(into, hash);
    return;
  }
  if (into.sparse) densify(into);
  const { dense } = into;
  from.dense.forEach((rank, i) => {
    if (rank > dense[i]!) dense[i] = rank;
  });
}

/** The estimated number of different hashes, a whole number. Cost: O(m) once dense. */
export function estimate({ precision, sparse, dense }: HyperLogLog): number {
  if (sparse) return sparse.size;
  const m = dense.length;
  const last = BITS - precision + 1; // the rank of a hash whose bits after the index are all 0
  const counts = new Array<number>(last + 1).fill(0);
  for (const rank of dense) counts[rank]!++;
  // Ertl's term for full registers is left out: it takes 2^40 different values to fill one.
  let z = 0;
  for (let rank = last; rank >= 1; rank--) z = 0.5 * (z + counts[rank]!);
  z += m * sigma(counts[0]! / m);
  return Math.round((0.7213475204444817 * m * m) / z); // 1 / (2 ln 2)
}

/** x + x^2 + 2 x^4 + 4 x^8 + …: what empty registers say; x < 1, for a dense sketch is not empty. */
function sigma(x: number): number {
  let z = x;
  for (let y = 1, before = NaN; z !== before; y += y) {
    x *= x;
    before = z;
    z += x * y;
  }
  return z;
}
