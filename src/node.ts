/** Entry `tidemark/node`: files, and checkpoints in them. */
export { nodeFileSystem } from './files/nodeFileSystem';
export { fileCheckpoint, type FileCheckpointOptions } from './checkpoint/nodeCheckpoint';
export { fileSource } from './connectors/nodeFileSource';
export type { FileRow } from './connectors/files/fileSource';
export type { FileSourceOptions } from './connectors/files/options';
export * from './connectors/nodeSinks';
