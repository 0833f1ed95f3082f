import { checkOption } from './errors';

/** A bounded map that forgets what was used least recently. */
export interface LruCache<K, V> {
  readonly size: number;
  readonly capacity: number;
  /** Reads that found, and did not find, what they looked for; and entries that were pushed out. */
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  /** The value, which is now the most recently used. */
  get(key: K): V | undefined;
  /** Without counting or refreshing. */
  has(key: K): boolean;
  /** Over the capacity the least recently used entry goes; replacing a value pushes nothing out. */
  set(key: K, value: V): void;
  delete(key: K): boolean;
  clear(): void;
  /** Least recently used first. */
  keys(): IterableIterator<K>;
}

/**
 * Makes a least-recently-used cache, for what is expensive to fetch: a look-up in `mapAsync`, state read from elsewhere.
 *
 * Keys are compared as in a Map. `get` and `set` refresh an entry.
 *
 * @param capacity - entries at most; a whole number >= 1; default 1000
 * @throws `TIDEMARK_OPTION` at call
 *
 * Cost: O(1) a call.
 * @example
 * ```ts
 * const cache = lruCache<string, number>(2);
 * cache.set('a', 1); cache.set('b', 2); cache.get('a'); cache.set('c', 3);
 * [...cache.keys()]; // => ['a', 'c']
 * ```
 */
export function lruCache<K, V>(capacity = 1000): LruCache<K, V> {
  checkOption(Number.isInteger(capacity) && capacity >= 1, 'capacity is a whole number >= 1', { capacity });
  return new Lru<K, V>(capacity);
}

class Lru<K, V> implements LruCache<K, V> {
  /** In order of use: a Map keeps the order of insertion, so what is used is inserted anew. */
  private readonly entries = new Map<K, V>();
  hits = 0;
  misses = 0;
  evictions = 0;

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.entries.size;
  }

  get(key: K): V | undefined {
    if (!this.entries.has(key)) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    const value = this.entries.get(key) as V;
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  has(key: K): boolean {
    return this.entries.has(key);
  }

  set(key: K, value: V): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size <= this.capacity) return;
    this.evictions++;
    this.entries.delete(this.entries.keys().next().value as K);
  }

  delete(key: K): boolean {
    return this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
  }

  keys(): IterableIterator<K> {
    return this.entries.keys();
  }
}
