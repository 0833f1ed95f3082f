import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { memoryCheckpoint, type CheckpointLocation } from 'tidemark';
import { indexedDbCheckpoint } from 'tidemark/browser';
import { fileCheckpoint } from 'tidemark/node';

/** Where the checkpoints of the queries lie. */
export type Backend = 'memory' | 'files' | 'indexedDb';

export interface Place {
  readonly location: CheckpointLocation;
  /** Leaves nothing behind. */
  remove(): void | Promise<void>;
}

const MAKE: Readonly<Record<Backend, () => Place>> = {
  memory: () => ({ location: memoryCheckpoint(), remove: () => {} }),
  files: () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-checkpoint-'));
    return {
      location: fileCheckpoint(join(folder, 'checkpoint'), { durability: 'relaxed' }),
      remove: () => rmSync(folder, { recursive: true, force: true }),
    };
  },
  indexedDb: () => {
    globalThis.IDBKeyRange ??= IDBKeyRange;
    const location = indexedDbCheckpoint('checkpoint', { factory: new IDBFactory(), locks: null, marker: null });
    return { location, remove: () => location.remove() };
  },
};

export const BACKENDS = Object.keys(MAKE) as Backend[];

/** A new place for the checkpoint of one query. */
export function placeFor(backend: Backend): Place {
  return MAKE[backend]();
}
