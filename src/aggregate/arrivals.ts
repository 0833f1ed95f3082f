/**
 * Values in order of arrival. Merging restores that order, so that slices give the list that one pass gives.
 */
export interface Arrivals<V> {
  values: V[];
  arrivals: number[];
}

export function createArrivals<V>(): Arrivals<V> {
  return { values: [], arrivals: [] };
}

/** Gives a list with the items of both, in order of arrival; both stay as they are. Cost: O(length of both). */
export function mergeArrivals<V>(a: Readonly<Arrivals<V>>, b: Readonly<Arrivals<V>>): Arrivals<V> {
  const merged = createArrivals<V>();
  let j = 0;
  for (let i = 0; i <= a.values.length; i++) {
    const until = a.arrivals[i] ?? Infinity;
    for (; j < b.values.length && b.arrivals[j]! < until; j++) take(merged, b, j);
    if (i < a.values.length) take(merged, a, i);
  }
  return merged;
}

function take<V>(to: Arrivals<V>, from: Readonly<Arrivals<V>>, i: number): void {
  to.values.push(from.values[i]!);
  to.arrivals.push(from.arrivals[i]!);
}
