import { checkOption, TidemarkError } from '../errors';
import type { Aggregate } from './aggregate';

/** An aggregate of one's own; what is left out gets a default. */
export interface CustomAggregate<T, A, R> {
  /** For `describe()` and error messages; default 'custom'. */
  readonly name?: string;
  /** Version of the accumulator's encoded form; raise it when that changes. Default 1. */
  readonly version?: number;
  /** Makes the accumulator, which `add` changes in place: an object or array, not a bare number. */
  create(): A;
  /** Takes in one row. `arrival` rises with every row. */
  add(acc: A, row: T, arrival: number): void;
  /** Adds `from`, which covers later event time and must stay as it is. Without it windows share nothing. */
  merge?(into: A, from: A): void;
  /** The value of the result column. Must not change the accumulator. */
  result(acc: A): R;
  /** Plain data for a checkpoint; default: a copy. Needed, with `decode`, once the accumulator has a Map, Set or class in it. */
  encode?(acc: A): unknown;
  decode?(data: unknown): A;
  /** True when the order of rows does not matter, or you restore it by `arrival`. Default false. */
  readonly commutative?: boolean;
  /** Plain data for `describe()`. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Only rows for which this is truthy are used. Default: all rows. */
  where?(row: T): unknown;
}

/**
 * Makes an aggregate of one's own. Rows come in order of arrival. With `merge` and `commutative: true` sliding windows share
 * their work; without them each window gets its own accumulator, in order.
 *
 * @param definition - `create`, `add` and `result`; the rest is optional
 * @returns an aggregate whose result is what `result` gives
 * @throws TIDEMARK_OPTION at call: only one of `encode` and `decode`, or neither and an accumulator that is not plain data
 * (null, booleans, numbers, bigints, text, Dates, and arrays and objects of these); the latter also at a checkpoint
 *
 * Cost: that of the functions given. State: what `encode` gives, with `version`.
 *
 * @example
 * const span = agg.custom<{ v: number }, { low: number; high: number }, number>({
 *   create: () => ({ low: Infinity, high: -Infinity }),
 *   add(acc, { v }) {
 *     acc.low = Math.min(acc.low, v);
 *     acc.high = Math.max(acc.high, v);
 *   },
 *   result: ({ low, high }) => high - low,
 * });
 * const acc = span.create();
 * [3, 9, 4].forEach((v, i) => span.add(acc, { v }, i));
 * span.result(acc) // => 6
 */
export function custom<T, A, R>(definition: CustomAggregate<T, A, R>): Aggregate<T, A, R> {
  const { name = 'custom', version = 1, commutative = false, parameters } = definition;
  checkOption(!definition.encode === !definition.decode, `agg.custom '${name}': give both encode and decode, or neither`, {
    name,
  });
  if (!definition.encode) copy(definition.create());
  const aggregate: Aggregate<T, A, R> = {
    name,
    version,
    commutative,
    create: () => definition.create(),
    add(acc, row, arrival) {
      if (!definition.where || definition.where(row)) definition.add(acc, row, arrival);
    },
    result: (acc) => definition.result(acc),
    encode: (acc) => (definition.encode ? definition.encode(acc) : copy(acc)),
    decode: (data) => (definition.decode ? definition.decode(data) : copy(data as A)),
    ...(parameters && { parameters }),
  };
  return definition.merge ? { ...aggregate, merge: (into, from) => definition.merge!(into, from) } : aggregate;
}

/** A deep copy of plain data: a checkpoint must not see what is added while it is being written. */
function copy<V>(data: V): V;
function copy(data: unknown): unknown {
  if (typeof data !== 'object' || data === null) {
    if (typeof data === 'function' || typeof data === 'symbol') refuse(data);
    return data;
  }
  if (data instanceof Date) return new Date(data);
  if (Array.isArray(data)) return data.map((item: unknown) => copy(item));
  const proto: unknown = Object.getPrototypeOf(data);
  if (proto !== null && Object.getPrototypeOf(proto) !== null) refuse(data);
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, copy(value)]));
}

function refuse(data: unknown): never {
  const message =
    'agg.custom: the accumulator is not plain data (it has a Map, Set, class or function in it): give encode and decode';
  throw new TidemarkError('TIDEMARK_OPTION', message, { data });
}
