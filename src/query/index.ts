import type { Observable } from 'rxjs';
import { memoryCheckpoint } from '../checkpoint';
import type { BatchSink } from '../connectors/sink';
import type { Source } from '../connectors/source';
import type { Change, Element, Rejection, StreamKind } from '../element';
import { checkOption } from '../errors';
import type { UntimedStream } from '../streams';
import { checkContinuous, checkOutputs, checkSink } from './checks';
import { ONLY_OUTPUT, outputsOf, REJECTED, sourceStream, type Pipeline } from './pipeline';
import { settingsOf, type QueryOptions } from './settings';
import { StreamingQuery } from './streamingQuery';

export { availableNow, continuous, once, processingTime, type ContinuousDelivery, type Trigger } from './trigger';
export { StreamingQuery, type QueryExplanation } from './streamingQuery';
export type { Advice } from './advice';
export type { QueryStatus } from './driver';
export type { Guarantee, GuaranteeLevel } from './guarantee';
export type { QueryProgress, SinkProgress, SourceProgress, StateOperatorProgress } from './progress';
export type { Divert } from '../connectors/divert';
export type { ErrorThreshold, QueryOptions, StateMigration } from './settings';
export type { WatermarkPolicy } from './watermarks';

/** One source, or several by name. */
export type SourcesOf = Source<unknown> | Readonly<Record<string, Source<unknown>>>;

/** What the pipeline is given for several sources: an untimed stream each. */
export type StreamsOf<S> = { readonly [K in keyof S]: S[K] extends Source<infer T> ? UntimedStream<T> : never };

/** One stream, or several by name. */
export type OutputsOf =
  Observable<Element<unknown, StreamKind>> | Readonly<Record<string, Observable<Element<unknown, StreamKind>>>>;

/** The rows that a sink gets of a stream. */
export type RowsOf<O> =
  O extends Observable<Element<infer T, infer K>> ? (K extends 'change' ? (T extends Change<infer R> ? R : never) : T) : never;

/** The sinks of a query: one for one stream, else one for each name. */
export type SinksOf<O> =
  O extends Observable<unknown>
    ? { readonly sink: BatchSink<RowsOf<O>>; readonly rejected?: BatchSink<Rejection> }
    : { readonly to: { readonly [K in keyof O]?: BatchSink<RowsOf<O[K]>> } & { readonly rejected?: BatchSink<Rejection> } };

/** A pipeline on its sources, without sinks yet. */
export interface QueryBuilder<O> {
  /**
   * Says where the rows go, and how. Refuses what cannot be right.
   *
   * @param options - `sink` (and `rejected`) or `to`, `outputMode`, `trigger`, `checkpoint`, …
   * @throws `TIDEMARK_OUTPUT_MODE`, `TIDEMARK_OPTION`, `TIDEMARK_CONTEXT_LOST`, and what the operators refuse
   */
  writeStream(options: SinksOf<O> & QueryOptions): StreamingQuery;
}

/**
 * A streaming query: sources, a pipeline of operators over them, and sinks. It runs in micro-batches: rows of a slice of
 * the sources, the watermark that earlier batches brought, a barrier; then state, sinks and progress are committed as one.
 * Late rows and rows that failed go to the output `rejected`, inside the same commit. Source: Spark Structured Streaming's
 * model, with sinks that are asked what they hold.
 *
 * @param source - one source, or a record of sources by name
 * @param pipeline - from untimed streams to one stream, or to a record of streams by name; called once
 * @returns a builder: `writeStream({ sink | to, … })` gives the query, `start()` starts it
 * @example
 * ```ts
 * const views = memorySource([{ at: 1, channel: 'a' }, { at: 2, channel: 'a' }, { at: 99, channel: 'b' }]);
 * const sink = memorySink();
 * const query = streamingQuery(views, (rows$) =>
 *   rows$.pipe(withWatermark('at', 5), aggregate({ key: 'channel', window: tumbling(10), select: { n: agg.count() } })),
 * ).writeStream({ sink, trigger: availableNow() });
 * await query.start();
 * await query.awaitTermination();
 * sink.rows().map((row) => [row.window.start, row.channel, row.n]); // => [[0, 'a', 2]]
 * ```
 */
export function streamingQuery<T, O extends OutputsOf>(
  source: Source<T>,
  pipeline: (rows$: UntimedStream<T>) => O,
): QueryBuilder<O>;
export function streamingQuery<S extends Readonly<Record<string, Source<unknown>>>, O extends OutputsOf>(
  sources: S,
  pipeline: (streams: StreamsOf<S>) => O,
): QueryBuilder<O>;
export function streamingQuery(source: SourcesOf, pipeline: (input: never) => OutputsOf): QueryBuilder<OutputsOf> {
  return { writeStream: (options) => build(source, pipeline as (input: unknown) => unknown, options as AnyOptions) };
}

type AnyOptions = QueryOptions & {
  readonly sink?: BatchSink<unknown>;
  readonly rejected?: BatchSink<unknown>;
  readonly to?: Readonly<Record<string, BatchSink<unknown> | undefined>>;
};

function build(source: SourcesOf, pipeline: (input: unknown) => unknown, options: AnyOptions): StreamingQuery {
  const settings = settingsOf(options, memoryCheckpoint);
  const sinks = sinksOf(options);
  const isOne = isSource(source);
  const named = Object.entries(isOne ? { source } : source) as [string, Source<unknown>][];
  checkOption(named.length > 0, 'a query needs a source');
  const inputs = Object.fromEntries(named.map(([name, one]) => [name, sourceStream(name, one, settings.onError)]));
  const returned = pipeline(isOne ? inputs['source'] : inputs);
  const outputs = outputsOf(returned, sinks, settings.outputMode);
  checkOutputs(outputs, settings.outputMode);
  checkContinuous(outputs, settings.trigger, settings.outputMode);
  const rejected = sinks[REJECTED];
  if (rejected !== undefined) checkSink(REJECTED, rejected, 'append');
  const built: Pipeline = { sources: new Map(named), outputs, ...(rejected === undefined ? {} : { rejected }) };
  return new StreamingQuery(built, settings, options);
}

function isSource(source: SourcesOf): source is Source<unknown> {
  return typeof (source as Partial<Source<unknown>>).open === 'function';
}

function sinksOf(options: AnyOptions): Record<string, BatchSink<unknown>> {
  const { sink, rejected, to } = options;
  checkOption((sink === undefined) !== (to === undefined), 'give the query either sink or to');
  const all = to ?? { [ONLY_OUTPUT]: sink, [REJECTED]: rejected };
  return Object.fromEntries(Object.entries(all).filter(([, one]) => one !== undefined)) as Record<string, BatchSink<unknown>>;
}
