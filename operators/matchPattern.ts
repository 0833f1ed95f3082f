import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { checkOption, TidemarkError } from '../src/errors';
import { readerOf, type KeySpec } from '../src/key';
import { operator, type OperatorOptions } from '../src/operator';
import type { Pattern } from '../src/pattern/pattern';
import { PatternMatcher, type PatternPlan } from '../src/pattern/processor';
import type { AfterMatch } from '../src/pattern/skip';
import type { KeyColumns, Simplify } from '../src/streams';
import type { Duration } from '../src/time/duration';
import type { Traits } from '../src/traits';

/** Options of `matchPattern`. */
export interface MatchPatternOptions<K, N extends string, O extends boolean> extends OperatorOptions {
  /** Whose rows make a sequence: as in `aggregate`. Default: all rows together. */
  readonly key?: K;
  /** The time that a match may take, from its first row on; as `pattern.within`. */
  readonly within?: Duration;
  /** What becomes of other matches once one is found; default `noSkip`. */
  readonly afterMatch?: AfterMatch<N>;
  /** How many partial matches a key may have; default 10,000. The row that would make more is rejected as failed. */
  readonly maxPartialMatches?: number;
  /** Also says partial matches whose time is over: then every row tells with `timedOut`. Default false. */
  readonly timeouts?: O;
}

/** A match: the rows of each stage, oldest first. A stage that took none is absent. */
export type PatternMatch<T, K, N extends string, O extends boolean> = Simplify<
  KeyColumns<T, K> & { readonly match: { readonly [S in N]?: readonly T[] } } & (true extends O
      ? { readonly timedOut: boolean }
      : unknown)
>;

/**
 * Finds sequences of rows. The rows of a key are looked at in the order of their event times once the watermark has passed
 * them (`time < W`), those of one time in order of arrival.
 *
 * ```
 * rows   a--c--b--b--W        pattern('x', isA).followedBy('y', isB)
 * out    ------------(m W)    m = { match: { x: [a], y: [b] } }, stamped with the time of b
 * ```
 *
 * A match that must not be followed by a row (`notFollowedBy` at the end) is said when its time is over. With `timeouts`
 * partial matches whose time is over come too, stamped with that moment: `filterRows(({ timedOut }) => timedOut)` makes a
 * stream of them.
 *
 * @param pattern - from `pattern('a', …).next('b', …)…`
 * @param options - `key`, `within`, `afterMatch`, `maxPartialMatches`, `timeouts`, `id`, `onError`
 * @returns rows `{ …key columns, match, timedOut? }`, stamped with the last row's time. A late row is rejected as late
 * @throws `TIDEMARK_OPTION`, `TIDEMARK_NAME_CLASH` at call; a condition that throws follows `onError`, and the row it threw for
 * leaves no trace; `TIDEMARK_OVERFLOW` is the cause of a rejection where a key has too many partial matches
 *
 * Cost: a row is tried on every partial match of its key. Partial matches share the rows of their common beginning. Without
 * `within` they are kept for ever.
 *
 * State: tables `meta`, `held` (rows before the watermark), version 1 each; `partials` (by key), version 2.
 *
 * Source: SASE's automaton with a shared buffer (Agrawal et al., SIGMOD 2008), contiguity and skipping as in Flink's CEP library.
 * @example
 * ```ts
 * const out: unknown[] = [];
 * const steep = pattern('low', (row: { t: number; v: number }) => row.v < 3).next('high', (row) => row.v > 9);
 * of({ t: 1, v: 2 }, { t: 2, v: 10 }, { t: 3, v: 11 }).pipe(withWatermark('t', 0), matchPattern(steep), rows())
 *   .subscribe(({ match }) => out.push([match.low?.[0]?.v, match.high?.[0]?.v]));
 * out; // => [[2, 10]]
 * ```
 */
export function matchPattern<T, N extends string, const K extends KeySpec<T> | undefined = undefined, O extends boolean = false>(
  given: Pattern<T, N>,
  options: MatchPatternOptions<K, N, O> = {},
): OperatorFunction<Element<T>, Element<PatternMatch<T, K extends undefined ? KeySpec<T> : K, N, O>>> {
  const limited = options.within === undefined ? given : given.within(options.within);
  const reader = readerOf<T>(options.key as KeySpec<T> | undefined);
  const clash = reader.columns.find((name) => name === 'match' || name === 'timedOut');
  if (clash !== undefined) throw new TidemarkError('TIDEMARK_NAME_CLASH', `a key column is called '${clash}'`);
  const plan = planOf(limited, options);
  return operator<T, never, 'event', 'event'>({
    type: 'matchPattern',
    options,
    accepts: ['event'],
    stateful: true,
    description: { key: reader.columns, pattern: limited.describe(), afterMatch: plan.afterMatch, timeouts: plan.timeouts },
    traits: ([input]) => {
      const { timeColumn: _gone, ...rest } = input as Traits;
      return { ...rest, ties: 'ordered', windowColumns: [] };
    },
    create: ({ traits, id }) => new PatternMatcher<T>(plan, reader, traits.ties, options.onError ?? traits.onError, id) as never,
  });
}

function planOf<T, N extends string>(given: Pattern<T, N>, options: MatchPatternOptions<unknown, N, boolean>): PatternPlan {
  const { afterMatch = 'noSkip', maxPartialMatches = 10_000, timeouts = false } = options;
  const { stages, limit: within } = given;
  const last = stages.at(-1)!;
  checkOption(last.absent !== 'followedBy' || within !== undefined, 'a pattern that ends with notFollowedBy needs within');
  checkOption(Number.isInteger(maxPartialMatches) && maxPartialMatches > 0, 'maxPartialMatches must be a whole number > 0');
  checkOption(!timeouts || within !== undefined, 'without within no partial match is ever timed out');
  checkAfterMatch(
    afterMatch,
    stages.map(({ name }) => name),
  );
  return { stages, afterMatch, maxPartialMatches, timeouts, ...(within === undefined ? {} : { within }) };
}

function checkAfterMatch(after: AfterMatch, names: readonly string[]): void {
  if (typeof after === 'string') {
    return checkOption(['noSkip', 'skipToNext', 'skipPastLastEvent'].includes(after), `there is no way to skip '${after}'`);
  }
  const name = 'skipToFirst' in after ? after.skipToFirst : after.skipToLast;
  checkOption(names.includes(name), `afterMatch names a stage that the pattern does not have: '${name}'`);
}
