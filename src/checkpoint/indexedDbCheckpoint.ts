import { promisifyRequest } from 'idb-keyval';
import { TidemarkError } from '../errors';
import type { CheckpointLocation, StateBackend } from './backend';
import { IndexedDbBackend, type IndexedDbPlatform, type Marker, type TryLock } from './indexedDbBackend';
import { IndexedDbStore } from './indexedDbStore';

/** Options of `indexedDbCheckpoint`. */
export interface IndexedDbCheckpointOptions {
  /** Where databases come from; default: the browser's `indexedDB`. */
  readonly factory?: IDBFactory;
  /**
   * `strict` (default): what is committed survives a power loss. `relaxed`: faster, and the last commits may be gone after
   * a power loss; what is there is whole.
   */
  readonly durability?: 'strict' | 'relaxed';
  /** Web Locks; default: the browser's. `null`: a lease of a minute in the database. */
  readonly locks?: LockManager | null;
  /** Remembers that there is a checkpoint; default: `localStorage`, where there is one. `null`: nothing does. */
  readonly marker?: Marker | null;
  /** For the lease, epoch ms; default: the system's clock. */
  readonly now?: () => number;
}

/** A checkpoint in a database of the browser. */
export interface IndexedDbLocation extends CheckpointLocation {
  /** Deletes the database and forgets that there was one: the next query begins anew. */
  remove(): Promise<void>;
}

/**
 * A place for a checkpoint in IndexedDB: the database `tidemark:<name>`. Every commit is one transaction. One query at a
 * time, in all tabs: a second one is refused while the first one lives, and a tab that was frozen and has lost its lock
 * cannot write any more.
 *
 * @param name - of the checkpoint, within this origin
 * @param options - `durability`, and for tests `factory`, `locks`, `marker`, `now`
 * @returns for the option `checkpoint` of `writeStream`
 * @throws TIDEMARK_STORAGE_UNAVAILABLE when it is opened: there is no IndexedDB here; TIDEMARK_CHECKPOINT_LOST when it is
 * opened: the browser has evicted it
 * @example
 * indexedDbCheckpoint('dashboard').location // => 'tidemark:dashboard'
 */
export function indexedDbCheckpoint(name: string, options: IndexedDbCheckpointOptions = {}): IndexedDbLocation {
  const location = `tidemark:${name}`;
  const { durability = 'strict', now = Date.now } = options;
  const marker = options.marker === undefined ? storageMarker(location) : (options.marker ?? undefined);
  const factory = (): IDBFactory => options.factory ?? (globalThis.indexedDB as IDBFactory | undefined) ?? unavailable(location);
  const platform = (): IndexedDbPlatform => {
    const store = new IndexedDbStore(factory(), location, durability);
    const tryLock = options.locks === null ? undefined : lockWith(options.locks ?? browserLocks());
    return { use: store.use, close: () => store.close(), durability, tryLock, marker, now };
  };
  return {
    location,
    open: async (): Promise<StateBackend> => new IndexedDbBackend(location, platform()),
    remove: async () => {
      await promisifyRequest(factory().deleteDatabase(location));
      marker?.clear();
    },
  };
}

function unavailable(location: string): never {
  throw new TidemarkError(
    'TIDEMARK_STORAGE_UNAVAILABLE',
    `there is no IndexedDB here (private mode, or no browser): ${location} cannot be kept. Use memoryCheckpoint() if it may be lost`,
    { location },
  );
}

const browserLocks = (): LockManager | undefined =>
  typeof navigator === 'undefined' ? undefined : (navigator.locks as LockManager | undefined);

/** Takes a Web Lock without waiting for it, and holds it until it is given back or the tab ends. */
function lockWith(locks: LockManager | undefined): TryLock | undefined {
  if (locks === undefined) return undefined;
  return (name) =>
    new Promise((resolve, reject) => {
      const hold = async (lock: Lock | null): Promise<void> => {
        if (lock === null) return resolve(undefined);
        await new Promise<void>((end) => {
          const release = async (): Promise<void> => {
            end();
            await ended.catch(() => {}); // stolen: it is not ours any more
          };
          resolve(release);
        });
      };
      const ended = Promise.resolve(locks.request(name, { ifAvailable: true }, hold)).then(() => {});
      ended.catch(reject); // stolen while it is held: the epoch tells, at the next write
    });
}

/** A marker in localStorage; none where that is not allowed. */
function storageMarker(name: string): Marker | undefined {
  try {
    const { localStorage: storage } = globalThis;
    if (!storage) return undefined;
    return {
      isSet: () => storage.getItem(name) !== null,
      set: () => storage.setItem(name, 'checkpoint'),
      clear: () => storage.removeItem(name),
    };
  } catch {
    return undefined;
  }
}
