/** Entry `tidemark/node`: files, and checkpoints in them. */
export { nodeFileSystem } from './files/nodeFileSystem';
export { fileCheckpoint, type FileCheckpointOptions } from './checkpoint/nodeCheckpoint';
