import type { KeyOf } from '../key';
import { MAX_TIME } from '../element';
import { parseDuration, type Duration } from '../time/duration';
import type { KeyedLogic, Say } from './keyed';
import { checkState, refuse } from './refuse';
import type { Scope } from './scope';
import { KeyedTimers } from './timers';
import { ValueCells } from './valueCells';

/** Which time the timeouts of `mapGroupsWithState` and `flatMapGroupsWithState` go by. */
export type TimeoutMode = 'none' | 'processingTime' | 'eventTime';

/** The state of one key, during a call for it. A call that throws `TIDEMARK_KEYED_STATE` says why in `details.reason`. */
export interface GroupState<S> {
  /** Is there a state? */
  readonly exists: boolean;
  /** @throws `TIDEMARK_KEYED_STATE` (no-state) when there is none */
  get(): S;
  /** The state; undefined when there is none. */
  getOption(): S | undefined;
  /** @throws `TIDEMARK_KEYED_STATE` (null-state) for null or undefined */
  update(state: S): void;
  remove(): void;
  /** True in the call that a timeout causes; it has no rows. */
  readonly hasTimedOut: boolean;
  /**
   * Calls again when no row of the key has come for so long, in processing time; only with `timeout: 'processingTime'`. Every
   * call ends the timeout: one that is to go on is set again.
   */
  setTimeoutDuration(duration: Duration): void;
  /**
   * Calls again when the watermark has passed this time (epoch ms > 0, not before the watermark), unless a row of the key comes
   * first; only with `timeout: 'eventTime'`. Every call ends the timeout.
   *
   * @param additional - added to the time
   */
  setTimeoutTimestamp(time: number, additional?: Duration): void;
  /** The watermark, epoch ms; in a pipe -Infinity before the first one. @throws `TIDEMARK_KEYED_STATE` where none is declared */
  getCurrentWatermarkMs(): number;
  /** Processing time, epoch ms: in a query that of the batch. */
  getCurrentProcessingTimeMs(): number;
}

/** The one object that all calls of an operator are given; it is what it is of the key whose call is at work. */
class CurrentGroup<S> implements GroupState<S> {
  private value: S | undefined;
  isUpdated = false;
  isRemoved = false;
  timeout: number | undefined;
  private timedOut = false;

  constructor(
    private readonly scope: Scope,
    private readonly mode: TimeoutMode,
  ) {}

  open(value: S | undefined, hasTimedOut: boolean): void {
    this.value = value;
    this.timedOut = hasTimedOut;
    this.isUpdated = this.isRemoved = false;
    this.timeout = undefined;
  }

  /** It does not hold what the table may let go. */
  close(): void {
    this.value = undefined;
  }

  /** The state, while a call is at work. */
  private get here(): S | undefined {
    void this.scope.key;
    return this.value;
  }

  get exists(): boolean {
    return this.here !== undefined;
  }

  get hasTimedOut(): boolean {
    return this.timedOut;
  }

  get(): S {
    return this.here ?? refuse('no-state', 'there is no state to get; ask exists, or use getOption');
  }

  getOption(): S | undefined {
    return this.here;
  }

  update(state: S): void {
    checkState(state);
    void this.here;
    this.value = state;
    this.isUpdated = true;
    this.isRemoved = false;
  }

  remove(): void {
    void this.here;
    this.value = undefined;
    this.isUpdated = false;
    this.isRemoved = true;
  }

  setTimeoutDuration(duration: Duration): void {
    this.checkMode('processingTime', 'setTimeoutDuration');
    const ms = parseDuration(duration, 'timeout');
    if (ms <= 0) refuse('not-positive', 'a timeout lasts longer than 0 ms', { duration });
    this.timeout = this.scope.now() + ms;
  }

  setTimeoutTimestamp(time: number, additional: Duration = 0): void {
    this.checkMode('eventTime', 'setTimeoutTimestamp');
    const more = parseDuration(additional, 'additional duration');
    if (!(Math.abs(time + more) <= MAX_TIME)) refuse('not-a-time', 'a timeout is set to epoch ms', { time, additional });
    if (time <= 0 || more < 0)
      refuse('not-positive', 'the time of a timeout is above 0, what is added is not below 0', { time, additional });
    const { watermark } = this.scope;
    // Behind the end of time nothing is late any more, and nothing comes either.
    if (time + more < watermark && watermark < Infinity) {
      refuse('below-watermark', 'a timeout cannot be set before the watermark', { time, additional, watermark });
    }
    this.timeout = time + more;
  }

  private checkMode(mode: TimeoutMode, call: string): void {
    void this.here;
    if (this.mode === mode) return;
    if (this.mode === 'none') refuse('timeout-not-enabled', `${call} needs the option timeout: '${mode}'`);
    refuse('wrong-timeout-kind', `${call} goes with timeout: '${mode}', not '${this.mode}'`);
  }

  getCurrentWatermarkMs(): number {
    return this.scope.declaredWatermark;
  }

  getCurrentProcessingTimeMs(): number {
    return this.scope.now();
  }
}

/** What a user's function is, whether it gives one result or several. */
export type UpdateGroup<T, S, O> = (key: KeyOf, rows: readonly T[], state: GroupState<S>) => Iterable<O>;

/** One state a key and one timeout a key. Source: FlatMapGroupsWithState of Spark. */
export class Groups<T, S, O> implements KeyedLogic<T, O> {
  readonly states: ValueCells;
  readonly timeouts: KeyedTimers;
  private readonly group: CurrentGroup<S>;
  /** Keys that have a timeout and no state. */
  private bare = 0;

  constructor(
    private readonly scope: Scope,
    columns: number,
    mode: TimeoutMode,
    private readonly update: UpdateGroup<T, S, O>,
  ) {
    this.states = new ValueCells(columns, () => scope.now());
    this.timeouts = new KeyedTimers(columns);
    this.group = new CurrentGroup(scope, mode);
  }

  rows(key: KeyOf, rows: readonly T[], _time: number, say: Say<O>): void {
    this.call(key, rows, false, say);
  }

  timer(key: KeyOf, _time: number, _kind: unknown, say: Say<O>): void {
    this.call(key, [], true, say);
  }

  private call(key: KeyOf, rows: readonly T[], hasTimedOut: boolean, say: Say<O>): void {
    const { group, timeouts } = this;
    const state = this.states.get(key)?.value as S | undefined;
    const [timeout] = timeouts.list(key);
    timeouts.clear(key);
    if (timeout !== undefined && state === undefined) this.bare--;
    group.open(state, hasTimedOut);
    for (const row of this.update(key, rows, group)) if (!say(row)) break;
    this.settle(key, timeout);
    group.close();
  }

  private settle(key: KeyOf, oldTimeout: number | undefined): void {
    const { states, scope } = this;
    const { exists, isUpdated, isRemoved, timeout } = this.group;
    if (isUpdated) states.set(key, this.group.get());
    else if (isRemoved) states.delete(key);
    if (timeout !== undefined) this.timeouts.register(key, timeout);
    if (!exists && timeout !== undefined) this.bare++;
    const isGone = !exists && timeout === undefined;
    if (isGone && (isRemoved || oldTimeout !== undefined)) scope.removed++;
    else if (isUpdated || isRemoved || timeout !== oldTimeout) scope.wrote = true;
  }

  restored(): void {
    this.bare = 0;
    for (const key of this.timeouts.keys()) if (this.states.get(key) === undefined) this.bare++;
  }

  total(): number {
    return this.states.size + this.bare;
  }
}
