import { intervalJoin, windowJoin, type Element, type JoinTime, type JoinType } from 'tidemark';
import { EMPTY, type Observable, type OperatorFunction } from 'rxjs';
import { isRecord } from '../shape';
import { materialised, named, once, type PlanNode, type Stream } from './nodes';
import { stampedBy } from './timed';
import type { OpOf } from './operators';
import { testOf, type Test } from './predicate';
import type { Row } from './columns';

type Join = OpOf<'join'>;

const TYPES = {
  inner: 'inner',
  left_outer: 'left',
  right_outer: 'right',
  full_outer: 'full',
  left_semi: 'leftSemi',
} as const satisfies Record<Join['type'], JoinType>;

/** A join; its event time is that of its left rows, or, where a window asks for it, that of its right rows. */
export function joined(op: Join, givenLeft: PlanNode, givenRight: PlanNode, at: string): PlanNode {
  const [left, right] = stamped(op, materialised(givenLeft), materialised(givenRight));
  left.columns.check(...op.on.map(([column]) => column), ...(op.timeRange === undefined ? [] : [op.timeRange.left]));
  right.columns.check(...op.on.map(([, column]) => column), ...(op.timeRange === undefined ? [] : [op.timeRange.right]));
  const conditions = withRange(op, left, right, conditionsOf(op.where, left, right, `${at}.where`));
  const columns = op.type === 'left_semi' ? left.columns : left.columns.and(right.columns);
  const base = { columns, timed: left.timed && right.timed, watermark: left.watermark || right.watermark };
  const by = (time: JoinTime): (() => Stream) => {
    const join = operatorOf(op, left, right, conditions, time);
    join(EMPTY); // what the options refuse is refused while the query is read
    return once(() => left.open().pipe(join(right.open())));
  };
  const { time: leftTime } = left;
  if (leftTime === undefined || op.on.some(([column]) => left.columns.isWindow(column))) return { ...base, open: by('left') };
  const node = { ...base, time: leftTime, open: by('left') };
  return right.time === undefined ? node : { ...node, otherwise: { ...base, time: right.time, open: by('right') } };
}

/**
 * Where the event time of one side alone is in the equality, or in the range, the other side's column is its time, and says no
 * watermark.
 */
function stamped({ on, timeRange }: Join, left: PlanNode, right: PlanNode): readonly [PlanNode, PlanNode] {
  const isWindows = on.some(([l, r]) => isWindowPair(l, r, left, right));
  const pairs = timeRange === undefined ? on : [...on, [timeRange.left, timeRange.right] as const];
  const pair = pairs.find(([l, r]) => (left.timed && l === left.time) || (right.timed && r === right.time));
  if (isWindows || pair === undefined) return [left, right];
  return [left.time === pair[0] ? left : stampedBy(left, pair[0]), right.time === pair[1] ? right : stampedBy(right, pair[1])];
}

type Conditions = {
  readonly where?: { readonly left?: Test; readonly right?: Test };
  readonly condition?: (l: Row, r: Row) => boolean;
};

/** One-sided conditions; a bare predicate speaks of both sides. */
function conditionsOf(where: unknown, left: PlanNode, right: PlanNode, at: string): Conditions {
  if (Array.isArray(where)) {
    const test = testOf(where, left.columns.and(right.columns), at);
    return { condition: (l, r) => test({ ...l, ...r }) };
  }
  if (!isRecord(where)) return {};
  const { left: ofLeft, right: ofRight } = where;
  return {
    where: {
      ...(ofLeft === undefined ? {} : { left: testOf(ofLeft, left.columns, `${at}.left`) }),
      ...(ofRight === undefined ? {} : { right: testOf(ofRight, right.columns, `${at}.right`) }),
    },
  };
}

/** Event times that must lie in a range are the join's business, if nothing narrower is; of other columns it is a condition. */
function boundsJoin({ on, timeRange }: Join, left: PlanNode, right: PlanNode): boolean {
  const isNarrower = on.some(([l, r]) => (l === left.time && r === right.time) || isWindowPair(l, r, left, right));
  return !isNarrower && timeRange?.left === left.time && timeRange?.right === right.time;
}

function withRange(op: Join, left: PlanNode, right: PlanNode, given: Conditions): Conditions {
  if (op.timeRange === undefined || boundsJoin(op, left, right)) return given;
  const { minMs = -Infinity, maxMs = Infinity, minInclusive = true, maxInclusive = true } = op.timeRange;
  const [a, b] = [left.columns.reader(op.timeRange.left), right.columns.reader(op.timeRange.right)];
  const { condition = () => true } = given;
  const within = (l: Row, r: Row): boolean => {
    const by = a(l) === null || b(r) === null ? NaN : (a(l) as number) - (b(r) as number);
    return (minInclusive ? by >= minMs : by > minMs) && (maxInclusive ? by <= maxMs : by < maxMs);
  };
  return { ...given, condition: (l, r) => within(l, r) && condition(l, r) };
}

function isWindowPair(l: string, r: string, left: PlanNode, right: PlanNode): boolean {
  return left.columns.isWindow(l) && right.columns.isWindow(r);
}

type Operator = (other$: Observable<Element<Row>>) => OperatorFunction<Element<Row>, Element<Row>>;

/** What must be equal says which join: a window, the event times, or keys alone. */
function operatorOf(op: Join, left: PlanNode, right: PlanNode, conditions: Conditions, time: JoinTime): Operator {
  const type = TYPES[op.type];
  const window = op.on.find(([l, r]) => isWindowPair(l, r, left, right));
  const times = op.on.find(([l, r]) => l === left.time && r === right.time);
  const others = op.on.filter((pair) => pair !== window && (pair !== times || op.on.length === 1));
  const on = { left: keyOf(others, 0, left), right: keyOf(others, 1, right) };
  const options = { ...named(op.id), ...conditions, on, type, unbounded: true };
  if (window !== undefined) {
    const columns = { left: window[0], right: window[1] };
    return (other$) => windowJoin(other$, { ...options, window: columns } as never) as never;
  }
  const within = times !== undefined ? { after: 0 } : boundsJoin(op, left, right) ? withinOf(op) : undefined;
  return (other$) => intervalJoin(other$, { ...options, time, ...(within === undefined ? {} : { within }) } as never) as never;
}

function keyOf(pairs: Join['on'], side: 0 | 1, { columns }: PlanNode): Readonly<Record<string, (row: Row) => unknown>> {
  return Object.fromEntries(pairs.map((pair, i) => [`k${i}`, columns.reader(pair[side])]));
}

/** The cases bound left - right, the library right - left. */
function withinOf({ timeRange: range }: Join): object | undefined {
  if (range === undefined) return undefined;
  const { minMs, maxMs, minInclusive = true, maxInclusive = true } = range;
  return {
    ...(maxMs === undefined ? {} : { min: -maxMs, minInclusive: maxInclusive }),
    ...(minMs === undefined ? {} : { max: -minMs, maxInclusive: minInclusive }),
  };
}
