import { Observable, type Operator, type OperatorFunction, type Subscriber } from 'rxjs';
import type { Element, StreamKind } from '../element';
import type { PlanNode, Traits } from '../traits';
import { Edge, materialise } from './edge';
import { Exit } from './exit';
import { Graph, type Attachable } from './graph';

/** Where a fused stream keeps what it is. `Symbol.for`: copies of the library (ESM and CJS) must understand each other. */
export const STREAM: unique symbol = Symbol.for('tidemark/1') as never;

/** What stands behind a stream object. */
export interface StreamInfo<T> extends Attachable<T> {
  readonly traits: Traits;
  readonly plan: PlanNode;
  /** What stands upstream. */
  readonly upstream?: readonly (StreamInfo<unknown> | undefined)[];
  /** Set when connected: the operator that last ran behind this stream. */
  live?: { report(): Readonly<Record<string, unknown>> };
}

/**
 * An Observable of opaque elements whose neighbours, when they are tidemark operators, do not use RxJS at all: they are
 * connected through `info.attach` and call each other. Subscribing to it, or putting a foreign operator behind it,
 * materialises the elements there.
 */
export class FusedStream<T, K extends StreamKind = 'event'> extends Observable<Element<T, K>> {
  readonly [STREAM]: StreamInfo<T>;

  constructor(info: StreamInfo<T>) {
    super((subscriber) => subscribeRoot(info, subscriber));
    this[STREAM] = info;
  }

  // A foreign operator that is lifted keeps the way back to the stream, and with it the context of a run.
  override lift<R>(operator?: Operator<Element<T, K>, R>): Observable<R> {
    return new LiftedStream<R>(this, this[STREAM], operator as Operator<unknown, R>);
  }

  // RxJS types stop at nine operators; an event pipeline is often longer.
  override pipe(): Observable<Element<T, K>>;
  override pipe<A>(a: OperatorFunction<Element<T, K>, A>): Observable<A>;
  // prettier-ignore
  override pipe<A, B>(a: OperatorFunction<Element<T, K>, A>, b: OperatorFunction<A, B>): Observable<B>;
  // prettier-ignore
  override pipe<A, B, C>(a: OperatorFunction<Element<T, K>, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>): Observable<C>;
  // prettier-ignore
  override pipe<A, B, C, D>(a: OperatorFunction<Element<T, K>, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>): Observable<D>;
  // prettier-ignore
  override pipe<A, B, C, D, E>(a: OperatorFunction<Element<T, K>, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>, e: OperatorFunction<D, E>): Observable<E>;
  // prettier-ignore
  override pipe<A, B, C, D, E, F>(a: OperatorFunction<Element<T, K>, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>, e: OperatorFunction<D, E>, f: OperatorFunction<E, F>): Observable<F>;
  // prettier-ignore
  override pipe<A, B, C, D, E, F, G>(a: OperatorFunction<Element<T, K>, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>, e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>): Observable<G>;
  // prettier-ignore
  override pipe<A, B, C, D, E, F, G, H>(a: OperatorFunction<Element<T, K>, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>, e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>): Observable<H>;
  // prettier-ignore
  override pipe<A, B, C, D, E, F, G, H, I>(a: OperatorFunction<Element<T, K>, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>, e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>, i: OperatorFunction<H, I>): Observable<I>;
  // prettier-ignore
  override pipe<A, B, C, D, E, F, G, H, I, J>(a: OperatorFunction<Element<T, K>, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>, e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>, i: OperatorFunction<H, I>, j: OperatorFunction<I, J>): Observable<J>;
  // prettier-ignore
  override pipe<A, B, C, D, E, F, G, H, I, J, L>(a: OperatorFunction<Element<T, K>, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>, e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>, i: OperatorFunction<H, I>, j: OperatorFunction<I, J>, k: OperatorFunction<J, L>): Observable<L>;
  // prettier-ignore
  override pipe<A, B, C, D, E, F, G, H, I, J, L, M>(a: OperatorFunction<Element<T, K>, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>, e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>, i: OperatorFunction<H, I>, j: OperatorFunction<I, J>, k: OperatorFunction<J, L>, l: OperatorFunction<L, M>): Observable<M>;
  // prettier-ignore
  override pipe<A, B, C, D, E, F, G, H, I, J, L, M, N>(a: OperatorFunction<Element<T, K>, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>, e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>, i: OperatorFunction<H, I>, j: OperatorFunction<I, J>, k: OperatorFunction<J, L>, l: OperatorFunction<L, M>, m: OperatorFunction<M, N>): Observable<N>;
  // prettier-ignore
  override pipe<A, B, C, D, E, F, G, H, I, J, L, M, N, O>(a: OperatorFunction<Element<T, K>, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>, e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>, i: OperatorFunction<H, I>, j: OperatorFunction<I, J>, k: OperatorFunction<J, L>, l: OperatorFunction<L, M>, m: OperatorFunction<M, N>, n: OperatorFunction<N, O>): Observable<O>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the overloads above are the type
  override pipe(...operators: OperatorFunction<any, any>[]): Observable<any> {
    return operators.reduce((source: Observable<unknown>, apply) => apply(source), this as Observable<unknown>);
  }
}

const LIFTED: unique symbol = Symbol.for('tidemark/1/lifted') as never;

/** A tidemark stream behind foreign RxJS operators: remembers where it came from. */
export class LiftedStream<R> extends Observable<R> {
  readonly [LIFTED]: LiftedInfo;

  constructor(from: Observable<unknown>, origin: StreamInfo<unknown>, operator: Operator<unknown, R> | undefined) {
    super();
    this.source = from;
    this.operator = operator;
    this[LIFTED] = { from, origin, operator: operator as Operator<unknown, unknown> | undefined };
  }

  override lift<S>(operator?: Operator<R, S>): Observable<S> {
    return new LiftedStream<S>(this, this[LIFTED].origin, operator as Operator<unknown, S>);
  }
}

interface LiftedInfo {
  readonly from: Observable<unknown>;
  readonly origin: StreamInfo<unknown>;
  readonly operator: Operator<unknown, unknown> | undefined;
}

/** What is behind a fused stream; undefined for anything else. */
export function infoOf<T>(source: object): StreamInfo<T> | undefined {
  return (source as { [STREAM]?: StreamInfo<T> })[STREAM];
}

/** What is known of a stream, also behind foreign operators; undefined for a plain Observable. */
export function originOf<T>(source: object): StreamInfo<T> | undefined {
  return infoOf<T>(source) ?? ((source as { [LIFTED]?: LiftedInfo })[LIFTED]?.origin as StreamInfo<T> | undefined);
}

/** The same Observable chain, but with the tidemark stream at its head connected into `graph`. */
export function bindTo(source: Observable<unknown>, graph: Graph): Observable<unknown> {
  const info = infoOf<unknown>(source);
  if (info !== undefined) return new Observable((subscriber) => subscribeInto(info, subscriber, graph));
  const lifted = (source as { [LIFTED]?: LiftedInfo })[LIFTED];
  if (lifted === undefined) return source;
  const bound = new Observable<unknown>();
  bound.source = bindTo(lifted.from, graph);
  bound.operator = lifted.operator;
  return bound;
}

/** Somebody outside subscribes: a graph of its own, elements materialised. */
function subscribeRoot(info: StreamInfo<unknown>, subscriber: Subscriber<unknown>): void {
  const graph = Graph.open(subscriber);
  info.attach(materialise(new Edge(info.traits), new Exit(subscriber)), graph);
  graph.start();
}

/** A foreign operator inside a connected graph subscribes: same graph, but living as long as that subscription. */
function subscribeInto(info: StreamInfo<unknown>, subscriber: Subscriber<unknown>, graph: Graph): void {
  graph.fork(subscriber).attach(info, info, materialise(new Edge(info.traits), new Exit(subscriber)));
}
