import type { OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { messageOf } from '../src/errors';
import { jsonReader, type JsonOptions } from '../src/formats/json';
import { operator, type OperatorOptions } from '../src/operator';
import { columnOf, withValue, type WithColumn } from '../src/schema/columns';
import type { WithNulls } from '../src/schema/fields';
import { INVALID, rowReader, type RowReader, type SchemaMode } from '../src/schema/rowReader';
import type { StandardSchema } from '../src/schema/standard';
import { overwriting } from '../src/traits';

/** Options of `parseJson`. */
export interface ParseJsonOptions<A extends string, M extends SchemaMode> extends OperatorOptions, JsonOptions {
  /** Where the result goes; default: in the place of the text. */
  readonly as?: A;
  /** `permissive` (default, as Spark): what does not fit is null and counted. `strict`: the row is rejected as `invalid`. */
  readonly mode?: M;
}

/** What becomes of the text: null where it was null, or no JSON, or (permissive) no object of the schema. */
export type Parsed<S, M extends SchemaMode> = (M extends 'strict' ? S : WithNulls<S>) | null;

const utf8 = /* @__PURE__ */ new TextDecoder();

/**
 * Reads a column of JSON text by a schema: Spark's `from_json`. Text or bytes. Fused.
 *
 * Permissive: text that is no JSON gives null, a field that does not fit becomes null inside the result; both are counted
 * (`nulledTexts`, `nulledFields` in `explain()`), so wrong schemas do not stay unseen. Strict: the row is rejected as
 * `invalid`, with what is wrong. Null and missing text gives null in both.
 *
 * ```
 * in         -(aA)-(bB)-(E|)     a: { v: '{"n":1}' }   b: { v: '{"n":"x"}' }
 * out        -(xA)-(yB)-(E|)     x: { v: { n: 1 } }    y: { v: { n: null } }; strict: b is rejected
 * ```
 *
 * @param column - the column with the text
 * @param schema - made by `schema({ … })`, zod, valibot, …
 * @param options - `as`, `mode`, `maxDepth` (default 64), `bigIntegers` (default `'number'`), `onError`
 * @returns rows with the value in the column, and the old times
 * @throws `TIDEMARK_OPTION` when the schema is none, at call
 *
 * Cost: that of `JSON.parse` and one copy of the row, no state. Source: Spark's `from_json`.
 * @example
 * ```ts
 * const out: unknown[] = [];
 * const input = of({ t: 1, v: '{"user":"a","n":1}' }, { t: 2, v: '{"user":"b","n":"x"}' }, { t: 3, v: 'nonsense' });
 * input.pipe(withWatermark('t', 0), parseJson('v', schema({ user: 'string', n: 'long' })), rows()).subscribe((row) => out.push(row.v));
 * out; // => [{ user: 'a', n: 1 }, { user: 'b', n: null }, null]
 * ```
 */
export function parseJson<
  T,
  S,
  const C extends keyof T & string,
  K extends 'event' | 'untimed',
  const A extends string = C,
  const M extends SchemaMode = 'permissive',
>(
  column: C,
  schema: StandardSchema<S>,
  options: ParseJsonOptions<A, M> = {},
): OperatorFunction<Element<T, K>, Element<WithColumn<T, A, Parsed<S, M>>, K>> {
  const { as = column, mode = 'permissive' } = options;
  const parse = jsonReader(options);
  const open = (): RowReader<S> => rowReader(schema, mode, false);
  open(); // refuses what is no schema, here and now
  return operator<T, WithColumn<T, A, Parsed<S, M>>, K, K>({
    type: 'parseJson',
    options,
    accepts: ['event', 'untimed'],
    description: { column, as, mode },
    traits: ([input]) => overwriting([as], input!),
    create: () => {
      const reader = open();
      let nulledTexts = 0;
      return {
        onEvent(time, row, out) {
          const text = columnOf(row, column);
          let message = '';
          let value: unknown = null;
          if (text !== null) {
            try {
              value = reader.read(parse(text instanceof Uint8Array ? utf8.decode(text) : String(text)));
              if (value === INVALID) message = reader.message;
            } catch (cause) {
              message = messageOf(cause);
            }
          }
          if (message !== '' && mode === 'strict') return out.reject('invalid', time, row, { message: `${column}: ${message}` });
          if (message !== '') {
            nulledTexts++;
            value = null;
          }
          out.forward(time, withValue(row, as, value) as WithColumn<T, A, Parsed<S, M>>);
        },
        report: () => ({ nulledTexts, nulledFields: reader.nulledFields }),
      };
    },
  });
}
