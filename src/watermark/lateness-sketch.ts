/** Buckets per power of two: 64, so a bucket is at most 1/64 (1.6 %) wide, and its middle within 0.8 % of what is in it. */
const MANTISSA_BITS = 6;
const SHIFT = 20 - MANTISSA_BITS;
/** The number that the top bits of 1.0 give: bucket 1 starts at 1 ms. */
const ONE = 1023 << MANTISSA_BITS;
/** A bucket that has faded below this share of one row is emptied. */
const FADED = 1 / 1024;

const bits = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

/** Bucket of a lateness in ms: 0 for less than 1 ms, then 64 a power of two. No logarithm: engines agree bit for bit. */
function bucketOf(lateness: number): number {
  if (!(lateness >= 1)) return 0;
  bits.setFloat64(0, lateness);
  return (bits.getUint32(0) >>> SHIFT) - ONE + 1;
}

/** Where the next bucket starts: the smallest number that is greater than everything in this one. */
function endOf(bucket: number): number {
  bits.setFloat64(0, 0);
  bits.setUint32(0, (bucket + ONE) << SHIFT);
  return bits.getFloat64(0);
}

/**
 * How late rows come: a DDSketch (Masson, Rim, Lee 2019) of latenesses from 0 to a cap, which forgets by halving all its
 * counts once per half-life. The last bucket takes everything from the cap on, so the number of buckets is bounded:
 * 64 per power of two (1078 for a cap of two minutes).
 */
export class LatenessSketch {
  private readonly counts: Float64Array;
  private readonly top: number;
  private total = 0;
  private sinceHalving = 0;

  /**
   * @param capMs latenesses from here on are counted as one
   * @param halfLife after how many rows a row counts half
   */
  constructor(
    capMs: number,
    private readonly halfLife: number,
  ) {
    this.top = bucketOf(capMs);
    this.counts = new Float64Array(this.top + 1);
  }

  add(lateness: number): void {
    this.put(bucketOf(lateness), 1);
    if (++this.sinceHalving >= this.halfLife) this.halve();
  }

  private put(bucket: number, count: number): void {
    const at = Math.min(bucket, this.top);
    this.counts[at] = this.counts[at]! + count;
    this.total += count;
  }

  /** Halving is exact in binary, where a decay factor per row would need a power that engines round differently. */
  private halve(): void {
    this.sinceHalving = 0;
    this.total = 0;
    for (let i = 0; i <= this.top; i++) {
      const half = this.counts[i]! / 2;
      this.total += this.counts[i] = half < FADED ? 0 : half;
    }
  }

  /**
   * The smallest delay (whole ms, a bucket's end) that at most the share `above` of the rows reached or exceeded; for
   * `above <= 0` one that no row reached. Infinity when that is the bucket of the cap.
   */
  delayFor(above: number): number {
    const allowed = Math.max(0, above * this.total);
    let reached = 0;
    let bucket = this.top;
    while (bucket > 0 && (reached += this.counts[bucket]!) <= allowed) bucket--;
    return bucket === this.top ? Infinity : Math.ceil(endOf(bucket));
  }

  /** Visits the filled buckets in order: `[from, to)` in ms, and the rows in it. */
  forEach(visit: (from: number, to: number, count: number) => void): void {
    for (let bucket = 0; bucket <= this.top; bucket++) {
      const count = this.counts[bucket]!;
      if (count > 0) visit(bucket === 0 ? 0 : endOf(bucket - 1), endOf(bucket), count);
    }
  }

  /** The filled buckets as pairs of number and count. */
  encode(): { readonly sinceHalving: number; readonly counts: readonly (readonly [number, number])[] } {
    const counts: [number, number][] = [];
    this.counts.forEach((count, bucket) => count > 0 && counts.push([bucket, count]));
    return { sinceHalving: this.sinceHalving, counts };
  }

  /** Takes back what `encode` gave; under a lower cap the buckets above it fall into the last one. */
  decode({ sinceHalving, counts }: ReturnType<LatenessSketch['encode']>): void {
    this.counts.fill(0);
    this.total = 0;
    for (const [bucket, count] of counts) this.put(bucket, count);
    this.sinceHalving = sinceHalving;
  }
}
