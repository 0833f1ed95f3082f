/** Interval joins by hand: rows by key, forgotten by the minute. */

interface Timed {
  readonly t: number;
}

class Lane<T> {
  rows: T[] = [];
  dead = 0;

  constructor(readonly key: string | number) {}
}

/** One side's rows that wait. */
export class Waiting<T extends Timed> {
  private readonly lanes = new Map<string | number, Lane<T>>();
  private readonly buckets = new Map<number, Lane<T>[]>();
  private oldest = Infinity;

  constructor(private readonly width: number) {}

  of(key: string | number): readonly T[] | undefined {
    return this.lanes.get(key)?.rows;
  }

  add(key: string | number, row: T): void {
    let lane = this.lanes.get(key);
    if (lane === undefined) this.lanes.set(key, (lane = new Lane<T>(key)));
    lane.rows.push(row);
    const number = Math.floor(row.t / this.width);
    const bucket = this.buckets.get(number);
    if (bucket === undefined) this.buckets.set(number, [lane]);
    else bucket.push(lane);
    if (number < this.oldest) this.oldest = number;
  }

  /** Forgets buckets all of whose rows have `t <= bound`. */
  forget(bound: number): void {
    for (; (this.oldest + 1) * this.width - 1 <= bound && this.buckets.size > 0; this.oldest++) {
      for (const lane of this.buckets.get(this.oldest) ?? []) this.lose(lane, this.oldest);
      this.buckets.delete(this.oldest);
    }
  }

  private lose(lane: Lane<T>, number: number): void {
    lane.dead++;
    if (lane.dead === lane.rows.length) this.lanes.delete(lane.key);
    else if (lane.dead > 16 && lane.dead * 2 > lane.rows.length) {
      // Those of the bucket that have not been counted yet go later: they stay counted.
      const low = number * this.width;
      const kept = lane.rows.filter(({ t }) => t >= low);
      lane.dead -= lane.rows.length - kept.length;
      lane.rows = kept;
    }
  }
}

/** The watermark of one input, which moves once per so many rows. */
export class Clock {
  w = -Infinity;
  private max = -Infinity;
  private rows = 0;

  constructor(
    private readonly delay: number,
    private readonly every: number,
  ) {}

  /** True when W has moved. */
  saw(t: number): boolean {
    if (t > this.max) this.max = t;
    if (++this.rows < this.every || this.max - this.delay <= this.w) return false;
    this.rows = 0;
    this.w = this.max - this.delay;
    return true;
  }
}
