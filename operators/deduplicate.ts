import type { OperatorFunction } from 'rxjs';
import type { Change, Element } from '../src/element';
import { checkOption } from '../src/errors';
import { readerOf, type KeySpec } from '../src/key';
import { operator, type OperatorOptions, type Processor } from '../src/operator';
import { KeepOne } from '../src/ranking/keep';
import { parsePositive, type Duration } from '../src/time/duration';
import type { Traits } from '../src/traits';

/** Options of `deduplicate`. */
export interface DeduplicateOptions<T> extends OperatorOptions {
  /** What makes rows equal: as in `aggregate`. */
  readonly key: KeySpec<T>;
  /** Which of them stays, by event time. Of equal times the first that came is the first, and the last the last. */
  readonly keep: 'first' | 'last';
  /** `accumulating` (default): upserts; `retracting`: the row that is replaced is deleted first. */
  readonly mode?: 'accumulating' | 'retracting';
  /** Processing time after which a key that has not changed is forgotten, unsaid; ms or text. Default: never. */
  readonly ttl?: Duration;
}

/**
 * One row of each key, the first or the last by event time, as changes. `dropDuplicates` lets the first to arrive through
 * for good; this one corrects itself when an earlier (`first`) or later (`last`) row comes.
 *
 * ```
 * rows   -(13 t=99)--(12 t=100)--(9 t=98)-|     keep: 'last'
 * out    -(+13)------(+12)----------------|
 * ```
 *
 * @param options - `key`, `keep`, `mode`, `ttl`, `id`
 * @returns changes `{ op, key, row, pane }`, key by key, stamped with the row's time; a late row is rejected as late
 * @throws `TIDEMARK_OPTION`, `TIDEMARK_DURATION` at call
 *
 * Cost: O(1) a row. State: one row for each key, for ever without `ttl`; tables `drop`, `kept`, version 1 each.
 *
 * Source: Flink's Deduplication (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/deduplication/).
 * @example
 * ```ts
 * const out: unknown[] = [];
 * of({ t: 1, k: 'a', v: 2 }, { t: 3, k: 'a', v: 9 }, { t: 2, k: 'a', v: 5 }).pipe(
 *   withWatermark('t', 5), deduplicate({ key: 'k', keep: 'last' }), rows(),
 * ).subscribe(({ op, row }) => out.push([op, row.v]));
 * out; // => [['upsert', 2], ['upsert', 9]]
 * ```
 */
export function deduplicate<T>(options: DeduplicateOptions<T>): OperatorFunction<Element<T>, Element<Change<T>, 'change'>> {
  const { key, keep, mode = 'accumulating', ttl } = options;
  checkOption(keep === 'first' || keep === 'last', "keep is 'first' or 'last'");
  checkOption(mode === 'accumulating' || mode === 'retracting', "mode is 'accumulating' or 'retracting'");
  const reader = readerOf<T>(key);
  checkOption(reader.columns.length > 0, 'deduplicate needs a key');
  const plan = { keep, retracts: mode === 'retracting', ttlMs: ttl === undefined ? Infinity : parsePositive(ttl, 'ttl') };
  return operator<T, Change<T>, 'event', 'change'>({
    type: 'deduplicate',
    options,
    accepts: ['event'],
    stateful: true,
    description: { key: reader.columns, keep, mode, ttl },
    traits: ([input]) => ({ ...(input as Traits), kind: 'change', ties: 'ordered', finality: 'end' }),
    create: ({ traits }): Processor<T, Change<T>> => new KeepOne(plan, reader, traits.ties),
  });
}
