import type { Observable } from 'rxjs';
import type { BatchSink } from '../connectors/sink';
import type { Source } from '../connectors/source';
import type { StreamKind } from '../element';
import { TidemarkError } from '../errors';
import { FusedStream, originOf, type OutputMode, type StreamInfo } from '../rx';
import { UNTIMED, type ErrorPolicy, type PlanNode } from '../traits';
import { GraphRun } from './graphRun';

/** The name of the output that rejections go to. */
export const REJECTED = 'rejected';
/** The name of the output of a pipeline that returns one stream. */
export const ONLY_OUTPUT = 'output';

/** One stream that leaves the pipeline, and where it goes. */
export interface Output {
  readonly name: string;
  readonly stream: Observable<unknown>;
  readonly kind: StreamKind;
  readonly mode: OutputMode;
  readonly plan: PlanNode;
  /** Absent: the rows are counted and dropped. */
  readonly sink?: BatchSink<unknown>;
}

/** A query as it was built: nothing of it has state. */
export interface Pipeline {
  readonly sources: ReadonlyMap<string, Source<unknown>>;
  readonly outputs: readonly Output[];
  /** Where rejections go, if they are routed. */
  readonly rejected?: BatchSink<unknown>;
}

/** The rows of a source as the pipeline sees them: without event time, and only inside the query. */
export function sourceStream(name: string, source: Source<unknown>, onError: ErrorPolicy): FusedStream<unknown, 'untimed'> {
  const info: StreamInfo<unknown> = {
    traits: { ...UNTIMED, onError },
    plan: { id: name, type: `source:${source.type}`, description: source.description, inputs: [], stateful: false },
    attach: (sink, graph) => {
      const { run } = graph.shared;
      if (!(run instanceof GraphRun)) {
        throw new TidemarkError('TIDEMARK_CONTEXT_LOST', `the stream of source '${name}' runs only inside its query`);
      }
      run.heads.set(name, sink);
    },
  };
  return new FusedStream<unknown, 'untimed'>(info);
}

/** Connects what the pipeline returned with the sinks. */
export function outputsOf(
  returned: unknown,
  sinks: Readonly<Record<string, BatchSink<unknown>>>,
  mode: OutputMode,
): readonly Output[] {
  const streams = isStream(returned) ? { [ONLY_OUTPUT]: returned } : (returned as Record<string, Observable<unknown>>);
  if (typeof streams !== 'object' || streams === null || Object.keys(streams).length === 0) {
    throw new TidemarkError('TIDEMARK_OPTION', 'the pipeline returns one stream, or a record of named streams');
  }
  for (const name of Object.keys(sinks)) {
    if (name !== REJECTED && !Object.hasOwn(streams, name)) {
      const details = { sink: name, streams: Object.keys(streams) };
      throw new TidemarkError('TIDEMARK_OPTION', `there is a sink '${name}' and no stream of that name`, details);
    }
  }
  return Object.entries(streams).map(([name, stream]) => outputOf(name, stream, sinks[name], mode));
}

function isStream(value: unknown): value is Observable<unknown> {
  return typeof (value as { subscribe?: unknown } | null)?.subscribe === 'function';
}

function outputOf(name: string, stream: Observable<unknown>, sink: BatchSink<unknown> | undefined, mode: OutputMode): Output {
  if (name === REJECTED) throw new TidemarkError('TIDEMARK_OPTION', `'${REJECTED}' is the name of the rejections' output`);
  const info = isStream(stream) ? originOf(stream) : undefined;
  if (info === undefined) {
    const message = `the output '${name}' is no stream of tidemark: leave out rows(), the query does it`;
    throw new TidemarkError('TIDEMARK_CONTEXT_LOST', message, { output: name });
  }
  return { name, stream, kind: info.traits.kind, mode, plan: info.plan, ...(sink === undefined ? {} : { sink }) };
}
