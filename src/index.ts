export * from '../operators';
export type {
  Change,
  Element,
  Pane,
  PaneTiming,
  Rejection,
  RejectionDetail,
  RejectionReason,
  Signal,
  StreamKind,
  TieRule,
  Window,
} from './element';
export * from './alerts';
export type * from './keyed';
export * from './connectors/sinks';
export { lruCache, type LruCache } from './lruCache';
export {
  meterProgress,
  progressMetrics,
  stateSizeAlert,
  type MeterLike,
  type ProgressMetrics,
} from './observability/progressMetrics';
export { qualityMetrics, type Quality, type QualityMetrics, type QualityOptions } from './observability/quality';
export { TidemarkError, type TidemarkErrorCode } from './errors';
export {
  operator,
  type Clock,
  type OperatorOptions,
  type OperatorSpec,
  type Out,
  type Processor,
  type ProcessorContext,
  type Tally,
} from './operator';
export type { ChangeStream, EventStream, UntimedStream } from './streams';
export type { ErrorPolicy, PlanNode, Traits } from './traits';
export {
  explain,
  type Explanation,
  type LiveExplanation,
  type OperatorExplanation,
  type RejectionExplanation,
} from './observability/explain';
export { decodeKey, encodeKey } from './keyCodec';
export type { KeySpec } from './key';
export { formatDuration, parseDuration, type Duration } from './time/duration';
export { readEventTime, formatTime, type TimeUnit } from './time/eventTime';
export * as agg from './aggregate';
export type { Aggregate, Select, ValueAggregate } from './aggregate/aggregate';
export { adaptive, fixedDelay, fixedDelayWatermark, monotonous, punctuated, quality } from './watermark';
export type { WatermarkGenerator, WatermarkStrategy } from './watermark';
export type { TimeColumn, TimeValue, TimestampOptions, WatermarkOptions } from './watermark/options';
export { tumbling, type GridOptions } from './window/tumbling';
export { sliding } from './window/sliding';
export { cumulative } from './window/cumulative';
export { session, type SessionOptions } from './window/session';
export { globalWindow } from './window/global';
export { assigned, customWindows } from './window/custom';
export { onClose, onTime, onUpdate, type Emit } from './window/emit';
export { pattern, type Contiguity, type Pattern, type StageCondition } from './pattern/pattern';
export type { AfterMatch } from './pattern/skip';
export { panes, type PaneOptions } from './panes/panes';
export * as trigger from './panes';
export type { Trigger as PaneTrigger } from './panes/trigger';
export type { Assigner, Slicing } from './window/assigner';
export type { BadRecord, Journal, Offset, Replay, Slice, Source, SourceContext, SourceReader } from './connectors/source';
export { memorySource, type MemorySource, type MemorySourceOptions } from './connectors/memory';
export { csv, type CsvOptions } from './formats/csv';
export type { DecodeContext, Decoder, Format, RecordSink, RowEncoder } from './formats/format';
export type { BigIntegers, JsonOptions } from './formats/json';
export { ndjson, type NdjsonOptions } from './formats/ndjson';
export { dropLastCommit, memoryCheckpoint } from './checkpoint';
export type {
  BackendCapabilities,
  Checkpoint,
  CheckpointLocation,
  CheckpointOptions,
  Holder,
  MemoryLocation,
  NamedBytes,
  OperatorImage,
  StateBackend,
} from './checkpoint';
export type { Field, Fields, FieldsRow, WithNulls } from './schema/fields';
export type { SchemaMode } from './schema/rowReader';
export { optional, schema, type Schema, type SchemaOptions } from './schema/schema';
export type { RowOfSchema, StandardSchema } from './schema/standard';
export type { JoinKey } from './join/keys';
export type { JoinTime } from './join/plan';
export type { Within } from './join/range';
export type { Joined, JoinSelect, JoinType } from './join/result';
export type { TableSource } from './join/tableFeed';
export {
  availableNow,
  continuous,
  once,
  processingTime,
  streamingQuery,
  StreamingQuery,
  type Advice,
  type ContinuousDelivery,
  type Divert,
  type ErrorThreshold,
  type Guarantee,
  type GuaranteeLevel,
  type QueryBuilder,
  type QueryExplanation,
  type QueryOptions,
  type QueryProgress,
  type QueryStatus,
  type SinkProgress,
  type SourceProgress,
  type StateMigration,
  type StateOperatorProgress,
  type Trigger,
  type WatermarkPolicy,
} from './query';
export { querySession, type QuerySession, type QuerySessionOptions } from './query/session';
export type { WithColumn } from './schema/columns';
export type { Comparable, Comparison } from './schema/compare';
export { upper } from './schema/upper';
export type { DatePart } from './time/calendar';
export type { Overflow } from './connectors/inbox';
export { observableSource, type ObservableSourceOptions } from './connectors/observable';
export { rateSource, type RateRow, type RateSourceOptions } from './connectors/rate';
export { httpPollingSource, type HttpPollingSourceOptions, type Page } from './connectors/httpPolling';
