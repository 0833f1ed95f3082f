import { adaptive, cumulative, fixedDelay, monotonous, quality, session, sliding, tumbling } from 'tidemark';
import type { Assigner, WatermarkStrategy } from 'tidemark';

/** What the controls say; spans in units of the data. */
export interface Settings {
  readonly strategy: 'fixedDelay' | 'monotonous' | 'adaptive' | 'quality';
  readonly delay: number;
  readonly lateness: number;
  readonly window: 'tumbling' | 'sliding' | 'cumulative' | 'session';
  readonly size: number;
}

/** How often the rules of moving delays are consulted: there are only some thousand rows to see. */
const EVERY = 50;

/** The strategy behind a name; for `adaptive` and `quality` the delay is the largest one they may take. */
export function strategyOf({ strategy, delay, lateness }: Settings, unitMs: number): WatermarkStrategy {
  if (strategy === 'monotonous') return monotonous();
  if (strategy === 'adaptive') return adaptive({ base: Math.min(1, delay), max: delay, unit: unitMs, every: EVERY });
  if (strategy === 'quality') {
    return quality({ maxLoss: 0.01, maxDelay: Math.max(1, delay * unitMs), horizon: lateness * unitMs, every: EVERY });
  }
  return fixedDelay(delay * unitMs);
}

/** The windows behind a name; slides and steps are a quarter of the size, the gap of sessions a fifth. */
export function assignerOf({ window, size }: Settings, unitMs: number): Assigner {
  const sizeMs = size * unitMs;
  if (window === 'sliding') return sliding(sizeMs, sizeMs / 4);
  if (window === 'cumulative') return cumulative(sizeMs, sizeMs / 4);
  if (window === 'session') return session(Math.round(sizeMs / 5));
  return tumbling(sizeMs);
}
