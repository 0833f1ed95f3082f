import type { Observable, Observer } from 'rxjs';
import type { Rejection, Signal, Sink } from '../element';
import { TidemarkError } from '../errors';
import type { Traits } from '../traits';
import { EntrySubscriber } from './entrySubscriber';
import type { Graph } from './graph';

/** One materialised subscription of a stream. Its elements are numbered, so that a loss or repetition shows. */
export class Edge {
  readonly traits: Traits;
  count = 0;

  constructor(traits: Traits) {
    this.traits = traits;
  }
}

export const enum Kind {
  Event,
  Watermark,
  Idle,
  Barrier,
  Rejected,
}

const ENVELOPE: unique symbol = Symbol.for('tidemark/1/element') as never;

/** The in-band form of one call of the protocol. Users never see its fields. */
export class Envelope {
  readonly [ENVELOPE] = true;
  constructor(
    readonly edge: Edge,
    readonly number: number,
    readonly kind: Kind,
    readonly time: number,
    readonly payload: unknown,
  ) {}
}

function isEnvelope(value: unknown): value is Envelope {
  return typeof value === 'object' && value !== null && ENVELOPE in value;
}

/** Turns protocol calls into elements for a foreign operator or a subscriber. */
export function materialise(edge: Edge, subscriber: Observer<unknown>): Sink<unknown> {
  const send = (kind: Kind, time: number, payload: unknown): void =>
    subscriber.next(new Envelope(edge, ++edge.count, kind, time, payload));
  return {
    event: (time, row) => send(Kind.Event, time, row),
    watermark: (emit, drop) => send(Kind.Watermark, emit, drop),
    reject: (rejection) => send(Kind.Rejected, rejection.time, rejection),
    idle: (isIdle) => send(Kind.Idle, 0, isIdle),
    barrier: (batchId) => send(Kind.Barrier, 0, batchId),
    end: () => subscriber.complete(),
    error: (cause) => subscriber.error(cause),
  };
}

/** Takes elements apart again behind foreign operators, and checks that the edge is whole. */
export function dematerialise(
  source: Observable<unknown>,
  expected: Traits | undefined,
  sink: Sink<unknown>,
  graph: Graph,
): void {
  const subscriber = new EdgeSubscriber(expected, sink, graph);
  graph.lifetime.add(subscriber);
  source.subscribe(subscriber);
}

class EdgeSubscriber extends EntrySubscriber<unknown, unknown> {
  private edge: Edge | undefined;
  private count = 0;

  constructor(
    private readonly expected: Traits | undefined,
    sink: Sink<unknown>,
    graph: Graph,
  ) {
    super(sink, graph);
  }

  deliver(value: unknown): void {
    if (this.graph.closed) return;
    const fault = isEnvelope(value) ? this.faultOf(value) : notAnElement(value);
    if (fault !== undefined) {
      this.unsubscribe();
      this.sink.error(fault);
      return;
    }
    speak(value as Envelope, this.sink);
  }

  private faultOf(element: Envelope): TidemarkError | undefined {
    this.edge ??= element.edge;
    if (element.edge !== this.edge)
      return foreign('elements of two streams met in a foreign operator (merge, concat, retry, repeat)');
    if (element.number !== ++this.count) {
      return foreign(
        element.number > this.count ? 'elements were lost in a foreign operator' : 'elements were repeated by a foreign operator',
      );
    }
    if (this.count === 1 && this.expected !== undefined && !sameTraits(this.edge.traits, this.expected)) {
      return new TidemarkError(
        'TIDEMARK_CONTEXT_LOST',
        'a foreign operator hid what kind of stream this is; put it behind rows(), or use tidemark operators here',
      );
    }
    return undefined;
  }
}

function speak(element: Envelope, sink: Sink<unknown>): void {
  switch (element.kind) {
    case Kind.Event:
      return sink.event(element.time, element.payload);
    case Kind.Watermark:
      return sink.watermark(element.time, element.payload as number);
    case Kind.Idle:
      return sink.idle(element.payload as boolean);
    case Kind.Barrier:
      return sink.barrier(element.payload as number);
    case Kind.Rejected:
      return sink.reject(element.payload as Rejection);
  }
}

function sameTraits(a: Traits, b: Traits): boolean {
  return a.kind === b.kind && a.ties === b.ties;
}

function foreign(what: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_FOREIGN_MERGE',
    `${what}; use mergeStreams to join streams, and rows() before operators that drop or repeat`,
  );
}

function notAnElement(value: unknown): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_FOREIGN_ELEMENT',
    'a plain value reached an event operator; begin the pipe with withWatermark(…) or events()',
    { value },
  );
}

/** The readable form of what was said. */
export function signalOf(element: { kind: Kind; time: number; payload: unknown }): Signal<unknown> {
  switch (element.kind) {
    case Kind.Event:
      return { kind: 'event', time: element.time, row: element.payload };
    case Kind.Watermark:
      return element.payload === element.time
        ? { kind: 'watermark', time: element.time }
        : { kind: 'watermark', time: element.time, drop: element.payload as number };
    case Kind.Idle:
      return { kind: 'idle', idle: element.payload as boolean };
    case Kind.Barrier:
      return { kind: 'barrier', batchId: element.payload as number };
    case Kind.Rejected:
      return { kind: 'rejected', ...(element.payload as Rejection) };
  }
}
