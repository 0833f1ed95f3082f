import type { ColumnProblem } from '../streams';
import type { ValueAggregate } from './aggregate';

/** The names of the columns of `T` that hold a `V`, or may hold one (null, undefined and optional columns are allowed). */
export type ColumnOf<T, V> = { [K in keyof T & string]-?: T[K] extends V | null | undefined ? K : never }[keyof T & string];

/** What an aggregate reads: the name of a column of the right type, or a function of the row. */
export type ColumnOrSelector<T, V> = ColumnOf<T, V> | ((row: T) => V | null | undefined);

/**
 * Joined with the name `S`: nothing where it is a column of `T` that holds a `V`, or where `T` is not known; else what is
 * wrong. Written out where it is used, `(S & ColumnCheck<…>) | function`: behind an alias the compiler does not show it.
 */
export type ColumnCheck<T, S, V> = unknown extends T
  ? unknown
  : S extends ColumnOf<T, V>
    ? unknown
    : ColumnProblem<S extends keyof T & string ? `column '${S}' holds something else` : `there is no column '${S & string}'`>;

/** The type of what a column or selector gives, nulls left out. */
export type ValueOf<T, S> = S extends (row: never) => infer V ? NonNullable<V> : S extends keyof T ? NonNullable<T[S]> : never;

/** Options that every aggregate takes. */
export interface AggregateOptions<T> {
  /** Only rows for which this gives a truthy value are used. Default: all rows. */
  readonly where?: (row: T) => unknown;
}

/** A column-or-selector argument and `{ where }`, in the form of a `ValueAggregate`'s fields. */
export interface Reading<T, V> {
  readonly source: unknown;
  readonly value: (row: T) => V | null | undefined;
  readonly where?: (row: T) => unknown;
}

/**
 * Gives the function that reads a column or selector. A column that a row lacks is undefined, which counts as null.
 *
 * @param source - a column's name or a function of the row (returned as it is)
 */
export function readValue<T, V = unknown>(source: ColumnOrSelector<T, V>): (row: T) => V | null | undefined {
  if (typeof source === 'function') return source;
  const column = source as keyof T;
  return (row) => row[column] as V;
}

/**
 * Gives the fields `source`, `value` and, if there is one, `where` of a `ValueAggregate`.
 *
 * @param source - a column's name or a function of the row
 * @param options - the options of the aggregate; only `where` is read
 */
export function readingOf<T, V>(source: ColumnOrSelector<T, V>, options?: AggregateOptions<T>): Reading<T, V> {
  const fields = { source, value: readValue<T, V>(source) };
  return options?.where ? { ...fields, where: options.where } : fields;
}

/**
 * What is special about one aggregate over values: the fold, without the reading of rows. Nulls never reach it. `V` is the
 * type of the column, `P` what `prepare` makes of it.
 */
export interface Kernel<V, A, R, P = V> {
  /** Checks or converts a value while the row is read, so that a value it refuses leaves no state touched. */
  prepare(value: V): P;
  create(): A;
  add(acc: A, value: P, arrival: number): void;
  merge(into: A, from: A): void;
  result(acc: A): R;
  encode(acc: A): unknown;
  decode(data: unknown): A;
}

/**
 * Makes an aggregate from its kernel: reads the value, leaves out nulls and the rows that `where` does not admit. Several
 * columns come as one value (a tuple), so that all of them are read before any state is touched.
 *
 * @param name - as in `describe()`
 * @param kernel - the fold over values that are neither null nor undefined
 * @param source - a column's name or a function of the row
 * @param options - `where`
 * @param parameters - parameters for `describe()`, beside `column`; a `column` among them takes its place
 */
export function aggregateOf<T, V, A, R, P = V>(
  name: string,
  kernel: Kernel<V, A, R, P>,
  source: ColumnOrSelector<T, V>,
  options: AggregateOptions<T> | undefined,
  parameters?: Readonly<Record<string, unknown>>,
): ValueAggregate<T, P | null | undefined, A, R> {
  const { create, merge, result, encode, decode } = kernel;
  const { value: read, where } = readingOf<T, V>(source, options);
  const value = (row: T): P | null | undefined => {
    const v = read(row);
    return v === null || v === undefined ? null : kernel.prepare(v);
  };
  const addValue = (acc: A, v: P | null | undefined, arrival: number): void => {
    if (v !== null && v !== undefined) kernel.add(acc, v, arrival);
  };
  return {
    name,
    version: 1,
    commutative: true,
    parameters: { column: columnName(source), ...parameters, ...(where && { where: columnName(where) }) },
    source,
    value,
    ...(where && { where }),
    add(acc, row, arrival) {
      if (!where || where(row)) addValue(acc, value(row), arrival);
    },
    addValue,
    create,
    merge,
    result,
    encode,
    decode,
  };
}

/** How `describe()` shows a column or selector. A function has no text that stays the same from build to build. */
export function columnName(source: unknown): unknown {
  return typeof source === 'function' ? 'function' : source;
}
