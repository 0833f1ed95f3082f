import { checkOption, TidemarkError } from '../errors';
import type { StreamKind } from '../element';
import type { OperatorOptions, OperatorSpec } from '../operator/processor';
import type { Traits } from '../traits';
import { Joiner } from './joiner';
import type { JoinPlan, JoinTime, SidePlan } from './plan';
import { ANY_TIME, describeReach, reachOf, type Range, type Reach } from './range';
import { JOIN_TYPES, type JoinType } from './result';

/** What an operator says of its join before its inputs are known. */
export interface JoinDraft<L, R, O> {
  readonly operator: string;
  readonly options: OperatorOptions;
  readonly type: JoinType;
  readonly left: Pick<SidePlan<L>, 'key' | 'where' | 'timeOf'>;
  readonly right: Pick<SidePlan<R>, 'key' | 'where' | 'timeOf'>;
  readonly range: Range;
  readonly condition?: JoinPlan<L, R, O>['condition'];
  readonly time: JoinTime;
  readonly results: JoinPlan<L, R, O>['results'];
  /** The user knows that rows wait for ever. */
  readonly unbounded: boolean;
  /** Results are those of windows: they are stamped with the window's last instant. */
  readonly byWindow: boolean;
  /** The columns of the result are those of its rows. */
  readonly isMerged: boolean;
  readonly description: Readonly<Record<string, unknown>>;
}

export function checkType(type: JoinType): void {
  checkOption(JOIN_TYPES.includes(type), `type is one of ${JOIN_TYPES.join(', ')}`, { type });
}

/** The join as an operator on these inputs. Refuses one whose state, or whose unmatched rows, nothing would bound. */
export function joinSpec<L, R, O>(draft: JoinDraft<L, R, O>, inputs: readonly Traits[]): OperatorSpec<unknown, O> {
  const plan = planOn(draft, inputs);
  // What is no join's input at all is refused as such, when it is connected.
  if (inputs.every(({ kind }) => kind !== 'change')) checkBounded(draft, plan);
  return {
    type: draft.operator,
    options: draft.options,
    accepts: draft.range === ANY_TIME ? ['event', 'untimed'] : ['event'],
    stateful: true,
    description: {
      ...draft.description,
      state: describeReach(
        plan.reach,
        inputs.map((input) => input.delayMs),
      ),
    },
    traits: (known) => joinTraits(draft, plan, known),
    create: (context) => new Joiner<L, R, O>(plan, context, draft.options.onError),
  };
}

function planOn<L, R, O>(draft: JoinDraft<L, R, O>, inputs: readonly Traits[]): JoinPlan<L, R, O> {
  const { type, range, results, condition } = draft;
  const isTimed = inputs.every(({ kind }) => kind === 'event');
  const time = isTimed ? draft.time : 'none';
  const factsOf = ({ kind, ties, watermark }: Traits): SideFacts => ({
    ties: draft.byWindow ? ('ordered' as const) : ties,
    watermark: isTimed && watermark,
    ...(kind === 'event' ? {} : { timeOf: () => 0 }), // without event time all rows are of one time
  });
  const [left, right] = [factsOf(inputs[0]!), factsOf(inputs[1]!)];
  const reach = reachOf(range, [left, right]);
  const hold = mayBeOld(time, reach) ? Infinity : reach.hold;
  const sides = { left: { ...draft.left, ...left }, right: { ...draft.right, ...right } };
  return { type, range, time, results, condition, reach: { ...reach, hold }, ...sides };
}

/** Who comes is on time, so the later time of a pair is; the time of a row that waits for ever need not be. */
function mayBeOld(time: JoinTime | 'none', { left, right }: Reach): boolean {
  return (
    (time !== 'right' && time !== 'latest' && left === Infinity) || (time !== 'left' && time !== 'latest' && right === Infinity)
  );
}

type SideFacts = Pick<SidePlan<unknown>, 'ties' | 'watermark' | 'timeOf'>;

/** Rows of these sides are told of when no partner can come any more, so they may not wait for ever. */
const AWAITED: Readonly<Record<JoinType, readonly ('left' | 'right')[]>> = {
  inner: [],
  left: ['left'],
  right: ['right'],
  full: ['left', 'right'],
  leftSemi: ['left'],
  leftAnti: ['left'],
};

function checkBounded<L, R, O>({ operator, type, unbounded }: JoinDraft<L, R, O>, { reach }: JoinPlan<L, R, O>): void {
  const isBounded = reach.left < Infinity && reach.right < Infinity;
  const isTold = AWAITED[type].every((side) => reach[side] < Infinity);
  if (isBounded || (isTold && unbounded)) return;
  const remedy = 'give both sides a watermark, and the join both ends of a time range (within) or a window';
  const accept = isTold ? '; or accept it with { unbounded: true }' : '';
  const untold = type === 'leftSemi' ? 'would let left rows wait for ever' : 'could never say which rows have no partner';
  const what = isTold ? 'would keep rows for ever' : untold;
  throw new TidemarkError('TIDEMARK_JOIN_UNBOUNDED', `${operator} (${type}) ${what}: ${remedy}${accept}`, { type });
}

function joinTraits<L, R, O>(draft: JoinDraft<L, R, O>, { reach, time }: JoinPlan<L, R, O>, inputs: readonly Traits[]): Traits {
  const [left, right] = inputs as readonly [Traits, Traits];
  const kind: StreamKind = inputs.every((input) => input.kind === 'event') ? 'event' : 'untimed';
  const isLeftOnly = draft.type === 'leftSemi' || draft.type === 'leftAnti';
  const owner = isLeftOnly || time === 'left' ? left : time === 'right' ? right : undefined;
  const timeColumn = draft.byWindow || !(draft.isMerged || isLeftOnly) ? undefined : owner?.timeColumn;
  const timeColumns = draft.isMerged && !isLeftOnly ? [...new Set([left, right].flatMap(timeColumnsOf))] : [];
  const delayMs = owner === undefined ? later(left.delayMs, right.delayMs) : owner.delayMs;
  return {
    kind,
    ties: draft.byWindow || inputs.some((input) => input.ties === 'ordered') ? 'ordered' : 'instant',
    watermark: kind === 'event' && inputs.some((input) => input.watermark) && reach.hold < Infinity,
    windowColumns: isLeftOnly ? left.windowColumns : draft.isMerged ? windowsOf(draft.type, left, right) : [],
    ...(timeColumn === undefined ? {} : { timeColumn }),
    ...(timeColumns.length > 1 ? { timeColumns } : {}),
    ...(delayMs === undefined ? {} : { delayMs }),
    allowedLatenessMs: Math.min(left.allowedLatenessMs, right.allowedLatenessMs),
    onError: inputs.some((input) => input.onError === 'error') ? 'error' : left.onError,
  };
}

function timeColumnsOf({ timeColumn, timeColumns }: Traits): readonly string[] {
  return timeColumns ?? (timeColumn === undefined ? [] : [timeColumn]);
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.max(a, b);
}

/** Window columns that are never null in the result. */
function windowsOf(type: JoinType, left: Traits, right: Traits): readonly string[] {
  const both = left.windowColumns.filter((column) => right.windowColumns.includes(column));
  const own = [...(type === 'right' || type === 'full' ? [] : left.windowColumns)];
  const others = type === 'left' || type === 'full' ? [] : right.windowColumns;
  return [...new Set([...own, ...others, ...both])];
}
