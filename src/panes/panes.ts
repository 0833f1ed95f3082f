import type { Folding } from '../aggregate/plan';
import type { PaneTiming } from '../element';
import { checkOption } from '../errors';
import type { Emit } from '../window/emit';
import type { SpeakParts } from '../window/speak';
import { afterCount } from './basic';
import { afterWatermark } from './compose';
import { Completeness } from './completeness';
import { Panes, type PaneMode, type PanePlan } from './processor';
import type { Condition, Trigger } from './trigger';

/** Options of {@link panes}. */
export interface PaneOptions<T> {
  /** Speaks before the watermark has passed the window's end, as often as it is due; default: not before. */
  readonly early?: Trigger<T>;
  /** Speaks after it, as often as it is due; default `afterCount(1)`: every late row corrects at once. */
  readonly late?: Trigger<T>;
  /** One composed trigger in place of `early` and `late`. When it is done, only the last pane is to come. */
  readonly trigger?: Trigger<T>;
  /**
   * What a pane holds. `accumulating` (default): everything so far, an upsert. `discarding`: what came since the pane before;
   * the panes of a window add up to it. `retracting`: everything so far, and before it the pane before is taken back by a
   * `delete` that carries its row; a pane that says the same again is left out.
   */
  readonly mode?: PaneMode;
  /** Panes that are said although no row came since the one before: by timing, or the `last` one. Default: none. */
  readonly unchanged?: readonly (PaneTiming | 'last')[];
  /**
   * Says with each pane but the last how much of its window it holds (`pane.completeness`, 0 to 1), once 100 rows have
   * told how late they come. Default true; sessions and the global window have no end to be measured by, and say nothing.
   */
  readonly completeness?: boolean;
}

/**
 * Speaks before, at and after the watermark: early, on-time and late panes, as often as triggers say. Gives a ChangeStream
 * whose `pane` says `timing`, `index`, `isLast`.
 */
export function panes<T = unknown>(options: PaneOptions<T> = {}): Emit<'change', T> {
  const plan = planOf(options);
  return {
    kind: 'change',
    name: 'panes',
    parameters: {
      trigger: plan.trigger.describe(),
      mode: plan.mode,
      unchanged: [...plan.unchanged],
      completeness: options.completeness ?? true,
    },
    ...(plan.mode === 'discarding' ? { isPartial: true } : {}),
    make: (parts) => processorOf(plan, parts, options.completeness ?? true),
  };
}

function planOf<T>({ early, late, trigger, mode = 'accumulating', unchanged = [] }: PaneOptions<T>): PanePlan {
  checkOption(trigger === undefined || (early === undefined && late === undefined), 'trigger takes the place of early and late');
  checkOption(['accumulating', 'discarding', 'retracting'].includes(mode), `there is no mode '${mode}' of panes`);
  const around = { ...(early === undefined ? {} : { early }), late: late ?? afterCount(1) };
  return { trigger: trigger ?? afterWatermark<T>(around), mode, unchanged: new Set(unchanged) };
}

function processorOf<T>(plan: PanePlan, parts: SpeakParts<T>, measured: boolean): Panes<T> {
  const discards = plan.mode === 'discarding';
  const met = new Set<Condition>();
  const tested = testing(parts.folding, plan.trigger.conditions, met);
  // Windows that speak of parts cannot share accumulators.
  const folding = discards ? { ...tested, mergeable: false } : tested;
  const measures = measured && !['session', 'global'].includes(parts.assigner.kind);
  const store = parts.assigner.store({ folding, reader: parts.reader });
  return new Panes(plan, parts, store, met, measures ? new Completeness() : undefined);
}

/** Tests each row that is not late, before any state is touched. */
function testing(folding: Folding, conditions: readonly Condition[], met: Set<Condition>): Folding {
  if (conditions.length === 0) return folding;
  return {
    ...folding,
    read(row) {
      const hits = conditions.filter((condition) => condition(row as never));
      const value = folding.read(row);
      met.clear();
      for (const hit of hits) met.add(hit);
      return value;
    },
  };
}
