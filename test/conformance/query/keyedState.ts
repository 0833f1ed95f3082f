import { flatMapGroupsWithState, mapGroupsWithState, transformWithState, type GroupState } from 'tidemark';
import { malformed } from '../shape';
import { Columns, type Row } from './columns';
import { commands } from './commands';
import { groupFunction, processorFunction } from './keyedFunctions';
import { materialised, named, once, type PlanNode, type Stream } from './nodes';
import type { OpOf } from './operators';

type KeyedOp = OpOf<'mapGroupsWithState' | 'flatMapGroupsWithState' | 'transformWithState'>;

/** Operators with state of a key: columns `key` and `n`, of commands `t` too. Only `transformWithState` hands a watermark on (6.14). */
export function keyedState(op: KeyedOp, given: PlanNode): PlanNode {
  const input = materialised(given);
  input.columns.check(...op.keys);
  if (op.keys.length > 1) malformed(op.op, 'one key expected: it is one column of the result');
  const isTold = op.op === 'transformWithState' && op.fn === 'twsCommands';
  const passes = op.op === 'transformWithState' && op.timeMode !== 'processingTime';
  const isTimed = passes && input.timed;
  return {
    columns: new Columns(isTold ? ['key', 'n', 't'] : ['key', 'n']),
    timed: isTimed,
    ...(isTold && isTimed && { time: 't' }),
    watermark: passes && input.watermark,
    open: once(() => input.open().pipe(keyedOperator(op, input) as never) as unknown as Stream),
  };
}

interface Options {
  readonly id?: string;
  readonly key: (row: Row) => unknown;
}

/** The operator itself; `time` is the column with the event time. */
export function keyedOperator(op: KeyedOp, { columns, time }: Pick<PlanNode, 'columns' | 'time'>): unknown {
  const [name] = op.keys;
  type Timeout = 'none' | 'processingTime' | 'eventTime';
  const options = { ...named(op.id), key: name === undefined ? () => null : columns.reader(name) };
  const timeOf = (row: Row): number => (time === undefined ? NaN : (row[time] as number));
  switch (op.op) {
    case 'mapGroupsWithState': {
      const update = groupFunction(op.fn, timeOf);
      return mapGroupsWithState<Row, typeof options.key, number, unknown, Timeout>({
        ...options,
        timeout: op.timeout,
        update: (key, rows: readonly Row[], state: GroupState<number>) => [...update(key, rows, state)][0],
      });
    }
    case 'flatMapGroupsWithState':
      return flatMapGroupsWithState({
        ...options,
        timeout: op.timeout,
        update: groupFunction(op.fn, timeOf),
      });
    case 'transformWithState':
      if (op.fn === 'twsCommands') return commanded(op, options);
      return transformWithState(processorFunction(op.fn, timeOf), { ...options, timeMode: op.timeMode });
  }
}

function commanded({ ttlMs, timeMode, initialState }: OpOf<'transformWithState'>, options: Options) {
  const made = commands(timeMode === 'eventTime', ttlMs);
  return transformWithState(made, { ...options, timeMode, ...(initialState && { initialState }) });
}
