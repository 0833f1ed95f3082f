import type { Row } from '../query/columns';
import type { Table } from '../query/operators';
import { list, listOf, malformed, object, oneOf, pair, preview, text, type Shape, type Shaped } from '../shape';

type Kind = 'long' | 'string' | 'timestamp';

/** A column with its type. */
export const columnShape: Shape<readonly [name: string, type: Kind]> = pair(text, oneOf('long', 'string', 'timestamp'));
export const streamShape = object({ columns: listOf(columnShape) });
export const tableShape = object({ columns: listOf(columnShape), rows: listOf(list) });
export type StreamSpec = Shaped<typeof streamShape>;

const FITS: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  long: Number.isSafeInteger,
  timestamp: Number.isSafeInteger,
  string: (value) => typeof value === 'string',
};

/** A row of a case by names. */
export function rowOf(values: readonly unknown[], { columns }: StreamSpec, at: string): Row {
  if (values.length !== columns.length) malformed(at, `a row of ${columns.length} values expected, not ${preview(values)}`);
  const cell = (value: unknown, type: Kind): unknown =>
    value === null || FITS[type](value) ? value : malformed(at, `${type} expected, not ${preview(value)}`);
  return Object.fromEntries(columns.map(([name, type], i) => [name, cell(values[i], type)]));
}

/** A static table of a case. */
export function tableOf(spec: Shaped<typeof tableShape>, at: string): Table {
  return { columns: namesOf(spec), rows: spec.rows.map((values) => rowOf(values, spec, at)) };
}

export function namesOf({ columns }: StreamSpec): readonly string[] {
  return columns.map(([name]) => name);
}
