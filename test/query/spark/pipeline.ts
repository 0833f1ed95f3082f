import type { Observable } from 'rxjs';
import {
  agg,
  aggregate,
  dropDuplicates,
  dropDuplicatesWithinWatermark,
  filterRows,
  intervalJoin,
  mapRows,
  session,
  sliding,
  tumbling,
  windowJoin,
  withWatermark,
  type Assigner,
  type Element,
} from 'tidemark';
import type { AggregateOp, AggregateSpec, JoinOp, Operator, Plan, Row, WindowSpec } from './plan';

export type Stream = Observable<Element<Row>>;
type Step = (source: Stream) => Stream;

// Plans are data, so their columns are known to no type.
const step = (operator: unknown): Step => operator as Step;

/** The pipeline of a plan, over the streams by name. */
export function pipelineOf({ streams, query }: Plan, given: Readonly<Record<string, Stream>>): Stream {
  const timed = (name: string, column: string): Step =>
    step(withWatermark(column as never, streams[name]!.delay, { maxFutureSkew: false }));
  const [first] = query;
  const type = first?.op === 'join' ? first.type : undefined;
  const left = given['a']!.pipe(keyed('left', type), timed('a', 't'));
  const right = given['b']?.pipe(keyed('right', type), step(mapRows(suffixed)), timed('b', 't2'));
  return query.reduce((source, op, i) => {
    const isBehindJoin = query[i - 1]?.op === 'join';
    return (isBehindJoin ? source.pipe(step(filterRows(hasTime))) : source).pipe(operatorOf(op, `op${i}`, right));
  }, left);
}

/**
 * Where a null key has no partner and need not be shown, Spark's optimizer takes such rows out, and does so below
 * `withWatermark`: their times do not move W.
 */
function keyed(side: 'left' | 'right', join: JoinOp['type'] | undefined): Step {
  const isShown = join === undefined || join === 'full' || join === side;
  return isShown ? (source) => source : step(filterRows(({ k }: Row) => k !== null));
}

/** In Spark a row without a left partner has no left time, so no window over it. Here it has the time of its own side. */
function hasTime({ t }: Row): boolean {
  return t !== null && t !== undefined;
}

/** Columns of the right side of a join have names of their own. */
function suffixed(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [`${name}2`, value]));
}

function operatorOf(op: Operator, id: string, right: Stream | undefined): Step {
  switch (op.op) {
    case 'aggregate':
      return step(aggregate(aggregateOptions(op, id) as never));
    case 'dedup':
      return step(dropDuplicates<Row>(op.columns, { id, unbounded: !op.columns.some((name) => ['t', 'window'].includes(name)) }));
    case 'dedupWithin':
      return step(dropDuplicatesWithinWatermark<Row>(op.columns, { id }));
    case 'join':
      return op.windows === undefined ? timeJoin(op, id, right!) : joinOfWindows(op, op.windows, id, right!);
  }
}

function timeJoin({ type, range, equalTimes }: JoinOp, id: string, right: Stream): Step {
  const within = equalTimes === true ? { min: 0, max: 0 } : range;
  return step(intervalJoin(right, { id, type, on: { left: 'k', right: 'k2' }, within, time: 'left' } as never));
}

/** Both sides are aggregated first. */
function joinOfWindows({ type }: JoinOp, [left, right]: readonly [AggregateOp, AggregateOp], id: string, source: Stream): Step {
  const others = source.pipe(
    step(aggregate(aggregateOptions(right, `${id}right`, '2') as never)),
    step(mapRows(({ window, ...row }: Row) => ({ window2: window, ...row }))),
  );
  return (first) =>
    first.pipe(
      step(aggregate(aggregateOptions(left, `${id}left`) as never)),
      step(
        windowJoin(others, { id, type, on: { left: 'k', right: 'k2' }, window: { left: 'window', right: 'window2' } } as never),
      ),
    );
}

function aggregateOptions({ keys, window, aggs }: AggregateOp, id: string, suffix = ''): object {
  const named = keys.map((key) => key + suffix);
  const select = Object.entries(aggs).map(([name, spec]) => [name + suffix, aggregateOf(spec, suffix)]);
  const over = window === undefined ? {} : { window: assignerOf(window) };
  const byTime = keys.includes('t') ? { timeColumn: 't' } : {};
  return { id, ...(named.length === 0 ? {} : { key: named }), ...over, ...byTime, select: Object.fromEntries(select) as object };
}

function assignerOf(window: WindowSpec): Assigner<Row> {
  if ('gap' in window) return session(window.gap);
  if ('gapColumn' in window) return session<Row>((row) => row[window.gapColumn] as number | null);
  const { size, slide, offset } = window;
  return slide === undefined ? tumbling(size, { offset }) : sliding(size, slide, { offset });
}

type Made = (...given: unknown[]) => unknown;

function aggregateOf(spec: AggregateSpec, suffix: string): unknown {
  const made = (agg as unknown as Readonly<Record<string, Made>>)[spec.fn]!;
  const { column, x, y, by, p, above } = spec;
  if (above !== undefined) return made((row: Row) => ((row[column! + suffix] as number | null) ?? -Infinity) > above);
  const given = [column, x, y, by].filter((name) => name !== undefined).map((name) => name + suffix);
  return made(...given, ...(p === undefined ? [] : [p]));
}
