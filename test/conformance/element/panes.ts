import { onClose, onTime, onUpdate, panes, trigger, type Emit, type PaneOptions, type PaneTrigger as Trigger } from 'tidemark';
import type { ConfigOf, TriggerSpec } from './operators';
import type { Step } from './steps';

type WindowConfig = ConfigOf<'window'>;

/** Triggers of Beam: they may be composed, and with them an on-time pane also comes when it is empty. */
const BEAM = ['afterWatermark', 'repeatedly', 'afterFirst', 'orFinally', 'inOrder', 'never'];

/** A trigger of the format, inside of another one. */
function triggerOf(spec: TriggerSpec): Trigger<unknown> {
  const one = (field: string): Trigger<unknown> => triggerOf(spec[field] as TriggerSpec);
  const several = (): Trigger<unknown>[] => (spec['of'] as TriggerSpec[]).map(triggerOf);
  const maybe = (field: 'early' | 'late'): { readonly [K in typeof field]?: Trigger<unknown> } =>
    spec[field] === undefined ? {} : { [field]: one(field) };
  switch (spec.kind) {
    case 'count':
      return trigger.afterCount(spec['n'] as number);
    case 'continuousEventTime':
      return trigger.every(spec['intervalMs'] as number, 'eventTime');
    case 'everyProcessingTime':
      return trigger.every(spec['intervalMs'] as number, 'processingTime');
    case 'afterProcessingTime':
      return trigger.afterProcessingTime(spec['delayMs'] as number);
    case 'afterWatermark':
      return trigger.afterWatermark({ ...maybe('early'), ...maybe('late') });
    case 'repeatedly':
      return trigger.repeatedly(one('of'));
    case 'afterFirst':
      return trigger.afterFirst(...several());
    case 'inOrder':
      return trigger.inOrder(...several());
    case 'orFinally':
      return trigger.orFinally(one('of'), one('until'));
    case 'never':
      return trigger.never();
    default:
      return trigger.repeatedly(trigger.afterWatermark());
  }
}

/** The trigger as `panes` takes it. Flink's stand alone: a count begins anew, an interval goes with the end of the window. */
function around(spec: TriggerSpec | undefined): PaneOptions<unknown> {
  if (spec === undefined || spec.kind === 'default' || spec.kind === 'endOfStream') return {};
  if (spec.kind === 'continuousEventTime') return { early: triggerOf(spec) };
  if (spec.kind === 'count') return { trigger: trigger.repeatedly(triggerOf(spec)) };
  return { trigger: triggerOf(spec) };
}

function unchangedOf({ trigger: spec, accumulation, closingBehavior, onTimeBehavior }: WindowConfig): PaneOptions<unknown> {
  const isBeam = spec !== undefined && BEAM.includes(spec.kind) && accumulation !== 'retracting';
  // Flink's says again what has not changed; what has been said and thrown away, it has not.
  const isContinuous = spec?.kind === 'continuousEventTime' && accumulation === 'accumulating';
  return {
    unchanged: [
      ...(isContinuous ? ['early' as const] : []),
      ...((onTimeBehavior ?? (isBeam || isContinuous ? 'fireAlways' : '')) === 'fireAlways' ? ['onTime' as const] : []),
      ...(closingBehavior === 'fireAlways' ? ['last' as const] : []),
    ],
  };
}

/** How the library is told to speak as the case wants it. */
export function emitOf(config: WindowConfig, steps: readonly Step[]): Emit<'event' | 'change', unknown> {
  const { emit, trigger: spec, accumulation = 'accumulating', closingBehavior, allowedLatenessMs = 0 } = config;
  if (emit === 'onUpdate') {
    // A session that goes over into another is taken back, and so is what it had said.
    return config.retractMergedSessions === true ? panes({ early: trigger.afterCount(1), mode: 'retracting' }) : onUpdate();
  }
  if (emit === 'onWindowClose') return onClose();
  const showsPanes = steps.some((step) => step.kind === 'expect' && step.expect.some((output) => output['pane'] !== undefined));
  const isPlain = spec === undefined || spec.kind === 'default' || spec.kind === 'endOfStream';
  if (!isPlain || accumulation !== 'accumulating' || closingBehavior === 'fireAlways') {
    return panes({ ...around(spec), ...unchangedOf({ ...config, accumulation }), mode: accumulation });
  }
  return allowedLatenessMs > 0 || showsPanes ? onTime() : onClose();
}
