import type { Out, Processor, ProcessorContext } from '../operator';
import type { Run } from '../rx';
import { isLate, MAX_TIME } from '../element';
import { cell } from '../state/table';
import { readEventTime, type TimeUnit } from '../time/eventTime';
import { BatchTimes } from './batchTimes';
import { IdlenessDetector } from './idleness';
import type { WatermarkGenerator, WatermarkStrategy } from './strategy';

/** Parsed options of the operators that give rows their event time. */
export interface Timekeeping<T> {
  readonly time: (row: T) => unknown;
  readonly unit: TimeUnit;
  /** Absent: times without a watermark (`withTimestamps`). */
  readonly strategy?: WatermarkStrategy<T>;
  readonly allowedLatenessMs: number;
  readonly idleAfterMs?: number;
  readonly advanceWhenIdle: boolean;
  /** `undefined`: one hour if the clock is the system's. */
  readonly maxFutureSkewMs?: number;
  /** W is said when it has moved this far, … */
  readonly emitEveryMs: number;
  /** … and only after so many rows. */
  readonly emitEveryRows: number;
}

const DEFAULT_SKEW_MS = 3_600_000;

/**
 * Gives each row its event time and makes the watermark: a row goes first, then the watermark it causes, so a row never
 * moves the watermark that judges it. Only this processor says +Infinity, when its source completes.
 */
export class Timekeeper<T> implements Processor<T, T> {
  readonly ownsWatermark = true;
  readonly tables = {
    watermark: cell(
      1,
      () => this.encode(),
      (value) => this.decode(value),
    ),
  };
  private max = -Infinity;
  private w = -Infinity; // what has been said
  private natural = -Infinity; // what the rows alone would say
  private silentRows = 0;
  private isIdle = false;
  /** How far the clock had moved W before a restart, with no row since. */
  private movedBefore = 0;
  private readonly idleness: IdlenessDetector | undefined;
  private horizon: number;
  private lost = 0;
  private sinceFeedback = 0;
  private readonly generator: WatermarkGenerator<T> | undefined;
  private readonly fixedMs: number;
  private readonly read: (row: T) => unknown;
  private readonly unit: TimeUnit;
  /** A row costs a look at its time and at the watermark, and nothing else. */
  private readonly isPlain: boolean;
  private readonly everyRows: number;
  /** In a query the watermark is the query's: this one only proposes. */
  private readonly run: Run | undefined;
  private readonly times: BatchTimes | undefined;

  constructor(
    private readonly options: Timekeeping<T>,
    private readonly context: ProcessorContext,
  ) {
    const { strategy, maxFutureSkewMs } = options;
    this.generator = strategy?.fixedDelayMs === undefined ? strategy?.create() : undefined;
    this.fixedMs = strategy?.fixedDelayMs ?? Infinity; // without a strategy W stays at -Infinity
    this.read = options.time;
    this.unit = options.unit;
    this.run = context.run;
    this.times = context.run && new BatchTimes();
    this.everyRows = context.run === undefined ? options.emitEveryRows : Infinity;
    this.horizon = maxFutureSkewMs === Infinity ? Infinity : -Infinity;
    const watches = options.idleAfterMs !== undefined && context.run === undefined;
    this.idleness = watches ? new IdlenessDetector(options.idleAfterMs as number) : undefined;
    this.isPlain = options.unit === 'ms' && this.generator === undefined && this.run === undefined && !watches;
  }

  onStart(out: Out<T>): void {
    if (this.run !== undefined) this.obey(this.run, out);
    if (this.idleness !== undefined) this.watch(out);
  }

  onEvent(_time: number, row: T, out: Out<T>): void {
    const value = this.read(row);
    // The usual row goes the short way, which does the same.
    if (!this.isPlain || !isWholeMs(value) || value > this.horizon) return this.take(value, row, out);
    out.forward(value, row);
    this.passed(value, value - this.fixedMs, out);
  }

  private take(value: unknown, row: T, out: Out<T>): void {
    const time = readEventTime(value, this.unit);
    if (time !== time) return out.reject('invalid', NaN, row, { message: `${inWords(value)} is no event time` });
    if (time > this.horizon && this.isFuture(time, out)) {
      return out.reject('future', time, row, { behindMs: -(time - out.now()), message: 'too far ahead of the clock' });
    }
    if (this.idleness !== undefined) this.seen(this.idleness, out);
    if (this.times !== undefined) this.times.add(time);
    // A punctuation is the user's function: it speaks before the row goes on, so a row that fails is not also forwarded.
    const candidate = this.generator === undefined ? time - this.fixedMs : this.observe(this.generator, time, row);
    out.forward(time, row);
    this.passed(time, candidate, out);
  }

  /** The row has gone on; now the watermark that it causes. */
  private passed(time: number, candidate: number, out: Out<T>): void {
    if (time > this.max) this.max = time;
    this.silentRows++;
    if (candidate > this.natural) this.rise(candidate);
    if (this.silentRows >= this.everyRows && this.natural > this.w) this.follow(out);
  }

  private rise(candidate: number): void {
    this.natural = candidate;
    // The rows have caught up with what the clock gave, or with part of it.
    if (this.run === undefined && this.w >= candidate) this.context.idleAdvance(this.w - candidate);
  }

  private observe(generator: WatermarkGenerator<T>, time: number, row: T): number {
    const max = time > this.max ? time : this.max;
    if (generator.feedback !== undefined && ++this.sinceFeedback >= 100) this.feedBack(generator);
    const { ties } = this.options.strategy as WatermarkStrategy<T>;
    const judge = this.run === undefined ? this.natural : this.run.batch.late - this.options.allowedLatenessMs;
    return Math.floor(generator.observe(time, row, max, isLate(time, judge, ties)));
  }

  private feedBack(generator: WatermarkGenerator<T>): void {
    this.sinceFeedback = 0;
    const lost = this.context.lostAtEnd();
    if (lost === undefined) return;
    generator.feedback?.(lost - this.lost);
    this.lost = lost;
  }

  /** Says the watermark if it has moved far enough. */
  private follow(out: Out<T>): void {
    const { natural, w, options } = this;
    if (natural - w < options.emitEveryMs) return;
    if (options.advanceWhenIdle) this.context.idleAdvance(0);
    this.say(natural, out);
  }

  private say(w: number, out: Out<T>): void {
    this.silentRows = 0;
    this.w = w;
    out.watermark(w, w - this.options.allowedLatenessMs);
  }

  /** The clock is only read for rows beyond the last horizon, so replaying old data costs nothing. */
  private isFuture(time: number, out: Out<T>): boolean {
    const { maxFutureSkewMs } = this.options;
    if (maxFutureSkewMs === undefined && !this.context.isSystemClock()) {
      this.horizon = Infinity;
      return false;
    }
    this.horizon = out.now() + (maxFutureSkewMs ?? DEFAULT_SKEW_MS);
    return time > this.horizon;
  }

  private seen(idleness: IdlenessDetector, out: Out<T>): void {
    idleness.activity(out.now());
    this.movedBefore = 0;
    if (!this.isIdle) return;
    this.isIdle = false;
    out.idle(false);
    this.watch(out);
  }

  /** Looks again when the silence could have become too long. */
  private watch(out: Out<T>): void {
    const silentMs = (this.idleness as IdlenessDetector).silence(out.now());
    out.tickIn(Math.max(0, (this.options.idleAfterMs as number) - silentMs) + 1);
  }

  onTick(now: number, out: Out<T>): void {
    const idleness = this.idleness as IdlenessDetector;
    if (!idleness.check(now)) return this.watch(out);
    if (!this.isIdle) {
      this.isIdle = true;
      out.idle(true);
    }
    if (this.options.advanceWhenIdle) this.goOn(idleness.silence(now), out);
  }

  /** The clock moves the watermark as far as it moved itself since the last row. */
  private goOn(silentMs: number, out: Out<T>): void {
    const moved = this.movedBefore + silentMs;
    const advanced = this.natural + moved;
    if (advanced > this.w) {
      this.context.idleAdvance(moved);
      this.say(advanced, out);
    }
    out.tickIn(this.options.idleAfterMs as number);
  }

  /**
   * In a query: the rows of a batch are through. Otherwise only for `reassignWatermark`: the watermarks from upstream are
   * replaced, but their end is the end.
   */
  onWatermark(emit: number, _drop: number, out: Out<T>): void {
    if (this.run !== undefined) this.endBatch(this.run, out);
    else if (emit === Infinity) out.watermark(Infinity, Infinity);
  }

  private endBatch(run: Run, out: Out<T>): void {
    this.generator?.consult?.();
    const { idleAfterMs, advanceWhenIdle } = this.options;
    const times = this.times!.take();
    const idle = idleAfterMs === undefined ? { advanceWhenIdle } : { advanceWhenIdle, idleAfterMs };
    if (this.options.strategy !== undefined) run.propose(this.context.id, { watermark: this.natural, times, ...idle });
    this.obey(run, out);
  }

  /** The watermark of the batch. Without a strategy (`withTimestamps`) it stays where it was, until the end. */
  private obey(run: Run, out: Out<T>): void {
    const { watermark } = run.batch;
    if (this.options.strategy === undefined && watermark !== Infinity) out.watermark(-Infinity, -Infinity);
    else this.say(watermark, out);
  }

  onEnd(out: Out<T>): void {
    if (this.run === undefined) out.watermark(Infinity, Infinity);
  }

  report(): Readonly<Record<string, unknown>> {
    return {
      delayMs: this.generator?.delayMs ?? this.fixedMs,
      maxEventTime: this.max,
      idle: this.isIdle,
      ...(this.generator?.status === undefined ? {} : { strategy: this.generator.status() }),
    };
  }

  private encode(): unknown {
    const unreported = (this.context.lostAtEnd() ?? 0) - this.lost;
    return [this.max, this.w, this.natural, this.silentRows, this.sinceFeedback, unreported, this.generator?.encode()];
  }

  private decode(value: unknown): void {
    const [max, w, natural, silentRows, sinceFeedback, unreported, generator] = value as [
      number,
      number,
      number,
      number,
      number,
      number,
      unknown,
    ];
    [this.max, this.w, this.natural, this.silentRows, this.sinceFeedback] = [max, w, natural, silentRows, sinceFeedback];
    this.lost = (this.context.lostAtEnd() ?? 0) - unreported; // a new graph counts from 0
    this.movedBefore = w > natural ? w - natural : 0;
    if (this.run === undefined && w > natural) this.context.idleAdvance(w - natural);
    this.generator?.decode(generator);
    // After a restart only the query's W is known: every input has to catch up by its own rows (Spark's rule).
    if (this.run !== undefined) this.max = this.natural = this.w = -Infinity;
  }
}

/** A value for a message: short, and whatever it is. */
function inWords(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 40)}'`;
  if (value instanceof Date) return 'an invalid Date';
  const isShort = value === null || !['object', 'function', 'symbol'].includes(typeof value);
  return isShort ? String(value) : typeof value;
}

/** Handed on as it is, without making a new number of it. */
function isWholeMs(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value <= MAX_TIME && Math.floor(value) === value;
}
