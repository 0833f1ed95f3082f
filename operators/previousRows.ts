import type { OperatorFunction } from 'rxjs';
import type { ResultOf, Select } from '../src/aggregate/aggregate';
import { copyOfRead } from '../src/aggregate/buffered';
import { foldingOf } from '../src/aggregate/plan';
import { together } from '../src/copy';
import type { Element } from '../src/element';
import { checkOption } from '../src/errors';
import { createKeyMap, keyFrom, readerOf, type KeySpec } from '../src/key';
import { operator, type OperatorOptions } from '../src/operator';
import { Recorder } from '../src/state/recorder';
import type { Simplify } from '../src/streams';
import { overwriting } from '../src/traits';

/** A row with the columns of a select; where a name is taken, the added column wins. */
export type WithPrevious<T, S> = Simplify<Omit<T, keyof S> & { [P in keyof S]: ResultOf<S[P]> }>;

/** Options of `previousRows`. */
export interface PreviousRowsOptions<T, S> extends OperatorOptions {
  /** Whose rows: a column, columns, a function, or named ones. Default: all rows together. */
  readonly key?: KeySpec<T>;
  /** How many rows are looked back on at most; a whole number >= 1. */
  readonly n: number;
  /** The added columns: `{ mean: agg.avg('v') }`. */
  readonly select: S;
}

/**
 * Adds to each row the aggregates of the up to `n` rows of the same key before it, in order of arrival; the row itself is not
 * among them. The first row of a key gets what the aggregates give over no rows (`count` 0, most others null).
 *
 * Rows count, not time: late rows are rows like others, and are neither rejected nor put in order. What the aggregates skip
 * (nulls, `where`) takes its place among the `n` all the same. A column that is added wins over one of the row with its name.
 *
 * ```
 * rows       -a-b-c-d-|      v: a 1   b 2   c 6   d 0
 * out        -a-b-c-d-|      sum of the 2 before: a null   b 1   c 3   d 8
 * ```
 *
 * @param options - `key`, `n` (whole number >= 1), `select`, `id`, `onError`
 * @returns the rows with the columns of `select`, with their times; the watermark passes
 * @throws `TIDEMARK_OPTION` at call: `n`, an empty select, `agg.velocity` (it compares windows); a key or selector that throws
 * follows `onError`, and its row is not among the rows before others; an aggregate of one's own that throws ends the stream
 *
 * Cost: O(n) per row; the selectors run again for each row looked back on. State: n rows a key, for ever: it grows with the keys.
 *
 * State: table `rows`, the rows of each key, oldest first; version 1.
 * @example
 * ```ts
 * const out: unknown[] = [];
 * of({ t: 1, v: 1 }, { t: 2, v: 2 }, { t: 3, v: 6 }, { t: 4, v: 0 }).pipe(
 *   withWatermark('t', 0),
 *   previousRows({ n: 2, select: { before: agg.sum('v') } }),
 *   rows(),
 * ).subscribe((row) => out.push(row.before));
 * out; // => [null, 1, 3, 8]
 * ```
 */
export function previousRows<T, S extends Select<T>, K extends 'event' | 'untimed'>(
  options: PreviousRowsOptions<T, S>,
): OperatorFunction<Element<T, K>, Element<WithPrevious<T, S>, K>> {
  const { n, select } = options;
  checkOption(Number.isInteger(n) && n >= 1, 'n must be a whole number >= 1', { n });
  const reader = readerOf<T>(options.key);
  const folding = foldingOf(select);
  const { names, columns } = folding;
  checkOption(names.length > 0, 'select must name at least one column');
  checkOption(!columns.some((column) => column.velocity !== undefined), 'agg.velocity compares windows, not rows');
  const added = (before: readonly Before<T>[]): Record<string, unknown> => {
    const acc = folding.create();
    for (let i = 0; i < before.length; i++) folding.add(acc, before[i]!.value, i);
    const values: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++) values[names[i]!] = folding.reads[i]!(acc);
    return values;
  };
  return operator<T, WithPrevious<T, S>, K, K>({
    type: 'previousRows',
    options,
    accepts: ['event', 'untimed'],
    stateful: true,
    description: {
      key: reader.columns,
      n,
      select: Object.fromEntries(Object.entries(select).map(([name, a]) => [name, a.name])),
    },
    traits: ([input]) => overwriting(names, input!),
    create: () => {
      const byKey = createKeyMap<Before<T>[]>(reader.columns.length);
      const recorder = new Recorder(reader.columns.length);
      const taken = (row: T): Before<T> => ({ row, value: copyOfRead(folding.read(row)) });
      return {
        tables: {
          rows: recorder.table(
            1,
            byKey,
            (before) => before.map(({ row }) => row),
            (saved) => {
              byKey.clear();
              for (const [values, rows] of saved) byKey.set(keyFrom(values), (rows as T[]).map(taken));
            },
          ),
        },
        onEvent(time, row, out) {
          const key = reader.read(row);
          const before = byKey.get(key) ?? [];
          const result = together(row as object, added(before)) as WithPrevious<T, S>;
          const own = taken(row);
          folding.add(folding.create(), own.value, 0); // what cannot be added fails now, not for the rows after it
          if (before.push(own) === 1) byKey.set(key, before);
          else if (before.length > n) before.shift();
          recorder.written(key);
          out.forward(time, result);
        },
      };
    },
  });
}

/** A row that came before, with what the aggregates read of it. */
interface Before<T> {
  readonly row: T;
  readonly value: unknown;
}
