import { StateTouched, TidemarkError } from '../errors';
import type { Aggregate, NumericStat, Select, ValueAggregate } from './aggregate';
import type { Assigner } from '../window/assigner';
import type { Previous } from './previous';
import { checkNumber, numericAdd, numericExact, numericMerge, numericShape, partsOf, type Numeric } from './numeric';

/** One accumulator of a select: one aggregate, or several numeric ones over the same value. */
interface Cell {
  create(): unknown;
  /** Everything that calls user code and may throw; touches no state. */
  read(row: unknown): unknown;
  add(acc: unknown, value: unknown, arrival: number): void;
  merge: ((into: unknown, from: unknown) => void) | undefined;
  exact?: Exact;
  encode(acc: unknown): unknown;
  decode(data: unknown): unknown;
}

/** Taking a merged accumulator out again, where that is exact. */
export interface Exact {
  /** Merging accumulators of which all are whole is exact, whatever the order. */
  isWhole(acc: unknown): boolean;
  /** Takes out what was merged into it, if all that was merged is whole. False: not possible, and `into` is spoilt. */
  leave(into: unknown, from: unknown): boolean;
}

/** A column of the result, and the cell it is read from. */
interface Column {
  readonly name: string;
  readonly cell: number;
  readonly result: (acc: unknown) => unknown;
  readonly velocity: Velocity | undefined;
}

/** What a column that compares with the key's previous window needs. */
export interface Velocity {
  readonly maxGapMs: number;
  /** Brought by the aggregate itself, so that a pipe without it does not carry the code. */
  readonly memory: (folding: Folding, assigner: Assigner<never>, keyColumns: number) => Previous;
}

/**
 * A compiled select: one accumulator for all its columns. `read` first (user code, may throw), then `add` (state).
 */
export interface Folding {
  readonly names: readonly string[];
  readonly columns: readonly Column[];
  create(): unknown;
  read(row: unknown): unknown;
  add(acc: unknown, value: unknown, arrival: number): void;
  merge(into: unknown, from: unknown): void;
  /** Absent where taking out is never exact. */
  readonly exact?: Exact | undefined;
  /** Slices may be shared: every aggregate merges, and order does not matter or is numbered. */
  readonly mergeable: boolean;
  /** For each column: its value. */
  readonly reads: readonly ((acc: unknown) => unknown)[];
  encode(acc: unknown): unknown;
  decode(data: unknown): unknown;
}

/** A row that `where` left out. */
export const SKIP = Symbol('skip');

/**
 * Compiles a select. Numeric aggregates over the same source and condition share one accumulator; `count()` joins the
 * first of them with the same condition.
 */
export function foldingOf<T>(select: Select<T>): Folding {
  const entries = Object.entries(select) as [string, Aggregate<unknown, unknown, unknown>][];
  const cells: Cell[] = [];
  const columns = new Map<string, Column>();
  const put = (name: string, aggregate: Aggregate<unknown, unknown, unknown>, result: Column['result']): void => {
    const velocity = (aggregate as { previous?: Velocity }).previous;
    columns.set(name, { name, cell: cells.length, result, velocity });
  };
  for (const group of groupsOf(entries)) {
    for (const [name, aggregate] of group) put(name, aggregate, resultOf(aggregate));
    const [first] = group as [[string, Aggregate<unknown, unknown, unknown>]];
    cells.push(
      numericOf(first[1]) !== undefined
        ? numericCell(group.map(([, aggregate]) => aggregate as Numericlike))
        : plainCell(first[1]),
    );
  }
  const ordered = entries.map(([name]) => columns.get(name)!);
  const mergeable = entries.every(([, aggregate]) => aggregate.merge !== undefined && aggregate.commutative === true);
  return { names: ordered.map((column) => column.name), columns: ordered, mergeable, ...shapeOf(cells, ordered) };
}

type Entry = readonly [string, Aggregate<unknown, unknown, unknown>];
type Numericlike = ValueAggregate<unknown, unknown, Numeric, unknown> & { readonly numeric: NumericStat };

function numericOf(aggregate: Aggregate<unknown, unknown, unknown>): NumericStat | undefined {
  return (aggregate as Partial<Numericlike>).numeric;
}

function resultOf(aggregate: Aggregate<unknown, unknown, unknown>): (acc: unknown) => unknown {
  const { result } = aggregate;
  return numericOf(aggregate) !== undefined ? result : guarded((acc: unknown) => aggregate.result(acc));
}

/** Which columns share an accumulator. */
function groupsOf(entries: readonly Entry[]): Entry[][] {
  const groups: Entry[][] = [];
  const joins = (group: Entry[], entry: Entry): boolean => {
    const [a, b] = [group[0]![1], entry[1]] as [Numericlike, Numericlike];
    return (
      a.numeric !== undefined && a.numeric !== 'rows' && a.where === b.where && (b.numeric === 'rows' || a.source === b.source)
    );
  };
  // Row counts come last, so that there is a group for them to join.
  const isRows = (entry: Entry): boolean => numericOf(entry[1]) === 'rows';
  for (const entry of [...entries.filter((e) => !isRows(e)), ...entries.filter(isRows)]) {
    const home = numericOf(entry[1]) === undefined ? undefined : groups.find((group) => joins(group, entry));
    if (home !== undefined) home.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

/** Figures over values of any type. */
const ANY_TYPE: readonly NumericStat[] = ['rows', 'count', 'min', 'max'];

function numericCell(aggregates: readonly Numericlike[]): Cell {
  const parts = partsOf(
    aggregates.map(({ numeric }) => numeric),
    aggregates.find(({ moments }) => moments)?.moments,
  );
  const first = aggregates[0]!;
  // Only the name: the object's hidden class may die with other pipes, and optimised code with it.
  const strict = aggregates.find(({ numeric }) => !ANY_TYPE.includes(numeric))?.name;
  const { value, where } = first;
  const read = (row: unknown): unknown => {
    const v = value(row);
    if (strict !== undefined && typeof v !== 'number') checkNumber(v, strict);
    return v;
  };
  const add = numericAdd(parts);
  const create = numericShape(parts);
  return conditional(where, {
    create,
    read,
    add: add as Cell['add'],
    merge: numericMerge(parts) as Cell['merge'],
    ...(parts.moments ? {} : { exact: numericExact(parts) as Exact }),
    encode: (acc) => ({ ...(acc as Numeric) }),
    decode: (data) => Object.assign(create(), data),
  });
}

/** A user's function that works on state: what it throws is marked. */
function guarded<A extends unknown[], R>(work: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    try {
      return work(...args);
    } catch (cause) {
      throw new StateTouched(cause);
    }
  };
}

function plainCell(aggregate: Aggregate<unknown, unknown, unknown>): Cell {
  const { value, where, addValue } = aggregate as Partial<ValueAggregate<unknown, unknown, unknown, unknown>>;
  const common = {
    create: () => aggregate.create(),
    merge: aggregate.merge && guarded((into: unknown, from: unknown): void => aggregate.merge?.(into, from)),
    encode: (acc: unknown) => aggregate.encode(acc),
    decode: (data: unknown) => aggregate.decode(data),
  };
  if (value === undefined || addValue === undefined) {
    return {
      ...common,
      read: (row) => row,
      add: guarded((acc: unknown, row: unknown, arrival: number) => aggregate.add(acc, row, arrival)),
    };
  }
  return conditional(where, { ...common, read: value, add: addValue });
}

function conditional(where: ((row: unknown) => unknown) | undefined, cell: Cell): Cell {
  if (where === undefined) return cell;
  const { read, add } = cell;
  return {
    ...cell,
    read: (row) => (where(row) ? read(row) : SKIP),
    add: (acc, value, arrival) => {
      if (value !== SKIP) add(acc, value, arrival);
    },
  };
}

type Shape = Omit<Folding, 'names' | 'columns' | 'mergeable'>;

/** One cell is the accumulator itself, two are the fields of an object, more an array: fixed shapes, no object a row. */
function shapeOf(cells: readonly Cell[], columns: readonly Column[]): Shape {
  if (cells.length === 1) return single(cells[0]!, columns);
  if (cells.length === 2) return pair(cells[0]!, cells[1]!, columns);
  return many(cells, columns);
}

function mergeOf(cell: Cell): (into: unknown, from: unknown) => void {
  return (
    cell.merge ??
    (() => {
      throw new TidemarkError('TIDEMARK_PROTOCOL', 'an aggregate without merge was merged');
    })
  );
}

function single(cell: Cell, columns: readonly Column[]): Shape {
  const { create, read, add, encode, decode } = cell;
  return {
    create,
    read,
    add,
    encode,
    decode,
    exact: cell.exact,
    merge: mergeOf(cell),
    reads: columns.map((column) => column.result),
  };
}

interface Pair {
  a: unknown;
  b: unknown;
}

function pair(first: Cell, second: Cell, columns: readonly Column[]): Shape {
  const values: Pair = { a: undefined, b: undefined }; // reused: read, then add, never interleaved
  const [mergeA, mergeB] = [mergeOf(first), mergeOf(second)];
  const [exactA, exactB] = [first.exact, second.exact];
  return {
    create: () => ({ a: first.create(), b: second.create() }),
    read(row) {
      values.a = first.read(row);
      values.b = second.read(row);
      return values;
    },
    add(acc, value, arrival) {
      first.add((acc as Pair).a, (value as Pair).a, arrival);
      second.add((acc as Pair).b, (value as Pair).b, arrival);
    },
    merge(into, from) {
      mergeA((into as Pair).a, (from as Pair).a);
      mergeB((into as Pair).b, (from as Pair).b);
    },
    exact: exactA &&
      exactB && {
        isWhole: (acc) => exactA.isWhole((acc as Pair).a) && exactB.isWhole((acc as Pair).b),
        leave: (into, from) =>
          exactA.leave((into as Pair).a, (from as Pair).a) && exactB.leave((into as Pair).b, (from as Pair).b),
      },
    reads: columns.map(({ cell, result }) => (cell === 0 ? (acc) => result((acc as Pair).a) : (acc) => result((acc as Pair).b))),
    encode: (acc) => [first.encode((acc as Pair).a), second.encode((acc as Pair).b)],
    decode: (data) => ({ a: first.decode((data as unknown[])[0]), b: second.decode((data as unknown[])[1]) }),
  };
}

function many(cells: readonly Cell[], columns: readonly Column[]): Shape {
  const values: unknown[] = cells.map(() => undefined);
  const merges = cells.map(mergeOf);
  const exact = cells.flatMap((cell) => cell.exact ?? []);
  return {
    create: () => cells.map((cell) => cell.create()),
    read(row) {
      for (let i = 0; i < cells.length; i++) values[i] = cells[i]!.read(row);
      return values;
    },
    add(acc, value, arrival) {
      for (let i = 0; i < cells.length; i++) cells[i]!.add((acc as unknown[])[i], (value as unknown[])[i], arrival);
    },
    merge(into, from) {
      for (let i = 0; i < merges.length; i++) merges[i]!((into as unknown[])[i], (from as unknown[])[i]);
    },
    exact:
      exact.length < cells.length
        ? undefined
        : {
            isWhole: (acc) => exact.every(({ isWhole }, i) => isWhole((acc as unknown[])[i])),
            leave: (into, from) => exact.every(({ leave }, i) => leave((into as unknown[])[i], (from as unknown[])[i])),
          },
    reads: columns.map(
      ({ cell, result }) =>
        (acc) =>
          result((acc as unknown[])[cell]),
    ),
    encode: (acc) => (acc as unknown[]).map((part, i) => cells[i]!.encode(part)),
    decode: (data) => (data as unknown[]).map((part, i) => cells[i]!.decode(part)),
  };
}
