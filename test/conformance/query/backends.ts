import { memoryCheckpoint, type CheckpointLocation } from 'tidemark';

/** Where the checkpoints of the queries lie. */
export type Backend = 'memory';

export interface Place {
  readonly location: CheckpointLocation;
  /** Leaves nothing behind. */
  remove(): void | Promise<void>;
}

const MAKE: Readonly<Record<Backend, () => Place>> = {
  memory: () => ({ location: memoryCheckpoint(), remove: () => {} }),
};

export const BACKENDS = Object.keys(MAKE) as Backend[];

/** A new place for the checkpoint of one query. */
export function placeFor(backend: Backend): Place {
  return MAKE[backend]();
}
