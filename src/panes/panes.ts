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
 * Speaks before, at and after the watermark: early, on-time and late panes, as often as triggers say (`trigger.afterCount`,
 * `every`, `when`, …). Gives a ChangeStream whose `pane` says `timing`, `index` (from 0), `isLast` and `completeness`.
 *
 * `early` before the watermark has passed the window's end (`end <= emit`), `onTime` when it does so, `late` afterwards. Once
 * `end <= drop` a last pane says what no pane has said; nothing more is said of the window. A pane without news is not said
 * (see `unchanged`). A window whose trigger is done stays open for the last pane. What sessions had said before they became
 * one is taken back by a `delete` when the one they became speaks, except in discarding panes, which stand.
 *
 * ```
 * rows       -a-b-c---d---e-----|    panes({ early: trigger.afterCount(2) }), tumbling
 * watermark  -------W-----------    W passes the end; e is late but allowed
 * out        ---2-----3---4-----|    early, onTime, late     (d is in the next window)
 * ```
 *
 * Completeness is estimated from how late rows come and taken to be the same for all keys; it is corrected by how such
 * estimates turned out in windows that are over. Over stationary lateness it holds within a point; a jump shows up late.
 *
 * @param options - `early`, `late` or `trigger`, `mode`, `unchanged`, `completeness`
 * @throws `TIDEMARK_OPTION` at call: `trigger` beside `early` or `late`, an unknown mode; `aggregate` refuses discarding panes
 * of columns that compare with the window before, and `finalOnly` refuses discarding panes
 *
 * Cost: a row costs one step of the trigger for each window it is in; discarding panes do not share slices.
 *
 * State: those of the window, and tables `ledger`, `watermarks`, `completeness`; version 1 each.
 *
 * Source: the Dataflow model (Akidau et al., VLDB 2015); a trigger that is done does not close its window, as in Flink.
 * @example
 * ```ts
 * const out: unknown[] = [];
 * of({ t: 1 }, { t: 2 }, { t: 3 }, { t: 12 }).pipe(
 *   withWatermark('t', 0),
 *   aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: panes({ early: trigger.afterCount(2) }) }),
 *   rows(),
 * ).subscribe(({ row, pane }) => out.push([pane.timing, row.n]));
 * out; // => [['early', 2], ['onTime', 3], ['onTime', 1]]
 * ```
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
