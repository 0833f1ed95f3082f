import { malformed } from '../shape';
import { identityOf, isNull } from './compare';
import { Columns, type Row } from './columns';
import type { Table } from './operators';

/** Gives the joined rows of one row, or the row itself. Null never matches. */
export function lookupOf(
  table: Table,
  columns: Columns,
  type: 'inner' | 'left_outer' | 'left_semi',
  on: readonly (readonly [string, string])[],
  at: string,
): (row: Row) => readonly Row[] {
  const right = new Columns(table.columns);
  const left = on.map(([column]) => columns.reader(column));
  const keys = on.map(([, column]) =>
    right.has(column) ? right.reader(column) : malformed(at, `the table has no column '${column}'`),
  );
  const index = new Map<string, Row[]>();
  for (const row of table.rows) {
    const values = keys.map((read) => read(row));
    if (values.some(isNull)) continue;
    const identity = identityOf(values);
    index.set(identity, [...(index.get(identity) ?? []), row]);
  }
  const nothing = Object.fromEntries(table.columns.map((name) => [name, null]));
  return (row) => {
    const values = left.map((read) => read(row));
    const found = values.some(isNull) ? [] : (index.get(identityOf(values)) ?? []);
    if (found.length === 0) return type === 'left_outer' ? [{ ...row, ...nothing }] : [];
    if (type === 'left_semi') return [row];
    return found.map((other) => ({ ...row, ...other }));
  };
}
