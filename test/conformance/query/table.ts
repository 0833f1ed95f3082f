import { from, type Observable } from 'rxjs';
import { rows, type Change } from 'tidemark';
import type { Columns, Row } from './columns';
import { identityOf } from './compare';
import { sourceNode } from './nodes';
import type { QueryOperator, Table } from './operators';
import { planOf, type Plan } from './plan';

type Tables = Readonly<Record<string, Table>>;

/** The last row of each key, from the changes that an aggregate speaks: the table of complete mode, or what update mode said. */
export class ResultTable {
  private readonly byKey = new Map<string, Row>();

  /** @param keepsDeleted - in update mode a row was said, whatever became of its group */
  constructor(private readonly keepsDeleted = false) {}

  take({ op, key, row }: Change<Row>): void {
    if (op === 'delete' && !this.keepsDeleted) this.byKey.delete(identityOf(key));
    else if (op === 'upsert') this.byKey.set(identityOf(key), row);
  }

  get rows(): readonly Row[] {
    return [...this.byKey.values()];
  }
}

/** The plan of what follows the last aggregate in complete mode: it is done to the whole table. */
export function tailPlan(tail: readonly QueryOperator[], columns: Columns, source: Observable<Row>, tables: Tables): Plan {
  const table = { ...sourceNode(columns.names, source), columns };
  return planOf(tail, { mode: 'append', streams: { table }, tables });
}

/** Does to a table what follows the last aggregate. */
export function finished(
  tail: readonly QueryOperator[],
  columns: Columns,
  given: readonly Row[],
  tables: Tables,
): readonly Row[] {
  const output: Row[] = [];
  let failure: { readonly error: unknown } | undefined;
  tailPlan(tail, columns, from(given), tables)
    .output.open()
    .pipe(rows())
    .subscribe({ next: (row) => output.push(row), error: (error: unknown) => (failure = { error }) });
  if (failure !== undefined) throw failure.error;
  return output;
}
