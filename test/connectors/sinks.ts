import type { CommitId, OutputBatch, SinkContext } from 'tidemark';

/** What a query would hand to a sink. */
export const batchOf = <R>(mode: OutputBatch<R>['mode'], rows: readonly R[]): OutputBatch<R> => ({ mode, rows });

export const idOf = (batchId: number, more: Partial<CommitId> = {}): CommitId => ({
  queryId: 'query',
  batchId,
  attemptId: `attempt-${batchId}`,
  epoch: 1,
  replayed: false,
  time: 0,
  ...more,
});

export const contextOf = (more: Partial<SinkContext> = {}): SinkContext => ({
  queryId: 'query',
  sinkId: 'sink',
  epoch: 1,
  mode: 'append',
  now: () => 0,
  ...more,
});
