import { cell, type StateTables } from '../state/table';
import { DelayLaw } from '../watermark/delayLaw';
import type { Account } from './ledger';

/** What was estimated of a window, and how many of its rows there were then. */
export type Claim = readonly [bucket: number, estimate: number, rows: number];

/** Estimates in buckets of the share that is missing: 8 a power of two, down to 1 in 4096. */
const LAST_BUCKET = 12 * 8 - 1;
/** So many claims weigh as much as the estimate itself. */
const PRIOR = 4;
/** Beyond so many claims in a bucket the old ones fade. */
const MEMORY = 4096;

const bits = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

function bucketOf(estimate: number): number {
  bits.setFloat64(0, 1 / (1 - Math.min(estimate, 1 - 2 ** -12)));
  return Math.min((bits.getUint32(0) >>> 17) - (1023 << 3), LAST_BUCKET);
}

/** How the estimates of one bucket have turned out. */
interface Outcome {
  claims: number;
  /** The sum of truth minus estimate. */
  error: number;
}

/**
 * How complete a pane is: the share of the rows that its window will take which it holds. Estimated from the learned
 * lateness of the rows, and corrected by how such estimates turned out in windows that are over.
 */
export class Completeness {
  private readonly law = new DelayLaw();
  private outcomes = new Map<number, Outcome>();

  /** A row that a window has taken. */
  observe(time: number): void {
    this.law.observe(time);
  }

  /** Of a window that may still take rows; `undefined` while too little is known. */
  claim({ window: { start, end }, rows, claims }: Account): number | undefined {
    const estimate = this.law.share(start, end);
    if (estimate === undefined) return undefined;
    const bucket = bucketOf(estimate);
    if (!claims.some(([known]) => known === bucket)) claims.push([bucket, estimate, rows]);
    const outcome = this.outcomes.get(bucket);
    const correction = outcome === undefined ? 0 : outcome.error / (outcome.claims + PRIOR);
    return Math.min(1, Math.max(0, estimate + correction));
  }

  /** The window is over: what was claimed of it is compared with what came. */
  learn({ rows, claims }: Account): void {
    for (const [bucket, estimate, rowsThen] of claims) {
      let outcome = this.outcomes.get(bucket);
      if (outcome === undefined) this.outcomes.set(bucket, (outcome = { claims: 0, error: 0 }));
      outcome.claims++;
      outcome.error += rowsThen / rows - estimate;
      if (outcome.claims > MEMORY) Object.assign(outcome, { claims: outcome.claims / 2, error: outcome.error / 2 });
    }
  }

  get tables(): StateTables {
    const completeness = cell(
      1,
      () => [this.law.encode(), [...this.outcomes].map(([bucket, { claims, error }]) => [bucket, claims, error])],
      (value) => {
        const [law, outcomes] = value as [unknown, readonly (readonly [number, number, number])[]];
        this.law.decode(law);
        this.outcomes = new Map(outcomes.map(([bucket, claims, error]) => [bucket, { claims, error }]));
      },
    );
    return { completeness };
  }
}
