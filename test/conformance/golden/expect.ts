import { readFileSync } from 'node:fs';
import { close, differ } from '../compare';
import { Columns, type Row } from '../query/columns';
import { identityOf, isNull } from '../query/compare';
import { predicate, testOf } from '../query/predicate';
import { dictOf, finite, flag, index, isRecord, malformed, maybe, object, someOf, text, type Shape, type Shaped } from '../shape';
import { csvRows, fileAt } from './source';
import type { Rows } from './summary';

const tableShape = object({
  file: text,
  columns: dictOf(text),
  key: someOf(text),
  where: maybe(predicate),
  ordered: maybe(flag),
  tolerance: maybe(finite),
});
const totalsShape = object({ rowCount: maybe(index), sums: maybe(dictOf(finite)), tolerance: maybe(finite) });

type TableSpec = Shaped<typeof tableShape>;
type TotalsSpec = Shaped<typeof totalsShape>;
export type Expectation = TableSpec | TotalsSpec;

export const expectation: Shape<Expectation> = (value, at) => {
  if (isRecord(value) && value['file'] !== undefined) return tableShape(value, at);
  const totals = totalsShape(value, at);
  if (totals.rowCount === undefined && totals.sums === undefined) malformed(at, 'nothing is expected');
  return totals;
};

/** Compares an output with what is expected of it. Without rows it only checks that the columns are there. */
export function checkColumns(expected: Expectation, columns: Columns): void {
  if ('file' in expected) columns.check(...Object.values(expected.columns));
  else columns.check(...Object.keys(expected.sums ?? {}));
}

export function checkOutput(expected: Expectation, output: Rows, root: string): void {
  if ('file' in expected) new Golden(expected, output, root).check();
  else checkTotals(expected, output);
}

const TOLERANCE = 1e-9;

function checkTotals({ rowCount, sums = {}, tolerance = TOLERANCE }: TotalsSpec, { columns, rows }: Rows): void {
  if (rowCount !== undefined && rows.length !== rowCount) differ('rowCount', rowCount, rows.length);
  for (const [name, sum] of Object.entries(sums)) {
    const read = columns.reader(name);
    const got = rows.reduce((total, row) => total + ((read(row) ?? 0) as number), 0);
    if (!close(sum, got, tolerance)) differ(`sum of ${name}`, sum, got);
  }
}

type Cells = Readonly<Record<string, string>>;

/** An empty cell, or `nan`, is null. */
function cellOf(text: string): string | null {
  return text === '' || text.toLowerCase() === 'nan' ? null : text;
}

/** A cell that says a number, as one: for the `where` of golden rows. */
function loose(cell: string | null): unknown {
  if (cell === 'true' || cell === 'false') return cell === 'true';
  return cell !== null && cell.trim() !== '' && Number.isFinite(Number(cell)) ? Number(cell) : cell;
}

interface KeyColumn {
  readonly golden: string;
  readonly read: (row: Row) => unknown;
  /** Of the values in the output. */
  readonly type: string;
}

/** A cell as a value of the type that the output has in that column. */
function asOutput(cell: string | null, type: string): unknown {
  if (cell === null) return null;
  return type === 'number' ? Number(cell) : type === 'boolean' ? cell === 'true' : cell;
}

class Golden {
  private readonly pairs: readonly (readonly [golden: string, read: (row: Row) => unknown])[];
  private readonly keys: readonly KeyColumn[];
  private readonly tolerance: number;
  private readonly cells: readonly Cells[];

  constructor(
    private readonly spec: TableSpec,
    private readonly output: Rows,
    root: string,
  ) {
    this.tolerance = spec.tolerance ?? TOLERANCE;
    const table = csvRows(readFileSync(fileAt(spec.file, root, 'expect.file'), 'utf8'));
    this.checkHeader(table);
    this.pairs = Object.entries(spec.columns).map(([golden, column]) => [golden, output.columns.reader(column)]);
    this.keys = spec.key.map((name) => this.keyColumn(name));
    this.cells = spec.where === undefined ? table : this.chosen(table, spec.where);
  }

  private keyColumn(name: string): KeyColumn {
    const [golden, read] =
      this.pairs.find(([one]) => one === name) ?? malformed('expect.key', `'${name}' is not among the columns`);
    return { golden, read, type: typeof this.output.rows.map(read).find((value) => !isNull(value)) };
  }

  private checkHeader(table: readonly Cells[]): void {
    const [first] = table;
    if (first === undefined) return;
    for (const name of [...Object.keys(this.spec.columns), ...this.spec.key]) {
      if (!Object.hasOwn(first, name)) malformed('expect.columns', `the golden table has no column '${name}'`);
    }
  }

  private chosen(table: readonly Cells[], where: unknown): readonly Cells[] {
    const [first = {}] = table;
    const test = testOf(where, new Columns(Object.keys(first)), 'expect.where');
    return table.filter((cells) =>
      test(Object.fromEntries(Object.entries(cells).map(([name, text]) => [name, loose(cellOf(text))]))),
    );
  }

  check(): void {
    const byKey = this.outputByKey();
    const order: string[] = [];
    const seen = new Set<string>();
    for (const cells of this.cells) {
      const key = identityOf(this.keys.map(({ golden, type }) => asOutput(cellOf(cells[golden]!), type)));
      if (seen.has(key)) differ(`golden row ${key}`, 'once', 'twice');
      seen.add(key);
      const row = byKey.get(key);
      if (row === undefined) differ(`row with key ${key}`, cells, 'no such row');
      this.compare(key, cells, row as Row);
      order.push(key);
    }
    const extra = [...byKey].find(([key]) => !seen.has(key));
    if (extra !== undefined) differ(`row with key ${extra[0]}`, 'no such row', extra[1]);
    if (this.spec.ordered === true) this.checkOrder(order, [...byKey.keys()]);
  }

  private outputByKey(): Map<string, Row> {
    const byKey = new Map<string, Row>();
    for (const row of this.output.rows) {
      const key = identityOf(this.keys.map(({ read }) => read(row) ?? null));
      if (byKey.has(key)) differ(`row with key ${key}`, 'once', 'twice');
      byKey.set(key, row);
    }
    return byKey;
  }

  private compare(key: string, cells: Cells, row: Row): void {
    for (const [golden, read] of this.pairs) {
      const expected = cellOf(cells[golden]!);
      const got = read(row) ?? null;
      if (!this.equal(expected, got)) differ(`row with key ${key}, ${golden}`, expected, got);
    }
  }

  private equal(expected: string | null, got: unknown): boolean {
    if (expected === null || got === null) return expected === got;
    return typeof got === 'number' ? close(Number(expected), got, this.tolerance) : String(got) === expected;
  }

  private checkOrder(expected: readonly string[], got: readonly string[]): void {
    const at = expected.findIndex((key, i) => key !== got[i]);
    if (at >= 0) differ(`row ${at} in order`, expected[at], got[at]);
  }
}
