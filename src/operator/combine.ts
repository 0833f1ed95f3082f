import type { Observable } from 'rxjs';
import type { StreamKind } from '../element';
import { connect, FusedStream, originOf, type StreamInfo } from '../rx';
import { claim, describe } from './index';
import { MergingStage } from './merging';
import type { OperatorSpec } from './processor';

/** An operator over any number of inputs. `onAttach` is told of every connection, for operators whose inputs change. */
export function combine<I, O, KO extends StreamKind>(
  spec: OperatorSpec<I, O>,
  sources: readonly Observable<unknown>[],
): FusedStream<O, KO> {
  return new FusedStream<O, KO>(combinedStream(spec, sources));
}

export function combinedStream<I, O>(
  spec: OperatorSpec<I, O>,
  sources: readonly Observable<unknown>[],
  onAttach?: (attach: (source: Observable<unknown>) => number, stage: MergingStage<I, O>) => void,
): StreamInfo<O> {
  const { inputs, traits, plan } = describe(spec, sources.map((source) => originOf(source)));
  const info: StreamInfo<O> = {
    traits,
    plan,
    attach: (sink, graph) => {
      claim(spec, info, graph);
      const stage = new MergingStage(spec, plan.id, inputs, sink, graph);
      info.live = stage;
      // All inputs are counted before any of them can speak: nothing goes on before each one has a watermark.
      const ports = sources.map(() => stage.open());
      sources.forEach((source, i) => connect(source, ports[i]!, graph));
      onAttach?.((source) => {
        const port = stage.open();
        connect(source, port, graph);
        return port.index;
      }, stage);
    },
  };
  return info;
}
