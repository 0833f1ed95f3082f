export type { BackendCapabilities, CheckpointLocation, Holder, NamedBytes, StateBackend } from './backend';
export type { Checkpoint, CheckpointOptions, OperatorState, StoredStage } from './checkpoint';
export type { Digests } from './digests';
export { dropLastCommit } from './dropLastCommit';
export { memoryCheckpoint, type MemoryLocation } from './memoryBackend';
export { openCheckpoint } from './openCheckpoint';
export type * from './records';
export { StoredJournal } from './storedJournal';
