import { enableMapSet, produce, type Draft } from 'immer';
import { refuse } from './keyed/refuse';

/** State of one key that can be written as a draft: a `GroupState` or a `ValueState`. */
export type DraftedState<S> = { update(state: S): void } & ({ getOption(): S | undefined } | { get(): S | undefined });

/**
 * Writes the state of a key as if it were changed in place: `recipe` changes a draft, and the state becomes what the draft is
 * then. The state itself is never changed, only replaced; what the recipe leaves alone is the same object as before.
 *
 * @param state - of the key whose call is at work: a `GroupState` or a `ValueState`
 * @param recipe - changes the draft, or gives another state; it may give nothing. What it throws leaves the state as it was
 * @param initial - what is drafted when there is no state yet
 * @throws `TIDEMARK_KEYED_STATE` (no-state) when there is neither state nor `initial`
 *
 * Cost: one `produce` of immer: what is changed is copied, with the objects above it. States are frozen.
 * @example
 * ```ts
 * const out: unknown[] = [];
 * tidemark.events(of({ k: 'a', v: 1 }, { k: 'a', v: 5 })).pipe(
 *   tidemark.mapGroupsWithState({
 *     key: 'k',
 *     update: (key, rows, state: GroupState<{ n: number; seen: number[] }>) => {
 *       updateDraft(state, (draft) => { draft.n++; draft.seen.push(rows[0]!.v); }, { n: 0, seen: [] });
 *       return state.get();
 *     },
 *   }),
 *   tidemark.rows(),
 * ).subscribe((row) => out.push(row));
 * out; // => [{ n: 1, seen: [1] }, { n: 2, seen: [1, 5] }]
 * ```
 */
export function updateDraft<S>(state: DraftedState<S>, recipe: (draft: Draft<S>) => S | Draft<S> | void, initial?: S): void {
  enableMapSet();
  const before = ('getOption' in state ? state.getOption() : state.get()) ?? initial;
  if (before === undefined) refuse('no-state', 'there is no state to draft; give an initial one');
  state.update(produce(before, recipe as (draft: Draft<S>) => undefined) as S);
}
