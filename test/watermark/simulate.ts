import type { WatermarkStrategy } from '../../src/watermark';

/** How a simulated pipe is set up. All figures but the horizon are those of the experiment. */
export interface SimulationOptions {
  /** How long after its end a window still takes rows, ms; default 0. */
  readonly horizonMs?: number;
  /** Length of the tumbling windows, ms; default one minute. */
  readonly windowMs?: number;
  /** The watermark moves once in so many rows; default 100. */
  readonly refreshEvery?: number;
  /** Whether the pipe tells the strategy what was lost; default false. */
  readonly isFed?: boolean;
  /** A line of the log is written once in so many rows; default 1000. */
  readonly logEvery?: number;
}

/** What happened since the line before, and what the strategy said then. */
export interface LogLine {
  readonly rows: number;
  readonly late: number;
  readonly lost: number;
  readonly status: Readonly<Record<string, unknown>>;
}

export interface Outcome {
  readonly rows: number;
  /** Rows behind the watermark. */
  readonly late: number;
  /** Rows whose window was closed, horizon included. */
  readonly lost: number;
  readonly meanDelayMs: number;
  readonly largestDelayMs: number;
  readonly log: readonly LogLine[];
}

/**
 * A pipe in small: `withWatermark` (the row goes first, then W moves, and W never falls) and tumbling windows that close at
 * `end <= W - horizon`.
 */
export function simulate(times: ArrayLike<number>, strategy: WatermarkStrategy, options: SimulationOptions = {}): Outcome {
  const { horizonMs = 0, windowMs = 60_000, refreshEvery = 100, isFed = false, logEvery = 1000 } = options;
  const generator = strategy.create();
  const log: LogLine[] = [];
  const total = { rows: 0, late: 0, lost: 0 };
  let logged = { ...total };
  let untold = 0;
  let delaySum = 0;
  let largestDelayMs = 0;
  let max = -Infinity;
  let watermark = -Infinity;
  let next = -Infinity;
  for (let i = 0; i < times.length; i++) {
    const time = times[i]!;
    const isLate = strategy.ties === 'ordered' ? time < watermark : time <= watermark;
    const end = Math.floor(time / windowMs) * windowMs + windowMs;
    total.rows++;
    if (isLate) total.late++;
    if (end <= watermark - horizonMs) {
      total.lost++;
      untold++;
    }
    const moves = (i + 1) % refreshEvery === 0;
    if (isFed && moves) {
      generator.feedback?.(untold);
      untold = 0;
    }
    max = Math.max(max, time);
    next = Math.max(next, generator.observe(time, undefined, max, isLate));
    delaySum += generator.delayMs;
    largestDelayMs = Math.max(largestDelayMs, generator.delayMs);
    if (moves) watermark = next;
    if ((i + 1) % logEvery === 0) {
      const { rows, late, lost } = total;
      log.push({
        rows: rows - logged.rows,
        late: late - logged.late,
        lost: lost - logged.lost,
        status: generator.status?.() ?? {},
      });
      logged = { ...total };
    }
  }
  return { ...total, meanDelayMs: delaySum / times.length, largestDelayMs, log };
}
