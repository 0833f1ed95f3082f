import type { OperatorFunction } from 'rxjs';
import { isLate, latenessOf, type Element } from '../src/element';
import { checkOption } from '../src/errors';
import { readerOf } from '../src/key';
import { operator, type OperatorOptions, type Processor, type ProcessorContext } from '../src/operator';
import { ExpiringKeys } from '../src/state/expiringKeys';
import { KeyCount } from '../src/state/keyCount';
import { cell } from '../src/state/table';
import { parseNonNegative, type Duration } from '../src/time/duration';
import type { Traits } from '../src/traits';

/** Options of `dropDuplicatesWithinWatermark`. */
export interface WithinWatermarkOptions extends OperatorOptions {
  /** How long after the first row of a key its repetitions are dropped, in event time; default: the watermark's delay. */
  readonly within?: Duration;
}

/**
 * Lets the first row of each key through and rejects repetitions as `duplicate` until the watermark passes the first
 * row's time plus `within`. The columns need not include the event time.
 *
 * The expiry is fixed when the first row comes; repetitions do not extend it. It is over once `W >= first time + within`:
 * the key's next row is a first one again. Late (`time <= W`) is tested before duplicate.
 *
 * ```
 * rows       -a---b-----c---|    a: id=1 t=5   b: id=1 t=9   c: id=1 t=30     within 10, delay 10: until W = 15
 * out        -a---------c---|
 * rejected   -----b---------     duplicate
 * ```
 *
 * @param columns - the columns that make rows equal
 * @param options - `within` (>= 0; required unless the watermark has a fixed delay), `id`
 * @returns the first rows, unchanged
 * @throws `TIDEMARK_OPTION` where the pipe is built: no watermark, or `within` is missing
 *
 * Cost: O(1) amortised a row; state is one entry for each key until it expires.
 *
 * State: table `seen`, version 1. Source: Spark's dropDuplicatesWithinWatermark.
 * @example
 * ```ts
 * const out: number[] = [];
 * of({ id: 1, t: 5 }, { id: 1, t: 9 }, { id: 1, t: 40 }, { id: 1, t: 41 }).pipe(
 *   withWatermark('t', 10), dropDuplicatesWithinWatermark(['id']), rows(),
 * ).subscribe((row) => out.push(row.t));
 * out; // => [5, 41]
 * ```
 */
export function dropDuplicatesWithinWatermark<T>(
  columns: readonly NoInfer<keyof T & string>[],
  options: WithinWatermarkOptions = {},
): OperatorFunction<Element<T>, Element<T>> {
  checkOption(columns.length > 0, 'dropDuplicatesWithinWatermark needs columns');
  const withinMs = options.within === undefined ? undefined : parseNonNegative(options.within, 'within');
  return operator<T, T, 'event', 'event'>({
    type: 'dropDuplicatesWithinWatermark',
    options,
    accepts: ['event'],
    stateful: true,
    description: { columns, withinMs },
    traits: ([input]) => {
      reachOf(withinMs, input as Traits);
      return input as Traits;
    },
    create: (context) => dedup<T>(columns, reachOf(withinMs, context.traits), context),
  });
}

function reachOf(withinMs: number | undefined, input: Traits): number {
  checkOption(input.watermark, 'dropDuplicatesWithinWatermark needs a watermark; use withWatermark before it');
  const reach = withinMs ?? input.delayMs;
  checkOption(reach !== undefined && Number.isFinite(reach), "the watermark's delay can move: say how long with { within: '…' }");
  return reach;
}

function dedup<T>(columns: readonly (keyof T & string)[], withinMs: number, { traits }: ProcessorContext): Processor<T, T> {
  const reader = readerOf<T>(columns);
  const seen = new ExpiringKeys(columns.length, Math.max(1, Math.floor(withinMs / 16)));
  const count = new KeyCount(() => seen.size);
  let drop = -Infinity;
  return {
    tables: {
      seen: seen.table,
      drop: cell(
        1,
        () => drop,
        (value) => (drop = value as number),
      ),
    },
    onEvent(time, row, out) {
      if (isLate(time, drop, traits.ties)) return out.reject('late', time, row, latenessOf(time, drop, traits.ties));
      const key = reader.read(row);
      const until = seen.get(key);
      if (until !== undefined && until > drop) return out.reject('duplicate', time, row);
      seen.set(key, time + withinMs);
      count.written++;
      out.forward(time, row);
    },
    onWatermark(_emit, w) {
      drop = w;
      seen.expire(w);
    },
    onRestore() {
      seen.expire(drop);
      count.restored();
    },
    stateRows: () => count.take(),
    report: () => ({ keys: seen.size }),
  };
}
