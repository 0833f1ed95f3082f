import { checkOption } from '../errors';
import { type Duration, parseNonNegative, parsePositive } from '../time/duration';
import { QualityRule, rowsForClaim, type QualityConfig, type QualityGenerator } from './quality-rule';
import type { WatermarkStrategy } from './strategy';

/** Options of {@link quality}. */
export interface QualityOptions {
  /** The share of rows that may be lost, above 0 and below 1; default 0.001. */
  readonly maxLoss?: number;
  /** How sure the rule must be before it leaves `maxDelay` for the first time, above 0 and below 1; default 0.95. */
  readonly confidence?: number;
  /** The largest delay, and the one to start with; ms or duration text; > 0. */
  readonly maxDelay: Duration;
  /** How long results may still be amended; becomes the stream's `allowedLateness`; ms or duration text; >= 0. */
  readonly horizon: Duration;
  /** After how many rows the rule is consulted; a whole number > 0; default 1000. */
  readonly every?: number;
  /** After how many rows a lateness counts half; > 0; default 20 000, or what a stricter `maxLoss` needs to be seen. */
  readonly halfLife?: number;
}

/** The strategy that {@link quality} makes. */
export interface QualityStrategy extends WatermarkStrategy {
  create(): QualityGenerator;
}

/**
 * A watermark with a contract: at most the share `maxLoss` of the rows is lost, at the smallest delay that allows it, and
 * `status()` says whether that holds. The strategy to use unless you need another.
 *
 * It works with two numbers. The *delay* follows the lateness of the rows: `W = max(event time) - delay`. The *horizon* is
 * how long results may still be amended (the stream's `allowedLateness`): a row behind W is corrected, a row behind
 * `W - horizon` is lost. No delay that may shrink survives a sudden outage by itself; the horizon does, if it is as long as
 * the outage.
 *
 * 1. *Learning.* The delay is `maxDelay` until enough rows have come for a claim: `ln(1 - confidence) / ln(1 - maxLoss)`,
 *    2995 for 0.1 % and 95 %.
 * 2. Every 1000 rows the delay becomes the lateness that all but the share `aim` of the rows stay below, never above
 *    `maxDelay`. A row from long ago counts less (`halfLife`).
 * 3. The aim is corrected by what was missed: `aim += 0.05 * (maxLoss - missed)`. Missed are the rows that the stream
 *    reports as lost (`feedback`) or, where it cannot tell, the rows that came behind W.
 *
 * The status is measured over the last rows, three times as many as a claim needs: `broken` when the 95 % interval of the
 * share lost lies above `maxLoss`, `holding` again when the share is back at it. Where the stream does not report losses, a
 * row behind the horizon counts as lost even if its window was still open: the figure is then an upper bound, and without a
 * horizon, where the rule can only steer *to* the target, chance makes it `broken` for a few per cent of the time. Times are
 * instants: `time <= W` is late. W never falls: a delay that grows holds it until the rows catch up.
 *
 * @param options `maxDelay` and `horizon` (ms or duration text, required), `maxLoss` (0.001), `confidence` (0.95), `every`
 * (1000 rows), `halfLife` (20 000 rows)
 * @returns a strategy for `withWatermark`; its generator's `status()` is a {@link QualityStatus}
 * @throws TIDEMARK_OPTION at call: `maxLoss` or `confidence` is not between 0 and 1, `maxDelay` is not > 0, `horizon` is
 * negative, `every` is no whole number > 0, `halfLife` is not > 0
 * @throws TIDEMARK_DURATION at call: `maxDelay` or `horizon` cannot be read
 *
 * Cost: O(1) per row; a scan of the sketch's upper buckets per consultation. State: 64 buckets per power of two up to
 * `maxDelay` in ms (1079 for two minutes, 9 kB), whatever the number of rows. All options may change between restarts.
 *
 * Source: quantile by DDSketch (Masson, Rim, Lee, VLDB 2019) with buckets taken from the bits of the double; adaptive
 * conformal feedback (Gibbs, Candès, NeurIPS 2021), here bounded on both sides; start by Wilks' tolerance bound (1941). The
 * closest relative is AQ-K-slack (Ji et al., DEBS 2015).
 * @example
 * const strategy = quality({ maxLoss: 0.001, maxDelay: '2 minutes', horizon: '1 minute' });
 * const generator = strategy.create();
 * for (let i = 0; i < 3000; i++) generator.observe(1000 * i, {}, 1000 * i, false);
 * generator.status().status // => 'holding'
 * generator.delayMs // => 1
 * strategy.allowedLatenessMs // => 60000
 */
export function quality(options: QualityOptions): QualityStrategy {
  const config = configOf(options);
  return {
    kind: 'quality',
    ties: 'instant',
    allowedLatenessMs: config.horizonMs,
    create: () => new QualityRule(config),
    describe: () => Object.freeze({ kind: 'quality', ...config }),
  };
}

function configOf(options: QualityOptions): QualityConfig {
  const { maxLoss = 0.001, confidence = 0.95, every = 1000 } = options;
  checkOption(maxLoss > 0 && maxLoss < 1, 'maxLoss must be above 0 and below 1', { maxLoss });
  checkOption(confidence > 0 && confidence < 1, 'confidence must be above 0 and below 1', { confidence });
  checkOption(Number.isInteger(every) && every > 0, 'every must be a whole number of rows > 0', { every });
  // A target of one in a million is not to be seen in a memory of 20 000 rows.
  const { halfLife = Math.max(20_000, rowsForClaim(maxLoss, confidence)) } = options;
  checkOption(halfLife > 0 && halfLife < Infinity, 'halfLife must be > 0 rows', { halfLife });
  const maxDelayMs = parsePositive(options.maxDelay, 'maxDelay');
  return { maxLoss, confidence, maxDelayMs, horizonMs: parseNonNegative(options.horizon, 'horizon'), every, halfLife };
}
