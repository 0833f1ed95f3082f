import type { KeyOf } from '../key';
import { checkOption } from '../errors';
import type { Collector, KeyedLogic, Say } from './keyed';
import { refuse } from './refuse';
import type { Scope } from './scope';
import type { StateHandle, States } from './handle';
import type { KeyedTimers } from './timers';

/** Which time the timers of `transformWithState` go by. */
export type TimeMode = 'none' | 'processingTime' | 'eventTime';

/** The timers of the key whose call is at work: any number, one for each time. Times are epoch ms; fractions are floored. */
export interface Timers {
  /** A timer that is there already is left as it is. */
  register(time: number): void;
  delete(time: number): void;
  /** Ascending; in the call of a timer that one is still among them. */
  list(): readonly number[];
  /** The watermark, epoch ms; in a pipe -Infinity before the first one. @throws `TIDEMARK_KEYED_STATE` where none is declared */
  getCurrentWatermarkMs(): number;
  /** Processing time, epoch ms: in a query that of the batch. */
  getCurrentProcessingTimeMs(): number;
}

/**
 * What `transformWithState` does for each key. `K` is the key, `T` the rows, `O` the results, `I` the initial state. State is
 * declared in `init` (or in the function that makes the processor) and read and written in the other calls.
 */
export interface StatefulProcessor<K, T, O, I = unknown> {
  /** Declares the states; called once, before all others. */
  init?(handle: StateHandle): void;
  /** Rows of a key: in a pipe one, in a query those of the batch, never none. */
  handleInputRows(key: K, rows: readonly T[], timers: Timers, out: Collector<O>): void;
  /** A timer of the key has come; `time` is the one it was registered for. */
  handleExpiredTimer?(key: K, time: number, timers: Timers, out: Collector<O>): void;
  /** One entry of `initialState`, before the first row; never called on state that comes from a checkpoint. */
  handleInitialState?(key: K, state: I, timers: Timers): void;
  /** The stream or the query is over, whatever ended it. State can be used no more. */
  close?(): void;
}

/** Timers as a user's function sees them. */
export class CurrentTimers implements Timers {
  constructor(
    private readonly scope: Scope,
    private readonly timers: KeyedTimers | undefined,
  ) {}

  private get enabled(): KeyedTimers {
    return this.timers ?? refuse('timeout-not-enabled', "timers need timeMode: 'eventTime' or 'processingTime'");
  }

  register(time: number): void {
    if (this.enabled.register(this.scope.key, time)) this.scope.wrote = true;
  }

  delete(time: number): void {
    this.enabled.delete(this.scope.key, time);
  }

  list(): readonly number[] {
    return this.timers?.list(this.scope.key) ?? [];
  }

  getCurrentWatermarkMs(): number {
    return this.scope.declaredWatermark;
  }

  getCurrentProcessingTimeMs(): number {
    return this.scope.now();
  }
}

/** A user's processor over the states that it declared. */
export class Transform<K, T, O, I> implements KeyedLogic<T, O> {
  private readonly timers: CurrentTimers;

  constructor(
    private readonly user: StatefulProcessor<K, T, O, I>,
    private readonly states: States,
    timers: KeyedTimers | undefined,
    private readonly scope: Scope,
    private readonly keyOf: (key: KeyOf) => K,
    private readonly initial: Iterable<readonly [KeyOf, I]> | undefined,
  ) {
    this.timers = new CurrentTimers(scope, timers);
    user.init?.(states);
    states.seal();
    checkOption(initial === undefined || user.handleInitialState !== undefined, 'initialState needs handleInitialState');
  }

  begin(): void {
    for (const [key, state] of this.initial ?? []) {
      this.scope.enter(key);
      try {
        this.user.handleInitialState?.(this.keyOf(key), state, this.timers);
      } finally {
        this.scope.leave();
      }
    }
  }

  rows(key: KeyOf, rows: readonly T[], _time: number, say: Say<O>): void {
    this.user.handleInputRows(this.keyOf(key), rows, this.timers, say);
  }

  timer(key: KeyOf, time: number, _kind: unknown, say: Say<O>): void {
    this.user.handleExpiredTimer?.(this.keyOf(key), time, this.timers, say);
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
