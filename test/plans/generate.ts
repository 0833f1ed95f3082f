import type { JoinType } from 'tidemark';
import type { WindowPlan } from '../laws/oracle';
import type { Random } from '../laws/random';
import { factsOf, type Facts } from './facts';
import { answerOf } from './oracle';
import { isStateful, type Figure, type Key, type Plan, type Row, type Windows } from './plan';

/** More rows than that between two operators make a case slow and teach nothing. */
const MOST_ROWS = 400;
const TYPES: readonly JoinType[] = ['inner', 'left', 'right', 'full', 'leftSemi', 'leftAnti'];
const FIGURES: readonly Figure[] = ['sum', 'min', 'max', 'count', 'countOf', 'distinct', 'first', 'last'];

/** A plan of up to five stateful operators, on one source or two. */
export function randomPlan(random: Random, sources: readonly (readonly Row[])[]): Plan {
  const wanted = random.pick([1, 2, 3, 4, 5, 5]);
  return grow({ random, sources, left: wanted }, { op: 'source', source: 0 });
}

/** What is being grown: `left` counts the stateful operators that may still come. */
interface Growth {
  readonly random: Random;
  readonly sources: readonly (readonly Row[])[];
  left: number;
}

function grow(growth: Growth, from: Plan, until = 0): Plan {
  let plan = from;
  for (let tries = 0; growth.left > until && factsOf(plan).timed && tries < 60; tries++) {
    const before = growth.left;
    const next = isStateful(plan) && growth.random.chance(0.3) ? stateless(growth, plan) : stateful(growth, plan);
    if (isGood(next, growth)) plan = next;
    else growth.left = before;
  }
  return plan;
}

function isGood(plan: Plan, { sources }: Growth): boolean {
  try {
    factsOf(plan);
  } catch {
    return false; // what does not fit is tried no further
  }
  const { length } = answerOf(plan, sources);
  return length > 0 && length <= MOST_ROWS;
}

function stateless({ random }: Growth, of: Plan): Plan {
  switch (random.int(0, 3)) {
    case 0:
      return { op: 'filter', of, modulo: random.int(2, 6) };
    case 1:
      return { op: 'map', of, by: random.int(0, 4) };
    case 2:
      return { op: 'spread', of, most: random.int(1, 2) };
    default:
      return { op: 'assign', of, window: gridWindow(random) };
  }
}

function stateful(growth: Growth, of: Plan): Plan {
  const { random } = growth;
  growth.left--;
  const key = random.pick<readonly Key[]>([[], ['k'], ['j'], ['k', 'j'], ['j', 'k']]);
  switch (random.int(0, 9)) {
    case 0:
    case 1: {
      const filled = random.chance(0.5) || key.length < 2;
      return { op: 'aggregate', of, window: anyWindow(random), key, value: random.pick(FIGURES), filled };
    }
    case 2:
      return deduplicated(random, of);
    case 3:
      return {
        op: 'topN',
        of,
        window: anyWindow(random),
        key,
        n: random.int(1, 3),
        order: random.pick(['asc', 'desc']),
        ranked: random.chance(0.5),
      };
    case 4:
    case 5:
      return {
        op: 'keyed',
        of,
        by: random.pick(['groups', 'transform', 'transform', 'process', 'process']),
        does: random.pick(['running', 'buckets']),
        key: random.pick(['k', 'j']),
        size: random.int(5, 40),
      };
    case 6:
      return windowJoined(growth, of);
    case 7:
      return { op: 'merge', of, other: branch(growth, of) };
    default:
      return intervalJoined(growth, of);
  }
}

function gridWindow(random: Random): WindowPlan {
  const offset = random.chance(0.3) ? random.int(-4, 4) : 0;
  if (random.chance(0.6)) return { kind: 'tumbling', size: random.int(5, 60), offset };
  const slide = random.int(5, 20);
  return { kind: 'sliding', size: random.pick([slide * 2, slide * 3, slide + 4]), slide, offset };
}

function anyWindow(random: Random): Windows {
  if (random.chance(0.5)) return gridWindow(random);
  const step = random.int(5, 15);
  return random.pick<Windows>([
    'assigned',
    'assigned',
    { kind: 'session', gap: random.int(2, 25) },
    { kind: 'session', gap: 'row' },
    { kind: 'cumulative', step, max: step * random.int(2, 4), offset: 0 },
  ]);
}

function deduplicated(random: Random, of: Plan): Plan {
  const { columns, time, window } = factsOf(of) satisfies Facts;
  const whole = random.chance(0.5);
  const some = [window === 'known' && random.chance(0.5) ? 'window' : time, random.pick(['k', 'j', 'v'])];
  switch (random.int(0, 2)) {
    case 0:
      return { op: 'dedupBuckets', of, size: random.int(3, 40) };
    case 1:
      return { op: 'dedupWithin', of, columns, within: random.int(1, 60) };
    default:
      return { op: 'dedup', of, columns: whole ? columns : some };
  }
}

/** The other side of a join: the same stream, the other source, or either with operators of its own. */
function branch(growth: Growth, of: Plan): Plan {
  const { random } = growth;
  const start = random.pick<Plan>([of, { op: 'source', source: 1 }, { op: 'source', source: 1 }, { op: 'source', source: 0 }]);
  const own = Math.min(growth.left, random.pick([0, 0, 1, 2]));
  const grown = grow(growth, start, growth.left - own);
  return random.chance(0.3) ? stateless(growth, grown) : grown;
}

function intervalJoined(growth: Growth, of: Plan): Plan {
  const { random } = growth;
  const [a, b] = [random.int(-25, 25), random.int(-25, 25)];
  const isSame = random.chance(0.15);
  return {
    op: 'intervalJoin',
    of,
    other: branch(growth, of),
    type: random.pick(TYPES),
    on: random.pick<readonly Key[]>([['k'], ['j'], ['k', 'j']]),
    min: isSame ? 0 : Math.min(a, b),
    max: isSame ? 0 : Math.max(a, b),
    time: random.pick(['left', 'right', 'latest', 'earliest']),
    picky: random.chance(0.3),
  };
}

/** Both sides in the same windows. */
function windowJoined(growth: Growth, of: Plan): Plan {
  const { random } = growth;
  const window = gridWindow(random);
  const key: readonly Key[] = ['k', 'j'];
  const inWindows = (plan: Plan): Plan =>
    growth.left > 0 && random.chance(0.6) && growth.left--
      ? { op: 'aggregate', of: plan, window, key, value: random.pick(['sum', 'count', 'max']), filled: random.chance(0.5) }
      : { op: 'assign', of: plan, window };
  return {
    op: 'windowJoin',
    of: factsOf(of).window !== 'none' && random.chance(0.5) ? of : inWindows(of),
    other: inWindows(branch(growth, of)),
    type: random.pick(TYPES),
    on: random.pick<readonly Key[]>([[], ['k'], ['j'], ['k', 'j']]),
  };
}
