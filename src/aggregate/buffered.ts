import { SKIP, type Folding } from './plan';

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
    read: (row) => copyOfRead(folding.read(row)),
    add: (acc, value, arrival) => void (acc as Buffered).push([arrival, value]),
    merge(into, from) {
      (into as Buffered).push(...(from as Buffered));
      (into as Buffered).sort(([a], [b]) => a - b);
    },
    reads: folding.reads.map((read) => (acc) => read(foldedOf(acc))),
    exact: undefined,
    encode: (acc) => (acc as Buffered).map(([arrival, value]) => [arrival, encodeRead(value)]),
    decode: (data) => (data as Buffered).map(([arrival, value]) => [arrival, decodeRead(value)]),
  };
}

/** Some foldings reuse what `read` gives; what is kept must be a copy. */
export function copyOfRead(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice();
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? { ...value } : value;
}

/** `SKIP` is a symbol, which plain data cannot hold; a holder tells it from every value. */
function encodeRead(value: unknown): unknown {
  if (value === SKIP) return { skip: true };
  return Array.isArray(value) ? { list: value.map(encodeRead) } : { value };
}

function decodeRead(data: unknown): unknown {
  const { skip, list, value } = data as { skip?: true; list?: unknown[]; value?: unknown };
  if (skip) return SKIP;
  return list === undefined ? value : list.map(decodeRead);
}
