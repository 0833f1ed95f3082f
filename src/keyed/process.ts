import type { KeyOf } from '../key';
import type { Collector, KeyedLogic, Say, TimerKind } from './keyed';
import { CurrentTimers, type Timers } from './processor';
import type { Scope } from './scope';
import type { States } from './handle';
import type { KeyedTimers } from './timers';

/** What a call of `keyedProcess` may know and do. */
export interface KeyedContext<K> {
  readonly key: K;
  /** Event time of the row, or the time of the timer. */
  readonly time: number;
  /** Fire when the watermark has passed them: `time < W`. */
  readonly eventTimers: Timers;
  /** Fire when processing time has reached them; in a query when the batch's time has passed them. */
  readonly processingTimers: Timers;
}

/** A timer that fires. */
export interface FiredTimer {
  readonly time: number;
  readonly kind: TimerKind;
}

/** What `keyedProcess` does for each key. */
export interface KeyedFunctions<K, T, O> {
  onRow(row: T, context: KeyedContext<K>, out: Collector<O>): void;
  onTimer?(timer: FiredTimer, context: KeyedContext<K>, out: Collector<O>): void;
  /** The stream or the query is over, whatever ended it. */
  close?(): void;
}

/** A user's functions, row by row, with timers of both kinds. */
export class Process<K, T, O> implements KeyedLogic<T, O> {
  private readonly eventTimers: Timers;
  private readonly processingTimers: Timers;

  constructor(
    private readonly user: KeyedFunctions<K, T, O>,
    private readonly states: States,
    timers: Readonly<Record<TimerKind, KeyedTimers>>,
    scope: Scope,
    private readonly keyOf: (key: KeyOf) => K,
  ) {
    this.eventTimers = new CurrentTimers(scope, timers.eventTime);
    this.processingTimers = new CurrentTimers(scope, timers.processingTime);
    states.seal();
  }

  private context(key: KeyOf, time: number): KeyedContext<K> {
    return { key: this.keyOf(key), time, eventTimers: this.eventTimers, processingTimers: this.processingTimers };
  }

  rows(key: KeyOf, rows: readonly T[], time: number, say: Say<O>): void {
    for (const row of rows) this.user.onRow(row, this.context(key, time), say);
  }

  timer(key: KeyOf, time: number, kind: TimerKind, say: Say<O>): void {
    this.user.onTimer?.({ time, kind }, this.context(key, time), say);
  }

  expire(now: number): void {
    this.states.expire(now);
  }

  nextExpiry(): number {
    return this.states.nextExpiry();
  }

  total(): number {
    return this.states.size;
  }

  close(): void {
    this.user.close?.();
  }
}
