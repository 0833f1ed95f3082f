import type { Delivery } from '../data';

type Bucket = Map<number, string | string[]>;

/**
 * Rows seen before by (id, t). The event time is part of the key, so the ids are kept by time: a Map of small whole
 * numbers per minute, and forgetting is to drop a minute. Late (time <= W) is tested before duplicate, so that an id which
 * stays until its minute has passed is never looked for.
 */
export class Seen {
  private readonly buckets = new Map<number, Bucket>();
  private oldest = Infinity;

  constructor(private readonly width = 60_000) {}

  /** True if it is new; it is remembered then. */
  add(id: string, t: number): boolean {
    const offset = t % this.width;
    const start = t - offset;
    let bucket = this.buckets.get(start);
    if (bucket === undefined) {
      this.buckets.set(start, (bucket = new Map()));
      if (start < this.oldest) this.oldest = start;
    }
    const ids = bucket.get(offset);
    if (ids === undefined) {
      bucket.set(offset, id);
      return true;
    }
    return addBeside(bucket, offset, ids, id);
  }

  /** Forgets whole minutes that have passed. */
  forget(w: number): void {
    if (this.oldest + this.width - 1 > w) return;
    let oldest = Infinity;
    for (const start of this.buckets.keys()) {
      if (start + this.width - 1 <= w) this.buckets.delete(start);
      else if (start < oldest) oldest = start;
    }
    this.oldest = oldest;
  }
}

function addBeside(bucket: Bucket, offset: number, ids: string | string[], id: string): boolean {
  if (typeof ids === 'string') {
    if (ids === id) return false;
    bucket.set(offset, [ids, id]);
    return true;
  }
  if (ids.includes(id)) return false;
  ids.push(id);
  return true;
}

/** The rows without second deliveries. */
export function w4Loop(events: readonly Delivery[], delay: number, every: number, onRow: (row: Delivery) => void): void {
  const seen = new Seen();
  let max = -Infinity;
  let w = -Infinity;
  let rows = 0;
  for (let i = 0; i < events.length; i++) {
    const event = events[i]!;
    const { t } = event;
    if (t > w && seen.add(event.id, t)) onRow(event);
    if (t > max) max = t;
    if (++rows >= every && max - delay > w) {
      rows = 0;
      w = max - delay;
      seen.forget(w);
    }
  }
}
