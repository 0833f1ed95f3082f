/** JavaScript's side of the simple types. */
interface Simple {
  string: string;
  /** Any number; `double` is the same. */
  number: number;
  double: number;
  /** A whole number up to 2^53 in size. */
  long: number;
  /** A whole number of any size. */
  bigint: bigint;
  boolean: boolean;
  /** Whole epoch milliseconds, from ISO text, numbers or Dates. */
  timestamp: number;
  /** As it is. */
  any: unknown;
}

export type SimpleType = keyof Simple;

/** A field that may be null or missing: where a `?` behind the name of a type cannot say it. */
export interface Optional<F> {
  readonly '?': readonly [F];
}

/** The type of a column: a name, with `?` if it may be null or missing; a list `[type]`; nested columns. */
export type Field = SimpleType | `${SimpleType}?` | readonly [Field] | Fields | Optional<unknown>;

/** Columns by name. */
export interface Fields {
  readonly [column: string]: Field;
}

/** The value of a field. */
export type FieldValue<F> = F extends SimpleType
  ? Simple[F]
  : F extends `${infer B extends SimpleType}?`
    ? Simple[B] | null
    : F extends Optional<infer G>
      ? FieldValue<G> | null
      : F extends readonly [infer G]
        ? FieldValue<G>[]
        : FieldsRow<F>;

/** The row of these columns. */
export type FieldsRow<F> = { -readonly [C in keyof F]: FieldValue<F[C]> };

/** What is left of a row when its bad fields are null. */
export type WithNulls<T> = T extends readonly (infer U)[]
  ? (WithNulls<U> | null)[]
  : T extends object
    ? { [C in keyof T]: WithNulls<T[C]> | null }
    : T;
