import type { RejectionDetail, RejectionReason, StreamKind } from '../element';
import type { OutputMode, Run, SchedulerLike } from '../rx';
import type { StateTables } from '../state/table';
import type { ErrorPolicy, Traits } from '../traits';

/** Options that every operator with user functions or state takes. */
export interface OperatorOptions {
  /** Stable identity of the operator's state; default: its type and position. */
  readonly id?: string;
  /** What happens to a row for which a user's function throws; default: as the stream says (`error`). */
  readonly onError?: ErrorPolicy;
  /** Where processing time comes from; default: RxJS's asyncScheduler. */
  readonly scheduler?: SchedulerLike;
}

/** Processing time, epoch ms: in a query that of the batch, so that a repeated batch computes the same. */
export interface Clock {
  now(): number;
}

/** What a processor speaks to: the next operator, through the adapter that counts. */
export interface Out<O> extends Clock {
  /** The row that came in goes on, changed or not: counted as forwarded. */
  forward(time: number, row: O): void;
  /** A result: counted as output. */
  event(time: number, row: O): void;
  /** The row is not used; the adapter adds the operator's id and the watermark. */
  reject(reason: RejectionReason, time: number, row: unknown, detail?: RejectionDetail): void;
  /** The row was left out because the user said so. */
  filter(): void;
  /** So many rows are used up: they are part of results that have gone out, or of state that is never given back. */
  absorb(rows: number): void;
  /** The row missed some of its windows, and is part of others. */
  partlyLate(): void;
  /** Only for operators that make watermarks themselves (`ownsWatermark`). */
  watermark(emit: number, drop: number): void;
  idle(isIdle: boolean): void;
  /** Asks for `onTick` after this much processing time; one request is open at a time, further ones are ignored. */
  tickIn(delayMs: number): void;
  /** Asks for `onTick` at this processing time; takes the place of an open request for later. */
  tickAt(time: number): void;
  /** True when nobody listens any more; loops that emit much poll it. */
  readonly closed: boolean;
}

/**
 * One operator = one processor: a plain object with the algorithm. It imports no RxJS, reads no clock, draws no random
 * number, never awaits. The adapter (`operator`) makes it pipeable and owns errors, teardown, counters and fusion, and
 * forwards watermark, rejections, idle, barrier, end and error after the hook has run.
 */
export interface Processor<I, O> {
  /** Declared state: snapshots, restores, sizes. */
  readonly tables?: StateTables;
  /** Everything is wired and the sources are about to start. */
  onStart?(out: Out<O>): void;
  /** The tables have been loaded: ask again for the ticks that were open. */
  onRestore?(out: Out<O>): void;
  onEvent(time: number, row: I, out: Out<O>, input: number): void;
  /** Flush what the watermark releases; the adapter then forwards it. `drop <= emit`. */
  onWatermark?(emit: number, drop: number, out: Out<O>): void;
  /** What is forwarded for watermark `w`, for emit and drop alike: pure and monotone. `undefined`: nothing. */
  propagate?(w: number): number | undefined;
  /** `drop`: results come only when the drop watermark releases them, so that one goes out as both. */
  readonly speaksAt?: 'emit' | 'drop';
  /** Would an empty batch with watermark `w` at processing time `now` produce anything? (Spark's no-data batch) */
  wantsBatch?(w: number, now: number): boolean;
  /** In a query: when it next has something to do by processing time alone, epoch ms; Infinity: never. */
  nextTimer?(): number;
  onBarrier?(batchId: number, out: Out<O>): void;
  /** Processing time asked for with `out.tickIn` or `out.tickAt`; may come early, when what was asked for is far away. */
  onTick?(now: number, out: Out<O>): void;
  /** All inputs have ended; a last watermark has come before if the source was complete. */
  onEnd?(out: Out<O>): void;
  /** The connection is over, whatever ended it. */
  onClose?(): void;
  /** Idle of the (only) input changed; only told to operators that make watermarks themselves. */
  onIdle?(isIdle: boolean, out: Out<O>): void;
  /** Rows that wait in state for results to come. */
  held?(): number;
  /** Rows of state as `stateRows` counts them, at any time; default: the entries of its tables, scalars aside. */
  stateSize?(): number;
  /** What a query's progress says of this operator's state; written and removed count since it was asked last. */
  stateRows?(): StateRows;
  /** Figures for `explain()`: open windows, delays, … */
  report?(): Readonly<Record<string, unknown>>;
  /** The operator makes the watermarks itself: the adapter forwards none from upstream (except through `onWatermark`). */
  readonly ownsWatermark?: boolean;
}

/** State in Spark's terms: groups of an aggregate, keys of a dedup, rows of a join, keys of keyed state. */
export interface StateRows {
  readonly total: number;
  readonly updated: number;
  readonly removed: number;
}

/** What a processor may know of its surroundings. */
export interface ProcessorContext {
  readonly id: string;
  /** Traits of the inputs. */
  readonly inputs: readonly Traits[];
  /** Traits of the first input: what most operators look at. */
  readonly traits: Traits;
  readonly scheduler: SchedulerLike;
  /** The query, if the operator runs in one: rows of a batch, then one `onWatermark` (also when unchanged), then `onBarrier`. */
  readonly run?: Run;
  /** In a query, what its output mode asks of this operator: the last stateful one follows the mode, those before it append. */
  readonly outputMode: OutputMode;
  /** True when processing time is the system's, not virtual. */
  isSystemClock(): boolean;
  /** Late rejections that have reached the end of this graph; `undefined` where nobody counts them. */
  lostAtEnd(): number | undefined;
  /** How far the clock, not the rows, has moved the watermark (`advanceWhenIdle`): late rows within it say so. */
  idleAdvance(ms: number): void;
}

/** Everything that makes a processor an operator. */
export interface OperatorSpec<I, O> {
  readonly type: string;
  readonly options?: OperatorOptions | undefined;
  /** Kinds of stream it stands on. */
  readonly accepts: readonly StreamKind[];
  readonly stateful?: boolean;
  /** In a query the output mode says when it speaks, unless the user did. */
  readonly followsMode?: boolean;
  /** In complete mode it works on the whole table: what stands above it then gives one, too. */
  readonly ofTable?: boolean;
  /** Columns, durations, versions: plain data. */
  readonly description?: Readonly<Record<string, unknown>>;
  /** Traits of the output; default: those of the (first) input. May throw where the operator does not fit the stream. */
  traits?(inputs: readonly Traits[]): Traits;
  create(context: ProcessorContext): Processor<I, O>;
  /** Several inputs: how their watermarks combine; default: the minimum. */
  readonly merge?: {
    readonly policy?: 'min' | 'max';
    readonly variant?: 'per-split' | 'between-operators';
    /** The inputs whose watermarks count; default: all that have one, or all if none has. */
    readonly follows?: readonly number[];
  };
}
