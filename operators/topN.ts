import type { OperatorFunction } from 'rxjs';
import type { Change, Element, Window } from '../src/element';
import { checkOption, TidemarkError } from '../src/errors';
import { readerOf, type KeySpec } from '../src/key';
import { operator, type OperatorOptions, type Processor, type ProcessorContext } from '../src/operator';
import type { Ranking } from '../src/ranking/best';
import type { Wording } from '../src/ranking/differences';
import { RunningTop } from '../src/ranking/running';
import { ChangingTop, FinalTop } from '../src/ranking/windowed';
import type { Simplify } from '../src/streams';
import type { Traits } from '../src/traits';
import type { Assigner } from '../src/window/assigner';

/** Options of `topN`. */
export interface TopNOptions<T, K, W, E extends 'onClose' | 'onUpdate', R extends string> extends OperatorOptions {
  /** Within what rows are ranked: as in `aggregate`. Default: all rows together. */
  readonly key?: K;
  /** How many; a whole number >= 0, or a function of the row (the last one of a key counts). */
  readonly n: number | ((row: T) => number);
  /** What they are ranked by: a column or a function. Rows where it is null or NaN have no rank. */
  readonly by: (keyof T & string) | ((row: T) => unknown);
  /** `desc` (default): the greatest are the best; `asc`: the smallest. */
  readonly order?: 'asc' | 'desc';
  /** Ranks within each window; without one for ever. */
  readonly window?: W;
  /** `onClose` (default with a window): the best rows once the window is over; `onUpdate`: changes, at once. */
  readonly emit?: E;
  /** The column that the rank goes into, from 1. Default: none. */
  readonly rank?: R;
}

/** A ranked row. */
export type TopRow<T, W, R extends string> = Simplify<
  (undefined extends W ? T : Omit<T, 'window'> & { window: Window }) & { readonly [P in R]: number }
>;

/**
 * Keeps the `n` best rows of each key, for ever or in each window. Among equals the row that arrived first is ahead.
 *
 * With a window and `onClose` (the default) an EventStream: the best rows of each key, best first, once `end <= drop`,
 * stamped `end - 1`. On results of an `aggregate`, `window: assigned('window')` ranks within the windows they have.
 *
 * Without a window, or with `onUpdate`, a ChangeStream: a row that is among the best is said at once, and what it displaces
 * is deleted before it. Without `rank` a change's key ends with a number of the row; with it, it ends with the rank, and
 * every rank that another row now has is said again.
 *
 * ```
 * rows   -12-19-11-----|     topN({ n: 2, by: 'v', order: 'asc' })
 * out    -(+12)-(+19)-(-19 +11)-|
 * ```
 *
 * @param options - `key`, `n`, `by`, `order`, `window`, `emit`, `rank`, `id`
 * @returns the rows, with `window` and `rank` where asked for. A late row is rejected as late, one in no window as `noWindow`
 * @throws `TIDEMARK_OPTION` at call, and per row where `n` is a function that gives no whole number >= 0
 * @throws `TIDEMARK_NAME_CLASH` at call: the rank's column is called `window`
 *
 * Cost: O(n) a row. State: `n` rows for each key (and slice of a window); tables `meta`, `groups`, or those of the window and
 * `said`, version 1 each. Without a window, keys are never forgotten.
 *
 * Source: Flink's Top-N (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/topn/).
 * @example
 * ```ts
 * const out: unknown[] = [];
 * of({ t: 1, k: 'a', v: 2 }, { t: 2, k: 'a', v: 9 }, { t: 3, k: 'a', v: 5 }).pipe(
 *   withWatermark('t', 0), topN({ key: 'k', n: 2, by: 'v', window: tumbling(10), rank: 'rank' }), rows(),
 * ).subscribe((row) => out.push([row.rank, row.v]));
 * out; // => [[1, 9], [2, 5]]
 * ```
 */
export function topN<
  T,
  const K extends KeySpec<T> | undefined,
  W extends Assigner<T> | undefined,
  E extends 'onClose' | 'onUpdate' = 'onClose',
  R extends string = never,
>(
  options: TopNOptions<T, K, W, E, R>,
): OperatorFunction<
  Element<T>,
  undefined extends W
    ? Element<Change<TopRow<T, W, R>>, 'change'>
    : E extends 'onUpdate'
      ? Element<Change<TopRow<T, W, R>>, 'change'>
      : Element<TopRow<T, W, R>>
> {
  const { key, window: assigner, emit = assigner === undefined ? 'onUpdate' : 'onClose', rank } = options;
  const reader = readerOf<T>(key as KeySpec<T> | undefined);
  const ranking = rankingOf(options);
  checkOption(emit === 'onUpdate' || assigner !== undefined, 'without a window the best rows are never final: use onUpdate');
  if (rank === 'window' && assigner !== undefined) throw new TidemarkError('TIDEMARK_NAME_CLASH', "the rank is called 'window'");
  const wording: Wording = { windowed: assigner !== undefined, ...(rank === undefined ? {} : { rank }) };
  const { n, by, order = 'desc' } = options;
  const create = ({ traits }: ProcessorContext): Processor<T, unknown> => {
    if (assigner === undefined) return new RunningTop(reader, ranking, wording, traits.ties) as Processor<T, unknown>;
    if (emit === 'onClose') return new FinalTop<T>(assigner, reader, ranking, wording);
    return new ChangingTop<T>(assigner, reader, ranking, wording) as Processor<T, unknown>;
  };
  return operator<T, unknown, 'event', 'event'>({
    type: 'topN',
    options,
    accepts: ['event'],
    stateful: true,
    traits: ([input]) => topTraits(input as Traits, emit, assigner !== undefined),
    description: {
      key: reader.columns,
      ...assigner?.describe(),
      n: typeof n === 'number' ? n : 'function',
      by: typeof by === 'string' ? by : 'function',
      order,
      emit,
      rank,
    },
    create,
  }) as never;
}

function rankingOf<T>({ n, by, order = 'desc' }: TopNOptions<T, unknown, unknown, 'onClose' | 'onUpdate', string>): Ranking {
  checkOption(typeof n === 'function' || (Number.isInteger(n) && n >= 0), 'n must be a whole number of rows', { n });
  checkOption(typeof by === 'string' || typeof by === 'function', 'by must be a column or a function');
  checkOption(order === 'asc' || order === 'desc', "order is 'asc' or 'desc'");
  return {
    value: (typeof by === 'function' ? by : (row: T) => row[by]) as Ranking['value'],
    n: (typeof n === 'function' ? n : () => n) as Ranking['n'],
    direction: order === 'asc' ? 1 : -1,
  };
}

function topTraits(input: Traits, emit: 'onClose' | 'onUpdate', windowed: boolean): Traits {
  const { timeColumn: _gone, finality: _none, ...rest } = input;
  const traits: Traits = { ...rest, ties: 'ordered', windowColumns: windowed ? ['window'] : [] };
  return emit === 'onClose' ? traits : { ...traits, kind: 'change', finality: windowed ? 'window' : 'end' };
}
