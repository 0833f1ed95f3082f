import { TidemarkError } from '../errors';
import { readerOf, type KeyReader, type KeySpec } from '../key';
import type { OperatorOptions, OperatorSpec, ProcessorContext } from '../operator';
import { UNTIMED, type Traits } from '../traits';
import { Groups, type GroupState, type TimeoutMode } from './groupState';
import { Keyed } from './keyed';
import { keyValueOf } from './keys';
import { Scope } from './scope';

/** What `mapGroupsWithState` and `flatMapGroupsWithState` are made of. */
export interface GroupsSpec<T, S, O> {
  readonly type: string;
  readonly options: OperatorOptions;
  readonly key: KeySpec<T>;
  readonly timeout: TimeoutMode;
  readonly update: (key: never, rows: readonly T[], state: GroupState<S>) => Iterable<O>;
}

export function groupsOperator<T, S, O>(spec: GroupsSpec<T, S, O>): OperatorSpec<T, O> {
  const { type, options, timeout } = spec;
  const reader = readerOf<T>(spec.key);
  return {
    type,
    options,
    accepts: timeout === 'eventTime' ? ['event'] : ['event', 'untimed'],
    stateful: true,
    description: { key: reader.columns, timeout },
    traits: ([input]) => ({ ...UNTIMED, onError: (input as Traits).onError }),
    create: (context) => {
      refuseComplete(type, context);
      return groups(spec, reader, context);
    },
  };
}

function groups<T, S, O>(spec: GroupsSpec<T, S, O>, reader: KeyReader<T>, context: ProcessorContext): Keyed<T, O> {
  const { timeout } = spec;
  const scope = new Scope(context);
  const keyValue = keyValueOf(spec.key, reader);
  const logic = new Groups<T, S, O>(scope, reader.columns.length, timeout, (key, rows, state) =>
    spec.update(keyValue(key) as never, rows, state),
  );
  const plan = {
    scope,
    reader,
    logic,
    tables: { state: logic.states.table, timeouts: logic.timeouts.table },
    timers: timeout === 'none' ? {} : { [timeout]: logic.timeouts },
    rejectsLate: timeout === 'eventTime',
    gathers: context.run !== undefined,
    timed: false,
    wantsBatch: (w: number) => timeout === 'processingTime' || (timeout === 'eventTime' && w > scope.watermark),
  };
  return new Keyed(plan, context);
}

/** The whole table of what a user's function has said is not known: only append and update can be followed. */
export function refuseComplete(type: string, { outputMode }: ProcessorContext): void {
  if (outputMode !== 'complete') return;
  throw new TidemarkError('TIDEMARK_OUTPUT_MODE', `${type} cannot be the last stateful operator in output mode complete`, {
    reason: 'stateful-fn-complete-unsupported',
  });
}
