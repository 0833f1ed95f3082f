import { createKeyMap, keyFrom, keyValues, type KeyMap, type KeyOf } from '../key';
import type { StateEntry, StateTable, TableChanges } from './table';

/** The keys seen at one time: nearly always one, rarely a few, sometimes (window ends) very many. */
type Keys = { readonly one: KeyOf } | { readonly few: KeyOf[] } | KeyMap<true>;

/** So many are looked through one by one: a Map costs more than that. */
const FEW = 8;

const BUCKET_MS = 60_000;

/**
 * Pairs of time and key, forgotten by time. The time comes first: a bucket a minute, in it a map of small whole numbers, so
 * that forgetting is to drop a bucket, and a key is only looked at where the times agree.
 */
export class SeenByTime {
  private readonly buckets = new Map<number, Map<number, Keys | KeyOf>>();
  private oldest = Infinity;
  private last: Map<number, Keys | KeyOf> | undefined;
  private lastNumber = NaN;
  private low = -Infinity;
  /** What `changes` has not told yet; undefined before it is asked for the first time. */
  private fresh: StateEntry[] | undefined;
  private dropped: (readonly [number: number, bucket: Map<number, Keys | KeyOf>])[] = [];

  constructor(private readonly columns: number) {}

  /** Adds a pair; false when it was there. The key may be a scratch array. */
  add(time: number, key: KeyOf): boolean {
    const isNew = this.insert(time, key);
    if (isNew && this.fresh !== undefined) this.fresh.push(this.entry(time, key));
    return isNew;
  }

  private insert(time: number, key: KeyOf): boolean {
    const number = Math.floor(time / BUCKET_MS);
    const bucket = number === this.lastNumber && this.last !== undefined ? this.last : this.open(number);
    const offset = time - number * BUCKET_MS;
    const known = bucket.get(offset);
    if (known === undefined) {
      bucket.set(offset, this.columns === 1 ? (key ?? NULL) : { one: copyOf(key) });
      return true;
    }
    return this.addBeside(bucket, offset, known, key);
  }

  private addBeside(bucket: Map<number, Keys | KeyOf>, offset: number, known: Keys | KeyOf, key: KeyOf): boolean {
    if (isKeyMap(known)) {
      if (known.get(key) !== undefined) return false;
      known.set(key, true);
    } else if (isFew(known)) {
      if (known.few.some((one) => isSame(one, key))) return false;
      if (known.few.length < FEW) known.few.push(copyOf(key));
      else bucket.set(offset, this.mapOf([...known.few, key]));
    } else {
      const one = oneOf(known);
      if (isSame(one, key)) return false;
      bucket.set(offset, { few: [one, copyOf(key)] });
    }
    return true;
  }

  private mapOf(keys: readonly KeyOf[]): KeyMap<true> {
    const map = createKeyMap<true>(this.columns);
    for (const key of keys) map.set(key, true);
    return map;
  }

  private open(number: number): Map<number, Keys | KeyOf> {
    let bucket = this.buckets.get(number);
    if (bucket === undefined) {
      this.buckets.set(number, (bucket = new Map()));
      if (number < this.oldest) this.oldest = number;
    }
    this.last = bucket;
    this.lastNumber = number;
    return bucket;
  }

  /** Forgets what has `time <= low`: whole buckets at once; of the one in which `low` lies nothing is asked any more. */
  expire(low: number): void {
    this.low = low;
    if ((this.oldest + 1) * BUCKET_MS - 1 > low) return;
    let oldest = Infinity;
    for (const [number, bucket] of this.buckets) {
      if ((number + 1) * BUCKET_MS - 1 <= low) {
        this.buckets.delete(number);
        if (this.fresh !== undefined) this.dropped.push([number, bucket]);
      } else if (number < oldest) oldest = number;
    }
    this.oldest = oldest;
    this.last = undefined;
  }

  /** Pairs whose time is not past. */
  get size(): number {
    let size = 0;
    for (const [number, bucket] of this.buckets) {
      for (const [offset, keys] of bucket) {
        if (number * BUCKET_MS + offset > this.low) size += sizeOf(keys);
      }
    }
    return size;
  }

  get table(): StateTable {
    return {
      version: 1,
      size: () => this.size,
      entries: () => this.entries(),
      load: (entries) => {
        this.buckets.clear();
        this.oldest = Infinity;
        this.last = undefined;
        this.low = -Infinity;
        for (const [[time, ...values]] of entries) this.insert(time as number, keyFrom(values));
        this.begin();
      },
      changes: () => this.changes(),
    };
  }

  private begin(): void {
    this.fresh = [];
    this.dropped = [];
  }

  private changes(): TableChanges {
    const put = this.fresh ?? [...this.entries()];
    const removed = this.dropped.flatMap(([number, bucket]) => [...this.entriesOf(number, bucket)].map(([key]) => key));
    this.begin();
    const first = this.oldest * BUCKET_MS;
    return { removed, put: put.filter(([[time]]) => (time as number) >= first) };
  }

  /** Whole buckets, also what is past in the one in which `low` lies: nobody asks for it, and it is removed with the others. */
  private *entries(): Iterable<StateEntry> {
    for (const [number, bucket] of this.buckets) yield* this.entriesOf(number, bucket);
  }

  private *entriesOf(number: number, bucket: ReadonlyMap<number, Keys | KeyOf>): Iterable<StateEntry> {
    for (const [offset, keys] of bucket) {
      const time = number * BUCKET_MS + offset;
      if (isKeyMap(keys)) for (const [key] of keys.entries()) yield this.entry(time, key);
      else if (isFew(keys)) for (const key of keys.few) yield this.entry(time, key);
      else yield this.entry(time, oneOf(keys));
    }
  }

  private entry(time: number, key: KeyOf): StateEntry {
    return [[time, ...keyValues(key, this.columns)], null];
  }
}

/** Stands for a null key of one column, so that `undefined` alone means nothing was seen. */
const NULL: Keys = { one: null };

function isKeyMap(known: Keys | KeyOf): known is KeyMap<true> {
  return typeof known === 'object' && known !== null && 'get' in known;
}

function isFew(known: Keys | KeyOf): known is { readonly few: KeyOf[] } {
  return typeof known === 'object' && known !== null && 'few' in known;
}

/** A single key as it is kept: a primitive itself, anything else in a holder. */
function oneOf(known: { readonly one: KeyOf } | KeyOf): KeyOf {
  return typeof known === 'object' && known !== null && 'one' in known ? known.one : known;
}

function sizeOf(known: Keys | KeyOf): number {
  return isKeyMap(known) ? known.size : isFew(known) ? known.few.length : 1;
}

/** As a Map compares: NaN is NaN, 0 is -0; tuples by their values. */
function isSame(a: KeyOf, b: KeyOf): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b || (a !== a && b !== b);
  return a.every((value, i) => isSame(value as KeyOf, b[i] as KeyOf));
}

function copyOf(key: KeyOf): KeyOf {
  return typeof key === 'object' && key !== null ? key.slice() : key;
}
