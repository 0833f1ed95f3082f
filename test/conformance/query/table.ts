import { from } from 'rxjs';
import { rows, type Change, type Element } from 'tidemark';
import type { Observable } from 'rxjs';
import { identityOf } from '../query/compare';
import { Columns, type Row } from './columns';
import type { QueryOperator, Table } from './operators';
import { namedRow, outputOf, planOf, sourceNode, type Plan } from './plan';

/** Complete mode: the last row of each key, from the changes that an aggregate speaks. */
export class ResultTable {
  private readonly byKey = new Map<string, Row>();

  take({ op, key, row }: Change<Row>): void {
    if (op === 'delete') this.byKey.delete(identityOf(key));
    else this.byKey.set(identityOf(key), row);
  }

  /** The rows, under the names of the query. */
  rows(columns: Columns): readonly Row[] {
    return [...this.byKey.values()].map((row) => namedRow(row, columns));
  }
}

/** The plan of what follows the last aggregate in complete mode: it is done to the whole table. */
export function tailPlan(tail: readonly QueryOperator[], columns: Columns, source: Observable<Row>, tables: Readonly<Record<string, Table>>): Plan {
  const table = { ...sourceNode(columns.names, source), columns };
  return planOf(tail, { mode: 'append', streams: { table }, tables });
}

/** Does to a table what follows the last aggregate. */
export function finished(tail: readonly QueryOperator[], columns: Columns, given: readonly Row[], tables: Readonly<Record<string, Table>>): readonly Row[] {
  const output: Row[] = [];
  const { output: node } = tailPlan(tail, columns, from(given), tables);
  const stream = outputOf(node).open() as Observable<Element<Row>>;
  stream.pipe(rows()).subscribe({
    next: (row) => output.push(row),
    error: (error: unknown) => {
      throw error;
    },
  });
  return output;
}
