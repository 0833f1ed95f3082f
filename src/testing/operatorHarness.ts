import type { Observable, OperatorFunction, Subscription } from 'rxjs';
import type { Element, Rejection, Signal, Sink, StreamKind } from '../element';
import { TidemarkError } from '../errors';
import type { Stage, Tally } from '../operator';
import { connect, FusedStream, Graph, TASK, type OutputMode, type Run } from '../rx';
import { emptySubscription } from '../rx/subscription';
import { UNTIMED, type Traits } from '../traits';
import { ManualClock } from './manualClock';
import { ManualRun } from './manualRun';
import { restoreStage, snapshotOf, type StageSnapshot } from './stageSnapshot';

/** Options of `operatorHarness`. */
export interface HarnessOptions {
  /** Traits of the inputs, of all or of each; default: rows with event time and a watermark, `instant` ties. */
  readonly traits?: Partial<Traits> | readonly Partial<Traits>[];
  /** How many inputs; more than one makes the first argument a function of that many streams. */
  readonly inputs?: number;
  /** Connects as a run does: each stream object once, watermarks also when unchanged. A `ManualRun` says which batch it is. */
  readonly run?: boolean | Run;
  /** With `run`: what the query's output mode asks of the last stateful operator; default `append`. */
  readonly outputMode?: OutputMode;
  /** Where the clock starts, ms; default 0. */
  readonly now?: number;
}

/** The state of all operators in a harness, as plain data. */
export type HarnessSnapshot = readonly StageSnapshot[];

const EVENTS: Traits = { ...UNTIMED, kind: 'event', watermark: true };

/**
 * Drives operators by hand, over the same adapter as in a pipe: rows, watermarks, idle marks, barriers and the clock in;
 * signals, rejections, state and counters out.
 *
 * @param operator - an operator, or with `inputs` a function from streams to a stream
 * @param options - `traits`, `inputs`, `run`, `now`
 * @example
 * ```ts
 * const harness = operatorHarness(aggregate({ key: 'k', window: tumbling(10), select: { n: agg.count() } }));
 * harness.event(1, { k: 'a' });
 * harness.watermark(10);
 * harness.takeRows(); // => [{ window: { start: 0, end: 10 }, k: 'a', n: 1 }]
 * ```
 */
export function operatorHarness<I, O, KI extends StreamKind, KO extends StreamKind>(
  operator: OperatorFunction<Element<I, KI>, Element<O, KO>>,
  options?: HarnessOptions,
): OperatorHarness<I, O>;
export function operatorHarness<I, O, KO extends StreamKind>(
  build: (inputs: readonly Observable<Element<I>>[]) => Observable<Element<O, KO>>,
  options: HarnessOptions & { readonly inputs: number },
): OperatorHarness<I, O>;
export function operatorHarness<I, O>(operator: unknown, options: HarnessOptions = {}): OperatorHarness<I, O> {
  const build = operator as (input: unknown) => Observable<Element<O>>;
  return new OperatorHarness<I, O>((inputs) => build(options.inputs === undefined ? inputs[0] : inputs), options);
}

function runOf(run: boolean | Run | undefined): Run | undefined {
  return typeof run === 'object' ? run : run === true ? new ManualRun() : undefined;
}

/** See `operatorHarness`. */
export class OperatorHarness<I, O> {
  readonly clock: ManualClock;
  /** Everything said so far and not taken. */
  private said: Signal<O>[] = [];
  private failure: unknown;
  private hasEnded = false;
  private inputs: Sink<I>[] = [];
  private graph!: Graph;
  private lifetime!: Subscription;

  constructor(
    private readonly build: (inputs: readonly Observable<Element<I>>[]) => Observable<Element<O>>,
    private readonly options: HarnessOptions,
  ) {
    this.clock = new ManualClock(options.now);
    this.open();
  }

  private open(): void {
    this.lifetime = emptySubscription();
    this.graph = Graph.open(this.lifetime, {
      run: runOf(this.options.run),
      scheduler: this.clock,
      outputMode: this.options.outputMode ?? 'append',
    });
    this.graph.shared.countsLate = true;
    this.inputs = [];
    const { traits = {} } = this.options;
    const traitsOf = (i: number): Traits => ({ ...EVENTS, ...('map' in traits ? traits[i] : traits) });
    const sources = Array.from({ length: this.options.inputs ?? 1 }, (_, i) => this.inputStream(i, traitsOf(i)));
    connect<O>(this.build(sources), this.recorder(), this.graph);
    this.graph.start();
  }

  private inputStream(index: number, traits: Traits): Observable<Element<I>> {
    const plan = { id: `input-${index}`, type: 'harness', description: {}, inputs: [], stateful: false };
    return new FusedStream<I>({ traits, plan, attach: (sink) => void (this.inputs[index] = sink) });
  }

  private recorder(): Sink<O> {
    const say = (signal: Signal<O>): void => void this.said.push(signal);
    return {
      event: (time, row) => say({ kind: 'event', time, row }),
      watermark: (time, drop) => say(drop === time ? { kind: 'watermark', time } : { kind: 'watermark', time, drop }),
      idle: (idle) => say({ kind: 'idle', idle }),
      barrier: (batchId) => say({ kind: 'barrier', batchId }),
      reject: (rejection) => {
        if (rejection.reason === 'late') this.graph.shared.lateAtEnd++;
        say({ kind: 'rejected', ...rejection });
      },
      end: () => void (this.hasEnded = true),
      error: (cause) => void (this.failure ??= cause),
    };
  }

  private enter(input: number, act: (sink: Sink<I>) => void): void {
    const sink = this.inputs[input];
    if (sink === undefined) throw new TidemarkError('TIDEMARK_OPTION', `there is no input ${input}`);
    this.graph.shared.trampoline.enter(TASK, () => act(sink));
  }

  event(time: number, row: I, input = 0): void {
    this.enter(input, (sink) => sink.event(time, row));
  }

  /** A row without event time: for `withWatermark` and others that stand on untimed streams. */
  push(row: I, input = 0): void {
    this.event(NaN, row, input);
  }

  watermark(emit: number, drop = emit, input = 0): void {
    this.enter(input, (sink) => sink.watermark(emit, drop));
  }

  idle(isIdle: boolean, input = 0): void {
    this.enter(input, (sink) => sink.idle(isIdle));
  }

  barrier(batchId: number, input = 0): void {
    this.enter(input, (sink) => sink.barrier(batchId));
  }

  /** The input completes. Says no watermark: only `withWatermark` does that. */
  end(input = 0): void {
    this.enter(input, (sink) => sink.end());
  }

  /** Plays a signal. */
  signal(signal: Signal<I>, input = 0): void {
    if (signal.kind === 'event') this.event(signal.time, signal.row, input);
    else if (signal.kind === 'watermark') this.watermark(signal.time, signal.drop ?? signal.time, input);
    else if (signal.kind === 'idle') this.idle(signal.idle, input);
    else if (signal.kind === 'barrier') this.barrier(signal.batchId, input);
    else this.enter(input, (sink) => sink.reject(signal));
  }

  /** Moves processing time. */
  advance(ms: number): void {
    this.clock.advance(ms);
  }

  /** Everything said since the last take; an error of the stream is thrown here. */
  take(): Signal<O>[] {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- whatever the stream failed with
    if (this.failure !== undefined) throw this.failure;
    const said = this.said;
    this.said = [];
    return said;
  }

  /** Takes everything and gives the rows. */
  takeRows(): O[] {
    return this.take().flatMap((signal) => (signal.kind === 'event' ? [signal.row] : []));
  }

  /** Takes everything and gives the rejections. */
  takeRejected(): Rejection[] {
    return this.take().flatMap((signal) => (signal.kind === 'rejected' ? [signal] : []));
  }

  get error(): unknown {
    return this.failure;
  }

  get ended(): boolean {
    return this.hasEnded;
  }

  private get stages(): readonly Stage<unknown, unknown>[] {
    return this.graph.shared.stages as Stage<unknown, unknown>[];
  }

  /** Counters of each operator, from the source on. */
  get tallies(): readonly Tally[] {
    return this.stages.map((stage) => stage.tally).reverse();
  }

  /** Counters of the (last) operator. */
  get tally(): Tally {
    return this.stages[0]!.tally;
  }

  /** Sizes of the state tables of the (last) operator. */
  get state(): Readonly<Record<string, number>> {
    return this.stages[0]!.report()['state'] as Record<string, number>;
  }

  /** Live figures of the (last) operator. */
  get report(): Readonly<Record<string, unknown>> {
    return this.stages[0]!.report();
  }

  /** All state as plain data, detached from the operators. */
  snapshot(): HarnessSnapshot {
    return structuredClone(this.stages.map(snapshotOf));
  }

  /** Discards the operators and goes on with new ones in the given state. What was said stays said. */
  restore(snapshot: HarnessSnapshot): void {
    this.close();
    this.open();
    this.stages.forEach((stage, i) => restoreStage(stage, structuredClone(snapshot[i]!)));
  }

  close(): void {
    this.lifetime.unsubscribe();
  }
}
