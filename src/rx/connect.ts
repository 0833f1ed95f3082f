import { NEVER, Observable, type Observer, type Subscriber, type Subscription } from 'rxjs';
import type { Signal, Sink } from '../element';
import { TidemarkError } from '../errors';
import { UNTIMED, type PlanNode, type Traits } from '../traits';
import { dematerialise } from './edge';
import { EntrySubscriber } from './entrySubscriber';
import { Graph } from './graph';
import { Exit } from './exit';
import { bindTo, infoOf, originOf, type StreamInfo } from './stream';
import type { Trampoline } from './trampoline';

/** Connects a sink to whatever stands upstream: a fused stream directly, anything else through a foreign edge. */
export function connect<T>(source: Observable<unknown>, sink: Sink<T>, graph: Graph): void {
  const info = infoOf<T>(source);
  if (info !== undefined) graph.attach(info, info, sink);
  else graph.attach(source, { attach: (to, within) => attachEdge(source, to as Sink<unknown>, within) }, sink);
}

function attachEdge(source: Observable<unknown>, sink: Sink<unknown>, graph: Graph): void {
  const origin = originOf(source);
  if (origin === undefined && graph.isRun) {
    throw new TidemarkError(
      'TIDEMARK_CONTEXT_LOST',
      'a stream inside a query was made by a foreign creation function; use tidemark operators or mergeStreams',
    );
  }
  graph.onWire(() => dematerialise(bindTo(source, graph), origin?.traits ?? DEFAULT_TRAITS, sink, graph));
}

/** What is assumed of an Observable that shows nothing of where it came from; the first element must agree. */
export const DEFAULT_TRAITS: Traits = { ...UNTIMED, kind: 'event', watermark: true };

/** The plan of such an Observable. */
export const UNKNOWN_PLAN: PlanNode = { id: 'foreign', type: 'foreign', description: {}, inputs: [], stateful: false };

/** A plain Observable of rows as the head of a graph: rows without event time. */
export function rowSource<T>(source: Observable<T>): StreamInfo<T> {
  return {
    traits: UNTIMED,
    plan: { id: 'source', type: 'observable', description: {}, inputs: [], stateful: false },
    attach: (sink, graph) => graph.onStart(() => subscribe(source, new RowSubscriber(sink, graph), graph)),
  };
}

/** A plain Observable of signals as the head of a graph. */
export function signalSource<T>(source: Observable<Signal<T>>, traits: Traits): StreamInfo<T> {
  const speak = (signal: Signal<T>, sink: Sink<T>): void => {
    switch (signal.kind) {
      case 'event':
        return sink.event(signal.time, signal.row);
      case 'watermark':
        return sink.watermark(signal.time, signal.drop ?? signal.time);
      case 'idle':
        return sink.idle(signal.idle);
      case 'barrier':
        return sink.barrier(signal.batchId);
      case 'rejected':
        return sink.reject(signal);
    }
  };
  return {
    traits,
    plan: { id: 'signals', type: 'fromSignals', description: { ties: traits.ties }, inputs: [], stateful: false },
    attach: (sink, graph) => graph.onStart(() => subscribeRows(source, (signal) => speak(signal, sink), sink, graph)),
  };
}

/** Subscribes to a foreign Observable; its values enter the graph through the trampoline. */
export function subscribeRows<T, U>(source: Observable<T>, take: (value: T) => void, sink: Sink<U>, graph: Graph): Subscription {
  return subscribe(source, new SourceSubscriber(take, sink, graph), graph);
}

function subscribe<T>(source: Observable<T>, subscriber: Subscriber<T>, graph: Graph): Subscription {
  graph.lifetime.add(subscriber);
  source.subscribe(subscriber);
  return subscriber;
}

/** The head of a pipe. Every row comes this way, so `enter` of the trampoline is written out in `next`. */
class RowSubscriber<T> extends EntrySubscriber<T, T> {
  /** One that stays: D-056. */
  static readonly lasting: unknown = /* @__PURE__ */ new RowSubscriber(undefined as never, { shared: {} } as never);
  /** The same for what RxJS puts at the end of a pipe. */
  static readonly consumer: unknown = /* @__PURE__ */ NEVER.subscribe(() => {});

  private readonly trampoline: Trampoline;

  constructor(sink: Sink<T>, graph: Graph) {
    super(sink, graph);
    this.trampoline = graph.shared.trampoline;
  }

  override next(row: T): void {
    const { trampoline } = this;
    if (this.isStopped || trampoline.running) return super.next(row);
    trampoline.running = true;
    try {
      this.deliver(row);
      if (trampoline.queue.length > 0) trampoline.drain();
    } finally {
      trampoline.running = false;
    }
  }

  deliver(row: T): void {
    if (!this.graph.lifetime.closed) this.sink.event(NaN, row);
  }
}

class SourceSubscriber<T, U> extends EntrySubscriber<T, U> {
  constructor(
    private readonly take: (value: T) => void,
    sink: Sink<U>,
    graph: Graph,
  ) {
    super(sink, graph);
  }

  deliver(value: T): void {
    if (!this.graph.closed) this.take(value);
  }
}

/** Leaves event time: an ordinary Observable fed by a sink. Late rejections that arrive here are what was really lost. */
export function leave<T, R>(source: Observable<unknown>, sinkOf: (observer: Observer<R>) => Partial<Sink<T>>): Observable<R> {
  return new Observable<R>((subscriber) => {
    const graph = Graph.open(subscriber);
    graph.shared.countsLate = true;
    const exit = new Exit(subscriber);
    connect<T>(source, terminal(sinkOf(exit), exit, graph), graph);
    graph.start();
  });
}

function terminal<T, R>(parts: Partial<Sink<T>>, subscriber: Observer<R>, graph: Graph): Sink<T> {
  const nothing = (): void => {};
  const reject = parts.reject ?? nothing;
  return {
    event: parts.event ?? nothing,
    watermark: parts.watermark ?? nothing,
    idle: parts.idle ?? nothing,
    barrier: parts.barrier ?? nothing,
    reject: (rejection) => {
      if (rejection.reason === 'late') graph.shared.lateAtEnd++;
      reject(rejection);
    },
    end: () => subscriber.complete(),
    error: (cause) => subscriber.error(cause),
  };
}
