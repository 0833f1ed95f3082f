import { checkOption } from '../errors';
import type { TimeUnit } from '../time/eventTime';
import type { Fields, FieldsRow, Optional } from './fields';
import { Problems } from './problems';
import { readFields, type Read } from './readers';
import type { StandardSchema } from './standard';

/** Options of `schema`. */
export interface SchemaOptions {
  /** What numbers in `timestamp` columns count; default `'ms'`. */
  readonly timeUnit?: TimeUnit;
}

/** Columns with their types: checks rows at run time, and gives their TypeScript type. A Standard Schema. */
export interface Schema<T> extends StandardSchema<T> {
  readonly fields: Fields;
  /** Names of the columns, in order. */
  readonly columns: readonly string[];
  /** For readers of formats: reads a row, which is theirs alone; `isText`: its values are cells of CSV. */
  reader(isText: boolean): Read;
}

/**
 * Declares the columns of rows: checks at run time, types at compile time, in one place.
 *
 * A type is `'string'`, `'number'` (or `'double'`), `'long'` (whole, up to 2^53), `'bigint'`, `'boolean'`, `'timestamp'`
 * (ISO text, Dates, epoch numbers; becomes whole epoch ms) or `'any'`; with `?` behind it the value may be null or missing
 * and is null then. Nested columns are an object, lists `['string']`; `optional(…)` lets these be null. Columns that are
 * not named are left out. It implements Standard Schema; wherever tidemark takes a schema, those of zod, valibot and
 * others will do as well, if they are synchronous.
 *
 * Strict reading gives the row or says what is wrong; permissive reading (of `fileSource`, `parseJson`) makes null of
 * what does not fit, and takes what is no text as its JSON where a `string` is due, as Spark does; where that JSON has a
 * whole number beyond 2^53, whose digits are lost, it does not fit (`bigIntegers` of `ndjson` and `parseJson` keeps them).
 * Digits alone in a `timestamp` cell of CSV count `timeUnit`: `2026` is no year. Spark's JSON counts seconds.
 *
 * Cost: O(1) per column and row.
 * @param fields - the columns
 * @param options - `timeUnit`: what numbers in `timestamp` columns count; default ms
 * @returns a schema
 * @throws `TIDEMARK_OPTION` when a type is unknown, or there is no column
 * @example
 * ```ts
 * const video = schema({ id: 'string', views: 'long', at: 'timestamp', tags: ['string'], channel: optional({ name: 'string?' }) });
 * video['~standard'].validate({ id: 'a', views: 3, at: '2026-03-01', tags: [] }); // => { value: { id: 'a', views: 3, at: 1772323200000, tags: [], channel: null } }
 * video['~standard'].validate({ id: 'a', views: 0.5, at: 0, tags: [] }); // => { issues: [{ message: 'is no whole number within 2^53', path: ['views'] }] }
 * ```
 */
export function schema<const F extends Fields>(fields: F, options: SchemaOptions = {}): Schema<FieldsRow<F>> {
  const { timeUnit = 'ms' } = options;
  const columns = Object.keys(fields);
  checkOption(columns.length > 0, 'a schema has columns');
  const read = readFields(fields, { timeUnit, isText: false });
  const problems = new Problems('strict');
  return {
    fields,
    columns,
    reader: (isText) => readFields(fields, { timeUnit, isText, keeps: !isText }),
    '~standard': {
      version: 1,
      vendor: 'tidemark',
      validate(value) {
        const row = value === null || value === undefined ? problems.add('is missing') : read(value, problems);
        return problems.count > 0 ? { issues: problems.take() } : { value: row as FieldsRow<F> };
      },
    },
  };
}

/**
 * A list or nested columns that may be null or missing, which becomes null.
 *
 * @example
 * ```ts
 * const tagged = schema({ tags: optional(['string']) });
 * tagged['~standard'].validate({}); // => { value: { tags: null } }
 * ```
 */
export function optional<const F>(field: F): Optional<F> {
  return { '?': [field] };
}

/** True for what `schema` makes, also of another copy of this library. */
export function isSchema(schema: StandardSchema<unknown>): schema is Schema<unknown> {
  return schema['~standard'].vendor === 'tidemark';
}
