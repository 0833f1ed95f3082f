import { checkOption } from '../errors';
import { type Duration, parsePositive } from '../time/duration';
import { stateOf } from './generator-state';
import type { WatermarkGenerator, WatermarkStrategy } from './strategy';

/** The range in which the delay of {@link adaptive} moves, in units. */
export interface AdaptiveRange {
  /** The smallest delay, and the one to start with; >= 0; default 5. */
  readonly base?: number;
  /** The largest delay; >= `base`; default 30. */
  readonly max?: number;
}

/** Options of {@link adaptive}. */
export interface AdaptiveOptions extends AdaptiveRange {
  /** What `base`, `max` and one step are counted in; ms or duration text; > 0; default `'1 minute'`. */
  readonly unit?: Duration;
  /** After how many rows the rule is consulted; a whole number > 0; default 1000. */
  readonly every?: number;
}

/** What {@link adaptive} knows of itself. */
export interface AdaptiveStatus {
  /** The delay in force, in units. */
  readonly current: number;
  readonly delayMs: number;
  /** Share of late rows at the last consultation, 0 to 1; NaN before the first. */
  readonly lateRatio: number;
}

/** The generator of {@link adaptive}. */
export interface AdaptiveGenerator extends WatermarkGenerator {
  status(): Readonly<Record<string, unknown>> & AdaptiveStatus;
  /** Consults the rule at once, over the rows since the last time; without any it changes nothing. For batches. */
  consult(): void;
}

/** The strategy that {@link adaptive} makes. */
export interface AdaptiveStrategy extends WatermarkStrategy {
  create(): AdaptiveGenerator;
}

/** What changes from row to row: plain data, so it is the snapshot as well. */
interface AdaptiveState {
  readonly kind: 'adaptive';
  current: number;
  rows: number;
  late: number;
  /** null before the first consultation, because NaN does not survive JSON. */
  lateRatio: number | null;
}

/**
 * One step of the adaptive rule: above 10 % late the delay grows by one, below 1 % it shrinks by one, in between (exactly
 * 10 % and exactly 1 % included) it stays. It never leaves `base` to `max`.
 *
 * @param current the delay so far, in units
 * @param lateRatio share of late rows, 0 to 1; NaN changes nothing
 * @param range `base` (default 5) and `max` (default 30)
 * @returns the next delay, in units
 * @example
 * adaptDelay(5, 0.1001) // => 6
 * adaptDelay(5, 0.1) // => 5
 * adaptDelay(6, 0.009) // => 5
 */
export function adaptDelay(current: number, lateRatio: number, { base = 5, max = 30 }: AdaptiveRange = {}): number {
  if (lateRatio > 0.1) return Math.min(current + 1, max);
  if (lateRatio < 0.01) return Math.max(current - 1, base);
  return current;
}

class AdaptiveRule implements AdaptiveGenerator {
  private readonly now: AdaptiveState;

  constructor(
    private readonly range: Required<AdaptiveRange>,
    private readonly unitMs: number,
    private readonly every: number,
  ) {
    this.now = { kind: 'adaptive', current: range.base, rows: 0, late: 0, lateRatio: null };
  }

  get delayMs(): number {
    return this.now.current * this.unitMs;
  }

  observe(_time: number, _row: unknown, max: number, wasLate: boolean): number {
    const { now } = this;
    if (wasLate) now.late++;
    if (++now.rows >= this.every) this.consult();
    return max - this.delayMs;
  }

  consult(): void {
    const { now } = this;
    if (now.rows === 0) return;
    now.lateRatio = now.late / now.rows;
    now.rows = now.late = 0;
    now.current = adaptDelay(now.current, now.lateRatio, this.range);
  }

  status(): AdaptiveStatus & Record<string, unknown> {
    return { current: this.now.current, delayMs: this.delayMs, lateRatio: this.now.lateRatio ?? NaN };
  }

  encode(): AdaptiveState {
    return { ...this.now };
  }

  decode(data: unknown): void {
    const now = Object.assign(this.now, stateOf<AdaptiveState>(data, 'adaptive'));
    // The range may have changed since the snapshot.
    now.current = Math.min(Math.max(now.current, this.range.base), this.range.max);
  }
}

/**
 * A watermark whose delay follows the share of late rows, by the simple rule of {@link adaptDelay}: start at `base`; every
 * 1000 rows, more than 10 % late adds one unit up to `max`, less than 1 % takes one away down to `base`.
 *
 * `W = max(event time) - delay`, and a growing delay never takes W back: `withWatermark` holds it until the rows catch up.
 * Any late share from 1 % to 10 % is a resting point of this rule, so it cannot keep an accuracy of 99.9 %: for that use
 * `quality`. Times are instants: `time <= W` is late.
 *
 * @param options `base` (5), `max` (30), `unit` (`'1 minute'`), `every` (1000 rows)
 * @returns a strategy for `withWatermark`; `status()` of its generator gives the delay in force and the last late share
 * @throws TIDEMARK_OPTION at call: `0 <= base <= max` does not hold, `every` is no whole number > 0, `unit` is not > 0
 * @throws TIDEMARK_DURATION at call: `unit` cannot be read
 *
 * Cost: O(1) per row; state: four numbers. `base` and `max` may change between restarts: the delay is moved into the range.
 *
 * Source: the adaptive watermark of the design brief that tidemark started from.
 * @example
 * const generator = adaptive({ base: 5, max: 30, every: 2 }).create();
 * generator.observe(600_000, {}, 600_000, false) // => 300000
 * generator.observe(0, {}, 600_000, true) // => 240000
 * generator.status().current // => 6
 */
export function adaptive(options: AdaptiveOptions = {}): AdaptiveStrategy {
  const { base = 5, max = 30, unit = '1 minute', every = 1000 } = options;
  const unitMs = parsePositive(unit, 'unit');
  checkOption(base >= 0 && max >= base && max < Infinity, 'adaptive needs 0 <= base <= max', {
    base,
    max,
  });
  checkOption(Number.isInteger(every) && every > 0, 'every must be a whole number of rows > 0', { every });
  return {
    kind: 'adaptive',
    ties: 'instant',
    create: () => new AdaptiveRule({ base, max }, unitMs, every),
    describe: () => Object.freeze({ kind: 'adaptive', base, max, unitMs, every }),
  };
}
