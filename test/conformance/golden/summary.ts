import { columnsOf, whereOf, type AggregateSpec } from '../query/aggregates';
import { Columns, type Read, type Row } from '../query/columns';
import { identityOf, isNull, orderNullsLast } from '../query/compare';
import { valueOf } from '../query/expression';
import type { SummaryOperator, Table } from '../query/operators';
import { testOf, type Test } from '../query/predicate';
import { projection, selectedColumns } from '../query/stateless';
import { lookupOf } from '../query/staticJoin';
import { isRecord } from '../shape';
import { batchResult } from './batch';

/** Rows and what their columns are called. */
export interface Rows {
  readonly columns: Columns;
  readonly rows: readonly Row[];
}

type Step<Op extends SummaryOperator['op']> = (
  op: Extract<SummaryOperator, { readonly op: Op }>,
  input: Rows,
  at: string,
  tables: Tables,
) => Rows;
type Tables = Readonly<Record<string, Table>>;
type By = readonly (readonly [column: string, direction: 'asc' | 'desc'])[];

/** Checks a summary against the columns of the output, without rows. */
export function checkSummary(ops: readonly SummaryOperator[], columns: Columns, tables: Tables): Columns {
  return summarise(ops, { columns, rows: [] }, tables).columns;
}

/** A plain computation over the collected output; it knows no time and uses nothing of the library. */
export function summarise(ops: readonly SummaryOperator[], output: Rows, tables: Tables): Rows {
  return ops.reduce(
    (input, op, i) => (STEPS[op.op] as unknown as Step<never>)(op as never, input, `summary[${i}] (${op.op})`, tables),
    output,
  );
}

const STEPS: { readonly [Op in SummaryOperator['op']]: Step<Op> } = {
  select({ columns: pairs }, { columns, rows }) {
    return { columns: selectedColumns(pairs, columns), rows: rows.map(projection(pairs, columns)) };
  },
  filter({ where }, { columns, rows }, at) {
    const test = testOf(where, columns, at);
    return { columns, rows: rows.filter((row) => test(row)) };
  },
  compute({ as, expr }, { columns, rows }, at) {
    const value = valueOf(expr, columns, at);
    return { columns: columns.with(as), rows: rows.map((row) => ({ ...row, [as]: value(row) })) };
  },
  joinStatic({ table: name, type, on }, { columns, rows }, at, tables) {
    const table = tables[name];
    if (table === undefined) throw new Error(`${at}: there is no table '${name}'`);
    return { columns: columns.and(new Columns(table.columns)), rows: rows.flatMap(lookupOf(table, columns, type, on, at)) };
  },
  aggregate({ keys, aggs }, { columns, rows }, at) {
    const results = Object.entries(aggs).map(([name, spec]) => [name, resultOf(spec, columns, `${at}.${name}`)] as const);
    const groups = grouped(rows, keys, columns);
    const folded = groups.map((group) => ({
      ...Object.fromEntries(keys.map((key) => [key, columns.reader(key)(group[0]!)])),
      ...Object.fromEntries(results.map(([name, result]) => [name, result(group)])),
    }));
    return {
      columns: new Columns(
        [...keys, ...Object.keys(aggs)],
        keys.filter((key) => columns.isWindow(key)),
      ),
      rows: folded,
    };
  },
  rank({ keys, by, as, atMost = Infinity }, { columns, rows }) {
    const compare = comparison(by, columns);
    const ranked = grouped(rows, keys, columns).flatMap((group) =>
      [...group].sort(compare).map((row, i): Row => ({ ...row, [as]: i + 1 })),
    );
    return { columns: columns.with(as), rows: ranked.filter((row) => (row[as] as number) <= atMost) };
  },
  explode({ column, as: [place, ...names] }, { columns, rows }) {
    const read = columns.reader(column);
    const exploded = rows.flatMap((row) =>
      ((read(row) ?? []) as readonly unknown[]).map((item, i) => ({ ...row, [place!]: i + 1, ...itemColumns(item, names) })),
    );
    return { columns: [place!, ...names].reduce((known, name) => known.with(name), columns), rows: exploded };
  },
  sort({ by }, { columns, rows }) {
    return { columns, rows: [...rows].sort(comparison(by, columns)) };
  },
  limit({ n }, { columns, rows }) {
    return { columns, rows: rows.slice(0, n) };
  },
};

function itemColumns(item: unknown, names: readonly string[]): Row {
  const values = Array.isArray(item) ? (item as readonly unknown[]) : isRecord(item) ? Object.values(item) : [item];
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? null]));
}

/** Groups in the order of their first rows; without keys, all rows (also none) are one group. */
function grouped(rows: readonly Row[], keys: readonly string[], columns: Columns): readonly (readonly Row[])[] {
  const readers = keys.map((key) => columns.reader(key));
  if (keys.length === 0) return [rows];
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const identity = identityOf(readers.map((read) => read(row)));
    const group = groups.get(identity);
    if (group === undefined) groups.set(identity, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

function comparison(by: By, columns: Columns): (a: Row, b: Row) => number {
  const readers = by.map(([column, direction]) => [columns.reader(column), direction] as const);
  return (a, b) => readers.reduce((found, [read, direction]) => found || orderNullsLast(read(a), read(b), direction), 0);
}

function resultOf(spec: AggregateSpec, columns: Columns, at: string): (rows: readonly Row[]) => unknown {
  columns.check(...columnsOf(spec));
  const test: Test = whereOf(spec, columns, at) ?? ((): boolean => true);
  const readers: readonly Read[] = columnsOf(spec).map((column) => columns.reader(column));
  return (rows) => {
    const tuples = rows.filter((row) => test(row)).map((row) => readers.map((read) => read(row)));
    const isRowwise = spec.fn === 'topK' || readers.length === 0;
    return batchResult(spec, isRowwise ? tuples : tuples.filter((tuple) => !tuple.some(isNull)));
  };
}
