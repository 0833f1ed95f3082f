import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CheckpointLocation, StateBackend } from './backend';
import { fileCheckpoint } from './nodeCheckpoint';

/**
 * A place for a checkpoint in a folder of the system's temporary directory, removed when the query ends, whether it was
 * stopped or has failed. For a trial run whose checkpoint would be too large for memory: it promises no more than
 * `memoryCheckpoint`, and a process that is killed leaves the folder behind. `fileCheckpoint` never removes anything.
 *
 * @returns for the option `checkpoint` of `writeStream`
 * @example
 * temporaryCheckpoint().location === temporaryCheckpoint().location // => false
 */
export function temporaryCheckpoint(): CheckpointLocation {
  const path = join(tmpdir(), `tidemark-${randomBytes(8).toString('hex')}`);
  const inside = fileCheckpoint(path, { durability: 'relaxed' });
  return { location: path, open: async () => removedAtEnd(await inside.open(), path) };
}

function removedAtEnd(backend: StateBackend, path: string): StateBackend {
  return {
    capabilities: { ...backend.capabilities, durability: 'none' },
    location: path,
    digests: backend.digests,
    acquire: (holder) => backend.acquire(holder),
    list: (folder) => backend.list(folder),
    read: (name) => backend.read(name),
    publish: (files) => backend.publish(files),
    remove: (names) => backend.remove(names),
    async release() {
      try {
        await backend.release();
      } finally {
        await rm(path, { recursive: true, force: true });
      }
    },
  };
}
