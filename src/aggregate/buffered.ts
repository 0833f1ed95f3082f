import type { Folding } from './plan';

/** A row on its way through `add`: read once, folded when a result is wanted. */
type Buffered = [arrival: number, value: unknown][];

/**
 * A folding that can merge although its aggregates cannot: keeps what was read and folds it in arrival order when a
 * result is asked for. For sessions, which must merge. Cost: memory for every row of an open session.
 */
export function buffered(folding: Folding): Folding {
  const foldedOf = (acc: unknown): unknown => {
    const whole = folding.create();
    for (const [arrival, value] of acc as Buffered) folding.add(whole, value, arrival);
    return whole;
  };
  return {
    ...folding,
    mergeable: true,
    create: (): Buffered => [],
    // Some foldings reuse what `read` gives, so what is kept must be a copy.
    read: (row) => copyOf(folding.read(row)),
    add: (acc, value, arrival) => void (acc as Buffered).push([arrival, value]),
    merge(into, from) {
      (into as Buffered).push(...(from as Buffered));
      (into as Buffered).sort(([a], [b]) => a - b);
    },
    reads: folding.reads.map((read) => (acc) => read(foldedOf(acc))),
    encode: (acc) => acc,
    decode: (data) => data,
  };
}

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice();
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? { ...value } : value;
}
