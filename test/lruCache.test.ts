import fc from 'fast-check';
import { lruCache } from 'tidemark';
import { describe, expect, it } from 'vitest';

describe('lruCache', () => {
  it('[D80] get refreshes the order, and the least recently used goes', () => {
    const cache = lruCache<string, number>(2);
    cache.set('a', 1);
    cache.set('b', 2);
    expect(cache.get('a')).toBe(1);
    cache.set('c', 3);
    expect([...cache.keys()]).toEqual(['a', 'c']);
    expect(cache.get('b')).toBeUndefined();
    expect([cache.hits, cache.misses, cache.evictions]).toEqual([1, 1, 1]);
  });

  it('[D80] overwriting a key evicts nothing, and refreshes it', () => {
    const cache = lruCache<string, number>(2);
    cache.set('a', 1);
    cache.set('b', 2);
    cache.set('a', 9);
    expect([...cache.keys()]).toEqual(['b', 'a']);
    expect(cache.evictions).toBe(0);
    expect(cache.get('a')).toBe(9);
  });

  it('[D80] holds undefined like any value; has() neither counts nor refreshes', () => {
    const cache = lruCache<string, undefined>(2);
    cache.set('a', undefined);
    cache.set('b', undefined);
    expect(cache.has('a')).toBe(true);
    cache.get('a');
    expect([cache.hits, cache.misses]).toEqual([1, 0]);
    cache.has('b');
    cache.set('c', undefined);
    expect(cache.has('b')).toBe(false);
    expect(cache.delete('a')).toBe(true);
    cache.clear();
    expect(cache.size).toBe(0);
  });

  it('[D80] has room for 1000 by default; a capacity below 1 is refused', () => {
    const cache = lruCache<number, number>();
    for (let n = 0; n < 1001; n++) cache.set(n, n);
    expect([cache.size, cache.capacity, cache.has(0), cache.has(1)]).toEqual([1000, 1000, false, true]);
    expect(() => lruCache(0)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
  });

  it('[D80] agrees with a list kept in order of use', () => {
    const calls = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 5 })));
    fc.assert(
      fc.property(calls, fc.integer({ min: 1, max: 4 }), (script, capacity) => {
        const cache = lruCache<number, number>(capacity);
        let used: number[] = [];
        for (const [isSet, key] of script) {
          const known = used.includes(key);
          if (isSet) cache.set(key, key);
          else expect(cache.get(key) !== undefined).toBe(known);
          if (isSet || known) used = [...used.filter((other) => other !== key), key].slice(-capacity);
          expect([...cache.keys()]).toEqual(used);
        }
      }),
    );
  });
});
