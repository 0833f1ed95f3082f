import { Columns } from './columns';
import { materialised, never, type PlanNode } from './nodes';
import type { OpOf, QueryOperator } from './operators';

type Unbuilt = Exclude<
  QueryOperator,
  OpOf<
    | 'withWatermark'
    | 'select'
    | 'filter'
    | 'compute'
    | 'joinStatic'
    | 'window'
    | 'sessionWindow'
    | 'union'
    | 'dropDuplicates'
    | 'aggregate'
    | 'previousRows'
    | 'join'
    | 'windowTime'
  >
>;

/** Operators that can be read and not run: their columns are worked out, so that the rest of the query can be checked. */
export function unbuilt(op: Unbuilt, given: PlanNode): PlanNode {
  const input = materialised(given);
  switch (op.op) {
    case 'mapGroupsWithState':
    case 'flatMapGroupsWithState':
    case 'transformWithState':
      input.columns.check(...op.keys);
      return never({ columns: new Columns(['key', 'n']), timed: input.timed, watermark: input.watermark });
    case 'sort':
      input.columns.check(...op.by.map(([column]) => column));
      return never(input);
    case 'failOnce':
      input.columns.check(op.column);
      return never(input);
    case 'dropDuplicatesWithinWatermark':
      input.columns.check(...(op.columns ?? []));
      return never(input);
    case 'limit':
      return never(input);
  }
}
