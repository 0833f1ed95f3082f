import type { Dedup, DedupWithin, IntervalJoin, Keyed, Merge, Plan, WindowJoin, Windows } from './plan';

/** What is known of the rows behind a plan before any flow: it decides what may come next. */
export interface Facts {
  /** Rows have event time. */
  readonly timed: boolean;
  /** Which column has it: `t`, or the window (its last instant). */
  readonly time: 't' | 'window';
  /** Rows have a window, and the library knows it. */
  readonly window: 'known' | 'plain' | 'none';
  /** They come in an order that hangs neither on batches nor on how sources are mixed. */
  readonly ordered: boolean;
  readonly columns: readonly string[];
}

const PLAIN = ['t', 'k', 'j', 'v', 'id'];
const FILLED = [...PLAIN, 'window'];

/** @throws where the plan makes no sense, or its answer would hang on how rows are cut into batches */
export function factsOf(plan: Plan): Facts {
  if (plan.op === 'source') return { timed: true, time: 't', window: 'none', ordered: true, columns: PLAIN };
  const input = factsOf(plan.of);
  switch (plan.op) {
    case 'filter':
    case 'map':
    case 'spread':
      return input;
    case 'assign':
      need(input.timed && input.time === 't', 'windows of the event time');
      return { ...input, window: 'known', columns: withWindow(input) };
    case 'aggregate':
      checkWindows(input, plan.window);
      need(input.ordered || !['first', 'last'].includes(plan.value), 'first and last need an order');
      need(plan.filled || plan.key.length === 2, 'rows need their key columns');
      return windowed(plan.filled ? FILLED : ['k', 'j', 'v', 'id', 'window'], plan.filled ? 't' : 'window');
    case 'dedup':
    case 'dedupWithin':
      return deduplicated(plan, input);
    case 'dedupBuckets':
      need(input.timed && input.ordered && input.time === 't', 'the first of each bucket');
      return input;
    case 'topN':
      checkWindows(input, plan.window);
      return windowed(plan.ranked ? FILLED : withWindow(input), plan.ranked ? 't' : 'window');
    case 'keyed':
      return keyed(plan, input);
    default:
      return joined(plan, input, factsOf(plan.other));
  }
}

function need(condition: boolean, what: string): void {
  if (!condition) throw new Error(`no such plan: ${what}`);
}

function withWindow({ columns }: Facts): readonly string[] {
  return columns.includes('window') ? columns : [...columns, 'window'];
}

function windowed(columns: readonly string[], time: 't' | 'window'): Facts {
  return { timed: true, time, window: 'known', ordered: false, columns };
}

function checkWindows({ timed, window }: Facts, windows: Windows): void {
  need(timed && (windows !== 'assigned' || window !== 'none'), 'windows of rows that have none');
}

/** Of rows that are alike in all columns it does not matter which one stays; of others it must be sure which came first. */
function deduplicated({ op, columns }: Dedup | DedupWithin, input: Facts): Facts {
  const isWhole = input.columns.every((column) => columns.includes(column));
  const hasTime = columns.includes(input.time) || (input.window === 'known' && columns.includes('window'));
  need(
    columns.every((column) => input.columns.includes(column)),
    'columns that are not there',
  );
  need(isWhole || (op === 'dedup' && input.ordered && hasTime), 'which of the duplicates stays');
  need(op === 'dedup' || input.timed, 'event time');
  return input;
}

function keyed({ by, does }: Keyed, input: Facts): Facts {
  need(input.timed && (does === 'buckets' || input.ordered), 'an order');
  const timed = by !== 'groups';
  if (does === 'buckets') return { timed, time: 't', window: 'none', ordered: false, columns: PLAIN };
  return { ...input, timed, window: input.window === 'none' ? 'none' : 'plain', ordered: by === 'process' };
}

function joined(plan: IntervalJoin | WindowJoin | Merge, left: Facts, right: Facts): Facts {
  const leftOnly = plan.op !== 'merge' && (plan.type === 'leftSemi' || plan.type === 'leftAnti');
  if (plan.op === 'merge') {
    need(left.timed === right.timed && left.time === right.time, 'rows of one kind');
    need(
      left.columns.every((column) => right.columns.includes(column)),
      'rows with the same columns',
    );
    need(left.columns.length === right.columns.length, 'rows with the same columns');
    const window = left.window === right.window ? left.window : 'plain';
    return { ...left, window, ordered: false };
  }
  need(left.timed && right.timed, 'event time');
  if (plan.op === 'intervalJoin') {
    return leftOnly ? { ...left, ordered: false } : { timed: true, time: 't', window: 'none', ordered: false, columns: PLAIN };
  }
  need(left.window !== 'none' && right.window !== 'none', 'windows on both sides');
  if (leftOnly) return { ...left, time: 'window', ordered: false };
  return { timed: true, time: 't', window: 'plain', ordered: false, columns: FILLED };
}
