import type { BackendCapabilities } from '../checkpoint/backend';
import { originOf, type OutputMode, type StreamInfo } from '../rx';
import type { Pipeline } from './pipeline';

/** Something that works and will hurt later. */
export interface Advice {
  readonly code:
    | 'stateful-without-watermark'
    | 'stateful-without-checkpoint'
    | 'complete-over-many-rows'
    | 'unlimited-reads'
    | 'rejections-unrouted';
  readonly message: string;
}

/** Looks at a query when it starts. */
export function adviceOf(pipeline: Pipeline, mode: OutputMode, backend: BackendCapabilities | undefined): Advice[] {
  const infos = new Set<StreamInfo<unknown>>();
  for (const { stream } of pipeline.outputs) gather(originOf(stream), infos);
  const stateful = [...infos].filter(({ plan }) => plan.stateful && plan.type !== 'withWatermark');
  const advice: Advice[] = [];
  const unbounded = stateful.filter(({ upstream }) => upstream?.every((input) => input?.traits.watermark !== true));
  if (unbounded.length > 0 && mode !== 'complete') {
    const ids = unbounded.map(({ plan }) => plan.id).join(', ');
    advice.push({
      code: 'stateful-without-watermark',
      message: `state of ${ids} is never given back: put withWatermark before it`,
    });
  }
  if (stateful.length > 0 && backend?.durability === 'none') {
    const message = 'state is kept in memory and is gone with the process: give the query a checkpoint';
    advice.push({ code: 'stateful-without-checkpoint', message });
  }
  for (const [name, { description }] of pipeline.sources) {
    if (description['limited'] === false) {
      advice.push({ code: 'unlimited-reads', message: `source '${name}' reads everything there is into one batch: set a limit` });
    }
  }
  return advice;
}

function gather(info: StreamInfo<unknown> | undefined, into: Set<StreamInfo<unknown>>): void {
  if (info === undefined || into.has(info)) return;
  into.add(info);
  for (const input of info.upstream ?? []) gather(input, into);
}

/** Output of complete mode beyond this many rows gets an advice, once. */
export const MANY_ROWS = 10_000;
