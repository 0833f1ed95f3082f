import type { OperatorFunction } from 'rxjs';
import type { Element, StreamKind } from '../src/element';
import { checkOption, TidemarkError } from '../src/errors';
import { operator, type OperatorOptions, type Processor, type ProcessorContext } from '../src/operator';
import { cell } from '../src/state/table';

/**
 * Lets the first `n` rows through, over the whole life of a query: the count is state, and a restart goes on with it. The
 * rest is counted as filtered. Time goes on: watermarks pass, and the stream does not end (RxJS's `take` ends it).
 *
 * In complete mode it stands behind `aggregate`, mostly behind `sortRows`, and gives the first `n` rows of each table.
 *
 * ```
 * rows       -a-b-c-d-|
 * out        -a-b-----|     n = 2
 * ```
 *
 * @param n - how many rows; a whole number >= 0
 * @param options - `id`, `onError`
 * @returns the rows, with their times
 * @throws `TIDEMARK_OPTION` at call; `TIDEMARK_OUTPUT_MODE` in update mode, and for changes outside complete mode: what was
 * let through could be corrected by what is not
 *
 * Cost: O(1) per row. State: table `count`; version 1.
 *
 * Source: Spark's `limit` on streams.
 * @example
 * ```ts
 * const out: number[] = [];
 * events(of(1, 2, 3)).pipe(limitRows(2), rows()).subscribe((row) => out.push(row));
 * out; // => [1, 2]
 * ```
 */
export function limitRows<T, K extends StreamKind>(
  n: number,
  options?: OperatorOptions,
): OperatorFunction<Element<T, K>, Element<T, K>> {
  checkOption(Number.isInteger(n) && n >= 0, 'n must be a whole number >= 0', { n });
  return operator<T, T, K, K>({
    type: 'limitRows',
    options,
    accepts: ['event', 'untimed', 'change'],
    stateful: true,
    ofTable: true,
    description: { n },
    create: (context) => limiter<T>(n, context),
  });
}

function limiter<T>(n: number, { id, run, outputMode, traits }: ProcessorContext): Processor<T, T> {
  const isTable = run !== undefined && outputMode === 'complete';
  if (traits.kind === 'change' && !isTable) {
    const message = `'${id}' limits rows that correct themselves; use emit: onClose(), finalOnly(), or complete mode`;
    throw new TidemarkError('TIDEMARK_OUTPUT_MODE', message, { operator: id, reason: 'limit-update-unsupported' });
  }
  let count = 0;
  let updated = 0;
  return {
    tables: {
      count: cell(
        1,
        () => count,
        (value) => (count = value as number),
      ),
    },
    // One row of state, the count; a table has none.
    stateSize: () => Number(count > 0),
    stateRows() {
      const rows = { total: Number(count > 0), updated, removed: 0 };
      updated = 0;
      return rows;
    },
    onEvent(time, row, out) {
      if (count >= n) return out.filter();
      count++;
      updated = 1;
      out.forward(time, row);
    },
    // Each batch brings the whole table.
    onBarrier: () => void (isTable && (count = updated = 0)),
  };
}
