export type { BatchSink, CommitId, Delivery, OutputBatch, Receipt, SinkContext } from './sink';
export { memorySink, table, type MemoryBatch, type MemorySink, type MemorySinkOptions } from './memorySink';
