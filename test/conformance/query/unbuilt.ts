import { isRecord } from '../shape';
import { Columns } from './columns';
import { materialised, never, type PlanNode } from './nodes';
import type { OpOf, QueryOperator } from './operators';
import { testOf } from './predicate';

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
    case 'windowTime':
      input.columns.check(op.window);
      return never({ ...input, columns: input.columns.with(op.as), time: op.as });
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

export function joined(op: OpOf<'join'>, left: PlanNode, right: PlanNode, at: string): PlanNode {
  left.columns.check(...op.on.map(([column]) => column), ...(op.timeRange === undefined ? [] : [op.timeRange.left]));
  right.columns.check(...op.on.map(([, column]) => column), ...(op.timeRange === undefined ? [] : [op.timeRange.right]));
  checkConditions(op.where, left, right, `${at}.where`);
  const columns = op.type === 'left_semi' ? left.columns : left.columns.and(right.columns);
  const time = left.time === undefined ? {} : { time: left.time };
  return never({ columns, timed: left.timed || right.timed, watermark: left.watermark || right.watermark, ...time });
}

/** One-sided conditions; a bare predicate speaks of both sides. */
function checkConditions(where: unknown, left: PlanNode, right: PlanNode, at: string): void {
  if (Array.isArray(where)) testOf(where, left.columns.and(right.columns), at);
  if (!isRecord(where)) return;
  if (where['left'] !== undefined) testOf(where['left'], left.columns, `${at}.left`);
  if (where['right'] !== undefined) testOf(where['right'], right.columns, `${at}.right`);
}
