import { Stage } from '../operator';
import { originOf, type StreamInfo } from '../rx';
import type { Output } from './pipeline';

/** An operator, and the watermark that reaches it; `undefined` where none does. */
export type Visit = (stage: Stage<unknown, unknown>, arriving: number | undefined) => void;

/** Tells each operator in front of the outputs what reaches it when the watermark of the query is `w`. Nothing is changed. */
export function eachArriving(outputs: readonly Output[], w: number, visit: Visit): void {
  const seen = new Map<object, number | undefined>();
  const leaving = (info: StreamInfo<unknown> | undefined): number | undefined => {
    if (info === undefined) return undefined;
    if (!seen.has(info)) seen.set(info, ask(info));
    return seen.get(info);
  };
  const ask = (info: StreamInfo<unknown>): number | undefined => {
    const inputs = (info.upstream ?? []).map(leaving).filter((value) => value !== undefined);
    const arriving = inputs.length === 0 ? undefined : Math.min(...inputs);
    if (!(info.live instanceof Stage)) return arriving;
    const stage = info.live as Stage<unknown, unknown>;
    if (stage.processor.ownsWatermark) return info.traits.watermark ? w : undefined;
    visit(stage, arriving === undefined ? undefined : arriving - info.traits.allowedLatenessMs);
    return arriving === undefined ? undefined : stage.propagated(arriving);
  };
  for (const { stream } of outputs) leaving(originOf(stream));
}
