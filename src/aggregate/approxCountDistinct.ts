import { checkOption } from '../errors';
import type { ValueAggregate } from './aggregate';
import { hash53 } from './hash';
import { addHash, createSketch, estimate, mergeSketches, type HyperLogLog } from './hyperLogLog';
import { identityOf, type Identity } from './identity';
import { aggregateOf, type AggregateOptions, type ColumnOrSelector } from './value';

/** Options of `approxCountDistinct`. */
export interface ApproxCountDistinctOptions<T> extends AggregateOptions<T> {
  /** Relative standard deviation of the estimate, 0.0021 to 0.4; default 0.05. */
  readonly rsd?: number;
}

/** Register `r` is stored as the character '0' + r: one byte of JSON each. */
const ZERO = 48;

/**
 * Estimates the number of different values, with a relative standard deviation of `rsd` and in fixed memory: two estimates
 * of three are within `rsd`, nearly all within three times `rsd`. Up to 64 values (with a small `rsd`
 * more, 0.14 / rsd^2) are counted exactly.
 *
 * Values are the same as for `countDistinct`; nulls are not counted; no value at all gives 0. The order of rows, merging and
 * the engine do not matter: same values, same estimate.
 *
 * @param column - any column, or a function of the row
 * @param options - `rsd`: 0.0021 to 0.4, default 0.05; `where`: only rows for which it is truthy; default all
 * @returns an aggregate whose result is a whole number
 * @throws TIDEMARK_OPTION at call: `rsd` out of range
 * @throws TIDEMARK_KEY_TYPE per row: a value without identity (function, symbol, instance of a class other than Date)
 *
 * Cost: O(length of the value) a row; at most m bytes of state, m = the power of two from (1.04 / rsd)^2 on (512 at the
 * default); O(m) a result. Source: HyperLogLog with Ertl's estimator of 2017 (Spark: HyperLogLog++, same contract).
 *
 * @example
 * const users = agg.approxCountDistinct<{ id: number }>('id', { rsd: 0.01 });
 * const acc = users.create();
 * for (let i = 0; i < 3000; i++) users.add(acc, { id: i % 1000 }, i);
 * users.result(acc) // => 1000
 */
export function approxCountDistinct<T>(
  column: ColumnOrSelector<T, unknown>,
  options?: ApproxCountDistinctOptions<T>,
): ValueAggregate<T, Identity | null | undefined, HyperLogLog, number> {
  const rsd = options?.rsd ?? 0.05;
  checkOption(rsd >= 0.0021 && rsd <= 0.4, `rsd must be from 0.0021 to 0.4, not ${rsd}`, { rsd });
  let precision = 4;
  while (1.04 ** 2 > rsd ** 2 * 2 ** precision) precision++;
  return aggregateOf<T, unknown, HyperLogLog, number, Identity>(
    'approxCountDistinct',
    {
      prepare: identityOf,
      create: () => createSketch(precision),
      add(acc, id) {
        addHash(acc, hash53(id));
      },
      merge: mergeSketches,
      result: estimate,
      encode: ({ sparse, dense }) => (sparse ? [...sparse] : encodeRegisters(dense)),
      decode: (data) =>
        typeof data === 'string'
          ? { precision, sparse: undefined, dense: Uint8Array.from(data, (char) => char.charCodeAt(0) - ZERO) }
          : { precision, sparse: new Set(data as number[]), dense: new Uint8Array(0) },
    },
    column,
    options,
    { rsd },
  );
}

function encodeRegisters(dense: Uint8Array): string {
  let text = '';
  for (const rank of dense) text += String.fromCharCode(ZERO + rank);
  return text;
}
