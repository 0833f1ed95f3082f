import { agg, aggregate, session, type Assigner, type Window } from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { sameItems } from '../compare';
import { lackingIfListed } from '../features';
import { malformed } from '../shape';
import { assignerOf, type ElementRow } from './assigner';
import { bounded, type Driver, type ElementOperator } from './driver';
import type { StepOf } from './steps';

type Span = readonly [start: number | string, end: number | string];

interface Timed {
  readonly time: number;
}

interface Piece extends Timed {
  readonly gap: number;
}

interface Group<R> {
  readonly window: Window;
  readonly rows: readonly R[];
}

const spanOf = ({ start, end }: Window): Span => [bounded(start), bounded(end)];
const byTime = (a: number, b: number): number => a - b;

/** In an order that both sides have. */
function sorted(spans: readonly Span[]): readonly Span[] {
  return [...spans].sort((a, b) => (String(a) < String(b) ? -1 : 1));
}

/** The final windows of a whole set of rows. */
function groupsOf<R extends Timed>(assigner: Assigner<R>, rows: readonly R[]): readonly Group<R>[] {
  const select = { rows: agg.collectList<R, (row: R) => R>((row) => row) };
  const harness = operatorHarness<R, unknown, 'event', 'event'>(
    aggregate({ window: assigner as Assigner, select } as never) as never,
  );
  for (const row of rows) harness.event(row.time, row);
  harness.watermark(Infinity);
  return harness.takeRows() as unknown as readonly Group<R>[];
}

function expectWindows(assigner: Assigner<ElementRow>, { at, assign, expectWindows: expected }: StepOf<'assign'>): void {
  const row = { key: undefined, value: undefined, time: assign, onTime: true };
  sameItems(at, expected, assigner.assign(assign, row).map(spanOf));
}

function expectGroups(assigner: Assigner<ElementRow>, { at, group, expectGroups: expected }: StepOf<'group'>): void {
  const rows = group.map((time) => ({ key: undefined, value: undefined, time, onTime: true }));
  const got = groupsOf(assigner, rows).map(({ window, rows: within }) => ({
    window: spanOf(window),
    times: within.map((row) => row.time).sort(byTime),
  }));
  sameItems(at, expected, got);
}

/** Windows given by hand merge as the windows of rows do: each is the own window of one row. */
function expectMerged({ at, merge, expectMerged: expected }: StepOf<'merge'>): void {
  const pieces = merge.map(([start, end]): Piece => ({ time: start, gap: end - start }));
  const groups = groupsOf(
    session<Piece>((row) => row.gap, { zeroGap: 'merge' }),
    pieces,
  ).filter(({ rows }) => rows.length > 1);
  const got = groups.map(({ window, rows }) => ({
    into: spanOf(window),
    from: sorted(rows.map(({ time, gap }): Span => [time, time + gap])),
  }));
  sameItems(
    at,
    expected.map(({ into, from }) => ({ into, from: sorted(from) })),
    got,
  );
}

export const assign: ElementOperator<'assign'> = {
  steps: ['assign', 'group', 'merge', 'expectError'],
  lacks: ({ assigner }) => lackingIfListed(`assigner ${assigner.kind}`),
  build({ assigner: spec }): Driver {
    const assigner = assignerOf(spec);
    return {
      assign: (step) => expectWindows(assigner, step),
      group: (step) => expectGroups(assigner, step),
      merge: (step) => (spec.kind === 'session' ? expectMerged(step) : malformed(step.at, 'only sessions merge')),
    };
  },
};
