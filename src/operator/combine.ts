import type { Observable, Subscription } from 'rxjs';
import type { Sink, StreamKind } from '../element';
import { connect, FusedStream, originOf, type Graph, type StreamInfo } from '../rx';
import { emptySubscription } from '../rx/subscription';
import { aboveOf, claim, describe } from './index';
import { MergingStage } from './merging';
import type { OperatorSpec } from './processor';

/** An operator over any number of inputs. */
export function combine<I, O, KO extends StreamKind>(
  spec: OperatorSpec<I, O>,
  sources: readonly Observable<unknown>[],
): FusedStream<O, KO> {
  return new FusedStream<O, KO>(combinedStream(spec, sources));
}

/** A live connection whose inputs can change. */
export interface Ports {
  add(source: Observable<unknown>): void;
  remove(source: Observable<unknown>): void;
}

export function combinedStream<I, O>(
  spec: OperatorSpec<I, O>,
  sources: readonly Observable<unknown>[],
  onAttach?: (ports: Ports) => void,
): StreamInfo<O> {
  const upstream = sources.map((source) => originOf<unknown>(source));
  const { inputs, traits, plan } = describe(spec, upstream);
  const info: StreamInfo<O> = {
    traits,
    plan,
    upstream,
    attach: (sink, graph) => {
      claim(spec, info, graph);
      const stage = new MergingStage(spec, plan.id, inputs, sink, graph);
      info.live = stage;
      const ports = new LivePorts(stage, aboveOf(spec, graph));
      ports.open(sources);
      onAttach?.(ports);
    },
  };
  return info;
}

class LivePorts<I, O> implements Ports {
  private readonly live: { readonly source: Observable<unknown>; readonly index: number; readonly lifetime: Subscription }[] = [];

  constructor(
    private readonly stage: MergingStage<I, O>,
    private readonly graph: Graph,
  ) {}

  /** All inputs are counted before any of them can speak: nothing goes on before each one has a watermark. */
  open(sources: readonly Observable<unknown>[]): void {
    const ports = sources.map(() => this.stage.open());
    sources.forEach((source, i) => this.connect(source, ports[i]!));
  }

  add(source: Observable<unknown>): void {
    if (!this.graph.closed) this.open([source]);
  }

  remove(source: Observable<unknown>): void {
    const at = this.live.findIndex((port) => port.source === source);
    if (at < 0) return;
    const [port] = this.live.splice(at, 1);
    port!.lifetime.unsubscribe();
    this.stage.remove(port!.index);
  }

  /** Each input has a life of its own, inside that of the graph. */
  private connect(source: Observable<unknown>, port: Sink<I> & { readonly index: number }): void {
    const lifetime = emptySubscription();
    this.graph.lifetime.add(lifetime);
    this.live.push({ source, index: port.index, lifetime });
    connect(source, port, this.graph.fork(lifetime));
  }
}
