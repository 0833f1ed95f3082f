import type { OperatorFunction } from 'rxjs';
import { isLate, latenessOf, type Element, type Window } from '../src/element';
import { checkOption, TidemarkError } from '../src/errors';
import { createKeyMap, keyFrom, readerOf, type KeyOf } from '../src/key';
import { operator, type OperatorOptions, type Processor, type ProcessorContext } from '../src/operator';
import { KeyCount } from '../src/state/keyCount';
import { Recorder } from '../src/state/recorder';
import { SeenByTime } from '../src/state/seenByTime';
import { cell, type StateTable } from '../src/state/table';
import type { Traits } from '../src/traits';

/** Options of `dropDuplicates`. */
export interface DropDuplicatesOptions extends OperatorOptions {
  /** Allows columns without the event time: every key is remembered for ever. Default false. */
  readonly unbounded?: boolean;
  /** The column with the event time, where `withWatermark` was given a function. */
  readonly timeColumn?: string;
}

/** Which of the columns says when a key can be forgotten. */
interface Plan {
  readonly columns: readonly string[];
  readonly time: 'instant' | 'window' | 'none';
  readonly windowColumn: string;
}

/**
 * Lets the first row of each key through, in order of arrival; the others are rejected as `duplicate`.
 *
 * The columns include the event time (or a window column, whose end counts): a key is then forgotten once a row with its
 * time would be late, `time <= W`. Late is tested before duplicate. Nulls are equal to each other, `1` and `'1'` are not.
 * Columns without the event time build only with `{ unbounded: true }`; to bound those in time, use
 * `dropDuplicatesWithinWatermark`.
 *
 * ```
 * rows       -a---b---c---|    a: id=1 t=5   b: id=1 t=5   c: id=1 t=6      dropDuplicates(['id', 't'])
 * out        -a-------c---|
 * rejected   -----b-------     duplicate
 * ```
 *
 * @param columns - the columns that make rows equal
 * @param options - `unbounded`, `timeColumn`, `id`
 * @returns the first rows, unchanged
 * @throws `TIDEMARK_DEDUP_UNBOUNDED`, or behind a join `TIDEMARK_EVENT_TIMES` for the times of both sides, where the pipe is built
 *
 * Cost: O(1) amortised a row; state is one entry for each key whose time is after the watermark.
 *
 * State: table `seen`, version 1. Source: Spark's dropDuplicates with a watermark.
 * @example
 * ```ts
 * const out: number[] = [];
 * of({ id: 1, t: 5 }, { id: 1, t: 5 }, { id: 1, t: 6 }).pipe(withWatermark('t', 10), dropDuplicates(['id', 't']), rows())
 *   .subscribe((row) => out.push(row.t));
 * out; // => [5, 6]
 * ```
 */
export function dropDuplicates<T, K extends 'event' | 'untimed' = 'event'>(
  columns: readonly NoInfer<keyof T & string>[],
  options: DropDuplicatesOptions = {},
): OperatorFunction<Element<T, K>, Element<T, K>> {
  checkOption(columns.length > 0, 'dropDuplicates needs columns');
  return operator<T, T, K, K>({
    type: 'dropDuplicates',
    options,
    accepts: ['event', 'untimed'],
    stateful: true,
    description: { columns, unbounded: options.unbounded ?? false },
    traits: ([input]) => {
      planOf(columns, options, input as Traits);
      return input as Traits;
    },
    create: (context) => dedup<T>(planOf(columns, options, context.traits), context),
  });
}

function planOf(columns: readonly string[], options: DropDuplicatesOptions, input: Traits): Plan {
  const windowColumn = columns.find((column) => input.windowColumns.includes(column)) ?? '';
  if (windowColumn !== '') return { columns, time: 'window', windowColumn };
  checkOneTime(columns, input);
  const timeColumn = options.timeColumn ?? input.timeColumn;
  if (input.kind === 'event' && input.watermark && timeColumn !== undefined && columns.includes(timeColumn)) {
    return { columns: columns.filter((column) => column !== timeColumn), time: 'instant', windowColumn };
  }
  if (options.unbounded) return { columns, time: 'none', windowColumn };
  const remedies = 'add the event-time column, or { unbounded: true }, or use dropDuplicatesWithinWatermark';
  throw new TidemarkError(
    'TIDEMARK_DEDUP_UNBOUNDED',
    `dropDuplicates over ${columns.join(', ')} would remember every key for ever; ${remedies}`,
    { columns },
  );
}

/** A join keeps the times of both sides: which of them says when a key can be forgotten? */
function checkOneTime(columns: readonly string[], { timeColumns = [] }: Traits): void {
  const used = timeColumns.filter((column) => columns.includes(column));
  if (used.length < 2) return;
  const message = `dropDuplicates over the event times ${used.join(' and ')}: leave out all but one of them`;
  throw new TidemarkError('TIDEMARK_EVENT_TIMES', message, { columns, timeColumns: used });
}

/** Which (time, key) pairs have been seen; without a time, which keys. */
interface Seen {
  /** False when it was there. */
  add(time: number, key: KeyOf): boolean;
  expire(low: number): void;
  readonly table: StateTable;
}

function seenOf(plan: Plan): Seen {
  const { length } = plan.columns;
  if (plan.time !== 'none') return new SeenByTime(length);
  const keys = createKeyMap<true>(length);
  const recorder = new Recorder(length);
  return {
    add(_time, key) {
      if (keys.get(key) === true) return false;
      keys.set(key, true);
      recorder.written(key);
      return true;
    },
    expire: () => {},
    table: recorder.table(
      1,
      keys,
      () => null,
      (saved) => {
        keys.clear();
        for (const [values] of saved) keys.set(keyFrom(values), true);
      },
    ),
  };
}

function dedup<T>(plan: Plan, { traits }: ProcessorContext): Processor<T, T> {
  const reader = readerOf<T>(plan.columns as readonly (keyof T & string)[]);
  const seen = seenOf(plan);
  const byWindow = plan.time === 'window';
  const ties = byWindow ? 'instant' : traits.ties; // a window is late when its end <= W, whatever the stream
  const judged = traits.kind === 'event' && traits.watermark;
  const count = new KeyCount(() => seen.table.size());
  let drop = -Infinity;
  return {
    tables: {
      drop: cell(
        1,
        () => drop,
        (value) => (drop = value as number),
      ),
      seen: seen.table,
    },
    onEvent(time, row, out) {
      const at = byWindow ? (row[plan.windowColumn as keyof T] as Window).end : time;
      if (judged && isLate(at, drop, ties)) return out.reject('late', time, row, latenessOf(at, drop, ties));
      if (!seen.add(at, reader.read(row))) return out.reject('duplicate', time, row);
      count.written++;
      out.forward(time, row);
    },
    onWatermark(_emit, w) {
      drop = w;
      seen.expire(ties === 'instant' ? w : w - 1); // forgotten exactly when a row with that time would be late
    },
    onRestore() {
      seen.expire(ties === 'instant' ? drop : drop - 1);
      count.restored();
    },
    stateRows: () => count.take(),
    report: () => ({ keys: seen.table.size() }),
  };
}
