import { stateOf } from './generator-state';
import { LatenessSketch } from './lateness-sketch';
import { LossWindow, type Tally, wilson } from './loss-window';
import type { WatermarkGenerator } from './strategy';

/**
 * `learning`: too few rows for a claim, the delay is `maxDelay`. `holding`: the loss measured lately is compatible with the
 * target. `broken`: it is not.
 */
export type QualityPhase = 'learning' | 'holding' | 'broken';

/**
 * The contract of `quality` in figures, as of the last consultation: "in the last `n` rows, `behindShare` were behind
 * the watermark and `lostShare` were lost (target `target`, 95 % interval `interval`), at a delay of `delayMs`".
 */
export interface QualityStatus {
  readonly status: QualityPhase;
  /** The number of rows that had come when this status began. */
  readonly since: number;
  readonly n: number;
  readonly behind: number;
  readonly behindShare: number;
  readonly lost: number;
  readonly lostShare: number;
  /** `maxLoss`. */
  readonly target: number;
  /** 95 % interval of the share lost (Wilson). */
  readonly interval: readonly [lo: number, hi: number];
  readonly delayMs: number;
}

/** The generator of `quality`. */
export interface QualityGenerator extends WatermarkGenerator {
  feedback(lost: number): void;
  status(): Readonly<Record<string, unknown>> & QualityStatus;
  /** Consults the rule at once, over the rows since the last time; without any it changes nothing. For batches. */
  consult(): void;
}

/** The options of the rule, read. */
export interface QualityConfig {
  readonly maxLoss: number;
  readonly confidence: number;
  readonly maxDelayMs: number;
  readonly horizonMs: number;
  readonly every: number;
  readonly halfLife: number;
}

/** What changes from row to row: plain data, so it is the snapshot as well. */
interface Progress {
  readonly kind: 'quality';
  delayMs: number;
  /**
   * The share of latenesses that the delay leaves out; 0 or less leaves out none that is remembered. It starts at 0, for at
   * first only the largest of them supports a claim, and rises to the target as rows come.
   */
  aim: number;
  rows: number;
  phase: QualityPhase;
  since: number;
  /** The highest watermark so far. Finite from the start, because infinities do not survive JSON. */
  low: number;
  /** Whether the stream tells what was lost; the rule then no longer estimates it. */
  isFed: boolean;
  /** Since the last consultation: rows, rows behind the watermark, rows lost. */
  pending: number;
  behind: number;
  lost: number;
}

interface QualityState extends Progress {
  readonly sketch: ReturnType<LatenessSketch['encode']>;
  readonly recent: readonly Tally[];
}

/** By how much one consultation corrects the aim for a miss of the target (Gibbs and Candès's gamma). */
const GAIN = 0.05;
/**
 * The aim stays between these multiples of the target. Without a floor one bad minute (30 % lost) would hold the largest
 * delay for 300 consultations. Without a ceiling a long quiet time would save up a debt that is paid in lost rows after a
 * jump; it also bounds what is corrected: at most some 3 times the target is behind the watermark.
 */
const FLOOR = -5;
const CEILING = 3;

/**
 * How many rows it takes until the largest lateness seen covers all but `maxLoss` of the rows with this confidence: a
 * distribution-free tolerance bound (Wilks 1941). 2995 rows for 0.1 % and 95 %.
 */
export function rowsForClaim(maxLoss: number, confidence: number): number {
  return Math.ceil(Math.log(1 - confidence) / Math.log(1 - maxLoss));
}

/** The rule: which delay keeps what is lost at the target, and whether that holds. See `quality`. */
export class QualityRule implements QualityGenerator {
  private readonly now: Progress;
  private readonly need: number;
  private readonly sketch: LatenessSketch;
  private readonly recent: LossWindow;

  constructor(private readonly config: QualityConfig) {
    this.need = rowsForClaim(config.maxLoss, config.confidence);
    this.sketch = new LatenessSketch(config.maxDelayMs, config.halfLife);
    this.recent = new LossWindow(3 * this.need);
    this.now = {
      kind: 'quality',
      delayMs: config.maxDelayMs,
      aim: 0,
      rows: 0,
      phase: 'learning',
      since: 0,
      low: -Number.MAX_VALUE,
      isFed: false,
      pending: 0,
      behind: 0,
      lost: 0,
    };
  }

  get delayMs(): number {
    return this.now.delayMs;
  }

  observe(time: number, _row: unknown, max: number, wasLate: boolean): number {
    const { now } = this;
    now.rows++;
    this.sketch.add(max - time);
    if (wasLate) this.countLate(time);
    if (++now.pending >= this.config.every) this.consult();
    const watermark = max - now.delayMs;
    if (watermark > now.low) now.low = watermark;
    return watermark;
  }

  private countLate(time: number): void {
    const { now } = this;
    now.behind++;
    // An upper bound: a row behind the horizon may still find its window open, and the stream's W may move more coarsely.
    if (!now.isFed && time <= now.low - this.config.horizonMs) now.lost++;
  }

  feedback(lost: number): void {
    const { now } = this;
    now.lost = (now.isFed ? now.lost : 0) + lost;
    now.isFed = true;
  }

  consult(): void {
    const { now } = this;
    if (now.pending === 0) return;
    // A row can be lost to several results at the end of the pipe; here it is one row.
    const tally: Tally = [now.pending, now.behind, Math.min(now.lost, now.pending)];
    now.pending = now.behind = now.lost = 0;
    this.recent.push(tally);
    if (now.rows < this.need) return;
    this.correctAim(tally);
    now.delayMs = Math.min(this.sketch.delayFor(now.aim), this.config.maxDelayMs);
    this.judge();
  }

  /** Conformal feedback: whatever the rows do, the misses come out at the target in the long run. */
  private correctAim([rows, behind, lost]: Tally): void {
    const { maxLoss } = this.config;
    const aim = this.now.aim + GAIN * (maxLoss - (this.now.isFed ? lost : behind) / rows);
    this.now.aim = Math.min(Math.max(aim, FLOOR * maxLoss), CEILING * maxLoss);
  }

  /** Broken when the whole interval is above the target; mended when the share itself is back at it, so it cannot flap. */
  private judge(): void {
    const { rows, lost } = this.recent;
    const { maxLoss } = this.config;
    const isBroken = this.now.phase === 'broken' ? lost > maxLoss * rows : wilson(lost, rows)[0] > maxLoss;
    this.enter(isBroken ? 'broken' : 'holding');
  }

  private enter(phase: QualityPhase): void {
    const { now } = this;
    if (phase !== now.phase) now.since = now.rows;
    now.phase = phase;
  }

  status(): QualityStatus & Record<string, unknown> {
    const { rows: n, behind, lost } = this.recent;
    const { phase: status, since, delayMs } = this.now;
    return {
      status,
      since,
      n,
      behind,
      // Before the first consultation there is nothing to divide.
      behindShare: behind / (n || 1),
      lost,
      lostShare: lost / (n || 1),
      target: this.config.maxLoss,
      interval: wilson(lost, n),
      delayMs,
    };
  }

  encode(): QualityState {
    return { ...this.now, sketch: this.sketch.encode(), recent: this.recent.encode() };
  }

  decode(data: unknown): void {
    const { sketch, recent, ...progress } = stateOf<QualityState>(data, 'quality');
    const now = Object.assign(this.now, progress);
    const { maxDelayMs } = this.config;
    this.sketch.decode(sketch);
    this.recent.decode(recent);
    // The options may have changed since the snapshot: a stricter target sends the rule back to learning.
    const isLearning = now.rows < this.need;
    if (isLearning) this.enter('learning');
    now.delayMs = isLearning ? maxDelayMs : Math.min(now.delayMs, maxDelayMs);
  }
}
