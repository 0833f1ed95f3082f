import { chain, type Partial } from './partial';

/**
 * What becomes of other matches once one is found. `noSkip`: nothing. `skipToNext`: those with the same first row go.
 * `skipPastLastEvent`: those that began before it ended go. `skipToFirst`, `skipToLast`: those that began before the first
 * (last) row of that stage go.
 */
export type AfterMatch<N extends string = string> =
  'noSkip' | 'skipToNext' | 'skipPastLastEvent' | { readonly skipToFirst: N } | { readonly skipToLast: N };

type Match = Pick<Partial, 'first' | 'last'>;

/** Everything that began before this position goes. */
function positionAfter({ first, last }: Match, after: AfterMatch, names: readonly string[]): number {
  if (after === 'noSkip') return -Infinity;
  if (after === 'skipToNext') return first.position + 1;
  if (after === 'skipPastLastEvent') return last.position + 1;
  const name = 'skipToFirst' in after ? after.skipToFirst : after.skipToLast;
  const rows = chain(last).filter(({ stage }) => names[stage] === name);
  return ('skipToFirst' in after ? rows[0] : rows.at(-1))?.position ?? -Infinity;
}

/** The matches of one row that stay, the one that began first first, and the partial matches that they leave. */
export function skip(
  matches: readonly Match[],
  partials: readonly Partial[],
  after: AfterMatch,
  names: readonly string[],
): { matches: readonly Match[]; partials: readonly Partial[] } {
  if (after === 'noSkip' || matches.length === 0) return { matches, partials };
  let from = -Infinity;
  const kept: Match[] = [];
  for (const match of [...matches].sort((a, b) => a.first.position - b.first.position)) {
    if (match.first.position < from) continue;
    kept.push(match);
    from = Math.max(from, positionAfter(match, after, names));
  }
  return { matches: kept, partials: partials.filter(({ first }) => first.position >= from) };
}
