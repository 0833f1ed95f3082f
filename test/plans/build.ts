import type { Observable, OperatorFunction } from 'rxjs';
import {
  agg,
  aggregate,
  assigned,
  assignWindows,
  cumulative,
  dropDuplicates,
  dropDuplicatesWithinWatermark,
  filterRows,
  flatMapRows,
  intervalJoin,
  mapRows,
  mergeStreams,
  session,
  sliding,
  topN,
  tumbling,
  windowJoin,
  type Assigner,
  type Element,
} from 'tidemark';
import { factsOf } from './facts';
import { change, filled, fits, keep, pair, rankOf, spread, timeOf, timeOfPair } from './functions';
import { keyed } from './keyed';
import { gapOf } from './oracle';
import {
  inputsOf,
  type Aggregate,
  type Figure,
  type IntervalJoin,
  type Plan,
  type Row,
  type TopN,
  type Unary,
  type WindowJoin,
  type Windows,
} from './plan';

export type Stream = Observable<Element<Row>>;
type Step = OperatorFunction<Element<Row>, Element<Row>>;

/** The plan as a pipeline of the library. What is the same in it is built once: its consumers share it. */
export function streamOf(plan: Plan, sources: readonly Stream[]): Stream {
  const built = new Map<string, Stream>();
  const build = (node: Plan): Stream => {
    const text = JSON.stringify(node);
    const stream = built.get(text) ?? made(node, inputsOf(node).map(build), `${node.op}-${built.size}`, sources);
    built.set(text, stream);
    return stream;
  };
  return build(plan);
}

function made(node: Plan, inputs: readonly Stream[], id: string, sources: readonly Stream[]): Stream {
  const [input, other] = inputs as readonly [Stream, Stream];
  switch (node.op) {
    case 'source':
      return sources[node.source]!;
    case 'merge':
      return mergeStreams([input, other], { id });
    case 'intervalJoin':
      return input.pipe(intervalJoined(node, other, id));
    case 'windowJoin':
      return input.pipe(windowJoined(node, other, id));
    default:
      return stepsOf(node, id).reduce((stream, step) => stream.pipe(step), input);
  }
}

function stepsOf(node: Unary, id: string): Step[] {
  switch (node.op) {
    case 'filter':
      return [filterRows(keep(node.modulo))];
    case 'map':
      return [mapRows(change(node.by))];
    case 'spread':
      return [flatMapRows(spread(node.most))];
    case 'assign':
      return [assignWindows(assignerOf(node.window), 'window')];
    case 'aggregate':
      return [aggregated(node, id), ...(node.filled ? [mapRows(filled) as Step] : [])];
    case 'dedup': {
      // Where neither the time nor a window tells when a key can go, it stays.
      const timed = factsOf(node).time === 't' ? { timeColumn: 't' } : {};
      return [dropDuplicates<Row>(node.columns as (keyof Row)[], { id, unbounded: true, ...timed })];
    }
    case 'dedupWithin':
      return [dropDuplicatesWithinWatermark<Row>(node.columns as (keyof Row)[], { id, within: node.within })];
    case 'dedupBuckets':
      return [
        mapRows((row: Row) => ({ ...row, j: Math.floor(row.t / node.size) })),
        dropDuplicatesWithinWatermark<Row>(['k', 'j'], { id, within: node.size }),
      ];
    case 'topN':
      return [top(node, id), ...(node.ranked ? [mapRows(filled) as Step] : [])];
    case 'keyed':
      return [keyed(node, id)];
  }
}

function assignerOf(plan: Windows): Assigner<Row> {
  if (plan === 'assigned') return assigned<{ window: { start: number; end: number } }>('window') as Assigner<Row>;
  switch (plan.kind) {
    case 'tumbling':
      return tumbling(plan.size, { offset: plan.offset });
    case 'sliding':
      return sliding(plan.size, plan.slide, { offset: plan.offset });
    case 'cumulative':
      return cumulative(plan.max, plan.step, { offset: plan.offset });
    case 'session':
      return plan.gap === 'row' ? session<Row>(gapOf) : session(plan.gap);
    default:
      throw new Error(`no plan has ${plan.kind} windows`);
  }
}

const FIGURES = {
  sum: () => agg.sum<Row>('v'),
  min: () => agg.min<Row>('v'),
  max: () => agg.max<Row>('v'),
  count: () => agg.count<Row>(),
  countOf: () => agg.count<Row>('v'),
  distinct: () => agg.countDistinct<Row>('v'),
  first: () => agg.first<Row, 'v'>('v'),
  last: () => agg.last<Row, 'v'>('v'),
} satisfies Record<Figure, () => unknown>;

function aggregated({ window, key, value }: Aggregate, id: string): Step {
  const select = { v: FIGURES[value](), id: agg.sum<Row>('id') };
  return aggregate({ id, window: assignerOf(window), key, select } as never) as unknown as Step;
}

function top({ window, key, n, order, ranked }: TopN, id: string): Step {
  const rank = ranked ? { rank: 'rank' } : {};
  return topN({ id, window: assignerOf(window), key, n, order, by: rankOf, ...rank } as never) as unknown as Step;
}

function intervalJoined(node: IntervalJoin, other: Stream, id: string): Step {
  const { type, on, min, max, time, picky } = node;
  const [left, right] = [factsOf(node.of), factsOf(node.other)];
  const select = (l: Row | null, r: Row | null): Row => ({
    t: timeOfPair(time, l && timeOf(left, l), r && timeOf(right, r)),
    ...pair(l, r),
  });
  const pairs = type === 'leftSemi' || type === 'leftAnti' ? {} : { select };
  const condition = picky ? { condition: fits } : {};
  return intervalJoin(other, { id, type, on, within: { min, max }, time, ...condition, ...pairs } as never) as unknown as Step;
}

function windowJoined({ type, on }: WindowJoin, other: Stream, id: string): Step {
  const select = (l: Row | null, r: Row | null): Row => {
    const { window } = (l ?? r) as Row;
    return { t: window!.end - 1, window: window!, ...pair(l, r) };
  };
  const pairs = type === 'leftSemi' || type === 'leftAnti' ? {} : { select };
  return windowJoin(other, { id, type, on, ...pairs } as never) as unknown as Step;
}
