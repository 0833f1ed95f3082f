import { intervalJoin, type JoinType, type Signal } from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { forSeeds, type Random } from '../laws/random';
import { nestedLoop, type JoinCase, type Row, type Said, type Step } from './oracle';

const TYPES: readonly JoinType[] = ['inner', 'left', 'right', 'full', 'leftSemi', 'leftAnti'];

function stepsOf(random: Random, scale: number): Step[] {
  const disorder = random.int(1, 30) * scale;
  const lateness = random.chance(0.3) ? random.int(1, 20) * scale : 0;
  const count = random.int(5, 60);
  const steps: Step[] = [];
  let now = random.int(-50, 50) * scale;
  for (let id = 0; id < count; id++) {
    now += random.int(0, 5) * scale;
    const input = random.chance(0.5) ? 0 : 1;
    const t = now - (random.chance(0.5) ? 0 : random.int(0, disorder));
    steps.push({ kind: 'row', input, row: { id, k: random.pick(['a', 'b', 'c', null]), t, v: random.int(0, 9) } });
    if (random.chance(0.5)) {
      const emit = random.pick([t, now - disorder, now - random.int(0, disorder), now - 3 * disorder]); // it may fall
      steps.push({ kind: 'watermark', input: random.chance(0.5) ? 0 : 1, emit, drop: emit - lateness });
    }
  }
  for (const input of [0, 1] as const) steps.push({ kind: 'watermark', input, emit: Infinity, drop: Infinity });
  return steps;
}

/** Joins whose rows to be told of are bounded without this end of the range. */
const WITHOUT = {
  lower: ['inner', 'left', 'leftSemi', 'leftAnti'],
  upper: ['inner', 'right'],
} as const satisfies Record<string, readonly JoinType[]>;

/** One end of the range is left out now and then. */
function opened(one: JoinCase, random: Random): JoinCase {
  const end = random.pick(['lower', 'upper'] as const);
  if (one.lower === one.upper || random.chance(0.6) || !WITHOUT[end].some((type) => type === one.type)) return one;
  return { ...one, [end]: end === 'lower' ? -Infinity : Infinity };
}

function randomCase(random: Random): JoinCase {
  const scale = random.pick([1, 1, 400]);
  const a = random.int(-15, 15) * scale;
  const b = random.chance(0.2) ? a : random.int(-15, 15) * scale;
  const isSame = random.chance(0.15);
  const ties = (): 'instant' | 'ordered' => (random.chance(0.7) ? 'instant' : 'ordered');
  const one: JoinCase = {
    type: random.pick(TYPES),
    lower: isSame ? 0 : Math.min(a, b),
    upper: isSame ? 0 : Math.max(a, b),
    ties: [ties(), ties()],
    least: [random.chance(0.3) ? 4 : 0, random.chance(0.3) ? 4 : 0],
    parity: random.chance(0.3),
    steps: stepsOf(random, scale),
  };
  return opened(one, random);
}

type Out = { readonly l: Row | null; readonly r: Row | null } | Row;

export function operatorOf(one: JoinCase): OperatorHarness<Row, Out> {
  const { type, lower, upper, least, parity, ties } = one;
  // Exclusive bounds say the same as inclusive ones, 1 ms further out.
  const [min, max] = parity
    ? [
        { min: lower - 1, minInclusive: false },
        { max: upper + 1, maxInclusive: false },
      ]
    : [{ min: lower }, { max: upper }];
  const within = { ...(lower === -Infinity ? {} : min), ...(upper === Infinity ? {} : max) };
  const where = { left: (row: Row) => row.v >= least[0], right: (row: Row) => row.v >= least[1] };
  const condition = parity ? { condition: (l: Row, r: Row) => (l.id + r.id) % 2 === 0 } : {};
  const isLeftOnly = type === 'leftSemi' || type === 'leftAnti';
  const select = isLeftOnly ? {} : { select: (l: Row | null, r: Row | null) => ({ l, r }) };
  return operatorHarness<Row, Out, 'event'>(
    ([left, right]) =>
      left!.pipe(intervalJoin(right!, { on: 'k', within, type, where, unbounded: true, ...condition, ...select } as never)),
    { inputs: 2, traits: ties.map((rule) => ({ ties: rule })) },
  );
}

function saidOf(signals: readonly Signal<Out>[]): Said[] {
  const said = signals.flatMap((signal): Said[] => {
    if (signal.kind !== 'event') return [];
    const { row, time } = signal;
    return 'id' in row ? [{ left: row.id, right: null, time }] : [{ left: row.l?.id ?? null, right: row.r?.id ?? null, time }];
  });
  return said.sort((a, b) => (a.left ?? -1) - (b.left ?? -1) || (a.right ?? -1) - (b.right ?? -1));
}

function play(harness: OperatorHarness<Row, Out>, step: Step): Signal<Out>[] {
  if (step.kind === 'row') harness.event(step.row.t, step.row, step.input);
  else harness.watermark(step.emit, step.drop, step.input);
  return harness.take();
}

/** Texts are compared first: the matcher is slow, and called at every step. */
function same(got: unknown, wanted: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(wanted)) expect(got).toEqual(wanted);
}

describe('[L43] [E3.4] interval joins against the nested loop', () => {
  it('say each pair when its second row comes, each row without a partner once it is sure, and keep what could still meet', () => {
    forSeeds(800, (random) => {
      const one = randomCase(random);
      const harness = operatorOf(one);
      nestedLoop(one).forEach((answer, i) => {
        const signals = play(harness, one.steps[i]!);
        same(saidOf(signals), answer.said);
        same(
          signals.flatMap((s) => (s.kind === 'rejected' ? [(s.row as Row).id] : [])),
          answer.late,
        );
        same([harness.state['left'], harness.state['right']], answer.kept);
      });
      harness.close();
    });
  });

  it('go on from a snapshot after any step', () => {
    forSeeds(300, (random) => {
      const one = randomCase(random);
      const harness = operatorOf(one);
      const at = random.int(0, one.steps.length - 1);
      nestedLoop(one).forEach((answer, i) => {
        same(saidOf(play(harness, one.steps[i]!)), answer.said);
        if (i === at) harness.restore(harness.snapshot());
        same([harness.state['left'], harness.state['right']], answer.kept);
      });
      harness.close();
    });
  });

  it('the same arrivals give the same sequence, restarted or not', () => {
    forSeeds(200, (random) => {
      const one = randomCase(random);
      const whole = operatorOf(one);
      const broken = operatorOf(one);
      for (const step of one.steps) {
        same(play(broken, step), play(whole, step));
        if (random.chance(0.3)) broken.restore(broken.snapshot());
      }
    });
  });
});
