import type { EventTimes, Proposal } from '../rx';

/** How the watermarks of several inputs combine. */
export type WatermarkPolicy = 'min' | 'max';

interface Input {
  readonly proposal: Proposal;
  /** Processing time of the last batch in which it saw a row. */
  readonly activeAt: number;
}

/**
 * The one watermark of a query. Every `withWatermark` proposes; at the end of a batch W becomes the smallest (or largest)
 * proposal, and never falls. An input that has seen no row since the start counts as 0, so a restart waits for all of
 * them. Source: Spark's rule (conformance 6.1, 6.2, 6.18).
 */
export class Watermarks {
  private readonly inputs = new Map<string, Input>();
  private startedAt = 0;

  constructor(readonly policy: WatermarkPolicy) {}

  /** Every `withWatermark` of the pipeline, known before the first row. */
  expect(operators: Iterable<string>, now: number): void {
    this.startedAt = now;
    for (const operator of operators) {
      if (!this.inputs.has(operator)) this.inputs.set(operator, { proposal: SILENT, activeAt: now });
    }
  }

  /** What a batch proposed. A fresh attempt starts from nothing, so what was proposed before it still counts. */
  take(operator: string, proposal: Proposal, now: number): void {
    const known = this.inputs.get(operator);
    const watermark = Math.max(proposal.watermark, known?.proposal.watermark ?? -Infinity);
    const activeAt = proposal.times.count > 0 ? now : (known?.activeAt ?? this.startedAt);
    this.inputs.set(operator, { proposal: { ...proposal, watermark }, activeAt });
  }

  /** W for the next batch, if it were planned at `now`. */
  next(current: number, now: number): number {
    if (this.inputs.size === 0) return current;
    const all = [...this.inputs.values()];
    const live = all.filter((input) => !isIdle(input, now));
    // When all are silent W holds, unless they go on with the clock.
    const counted = live.length > 0 ? live : all.filter(({ proposal }) => proposal.advanceWhenIdle);
    if (counted.length === 0) return current;
    const values = counted.map((input) => said(input, now));
    const combined = this.policy === 'min' ? Math.min(...values) : Math.max(...values);
    return Math.max(current, combined);
  }

  /** The input that holds the watermark back, and since when it has been silent. */
  holder(now: number): { readonly operator: string; readonly watermark: number; readonly silentMs: number } | undefined {
    let holder: { operator: string; watermark: number; silentMs: number } | undefined;
    for (const [operator, input] of this.inputs) {
      if (isIdle(input, now)) continue;
      const watermark = said(input, now);
      if (holder === undefined || watermark < holder.watermark) holder = { operator, watermark, silentMs: now - input.activeAt };
    }
    return holder;
  }

  /** ms until silence alone can move W; Infinity: never. */
  lookAgainIn(now: number): number {
    let first = Infinity;
    for (const input of this.inputs.values()) {
      const { idleAfterMs, advanceWhenIdle } = input.proposal;
      if (idleAfterMs === undefined) continue;
      if (!isIdle(input, now)) first = Math.min(first, input.activeAt + idleAfterMs + 1 - now);
      else if (advanceWhenIdle) first = Math.min(first, idleAfterMs + 1);
    }
    return first;
  }

  /** Event times of the last batch: those of the first input that saw rows. */
  times(): EventTimes | undefined {
    for (const { proposal } of this.inputs.values()) if (proposal.times.count > 0) return proposal.times;
    return undefined;
  }

  get size(): number {
    return this.inputs.size;
  }
}

const SILENT: Proposal = {
  watermark: -Infinity,
  times: { min: Infinity, max: -Infinity, average: NaN, count: 0 },
  advanceWhenIdle: false,
};

function isIdle({ proposal, activeAt }: Input, now: number): boolean {
  return proposal.idleAfterMs !== undefined && now - activeAt > proposal.idleAfterMs;
}

function said(input: Input, now: number): number {
  const { watermark, advanceWhenIdle } = input.proposal;
  const natural = watermark === -Infinity ? 0 : watermark;
  return advanceWhenIdle && isIdle(input, now) && watermark !== -Infinity ? natural + now - input.activeAt : natural;
}
