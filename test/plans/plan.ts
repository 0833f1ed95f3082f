import type { JoinType } from 'tidemark';
import type { WindowPlan } from '../laws/oracle';

/** The rows of these tests. Behind some operators columns are missing, or there is a window. */
export interface Row {
  readonly t: number;
  readonly k: string | null;
  readonly j: number;
  readonly v: number | null;
  readonly id: number;
  readonly window?: { readonly start: number; readonly end: number };
}

export type Key = 'k' | 'j';
export type Figure = 'sum' | 'min' | 'max' | 'count' | 'countOf' | 'distinct' | 'first' | 'last';
/** Windows of an operator, or those that the rows have. */
export type Windows = WindowPlan | 'assigned';

interface On<Op extends string> {
  readonly op: Op;
  readonly of: Plan;
}
interface Source {
  readonly op: 'source';
  readonly source: 0 | 1;
}
interface Filter extends On<'filter'> {
  readonly modulo: number;
}
interface MapRows extends On<'map'> {
  readonly by: number;
}
interface Spread extends On<'spread'> {
  readonly most: number;
}
interface Assign extends On<'assign'> {
  readonly window: WindowPlan;
}
export interface Aggregate extends On<'aggregate'> {
  readonly window: Windows;
  readonly key: readonly Key[];
  readonly value: Figure;
  /** Followed by a step that gives its results all columns. */
  readonly filled: boolean;
}
export interface Dedup extends On<'dedup'> {
  readonly columns: readonly string[];
}
export interface DedupWithin extends On<'dedupWithin'> {
  readonly columns: readonly string[];
  readonly within: number;
}
/** The first row of each key and bucket of time. */
interface DedupBuckets extends On<'dedupBuckets'> {
  readonly size: number;
}
export interface TopN extends On<'topN'> {
  readonly window: Windows;
  readonly key: readonly Key[];
  readonly n: number;
  readonly order: 'asc' | 'desc';
  readonly ranked: boolean;
}
/** `running`: what a key has come to, with each row. `buckets`: what a key and bucket of time have come to, by a timer. */
export interface Keyed extends On<'keyed'> {
  readonly by: 'groups' | 'transform' | 'process';
  readonly does: 'running' | 'buckets';
  readonly key: Key;
  readonly size: number;
}
interface Two<Op extends string> extends On<Op> {
  /** The right side. */
  readonly other: Plan;
}
export interface IntervalJoin extends Two<'intervalJoin'> {
  readonly type: JoinType;
  readonly on: readonly Key[];
  readonly min: number;
  readonly max: number;
  readonly time: PairTime;
  /** With a condition on the pair. */
  readonly picky: boolean;
}
export interface WindowJoin extends Two<'windowJoin'> {
  readonly type: JoinType;
  readonly on: readonly Key[];
}
export type Merge = Two<'merge'>;
export type PairTime = 'left' | 'right' | 'latest' | 'earliest';

type Stateless = Filter | MapRows | Spread | Assign;
type Stateful = Aggregate | Dedup | DedupWithin | DedupBuckets | TopN | Keyed;
/** An operator with one input. */
export type Unary = Stateless | Stateful;
/** A pipeline as data: plain functions understand it as well as the library. */
export type Plan = Source | Unary | IntervalJoin | WindowJoin | Merge;

const STATELESS: readonly Plan['op'][] = ['source', 'filter', 'map', 'spread', 'assign', 'merge'];

export function isStateful({ op }: Plan): boolean {
  return !STATELESS.includes(op);
}

export function inputsOf(plan: Plan): readonly Plan[] {
  if (plan.op === 'source') return [];
  return 'other' in plan ? [plan.of, plan.other] : [plan.of];
}

/** Every operator of a plan once: what is the same in it is one stream with several consumers. */
export function nodesOf(plan: Plan): Plan[] {
  const all = new Map<string, Plan>();
  const visit = (node: Plan): void => {
    inputsOf(node).forEach(visit);
    all.set(JSON.stringify(node), node);
  };
  visit(plan);
  return [...all.values()];
}

export function statefulOf(plan: Plan): number {
  return nodesOf(plan).filter(isStateful).length;
}

/** A plan to read: one operator a line, in the order in which rows pass; the right side of a join is indented. */
export function textOfPlan(plan: Plan): string {
  return linesOf(plan).join('\n');
}

function linesOf(plan: Plan): string[] {
  if (plan.op === 'source') return [`source ${plan.source}`];
  const { op, of, ...options } = plan;
  const { other, ...rest } = options as { readonly other?: Plan };
  const right = other === undefined ? [] : linesOf(other).map((line) => `    ${line}`);
  return [...linesOf(of), `${op} ${JSON.stringify(rest)}`, ...right];
}
