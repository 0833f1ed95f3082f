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
  const onWay = before.stage === number ? stages.slice(number + 1, number + 2) : stages.slice(before.stage + 1, number);
  const isLast = i === taken.length - 1 && stages.at(-1)!.absent === undefined;
  const barredBy = (bar: Stage, rows: readonly Event[]): boolean => rows.some((event) => fits(bar, event));
  // What completes a match may be of the kind that must not come before it; for the very next event only `notNext` minds.
  const through = isLast ? between : [...between, events[at]!];
  const first = through.slice(0, 1);
  const inReach = barsInReach(before.stage, taken.slice(0, i), stages);
  return (
    !inReach.some((bar) => barredBy(bar, first)) &&
    !onWay.some(({ absent, ...bar }) => absent === 'followedBy' && barredBy(bar, through)) &&
    !(before.stage < number && onWay.some((bar) => bar.absent === 'next' && fits(bar, events[before.at + 1])))
  );
}

/** What must not come next, whichever way it goes on. */
function barsInReach(stage: number, taken: Found, stages: readonly Stage[]): readonly Stage[] {
  const count = taken.filter((one) => one.stage === stage).length;
  const behind = stages.slice(stage + 1);
  if (count < stages[stage]!.min) return behind.slice(0, 1).filter(({ absent }) => absent === 'followedBy');
  const end = behind.findIndex(({ absent, optional }) => absent === undefined && !optional);
  return (end < 0 ? behind : behind.slice(0, end)).filter(({ absent }) => absent !== undefined);
}

/** At the end of the pattern: no such event in the time that is left. */
function staysAway(taken: Found, events: readonly Event[], stages: readonly Stage[], within?: Within): boolean {
  const bar = stages.at(-1)!;
  if (bar.absent === undefined) return true;
  const last = taken.at(-1)!;
  const origin = within?.from === 'previous' ? last : taken[0]!;
  const until = within === undefined ? Infinity : events[origin.at]!.time + within.ms;
  // A bar further up that has nothing behind it to bar does so too.
  const bars = stages.slice(last.stage + 1).filter(({ absent }) => absent !== undefined);
  const rest = events.slice(last.at + 1).filter(({ time }) => time < until);
  if (bar.absent === 'next') return rest.length > 0 && !bars.some((one) => fits(one, rest[0]));
  return bars.every((one) => {
    return one.absent === 'next' ? !fits(one, rest[0]) : !rest.some((event) => fits(one, event));
  });
}
