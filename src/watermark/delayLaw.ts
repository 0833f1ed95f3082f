import { LatenessSketch } from './lateness-sketch';

/** Two years and a bit: what is later than that counts as that late. */
const CAP_MS = 2 ** 36;
/** Rows after which a row counts half: the law follows the stream. */
const HALF_LIFE = 20_000;
/** Below so many rows nothing is said. */
const ENOUGH = 100;

/**
 * The distribution of lateness, learned from the rows themselves: how far the largest event time has gone on when a row
 * arrives. Answers which share of the rows of a span of time has arrived, taking them as spread evenly over it.
 *
 * Cost: O(1) a row; an answer is a binary search, and a scan of the filled buckets when the law has changed by a hundredth.
 */
export class DelayLaw {
  private readonly sketch = new LatenessSketch(CAP_MS, HALF_LIFE);
  private max = -Infinity;
  private rows = 0;
  /** At these delays … */
  private delays: number[] = [];
  /** … such a share has arrived, and so much is the integral of the share up to there. */
  private shares: number[] = [];
  private integrals: number[] = [];
  private staleAt = 0;

  observe(time: number): void {
    if (time > this.max) this.max = time;
    this.sketch.add(this.max - time);
    this.rows++;
  }

  /** The share of the rows of `[start, end)` that has arrived; `undefined` while too little is known. */
  share(start: number, end: number): number | undefined {
    if (this.rows < ENOUGH) return undefined;
    if (this.rows >= this.staleAt) this.integrate();
    return (this.upTo(this.max - start) - this.upTo(this.max - end)) / (end - start);
  }

  private integrate(): void {
    const [delays, shares, integrals]: [number[], number[], number[]] = [[], [], []];
    let total = 0;
    this.sketch.forEach((_from, _to, count) => (total += count));
    let share = 0;
    let at = 0;
    let integral = 0;
    const knot = (delay: number, next: number): void => {
      integral += ((share + next) / 2) * (delay - at);
      [share, at] = [next, delay];
      delays.push(delay);
      shares.push(share);
      integrals.push(integral);
    };
    knot(0, 0);
    this.sketch.forEach((from, to, count) => {
      if (from > at) knot(from, share);
      // What is less than 1 ms late is not late at all.
      if (from === 0) knot(0, count / total);
      else knot(to, share + count / total);
    });
    Object.assign(this, { delays, shares, integrals });
    this.staleAt = this.rows + Math.max(16, Math.floor(Math.min(this.rows, HALF_LIFE) / 128));
  }

  /** The integral of the share that has arrived within a delay, from 0 to `delay`. */
  private upTo(delay: number): number {
    if (delay <= 0) return 0;
    const { delays, shares, integrals } = this;
    let low = 0;
    let high = delays.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (delays[middle]! <= delay) low = middle;
      else high = middle;
    }
    const past = delay - delays[low]!;
    const here = shares[low]!;
    const slope = high < delays.length ? (shares[high]! - here) / (delays[high]! - delays[low]!) : 0;
    return integrals[low]! + past * (here + (slope * past) / 2);
  }

  encode(): unknown {
    return [this.max, this.rows, this.sketch.encode()];
  }

  decode(value: unknown): void {
    const [max, rows, sketch] = value as [number, number, ReturnType<LatenessSketch['encode']>];
    [this.max, this.rows, this.staleAt] = [max, rows, 0];
    this.sketch.decode(sketch);
  }
}
