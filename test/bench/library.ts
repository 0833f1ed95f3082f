/**
 * The library as its users see it: the only file that names it. Without `paths` in the tsconfig the name means the built
 * package (`TSX_TSCONFIG_PATH`), so the same benchmark measures `dist`.
 */
export {
  agg,
  aggregate,
  assigned,
  availableNow,
  dropDuplicates,
  filterRows,
  flatMapGroupsWithState,
  intervalJoin,
  mapRows,
  memorySink,
  memorySource,
  ndjson,
  rows,
  schema,
  session,
  sliding,
  streamingQuery,
  topN,
  tumbling,
  windowJoin,
  withWatermark,
} from 'tidemark';
export type {
  Decoder,
  Format,
  EventStream,
  GroupState,
  MemorySource,
  QueryProgress,
  StreamingQuery,
  UntimedStream,
} from 'tidemark';
export { fileCheckpoint, fileSink, fileSource } from 'tidemark/node';
