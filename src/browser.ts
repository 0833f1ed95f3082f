/** Entry `tidemark/browser`: checkpoints in IndexedDB, and tools for checkpoints. */
export { exportCheckpoint, importCheckpoint } from './checkpoint/archive';
export { checkCheckpoint, type CheckReport, type Finding } from './checkpoint/fsck';
export { readCheckpoint, type CheckpointEntry, type CheckpointReader, type StateTableEntry } from './checkpoint/reader';
export type { StateRowsOptions } from './checkpoint/stateRows';
export { rewindCheckpoint } from './checkpoint/rewind';
export { indexedDbCheckpoint, type IndexedDbCheckpointOptions, type IndexedDbLocation } from './checkpoint/indexedDbCheckpoint';
export type { Marker } from './checkpoint/indexedDbBackend';
