import type { Stage, Within } from '../../src/pattern/pattern';

/** An event as the brute force sees it; its place in the list is its place in time. */
export interface Event {
  readonly time: number;
  readonly kind: string;
}

/** Places of the events of a match, stage by stage. */
export type Found = readonly { readonly stage: number; readonly at: number }[];

/** Every match, by trying all choices of events and asking of each what the words of the pattern say. */
export function bruteForce(events: readonly Event[], stages: readonly Stage[], within?: Within): Found[] {
  const found: Found[] = [];
  const visit = (taken: Found): void => {
    if (taken.length > 0 && isMatch(taken, events, stages, within)) found.push(taken);
    const from = taken.length === 0 ? 0 : taken.at(-1)!.at + 1;
    const stage = taken.at(-1)?.stage ?? 0;
    for (let at = from; at < events.length; at++) {
      for (let next = stage; next < stages.length; next++) visit([...taken, { stage: next, at }]);
    }
  };
  visit([]);
  return found;
}

const fits = (stage: Stage, event: Event | undefined): boolean =>
  event !== undefined && Boolean(stage.where?.(event as never, () => []) ?? true);

function isMatch(taken: Found, events: readonly Event[], stages: readonly Stage[], within?: Within): boolean {
  const counts = stages.map((_, i) => taken.filter(({ stage }) => stage === i).length);
  const countsFit = stages.every((stage, i) =>
    stage.absent !== undefined
      ? counts[i] === 0
      : (stage.optional && counts[i] === 0) || (counts[i]! >= stage.min && counts[i]! <= stage.max),
  );
  if (!countsFit) return false;
  const timesFit = taken.every(({ at }, i) => {
    const origin = within?.from === 'previous' ? taken[Math.max(0, i - 1)]! : taken[0]!;
    return within === undefined || i === 0 || events[at]!.time - events[origin.at]!.time < within.ms;
  });
  return timesFit && taken.every((_, i) => follows(taken, i, events, stages)) && staysAway(taken, events, stages, within);
}

/** Does the i-th event follow the one before as closely as its stage asks for, with nothing between that bars it? */
function follows(taken: Found, i: number, events: readonly Event[], stages: readonly Stage[]): boolean {
  const { stage: number, at } = taken[i]!;
  const stage = stages[number]!;
  if (!fits(stage, events[at])) return false;
  if (i === 0) return true;
  const before = taken[i - 1]!;
  const between = events.slice(before.at + 1, at);
  const contiguity = before.stage === number ? stage.inner : stage.contiguity;
  if (contiguity === 'strict' && between.length > 0) return false;
  if (contiguity === 'relaxed' && between.some((event) => fits(stage, event))) return false;
  return stages.slice(before.stage + 1, number).every((bar) => {
    if (bar.absent === 'next') return !fits(bar, events[before.at + 1]);
    return bar.absent === undefined || ![...between, events[at]!].some((event) => fits(bar, event));
  });
}

/** At the end of the pattern: no such event in the time that is left. */
function staysAway(taken: Found, events: readonly Event[], stages: readonly Stage[], within?: Within): boolean {
  const bar = stages.at(-1)!;
  if (bar.absent === undefined || within === undefined) return true;
  const last = taken.at(-1)!;
  const origin = within.from === 'previous' ? last : taken[0]!;
  const until = events[origin.at]!.time + within.ms;
  // A bar further up that has nothing behind it to bar does so too.
  const bars = stages.slice(last.stage + 1).filter(({ absent }) => absent !== undefined);
  return bars.every((one) => {
    const rest = events.slice(last.at + 1).filter(({ time }) => time < until);
    return one.absent === 'next' ? !fits(one, rest[0]) : !rest.some((event) => fits(one, event));
  });
}
