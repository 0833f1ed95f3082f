export type { BatchSink, CommitId, Delivery, OutputBatch, Receipt, SinkContext } from './sink';
export { memorySink, table, type MemoryBatch, type MemorySink, type MemorySinkOptions } from './memorySink';
export { consoleSink, type ConsoleSinkOptions } from './consoleSink';
export { showTable, type ShowOptions } from './showTable';
export { divert, type Divert } from './divert';
export { foreach, type ForeachOptions, type RowWriter } from './foreach';
export {
  foreachBatch,
  withReceipts,
  type BatchId,
  type ForeachBatchOptions,
  type Receipts,
  type ReceiptStore,
  type RowBatch,
} from './foreachBatch';
export { withRetry } from './withRetry';
export type { RetryPolicy } from '../retry';
