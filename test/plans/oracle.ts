import type { JoinType } from 'tidemark';
import { windowsOf } from '../laws/oracle';
import { factsOf } from './facts';
import {
  bucketEnd,
  change,
  filled,
  fits,
  keep,
  ofBucket,
  pair,
  plus,
  rankOf,
  running,
  spread,
  textOfRow,
  timeOf,
  timeOfPair,
} from './functions';
import type { Aggregate, Figure, IntervalJoin, Key, Keyed, Plan, Row, TopN, WindowJoin, Windows } from './plan';

/**
 * The answer by plain arrays: all rows are there, none is late, nothing has an order but that of the sources. It shares no
 * code with the library.
 */
interface Timed {
  readonly time: number;
  readonly row: Row;
}
type Window = NonNullable<Row['window']>;

export function answerOf(plan: Plan, sources: readonly (readonly Row[])[]): Row[] {
  return answer(plan, sources).map(({ row }) => row);
}

function answer(plan: Plan, sources: readonly (readonly Row[])[]): Timed[] {
  if (plan.op === 'source') return (sources[plan.source] ?? []).map((row) => ({ time: row.t, row }));
  const rows = answer(plan.of, sources);
  switch (plan.op) {
    case 'filter':
      return rows.filter(({ row }) => keep(plan.modulo)(row));
    case 'map':
      return rows.map(({ time, row }) => ({ time, row: change(plan.by)(row) }));
    case 'spread':
      return rows.flatMap(({ time, row }) => spread(plan.most)(row).map((one) => ({ time, row: one })));
    case 'assign':
      return rows.flatMap(({ time, row }) =>
        windows(plan.window, time, row).map((window) => ({ time, row: { ...row, window } })),
      );
    case 'aggregate':
      return aggregated(plan, rows);
    case 'dedup':
    case 'dedupWithin':
      return firsts(rows, ({ row }) => valuesOf(row, plan.columns));
    case 'dedupBuckets':
      return firsts(
        rows.map(({ time, row }) => ({ time, row: { ...row, j: Math.floor(time / plan.size) } })),
        ({ row }) => valuesOf(row, ['k', 'j']),
      );
    case 'topN':
      return best(plan, rows);
    case 'keyed':
      return plan.does === 'running' ? sums(plan, rows) : buckets(plan, rows);
    case 'intervalJoin':
      return intervalJoined(plan, rows, answer(plan.other, sources));
    case 'windowJoin':
      return windowJoined(plan, rows, answer(plan.other, sources));
    case 'merge':
      return [...rows, ...answer(plan.other, sources)];
  }
}

function windows(plan: Windows, time: number, row: Row): Window[] {
  return plan === 'assigned' ? [row.window!] : windowsOf(plan, time, { gap: gapOf(row) });
}

/** For sessions whose gap is the row's. */
export function gapOf({ id }: Row): number {
  return 2 + (id % 9);
}

function valuesOf(row: Row, columns: readonly string[]): string {
  return JSON.stringify(columns.map((column) => (row as never)[column] ?? null));
}

function firsts(rows: readonly Timed[], keyOf: (one: Timed) => string): Timed[] {
  const seen = new Set<string>();
  return rows.filter((one) => !seen.has(keyOf(one)) && seen.add(keyOf(one)));
}

interface Group {
  window: Window;
  readonly rows: Row[];
}

/** The rows of each key and window; sessions are what overlaps or touches. */
function grouped(rows: readonly Timed[], plan: Windows, key: readonly Key[]): Group[] {
  const isSession = plan !== 'assigned' && plan.kind === 'session';
  const groups = new Map<string, Group[]>();
  const placed = rows.flatMap(({ time, row }, at) => windows(plan, time, row).map((window) => ({ row, window, at })));
  if (isSession) placed.sort((a, b) => a.window.start - b.window.start);
  for (const { row, window } of placed) {
    const id = valuesOf(row, key) + (isSession ? '' : ` ${window.start} ${window.end}`);
    const known = groups.get(id) ?? [];
    const last = known[known.length - 1];
    groups.set(id, known);
    if (last === undefined || window.start > last.window.end) known.push({ window: { ...window }, rows: [row] });
    else {
      last.window = { start: last.window.start, end: Math.max(last.window.end, window.end) };
      last.rows.push(row);
    }
  }
  const order = new Map(rows.map(({ row }, at) => [row, at]));
  const all = [...groups.values()].flat();
  for (const group of all) group.rows.sort((a, b) => order.get(a)! - order.get(b)!);
  return all;
}

const ofWindow = (row: Row): Timed => ({ time: row.window!.end - 1, row });

function aggregated({ window, key, value, filled: isFilled }: Aggregate, rows: readonly Timed[]): Timed[] {
  return grouped(rows, window, key).map(({ window: own, rows: members }) => {
    const keys = Object.fromEntries(key.map((column) => [column, members[0]![column]]));
    const id = members.reduce((sum, row) => sum + row.id, 0);
    const row = { window: own, ...keys, v: figureOf(value, members), id } as unknown as Row;
    return ofWindow(isFilled ? filled(row) : row);
  });
}

function figureOf(figure: Figure, rows: readonly Row[]): number | null {
  const values = rows.flatMap(({ v }) => (v === null ? [] : [v]));
  if (figure === 'count') return rows.length;
  if (figure === 'countOf') return values.length;
  if (figure === 'distinct') return new Set(values).size;
  if (values.length === 0) return null;
  if (figure === 'sum') return values.reduce((a, b) => a + b, 0);
  if (figure === 'first') return values[0]!;
  if (figure === 'last') return values[values.length - 1]!;
  return figure === 'min' ? Math.min(...values) : Math.max(...values);
}

function best({ window, key, n, order, ranked }: TopN, rows: readonly Timed[]): Timed[] {
  const sign = order === 'asc' ? 1 : -1;
  return grouped(rows, window, key).flatMap(({ window: own, rows: members }) =>
    members
      .filter((row) => rankOf(row) !== null)
      .sort((a, b) => (rankOf(a)! < rankOf(b)! ? -sign : rankOf(a)! > rankOf(b)! ? sign : 0))
      .slice(0, n)
      .map((row, at) => ofWindow(ranked ? filled({ ...row, window: own, rank: at + 1 } as Row) : { ...row, window: own })),
  );
}

function sums({ key }: Keyed, rows: readonly Timed[]): Timed[] {
  const states = new Map<unknown, ReturnType<typeof plus>>();
  return rows.map(({ time, row }) => {
    const state = plus(states.get(row[key]), row);
    states.set(row[key], state);
    return { time, row: running(row, state) };
  });
}

function buckets({ key, size }: Keyed, rows: readonly Timed[]): Timed[] {
  const states = new Map<string, { readonly value: unknown; readonly end: number; sums?: ReturnType<typeof plus> }>();
  for (const { time, row } of rows) {
    const end = bucketEnd(time, size);
    const id = `${valuesOf(row, [key])} ${end}`;
    const state = states.get(id) ?? { value: row[key], end };
    state.sums = plus(state.sums, row);
    states.set(id, state);
  }
  return [...states.values()].map(({ value, end, sums: all }) => ({ time: end, row: ofBucket(key, value, end, all!) }));
}

type Pads = Readonly<Record<'left' | 'right', readonly JoinType[]>>;
const PADS: Pads = { left: ['left', 'full'], right: ['right', 'full'] };

/** Every left row against every right row. */
function joined(
  { type, on }: { readonly type: JoinType; readonly on: readonly Key[] },
  left: readonly Timed[],
  right: readonly Timed[],
  meet: (l: Timed, r: Timed) => boolean,
  made: (l: Timed | null, r: Timed | null) => Timed,
): Timed[] {
  const equal = (l: Timed, r: Timed): boolean => on.every((key) => l.row[key] !== null && l.row[key] === r.row[key]);
  const pairs = left.flatMap((l) => right.filter((r) => equal(l, r) && meet(l, r)).map((r) => ({ l, r })));
  const met = new Set(pairs.flatMap(({ l, r }) => [l, r]));
  if (type === 'leftSemi') return left.filter((l) => met.has(l));
  if (type === 'leftAnti') return left.filter((l) => !met.has(l));
  return [
    ...pairs.map(({ l, r }) => made(l, r)),
    ...(PADS.left.includes(type) ? left.filter((l) => !met.has(l)).map((l) => made(l, null)) : []),
    ...(PADS.right.includes(type) ? right.filter((r) => !met.has(r)).map((r) => made(null, r)) : []),
  ];
}

function intervalJoined(plan: IntervalJoin, left: readonly Timed[], right: readonly Timed[]): Timed[] {
  const { min, max, picky, time } = plan;
  const meet = (l: Timed, r: Timed): boolean =>
    r.time - l.time >= min && r.time - l.time <= max && (!picky || fits(l.row, r.row));
  return joined(plan, left, right, meet, (l, r) => {
    const t = timeOfPair(time, l && l.time, r && r.time);
    return { time: t, row: { t, ...pair(l?.row ?? null, r?.row ?? null) } };
  });
}

function windowJoined(plan: WindowJoin, left: readonly Timed[], right: readonly Timed[]): Timed[] {
  const same = ({ row: { window: a } }: Timed, { row: { window: b } }: Timed): boolean =>
    a!.start === b!.start && a!.end === b!.end;
  const all = joined(plan, left, right, same, (l, r) => {
    const { window } = (l ?? r)!.row;
    return { time: NaN, row: { t: window!.end - 1, window: window!, ...pair(l?.row ?? null, r?.row ?? null) } };
  });
  return all.map(({ row }) => ofWindow(row));
}

/** Is what the facts say true of these rows? */
export function checkFacts(plan: Plan, sources: readonly (readonly Row[])[]): void {
  const facts = factsOf(plan);
  for (const { time, row } of answer(plan, sources)) {
    if (facts.timed && time !== timeOf(facts, row)) throw new Error(`event time ${time} of ${textOfRow(row)}`);
    const columns = Object.keys(row).sort().join();
    if (columns !== [...facts.columns].sort().join()) throw new Error(`columns ${columns}, not ${facts.columns.join()}`);
  }
}
