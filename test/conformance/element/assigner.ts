import { cumulative, customWindows, globalWindow, session, sliding, tumbling, type Assigner } from 'tidemark';
import { malformed } from '../shape';
import type { AssignerSpec } from './operators';

/** An element as a row; `onTime`: it came ahead of the watermark. */
export interface ElementRow {
  readonly key: unknown;
  readonly value: unknown;
  readonly time: number;
  readonly onTime: boolean;
}

type SessionSpec = Extract<AssignerSpec, { readonly kind: 'session' }>;

export function assignerOf(spec: AssignerSpec): Assigner<ElementRow> {
  switch (spec.kind) {
    case 'tumbling':
      return clipped(tumbling(spec.sizeMs, { offset: spec.offsetMs ?? 0 }), spec.clipNegativeStart);
    case 'sliding':
      return clipped(sliding(spec.sizeMs, spec.slideMs, { offset: spec.offsetMs ?? 0 }), spec.clipNegativeStart);
    case 'session':
      return sessionOf(spec);
    case 'global':
      return globalWindow();
    case 'cumulative':
      return cumulative(spec.maxSizeMs, spec.stepMs);
    case 'slidingByDifference':
      return malformed('operator.assigner', 'slidingByDifference cannot be run');
  }
}

/** Kafka Streams has no window that starts before 0: a rule of the user's own. */
function clipped(assigner: Assigner, clip = false): Assigner<ElementRow> {
  if (!clip) return assigner;
  return customWindows((time, row) => assigner.assign(time, row).filter((window) => window.start >= 0), assigner.describe());
}

/** Per-element gaps are Flink's: a gap of 0 makes an empty window. */
function sessionOf({ gapMs, gapByValue, gapByKeyAndValue }: SessionSpec): Assigner<ElementRow> {
  if (gapByValue === undefined && gapByKeyAndValue === undefined) {
    return session(gapMs ?? malformed('operator.assigner', 'a session needs gapMs, gapByValue or gapByKeyAndValue'));
  }
  const gapOf = ({ key, value }: ElementRow): number => {
    const byValue = gapByKeyAndValue?.[String(key)] ?? gapByValue;
    return (
      byValue?.[String(value)] ??
      byValue?.['default'] ??
      gapMs ??
      malformed('operator.assigner', `no gap for ${String(key)}, ${String(value)}`)
    );
  };
  return session(gapOf, { zeroGap: 'merge' });
}
