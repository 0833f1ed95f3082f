/** Entry `tidemark/node`: files, checkpoints in them, and tools for checkpoints. */
export { nodeFileSystem } from './files/nodeFileSystem';
export { exportCheckpoint, importCheckpoint } from './checkpoint/archive';
export { checkCheckpoint, type CheckReport, type Finding } from './checkpoint/fsck';
export { readCheckpoint, type CheckpointEntry, type CheckpointReader, type StateTableEntry } from './checkpoint/reader';
export type { StateRowsOptions } from './checkpoint/stateRows';
export { rewindCheckpoint } from './checkpoint/rewind';
export { fileCheckpoint, type FileCheckpointOptions } from './checkpoint/nodeCheckpoint';
export { temporaryCheckpoint } from './checkpoint/nodeTemporaryCheckpoint';
export { fileSource } from './connectors/nodeFileSource';
export type { FileRow } from './connectors/files/fileSource';
export type { FileSourceOptions } from './connectors/files/options';
export * from './connectors/nodeSinks';
export { socketSource, type SocketSourceOptions } from './connectors/nodeSocket';
