import { isLate, latenessOf, MAX_TIME, type TieRule } from '../element';
import { isTidemarkError, StateTouched, userFunctionError, type TidemarkError } from '../errors';
import { createKeyMap, keyValues, ownKey, type KeyMap, type KeyOf, type KeyReader } from '../key';
import type { Out, Processor, ProcessorContext } from '../operator';
import type { StateRows } from '../operator/processor';
import { cell, type StateTables } from '../state/table';
import type { Scope } from './scope';
import type { KeyedTimers } from './timers';

/** Which time a timer goes by. */
export type TimerKind = 'eventTime' | 'processingTime';

/**
 * Takes a result. `time` is its event time: default that of the row (of the last of several), or that of the timer; for a
 * processing-time timer the latest event time seen. Without event time it is not used.
 */
export type Collector<O> = (row: O, time?: number) => void;

/** A collector that answers: false when nobody listens any more. */
export type Say<O> = (row: O, time?: number) => boolean;

/** What an operator does for a key. */
export interface KeyedLogic<T, O> {
  /** One row, or in a run those of a batch. */
  rows(key: KeyOf, rows: readonly T[], time: number, say: Say<O>): void;
  timer(key: KeyOf, time: number, kind: TimerKind, say: Say<O>): void;
  /** Before everything else, once in the life of the state. */
  begin?(): void;
  /** The tables have been loaded. */
  restored?(): void;
  /** Forgets what has outlived its time. */
  expire?(now: number): void;
  nextExpiry?(): number;
  /** Entries in state. */
  total(): number;
  close?(): void;
}

/** What tells operators with keyed state apart. */
export interface KeyedPlan<T, O> {
  readonly scope: Scope;
  readonly reader: KeyReader<T>;
  readonly logic: KeyedLogic<T, O>;
  readonly tables: StateTables;
  readonly timers: { readonly [K in TimerKind]?: KeyedTimers | undefined };
  /** Late rows are rejected (6.5). */
  readonly rejectsLate: boolean;
  /** In a run, rows of a batch are gathered and a key is called once. */
  readonly gathers: boolean;
  /** Results have event time, and the watermark passes (6.14). */
  readonly timed: boolean;
  /** Would a batch without rows change anything? (6.4) */
  readonly wantsBatch: (w: number) => boolean;
}

interface Gathered<T> {
  readonly key: KeyOf;
  readonly rows: T[];
  time: number;
}

/** The one processor of keyed state: rows to their keys, timers in time order, all calls in a scope. */
export class Keyed<T, O> implements Processor<T, O> {
  readonly tables: StateTables;
  readonly propagate?: (w: number) => number | undefined;
  private readonly ties: TieRule;
  private readonly gathered: KeyMap<Gathered<T>>;
  private waiting = 0;
  private drop = -Infinity;
  private latest = -Infinity;
  private hasBegun = false;
  private batchIsDone = false;
  private out!: Out<O>;
  private stamp = NaN;

  constructor(
    private readonly plan: KeyedPlan<T, O>,
    private readonly context: ProcessorContext,
  ) {
    const { scope, reader, tables, timed } = plan;
    this.ties = context.traits.ties;
    this.gathered = createKeyMap(reader.columns.length);
    const read = (): unknown => [this.drop, scope.watermark, this.latest, this.hasBegun];
    const write = (value: unknown): void => {
      [this.drop, scope.watermark, this.latest, this.hasBegun] = value as [number, number, number, boolean];
    };
    this.tables = { meta: cell(1, read, write), ...tables };
    if (!timed) this.propagate = () => undefined;
  }

  onRestore(out: Out<O>): void {
    this.plan.logic.restored?.();
    this.arm(out);
  }

  onEvent(time: number, row: T, out: Out<O>): void {
    const { reader, rejectsLate, gathers } = this.plan;
    if (!gathers) this.begin(out); // else when the batch's watermark is known
    if (rejectsLate && isLate(time, this.drop, this.ties)) {
      return out.reject('late', time, row, latenessOf(time, this.drop, this.ties));
    }
    const key = reader.read(row);
    const message = gathers ? this.leftOut(key) : undefined;
    if (message !== undefined) return out.reject('failed', time, row, { message });
    if (time > this.latest) this.latest = time;
    if (gathers) return this.gather(key, time, row);
    this.call(key, [row], time);
    out.absorb(1);
    this.arm(out);
  }

  onWatermark(emit: number, drop: number, out: Out<O>): void {
    this.plan.scope.watermark = emit;
    if (this.context.run?.batch.isOver !== true) this.endRows(emit, out);
    this.drop = drop;
    this.arm(out);
  }

  /** In a run, those of the batch. */
  private endRows(emit: number, out: Out<O>): void {
    this.begin(out);
    this.callGathered();
    this.fire('eventTime', emit);
    if (this.context.run !== undefined) this.endBatch(this.context.run.batch.time);
  }

  /** A stream without a watermark ends its batches with the barrier. */
  onBarrier(_batchId: number, out: Out<O>): void {
    const { run } = this.context;
    if (run !== undefined && !this.batchIsDone) {
      this.begin(out);
      this.callGathered();
      this.endBatch(run.batch.time);
    }
    this.batchIsDone = false;
  }

  onTick(now: number, out: Out<O>): void {
    this.begin(out);
    this.fire('processingTime', Math.floor(now) + 1); // due when time <= now
    this.plan.logic.expire?.(now);
    this.arm(out);
  }

  onClose(): void {
    this.plan.logic.close?.();
  }

  wantsBatch(w: number): boolean {
    return this.plan.wantsBatch(w);
  }

  /** In a query a timer fires when the batch's time has passed it. What has outlived its time to live is not worth a batch. */
  nextTimer(): number {
    return this.soonestTimer() + 1;
  }

  private soonestTimer(): number {
    return this.plan.timers.processingTime?.next() ?? Infinity;
  }

  held(): number {
    return this.waiting;
  }

  stateRows(): StateRows {
    const { scope, logic } = this.plan;
    const { updated, removed } = scope;
    scope.updated = scope.removed = 0;
    return { total: logic.total(), updated, removed };
  }

  report(): Readonly<Record<string, unknown>> {
    const { eventTime, processingTime } = this.plan.timers;
    return { timers: (eventTime?.size ?? 0) + (processingTime?.size ?? 0) };
  }

  private begin(out: Out<O>): void {
    this.out = out;
    if (this.hasBegun) return;
    this.hasBegun = true;
    try {
      this.plan.logic.begin?.();
    } catch (cause) {
      throw new StateTouched(cause);
    }
  }

  /** Why the rows of this key stay out of the batch: an earlier attempt has failed at them, and the plan says so. */
  private leftOut(key: KeyOf): string | undefined {
    const { id, run } = this.context;
    return run?.batch.leftOut?.(id, keyValues(key, this.plan.reader.columns.length));
  }

  private gather(key: KeyOf, time: number, row: T): void {
    this.waiting++;
    const known = this.gathered.get(key);
    if (known === undefined) return this.gathered.set(key, { key: ownKey(key), rows: [row], time });
    known.rows.push(row);
    if (time > known.time) known.time = time;
  }

  /** Calls for the keys of a batch, in order of arrival. */
  private callGathered(): void {
    if (this.waiting === 0) return;
    const batch = [...this.gathered.entries()];
    this.gathered.clear();
    for (const [, { key, rows, time }] of batch) {
      if (this.out.closed) return;
      this.call(key, rows, time);
      this.waiting -= rows.length;
      this.out.absorb(rows.length);
    }
  }

  /** Processing time stands still in a batch, and is compared strictly there (6.15, 6.16). */
  private endBatch(time: number): void {
    this.fire('processingTime', time);
    this.plan.logic.expire?.(time);
    this.batchIsDone = true;
  }

  private readonly isClosed = (): boolean => this.out.closed;

  private fire(kind: TimerKind, limit: number): void {
    this.plan.timers[kind]?.fire(limit, this.isClosed, (key, time) => {
      // Nothing is said behind the watermark that the next operator knows.
      this.stamp = kind === 'eventTime' ? Math.max(time, this.drop) : this.latestInstant();
      this.guarded(key, () => this.plan.logic.timer(key, time, kind, this.say));
    });
  }

  private latestInstant(): number {
    return Math.min(Math.max(this.latest, this.plan.scope.watermark), MAX_TIME);
  }

  private call(key: KeyOf, rows: readonly T[], time: number): void {
    this.stamp = time;
    this.guarded(key, () => this.plan.logic.rows(key, rows, time, this.say), rows);
  }

  /** State may be half changed by what throws: the row cannot just be left out. */
  private guarded(key: KeyOf, work: () => void, rows: readonly T[] = []): void {
    const { scope } = this.plan;
    scope.enter(key);
    try {
      work();
    } catch (cause) {
      throw this.plan.gathers && !isTidemarkError(cause) ? this.batchError(cause, rows) : new StateTouched(cause);
    } finally {
      scope.leave();
    }
  }

  private batchError(cause: unknown, rows: readonly T[]): TidemarkError {
    const { context, plan } = this;
    const key = keyValues(plan.scope.key, plan.reader.columns.length);
    return userFunctionError(cause, { operator: context.id, time: this.stamp, row: rows[0], rows, key });
  }

  private readonly say: Say<O> = (row, time = this.stamp) => {
    this.out.event(this.plan.timed ? time : NaN, row);
    return !this.out.closed;
  };

  /** In a pipe, asks for the processing time that is due next. */
  private arm(out: Out<O>): void {
    if (this.context.run !== undefined) return;
    const { logic } = this.plan;
    const next = Math.min(this.soonestTimer(), logic.nextExpiry?.() ?? Infinity);
    if (next < Infinity) out.tickAt(next);
  }
}
