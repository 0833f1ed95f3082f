import type { Observable, OperatorFunction } from 'rxjs';
import type { Element, Sink, StreamKind } from '../element';
import { TidemarkError } from '../errors';
import { connect, DEFAULT_TRAITS, FusedStream, originOf, UNKNOWN_PLAN, type Graph, type StreamInfo } from '../rx';
import { depthOf, type PlanNode, type Traits } from '../traits';
import type { OperatorSpec } from './processor';
import { stageFor } from './stages';

export type { Clock, OperatorOptions, OperatorSpec, Out, Processor, ProcessorContext, StateRows } from './processor';
export { Stage, type Tally } from './stage';

/**
 * Makes a processor pipeable: all that a new operator with one input needs.
 *
 * @example
 * ```ts
 * // Rows that are greater than the one before.
 * const rising = () =>
 *   operator<number, number, 'event', 'event'>({
 *     type: 'rising',
 *     accepts: ['event'],
 *     create: () => {
 *       let last = -Infinity;
 *       return {
 *         onEvent(time, row, out) {
 *           if (row > last) out.event(time, row);
 *           else out.filter(1);
 *           last = row;
 *         },
 *       };
 *     },
 *   });
 * const harness = operatorHarness(rising());
 * [3, 1, 2].forEach((n, t) => harness.event(t, n));
 * harness.takeRows(); // => [3, 2]
 * ```
 */
export function operator<I, O, KI extends StreamKind, KO extends StreamKind>(
  spec: OperatorSpec<I, O>,
): OperatorFunction<Element<I, KI>, Element<O, KO>> {
  return (source) => new FusedStream<O, KO>(streamOf(spec, source));
}

/** The stream behind an operator with one input: static facts now, a stage for each connection. */
export function streamOf<I, O>(spec: OperatorSpec<I, O>, source: Observable<unknown>, head?: StreamInfo<unknown>): StreamInfo<O> {
  const upstream = [head ?? originOf(source)];
  const { inputs, traits, plan } = describe(spec, upstream);
  const info: StreamInfo<O> = {
    traits,
    plan,
    upstream,
    attach: (sink, graph) => {
      claim(spec, info, graph);
      const stage = new (stageFor(spec.type))(spec, plan.id, inputs, sink, graph);
      info.live = stage;
      const above = aboveOf(spec, graph);
      if (head !== undefined) above.attach(head, head, stage as Sink<unknown>);
      else connect(source, stage, above);
    },
  };
  return info;
}

/** Static facts of an operator on its inputs; refuses inputs of the wrong kind. */
export function describe<I, O>(
  spec: Omit<OperatorSpec<I, O>, 'create'>,
  sources: readonly (StreamInfo<unknown> | undefined)[],
): { inputs: readonly Traits[]; traits: Traits; plan: PlanNode } {
  const inputs = sources.map((source) => source?.traits ?? DEFAULT_TRAITS);
  for (const input of inputs) checkKind(spec, input);
  const traits = spec.traits?.(inputs) ?? (inputs[0] as Traits);
  return { inputs, traits, plan: planOf(spec, sources) };
}

/** The output mode of a query speaks to the last stateful operator; what stands above it appends. */
export function aboveOf<I, O>(spec: OperatorSpec<I, O>, graph: Graph): Graph {
  const givesTable = spec.ofTable === true && graph.outputMode === 'complete';
  return spec.stateful === true && !givesTable ? graph.withMode('append') : graph;
}

/** Explicit ids are unique in a graph. */
export function claim<I, O>(spec: OperatorSpec<I, O>, owner: object, graph: Graph): void {
  if (spec.options?.id !== undefined) graph.claim(spec.options.id, owner);
}

function planOf<I, O>(spec: Omit<OperatorSpec<I, O>, 'create'>, sources: readonly (StreamInfo<unknown> | undefined)[]): PlanNode {
  const inputs = sources.map((source) => source?.plan ?? UNKNOWN_PLAN);
  const depth = Math.max(0, ...inputs.map(depthOf));
  return Object.freeze({
    id: spec.options?.id ?? `${spec.type}-${depth}`,
    type: spec.type,
    description: Object.freeze({ ...spec.description }),
    inputs: Object.freeze(inputs),
    stateful: spec.stateful ?? false,
    ...(spec.options?.id === undefined ? {} : { named: true }),
    ...(spec.followsMode === true ? { followsMode: true } : {}),
    ...(spec.ofTable === true ? { ofTable: true } : {}),
  });
}

function checkKind<I, O>(spec: Omit<OperatorSpec<I, O>, 'create'>, input: Traits): void {
  if (spec.accepts.includes(input.kind)) return;
  const { type } = spec;
  if (input.kind === 'change') {
    const remedy = 'use emit: onClose(), or finalOnly()';
    throw new TidemarkError(
      'TIDEMARK_CHANGE_STREAM',
      `${type} takes rows that are said once, and this stream corrects itself; ${remedy}`,
    );
  }
  if (input.kind === 'untimed') {
    throw new TidemarkError('TIDEMARK_UNTIMED', `${type} needs event time; put withWatermark(…) or withTimestamps(…) before it`);
  }
  const remedy = 'use reassignWatermark to replace it';
  throw new TidemarkError('TIDEMARK_WATERMARK_REDEFINED', `${type} begins event time, and this stream already has it; ${remedy}`);
}
