import { checkOption, TidemarkError } from '../errors';
import type { ValueAggregate } from './aggregate';
import { aggregateOf, type AggregateOptions, type ColumnOrSelector } from './value';

/** Options of `sumBigInt`. */
export interface SumBigIntOptions<T> extends AggregateOptions<T> {
  /** A sum beyond 64 bits: `error` (default) throws, `wrap` takes it modulo 2^64 as Spark without ANSI mode does. */
  readonly overflow?: 'error' | 'wrap';
}

/** What `sumBigInt` keeps: the exact sum, whatever its size; null before the first value. */
export interface SumBigIntState {
  sum: bigint | null;
}

/**
 * Sums whole numbers exactly, as a signed 64-bit integer. The order of rows does not matter: intermediate sums may leave the
 * 64 bits, only the total is judged.
 *
 * Nulls are skipped; no value at all gives null.
 *
 * @param column - a column of bigints or whole numbers, or a function of the row
 * @param options - `overflow`: 'error' (default) or 'wrap'; `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a bigint or null
 * @throws TIDEMARK_OPTION at call: `overflow` is something else
 * @throws TIDEMARK_OVERFLOW per row: a number that is no whole number within the safe integers (what it once was is
 * unknown); at result: with 'error', a sum below -2^63 or from 2^63 on
 *
 * Cost: O(1) a row, one bigint of state.
 *
 * @example
 * const total = agg.sumBigInt<{ v: bigint }>('v');
 * const acc = total.create();
 * [9007199254740993n, 1n].forEach((v, i) => total.add(acc, { v }, i));
 * total.result(acc) // => 9007199254740994n
 */
export function sumBigInt<T>(
  column: ColumnOrSelector<T, bigint | number>,
  options?: SumBigIntOptions<T>,
): ValueAggregate<T, bigint | null | undefined, SumBigIntState, bigint | null> {
  const overflow = options?.overflow ?? 'error';
  checkOption(overflow === 'error' || overflow === 'wrap', `overflow must be 'error' or 'wrap'`, { overflow });
  return aggregateOf<T, bigint | number, SumBigIntState, bigint | null, bigint>(
    'sumBigInt',
    {
      prepare: exactly,
      create: () => ({ sum: null }),
      add(acc, value) {
        acc.sum = (acc.sum ?? 0n) + value;
      },
      merge(into, from) {
        if (from.sum !== null) into.sum = (into.sum ?? 0n) + from.sum;
      },
      result({ sum }) {
        if (sum === null) return null;
        const wrapped = BigInt.asIntN(64, sum);
        if (wrapped !== sum && overflow === 'error') refuse('the sum does not fit into 64 bits', sum);
        return wrapped;
      },
      encode: (acc) => acc.sum,
      decode: (data) => ({ sum: data as bigint | null }),
    },
    column,
    options,
    { overflow },
  );
}

function exactly(value: bigint | number): bigint {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) refuse('not a whole number within the safe integers', value);
  return BigInt(value);
}

function refuse(what: string, value: unknown): never {
  throw new TidemarkError('TIDEMARK_OVERFLOW', `sumBigInt: ${what}: ${String(value)}`, { value });
}
